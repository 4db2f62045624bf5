"""A picture: test frames, and where the plain classifier and that of BackMix look (pillow)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib import zoo
from EchoSynthLib.classification.saliency import gradient_saliency
from EchoSynthLib.experiment.backmix.arms import BACKMIX, MODEL, PLAIN
from EchoSynthLib.images.datasets.labeled_frames import load_labeled_frames
from EchoSynthLib.systems import load_torch_pipeline

if TYPE_CHECKING:
    from EchoSynthLib.experiment.backmix.run import BackMixExperiment

NAME = "focus.png"
CELL = 160
COUNT = 6


def save(experiment: BackMixExperiment, results: dict[str, Any], folder: Path) -> list[str]:
    """focus.png of drawn frames, which are nobody's: test frames above, then the saliency of both classifiers in red.

    Nothing where they are not trained yet.
    """
    from PIL import Image

    from EchoSynthLib.training.labeled_batches import prepared

    tagged = "tagged"
    if not {PLAIN.name, BACKMIX.name} <= set(results["judged"][tagged]):
        return []
    frames = load_labeled_frames(experiment.frames_of(tagged)).part("test")
    chosen = frames.take(np.linspace(0, len(frames) - 1, COUNT + 2).round().astype(int)[1:-1])
    rows = [[_enlarged(image) for image in chosen.image]]
    for arm in (PLAIN, BACKMIX):
        model = zoo.open_folder(experiment.trained(tagged, arm).folder / MODEL)
        saliency = gradient_saliency(load_torch_pipeline(model).network.network, prepared(chosen.image))
        rows.append([_in_red(image, one) for image, one in zip(chosen.image, saliency, strict=True)])
    sheet = np.vstack([np.hstack([cell for cell in row]) for row in rows])
    Image.fromarray(sheet).save(folder / NAME, optimize=True)
    return [NAME]


def _enlarged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from PIL import Image

    gray = Image.fromarray(image).resize((CELL, CELL), Image.Resampling.BICUBIC)
    return np.asarray(gray.convert("RGB"))


def _in_red(image: NDArray[np.uint8], saliency: NDArray[np.float32]) -> NDArray[np.uint8]:
    from PIL import Image
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(saliency, 1.0)
    share = np.clip(smooth / max(float(np.percentile(smooth, 99.5)), 1e-9), 0, 1)
    resized = Image.fromarray(share.astype(np.float32)).resize((CELL, CELL), Image.Resampling.BILINEAR)
    large = np.asarray(resized)[..., None]
    gray = _enlarged(image).astype(np.float32) * 0.7
    red = np.array([255, 60, 30], np.float32)
    return (gray * (1 - large) + red * large).astype(np.uint8)

"""Figures of the generator on CAMUS val label maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.anatomy.sector.fit import fit_sector
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.evaluation.feature_distances import frechet_distance
from EchoSynthLib.evaluation.segmentation_metrics import mean_structure_dice
from EchoSynthLib.evaluation.speckle import largest_deviation as largest_deviation
from EchoSynthLib.evaluation.speckle import mean_statistics, speckle_regions
from EchoSynthLib.images.datasets.camus import CamusArrays

Images = Sequence[NDArray[np.uint8]]


def sectors_of(val: CamusArrays) -> list[Sector]:
    """The sector of each real frame."""
    return [fit_sector(image) for image in val.image]


def draw(val: CamusArrays, sectors: Sequence[Sector | None], steps: int | None, seed: int = 0) -> Images:
    """One image for each val label map, seed `seed`, with the frame's own sector, view and graded quality."""
    return [
        es.synthesize(
            label, seed=seed + i, view=str(view), steps=steps, sector=sector, quality=str(quality) or None
        )[0][0]
        for i, (label, view, quality, sector) in enumerate(
            zip(val.label, val.view, val.quality, sectors, strict=True)
        )
    ]  # fmt: skip


def obeyed(images: Images, val: CamusArrays) -> dict[str, float]:
    """Dice between the label maps and the segmentation of the images."""
    return mean_structure_dice([es.segment(image)[0] for image in images], val.label)


def speckle(images: Images, val: CamusArrays, sectors: Sequence[Sector]) -> dict[str, dict[str, float]]:
    """Mean speckle statistics in cavity, myocardium and the remaining sector."""
    return mean_statistics(images, _regions(val, sectors))


def fine_speckle(images: Images, val: CamusArrays, sectors: Sequence[Sector]) -> dict[str, dict[str, float]]:
    """The same with everything wider than a Gaussian of 3 pixels taken out (and a constant put back)."""
    fine = [image - ndimage.gaussian_filter(image.astype(np.float64), 3) + 100 for image in images]
    return mean_statistics(fine, _regions(val, sectors))


def frechet_ratio(images: Images, val: CamusArrays, train: CamusArrays, seed: int = 0) -> tuple[float, float, float]:
    """Synthetic to real val, real train to real val (as many frames), and their ratio."""
    from EchoSynthLib.networks.encoder_features import EncoderFeatures
    from EchoSynthLib.systems import load_torch_pipeline

    features = EncoderFeatures(load_torch_pipeline(zoo.find("segmenter")))
    chosen = np.random.default_rng(seed).choice(len(train.image), len(val.image), replace=False)
    real = np.stack([features(image) for image in val.image])
    other = np.stack([features(image) for image in train.image[chosen]])
    drawn = np.stack([features(image) for image in images])
    synthetic, reference = frechet_distance(drawn, real), frechet_distance(other, real)
    return synthetic, reference, synthetic / reference


def _regions(val: CamusArrays, sectors: Sequence[Sector]) -> list[dict[str, NDArray[np.bool_]]]:
    masks = [sector.mask(label.shape) for label, sector in zip(val.label, sectors, strict=True)]  # type: ignore[arg-type]
    return [speckle_regions(label, mask) for label, mask in zip(val.label, masks, strict=True)]

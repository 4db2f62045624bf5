"""The shipped models give the same numbers in torch and in onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("monai", reason="monai is not installed")

from shipped import needs_generator, needs_segmenter  # noqa: E402

from EchoSynthLib import zoo  # noqa: E402
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart  # noqa: E402
from EchoSynthLib.runtime import OnnxNetwork  # noqa: E402
from EchoSynthLib.segmentation.unet.export import torch_pipeline as torch_segmenter  # noqa: E402
from EchoSynthLib.segmentation.unet.pipeline import SegmenterPipeline  # noqa: E402
from EchoSynthLib.synthesis.beam_flow.export import torch_pipeline  # noqa: E402
from EchoSynthLib.synthesis.beam_flow.pipeline import BeamFlowPipeline  # noqa: E402

SHAPE = (96, 112)
LARGEST_LOGIT_DIFFERENCE = 1e-2
LARGEST_GRAY_DIFFERENCE = 2


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    heart = parametric_heart("4CH", shape=SHAPE)
    echogenicity = np.array([70.0, 25.0, 150.0, 30.0])[heart.label_map]
    amplitude = np.hypot(*np.random.default_rng(0).standard_normal((2, *SHAPE)))
    return (np.clip(echogenicity * (0.7 + 0.4 * amplitude), 8, 255) * heart.sector.mask(SHAPE)).astype(np.uint8)


@needs_segmenter
def test_the_segmenters_logits_are_the_same() -> None:
    folder = zoo.find("segmenter")
    gray = np.random.default_rng(0).random((1, 1, *folder.config["grid"])).astype(np.float32)
    fast, slow = (
        OnnxNetwork(folder.path / "segmenter.onnx")(gray),
        torch_segmenter(folder.path, folder.config).network(gray),
    )
    assert len(fast) == len(slow) == 2
    for one, other in zip(fast, slow, strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other).max() < LARGEST_LOGIT_DIFFERENCE


@needs_segmenter
def test_the_segmenters_label_maps_are_the_same(picture: np.ndarray) -> None:
    folder = zoo.find("segmenter")
    fast = SegmenterPipeline.from_folder(folder.path, folder.config)(picture)
    slow = torch_segmenter(folder.path, folder.config)(picture)
    assert (fast.label_map == slow.label_map).mean() > 0.999
    assert fast.view_probabilities == pytest.approx(slow.view_probabilities, abs=1e-3)


@needs_generator
@pytest.mark.parametrize("steps", [1, 4])
def test_the_generators_images_are_the_same(steps: int) -> None:
    folder, heart = zoo.find("beam-flow"), parametric_heart("2CH", shape=SHAPE)
    options = {"view": "2CH", "quality": "good", "seed": 3, "steps": steps}
    fast, _ = BeamFlowPipeline.from_folder(folder.path, folder.config)(heart.label_map, heart.sector, **options)
    slow, _ = torch_pipeline(folder.path, folder.config)(heart.label_map, heart.sector, **options)
    difference = np.abs(fast.astype(int) - slow.astype(int))
    assert difference.max() <= LARGEST_GRAY_DIFFERENCE
    assert (difference > 0).mean() < 0.05

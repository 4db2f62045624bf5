"""The shipped contour model: the same numbers in torch and in onnxruntime, and a heart it never saw."""

from __future__ import annotations

import numpy as np
import pytest
from shipped import _needs

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.anatomy.heart2d.endocardium import endocardium_of_mask
from EchoSynthLib.runtime import OnnxNetwork

needs_contour = _needs("contour")
needs_generator = _needs("beam-flow")


@needs_contour
def test_torch_and_onnx_give_the_same_maps() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("monai", reason="monai is not installed")
    from EchoSynthLib.segmentation.contour.export import torch_pipeline

    folder = zoo.find("contour")
    gray = np.random.default_rng(0).random((1, 1, *folder.config["grid"])).astype(np.float32)
    fast = OnnxNetwork(folder.path / "contour.onnx")(gray)
    slow = torch_pipeline(folder.path, folder.config).network(gray)
    assert len(fast) == len(slow) == 2
    for one, other in zip(fast, slow, strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other).max() < 1e-2


@needs_contour
@needs_generator
@pytest.mark.parametrize("view", ["2CH", "4CH"])
def test_the_endocardium_of_a_synthetic_heart_is_found(view) -> None:
    heart = parametric_heart(view)
    image = es.synthesize(heart.label_map, seed=2, view=view, sector=heart.sector)[0][0]
    points, curve, record = es.contour(image, heart.spacing)
    truth = endocardium_of_mask(heart.label_map, heart.spacing)
    off = np.linalg.norm((points - truth.points) * heart.spacing, axis=1)
    assert off[[0, 6]].mean() < 5
    assert off.mean() < 6
    middle = np.linalg.norm((curve[:, None] - truth.curve) * heart.spacing, axis=2).min(axis=1).mean()
    assert middle < 4
    assert all(0 < landmark["spread_mm"] < 20 for landmark in record["landmarks"])

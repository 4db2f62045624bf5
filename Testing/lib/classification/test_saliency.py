from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from EchoSynthLib.classification.saliency import gradient_saliency, occlusion
from EchoSynthLib.classification.what_if import what_if, with_background
from EchoSynthLib.errors import InputError

INSIDE = np.zeros((48, 60), bool)
INSIDE[10:40, 15:45] = True


def corner(frame: NDArray[np.uint8]) -> Mapping[str, float]:
    """Looks at the upper left corner alone."""
    share = float(frame[:8, :8].mean()) / 255
    return {"text": share, "none": 1 - share}


def heart(frame: NDArray[np.uint8]) -> Mapping[str, float]:
    """Looks into the sector alone."""
    share = float(frame[20:30, 25:35].mean()) / 255
    return {"bright": share, "dark": 1 - share}


def echo(seed: int = 0) -> NDArray[np.uint8]:
    frame = np.random.default_rng(seed).integers(100, 255, (48, 60)).astype(np.uint8)
    return np.where(INSIDE, frame, 0).astype(np.uint8)


def with_text(seed: int = 0) -> NDArray[np.uint8]:
    frame = echo(seed)
    frame[:8, :8] = 255
    return frame


def test_occlusion_finds_what_an_answer_rests_on() -> None:
    saliency = occlusion(with_text(), corner)
    assert saliency.shape == (48, 60)
    assert saliency.min() >= 0
    assert saliency[:10, :12].sum() > 0.9 * saliency.sum() > 0
    assert occlusion(echo(), heart, "bright")[15:35, 20:40].sum() > 0.7 * occlusion(echo(), heart, "bright").sum()


def test_occlusion_of_an_unknown_class_or_of_too_small_a_frame_is_refused() -> None:
    with pytest.raises(InputError, match="classes are text, none"):
        occlusion(echo(), corner, "heart")
    with pytest.raises(InputError, match="12 pixels a side"):
        occlusion(np.zeros((8, 60), np.uint8), corner)


def test_an_answer_that_rests_on_the_background_changes_with_it_and_one_that_does_not_stays() -> None:
    donors = [(echo(1), INSIDE), (with_text(2), INSIDE)]
    unstable = what_if(with_text(), INSIDE, donors, corner)
    assert unstable.change == pytest.approx(1)
    assert unstable.answers == ("none", "text")
    stable = what_if(with_text(), INSIDE, donors, heart)
    assert stable.change == 0
    assert stable.stability == 1


def test_a_donor_of_another_size_gives_its_background_and_nothing_of_its_sector() -> None:
    donor = np.full((96, 120), 200, np.uint8)
    donor_inside = np.zeros(donor.shape, bool)
    donor_inside[:, 60:] = True
    made = with_background(echo(), INSIDE, donor, donor_inside)
    assert np.array_equal(made[INSIDE], echo()[INSIDE])
    assert (made[:, :13] == 200).all()
    assert (made[:, 47:] == 0).all()


def test_no_donor_and_a_sector_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match="at least one other frame"):
        what_if(echo(), INSIDE, [], corner)
    with pytest.raises(InputError, match="of one shape"):
        what_if(echo(), INSIDE[:-1], [(echo(), INSIDE)], corner)


class TestGradients:
    """Of a network in torch."""

    torch = pytest.importorskip("torch", reason="torch is not installed")

    def test_the_gradient_of_a_linear_network_is_its_weights(self) -> None:
        torch = self.torch
        linear = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 2))
        x = torch.randn(3, 1, 3, 4)
        saliency = gradient_saliency(linear, x, classes=torch.tensor([0, 1, 1]))
        weights = linear[1].weight.detach().abs().reshape(2, 3, 4).numpy()
        np.testing.assert_allclose(saliency, weights[[0, 1, 1]], rtol=1e-6)

    @pytest.mark.parametrize("kind", ["input gradient", "Grad-CAM"])
    def test_of_a_residual_network_it_has_the_frames_size_and_is_not_negative(self, kind: str) -> None:
        from EchoSynthLib.networks.resnet import resnet

        torch = self.torch
        torch.manual_seed(0)
        x = torch.randn(2, 1, 40, 32)
        network = resnet("small", 3)
        saliency = gradient_saliency(network, x, kind)
        assert saliency.shape == (2, 40, 32)
        assert saliency.min() >= 0
        assert saliency.max() > 0
        assert np.allclose(saliency[1:], gradient_saliency(network, x[1:], kind), atol=1e-5)

    def test_another_kind_is_refused(self) -> None:
        with pytest.raises(InputError, match="input gradient, Grad-CAM"):
            gradient_saliency(self.torch.nn.Identity(), self.torch.zeros(1, 1, 2, 2), "LIME")

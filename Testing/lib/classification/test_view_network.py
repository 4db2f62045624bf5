"""The networks that tell views, their losses, and what gate and pipeline make of shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from EchoSynthLib.classification.views.augment import augmented
from EchoSynthLib.classification.views.classes import APICAL, CLASSES, NOT_HEART
from EchoSynthLib.classification.views.drawn import chunks
from EchoSynthLib.classification.views.drawn.chunks import Pictures
from EchoSynthLib.classification.views.gate import Gate, log_odds
from EchoSynthLib.classification.views.network import ViewNetwork, network_of, resized, standardized
from EchoSynthLib.classification.views.pipeline import ViewPipeline
from EchoSynthLib.classification.views.presets import SIDES
from EchoSynthLib.classification.views.recipe import BATCH, ViewLoss, mean_recall
from EchoSynthLib.networks.resnet import parameter_count
from EchoSynthLib.training.export import TorchNetwork


def some_pictures(count: int, seed: int = 0) -> Pictures:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 96, 96), dtype=np.uint8)
    return Pictures(images, rng.integers(0, len(CLASSES), count))


def test_the_network_of_the_paper_has_as_many_parameters_as_there() -> None:
    with torch.device("meta"):
        network = network_of("paper", 4)
        logits = network(torch.zeros(1, 1, SIDES["paper"], SIDES["paper"]))
    assert parameter_count(network) == 11_169_732
    assert logits.shape == (1, 4)


def test_the_small_network_is_small_and_does_not_see_gain_and_offset() -> None:
    network = ViewNetwork().eval()
    assert 0.4e6 < parameter_count(network) < 0.7e6
    pictures = torch.rand(2, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        seen, dimmer = (network(standardized(gray)) for gray in (pictures, 0.8 * pictures + 0.1))
    assert seen.shape == (2, len(CLASSES))
    assert torch.allclose(seen, dimmer, atol=0.15)


def test_what_training_changes_stays_a_picture_and_is_drawn_by_the_generator() -> None:
    images = torch.rand(7, 96, 96)
    one, other = (augmented(images, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(one, other)
    assert one.shape == images.shape
    assert one.min() >= 0
    assert one.max() <= 1
    assert not torch.equal(one, augmented(images, torch.Generator().manual_seed(5)))


def test_a_batch_has_its_share_of_real_pictures_and_a_loss_that_learns() -> None:
    torch.manual_seed(0)
    loss = ViewLoss(some_pictures(40), some_pictures(9, 1), some_pictures(0), "small", "cpu")
    images, places = loss.batch(torch.Generator().manual_seed(0))
    assert images.shape == (BATCH, 96, 96)
    assert places.shape == (BATCH,)
    network = ViewNetwork()

    class Moment:
        generator = torch.Generator().manual_seed(1)

    loss(network, Moment()).backward()  # type: ignore[arg-type]
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_pictures_of_another_side_are_brought_to_that_of_the_preset() -> None:
    assert resized(torch.rand(2, 96, 96), "paper").shape == (2, 112, 112)
    assert resized(torch.rand(2, 96, 96), "small").shape == (2, 96, 96)


def test_the_gate_flags_a_twentieth_of_the_apical_pictures_that_it_was_fitted_on() -> None:
    rng = np.random.default_rng(0)
    shares = np.full((400, len(CLASSES)), 1e-3)
    apical = rng.beta(6, 2, 200)
    shares[:200, 1], shares[:200, -1] = apical, 1 - apical
    other = rng.beta(1, 9, 200)
    shares[200:, 1], shares[200:, -1] = other, 1 - other
    places = np.repeat([1, len(CLASSES) - 1], 200)
    gate = Gate.fitted(shares, places)
    scores = np.array([gate.score(dict(zip(CLASSES, row, strict=True))) for row in shares])
    assert np.mean(scores[:200] < 0.5) == pytest.approx(0.05, abs=0.011)
    assert np.mean(scores[200:] < 0.5) > 0.9
    assert np.all((scores >= 0) & (scores <= 1))
    assert Gate.from_config(gate.to_dict()) == gate


def test_the_score_rises_with_the_share_of_the_views_asked_for() -> None:
    gate = Gate(0.0, 1.0)
    shares = {"2CH": 0.1, "4CH": 0.4, NOT_HEART: 0.5}
    assert gate.score(shares) == pytest.approx(0.5)
    assert gate.score(shares, ("2CH",)) < gate.score(shares, ("4CH",)) < gate.score(shares, APICAL)
    assert log_odds(0.0) == pytest.approx(-log_odds(1.0))
    assert log_odds(0.0) < -5


def test_the_mean_recall_weighs_every_coarse_class_the_same() -> None:
    views = ["4CH", "2CH", "2CH", "PLAX"]
    told = ["2CH", "3CH", "PLAX", "PLAX"]
    shares = np.array([[float(name == one) for name in CLASSES] for one in told])
    assert mean_recall(shares, views) == pytest.approx((2 / 3 + 1) / 2)


def test_the_pipeline_gives_shares_that_sum_to_one_whatever_the_size() -> None:
    torch.manual_seed(1)
    config = {"side": 96, "classes": list(CLASSES), "gate": {"odds": -1.0, "steepness": 1.0}}
    pipeline = ViewPipeline(TorchNetwork(ViewNetwork()), config)
    for shape in ((40, 30), (600, 800)):
        gray = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        shares = pipeline.view_probabilities(gray)
        assert tuple(shares) == CLASSES
        assert sum(shares.values()) == pytest.approx(1)
        assert 0 <= pipeline.trust(shares, APICAL) <= 1


def test_drawn_pictures_are_kept_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 2)
    first = chunks.drawn_pictures(tmp_path, 0, 3)
    assert len(first) == 3 * chunks.SCREENS
    monkeypatch.setattr(chunks, "pictures", lambda *number: pytest.fail("drawn twice"))
    again = chunks.drawn_pictures(tmp_path, 0, 3)
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.places, again.places)

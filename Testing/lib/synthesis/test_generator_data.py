from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.synthesis.beam_flow import conditions  # noqa: E402
from EchoSynthLib.synthesis.beam_flow.data import DROP, Batch, BeamBatches, withhold  # noqa: E402
from EchoSynthLib.training.beam_data import BeamData  # noqa: E402

SHAPE = (96, 64)
LEVELS = np.array([0, 80, 160, 240], np.uint8)  # gray level that stands for each label in these frames


def beam_frames(labels: np.ndarray) -> BeamData:
    """Frames whose image tells the label of every sample."""
    n = len(labels)
    return BeamData(
        image=np.zeros((n, 8, 8), np.uint8),
        label=np.zeros((n, 8, 8), np.uint8),
        beam_image=LEVELS[labels],
        beam_label=labels,
        sectors=np.tile([-0.5, 31.5, -0.6, 0.7, 0.0, 96.0, 1.0], (n, 1)),
        view=np.arange(n) % 2,
        quality=np.arange(n) % 4 - 1,
        depth=np.where(np.arange(n) % 2, np.float32(150), np.float32("nan")).astype(np.float32),
        name=np.array([f"frame{i}" for i in range(n)]),
        split=np.array(["train"] * n),
    )


def hearts(count: int) -> np.ndarray:
    """Round hearts of three structures in the middle of beam space, each at another place."""
    rows, columns = np.indices(SHAPE)
    labels = np.zeros((count, *SHAPE), np.uint8)
    for i in range(count):
        row, column = 36 + i % 5, 28 + i % 9
        labels[i][np.hypot(rows - row, 1.4 * (columns - column)) < 22] = 2
        labels[i][np.hypot(rows - row, 1.4 * (columns - column)) < 15] = 1
        labels[i][np.hypot(rows - row - 33, 1.4 * (columns - column)) < 10] = 3
    return labels


def drawn(labels: np.ndarray, count: int = 40) -> Batch:
    return BeamBatches(beam_frames(labels)).draw(count, torch.Generator().manual_seed(0))


def told_by_image(batch: Batch) -> np.ndarray:
    gray = (batch.image[:, 0].numpy() + 1) * 127.5
    return np.abs(gray[..., None] - LEVELS.astype(np.float32)).argmin(axis=-1)


def inner(labels: np.ndarray) -> np.ndarray:
    """Samples at least three from the next structure, where resampling mixes nothing."""
    flat = np.ones((1, 5, 5), bool)
    return ndimage.grey_erosion(labels, footprint=flat) == ndimage.grey_dilation(labels, footprint=flat)


def test_a_batch_has_the_shapes_and_ranges_that_the_networks_take() -> None:
    batch = drawn(hearts(6), count=5)
    assert batch.image.shape == (5, 1, *SHAPE)
    assert batch.label.shape == (5, 4, *SHAPE)
    assert batch.condition.shape == (5, conditions.LENGTH)
    assert -1 <= float(batch.image.min()) < float(batch.image.max()) <= 1
    assert bool((batch.label.sum(dim=1) == 1).all())


def test_the_label_map_stays_on_the_image_when_both_are_stretched() -> None:
    batch = drawn(hearts(6))
    labels = batch.label.argmax(dim=1).numpy()
    agree = told_by_image(batch) == labels
    assert agree[inner(labels)].mean() > 0.999
    assert agree.mean() > 0.97


def test_some_frames_are_moved_and_some_are_not() -> None:
    labels = hearts(1)
    moved = (drawn(labels).label.argmax(dim=1).numpy() != labels).any(axis=(1, 2))
    assert 0.2 < moved.mean() < 0.8


def test_a_structure_at_the_edge_of_the_sector_stays_on_its_image_too() -> None:
    labels = np.zeros((1, *SHAPE), np.uint8)
    labels[:, 20:70, 3:14] = 2
    labels[:, 20:70, -14:-3] = 1
    labels[:, -12:-3, 20:40] = 3
    batch = drawn(labels)
    found = batch.label.argmax(dim=1).numpy()
    assert (told_by_image(batch) == found)[inner(found)].mean() > 0.999


def test_the_same_generator_draws_the_same_batch() -> None:
    one, two = drawn(hearts(6)), drawn(hearts(6))
    assert torch.equal(one.image, two.image)
    assert torch.equal(one.label, two.label)
    assert torch.equal(one.condition, two.condition)


def test_each_condition_is_withheld_as_often_as_it_says() -> None:
    kept = withhold(torch.ones(20_000, conditions.LENGTH), torch.Generator().manual_seed(0))
    for part, share in DROP:
        assert float((kept[:, part] == 0).float().mean()) == pytest.approx(share, abs=0.015)


def test_a_condition_is_withheld_as_a_whole() -> None:
    kept = withhold(torch.ones(500, conditions.LENGTH), torch.Generator().manual_seed(0))
    for part, _ in DROP:
        assert bool((kept[:, part] == kept[:, part][:, :1]).all())


def test_withholding_leaves_the_data_themselves_whole() -> None:
    batches = BeamBatches(beam_frames(hearts(4)))
    before = batches.conditions.clone()
    batches.draw(200, torch.Generator().manual_seed(0))
    assert torch.equal(batches.conditions, before)


def test_unknown_quality_and_depth_are_told_as_unknown() -> None:
    found = BeamBatches(beam_frames(hearts(8))).conditions
    assert found[0, conditions.QUALITY].tolist() == [0, 0, 0]
    assert found[1, conditions.QUALITY].tolist() == [1, 0, 0]
    assert found[0, conditions.DEPTH].tolist() == [0, 0]
    assert found[1, conditions.DEPTH].tolist() == [0, 1]
    assert found[1, conditions.OPENING].tolist() == pytest.approx([0, 1], abs=1e-6)

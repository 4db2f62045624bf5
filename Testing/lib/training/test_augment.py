from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch.nn import functional as F  # noqa: E402

from EchoSynthLib.training.augment import (  # noqa: E402
    affine_grid,
    exposure,
    far_grid,
    gray_map,
    probe_grid,
    scanner,
)
from EchoSynthLib.training.overlays import SHARE, Overlays, overlays  # noqa: E402

SIZE = (80, 80)


def drawing(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def heart_label(size: tuple[int, int]) -> torch.Tensor:
    """(1, 1, H, W): wall around a cavity, an atrium below."""
    rows, columns = np.indices(size) / np.array(size).reshape(2, 1, 1)
    label = np.zeros(size, np.float32)
    label[np.hypot(rows - 0.4, columns - 0.5) < 0.25] = 2
    label[np.hypot(rows - 0.4, columns - 0.5) < 0.15] = 1
    label[np.hypot(rows - 0.8, columns - 0.5) < 0.12] = 3
    return torch.from_numpy(label)[None, None]


def sampled(grid: torch.Tensor, source: tuple[int, int], padding: str) -> tuple[np.ndarray, np.ndarray]:
    """Image (a third of the label, as gray) and label on a grid, each interpolated as in training."""
    label = heart_label(source).expand(len(grid), -1, -1, -1)
    image = F.grid_sample(label / 3, grid, padding_mode=padding, align_corners=False)
    found = F.grid_sample(label, grid, mode="nearest", align_corners=False)
    return image[:, 0].numpy(), found[:, 0].numpy()


def inner(labels: np.ndarray) -> np.ndarray:
    flat = np.ones((1, 5, 5), bool)
    return ndimage.grey_erosion(labels, footprint=flat) == ndimage.grey_dilation(labels, footprint=flat)


def test_a_moved_frame_keeps_its_label_on_its_image() -> None:
    grid = affine_grid(torch.ones(16), SIZE, drawing())
    image, label = sampled(grid, SIZE, "zeros")
    assert set(np.unique(label)) <= {0, 1, 2, 3}
    assert (np.rint(3 * image) == label)[inner(label)].mean() > 0.999


def test_a_frame_seen_by_another_probe_keeps_its_label_on_its_image() -> None:
    grid, inside = probe_grid(torch.full((16,), 1.3), SIZE, drawing())
    image, label = sampled(grid, (96, 64), "border")
    shown = inside[:, 0].numpy()
    assert set(np.unique(label)) <= {0, 1, 2, 3}
    assert (np.rint(3 * image) == label)[inner(label) & shown].mean() > 0.995


def test_moved_frames_differ_in_size_and_place_but_keep_the_heart_in_view() -> None:
    _, label = sampled(affine_grid(torch.ones(32), SIZE, drawing()), SIZE, "zeros")
    areas = (label == 1).mean(axis=(1, 2))
    assert areas.max() > 1.4 * areas.min()
    assert areas.min() > 0.01


def test_without_strength_a_frame_stays_where_it_is() -> None:
    grid = affine_grid(torch.zeros(2), SIZE, drawing())
    image = torch.rand(2, 1, *SIZE, generator=drawing(9))
    torch.testing.assert_close(F.grid_sample(image, grid, align_corners=False), image, atol=1e-4, rtol=1e-4)


def test_the_mask_of_a_probe_shows_one_sector_without_holes() -> None:
    _, inside = probe_grid(torch.full((24,), 1.3), SIZE, drawing())
    assert inside.shape == (24, 1, *SIZE)
    for shown in inside[:, 0].numpy():
        assert 0.1 < shown.mean() < 0.98
        assert ndimage.label(shown)[1] == 1
        widths = shown.sum(axis=1)
        assert widths[SIZE[0] // 2] > widths[np.flatnonzero(widths)[0]]


def test_a_probe_shows_nothing_that_the_source_did_not_see() -> None:
    grid, inside = probe_grid(torch.full((24,), 1.3), SIZE, drawing())
    assert float(grid[inside[:, 0]].abs().max()) <= 1


def test_probes_differ_from_each_other() -> None:
    _, inside = probe_grid(torch.full((24,), 1.3), SIZE, drawing())
    shares = inside.float().mean(dim=(1, 2, 3))
    assert float(shares.max() - shares.min()) > 0.2


def test_a_wider_source_sector_is_shown_wider() -> None:
    _, narrow = probe_grid(torch.full((16,), 1.0), SIZE, drawing())
    _, wide = probe_grid(torch.full((16,), 1.6), SIZE, drawing())
    assert wide.float().mean() > narrow.float().mean()


@pytest.mark.parametrize("change", [scanner, exposure])
@pytest.mark.parametrize("seed", range(4))
def test_another_look_keeps_shape_and_range(change, seed: int) -> None:
    image = torch.rand(6, 1, *SIZE, generator=drawing(9))
    seen = change(image, drawing(seed))
    assert seen.shape == image.shape
    assert bool(torch.isfinite(seen).all())
    assert 0 <= float(seen.min()) <= float(seen.max()) <= 1


def test_another_scanner_leaves_the_label_where_it_was() -> None:
    label = heart_label(SIZE).expand(24, -1, -1, -1)
    cavity, wall = label == 1, label == 2
    seen = scanner(0.7 * (label > 0).float() - 0.5 * cavity.float(), drawing())
    assert all(float(s[w].mean()) > float(s[c].mean()) for s, w, c in zip(seen, wall, cavity, strict=True))


def test_a_black_frame_stays_black() -> None:
    for change in (scanner, exposure):
        assert not bool(change(torch.zeros(8, 1, *SIZE), drawing()).any())


def test_the_same_generator_makes_the_same_frames() -> None:
    image = torch.rand(4, 1, *SIZE, generator=drawing(9))
    assert torch.equal(scanner(image, drawing(1)), scanner(image, drawing(1)))
    assert not torch.equal(scanner(image, drawing(1)), scanner(image, drawing(2)))
    strength = torch.ones(4)
    assert torch.equal(affine_grid(strength, SIZE, drawing(1)), affine_grid(strength, SIZE, drawing(1)))
    assert torch.equal(exposure(image, drawing(1)), exposure(image, drawing(1)))


def test_overlays_depend_on_the_seed_alone() -> None:
    one, same, other = (overlays(6, (160, 160), seed) for seed in (1, 1, 2))
    assert one.shape == (6, 1, 160, 160)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert 0 <= float(one.min()) < float(one.max()) <= 1


def test_every_overlay_shows_something_and_leaves_most_of_the_frame_free() -> None:
    shares = (overlays(40, (160, 160), 0) > 0).float().mean(dim=(1, 2, 3))
    assert bool((shares > 0).all())
    assert bool((shares < 0.15).all())


def test_some_frames_get_an_overlay_and_none_gets_darker() -> None:
    frames = torch.full((300, 1, *SIZE), 0.2)
    shown = Overlays(SIZE, 0)(frames, drawing(1))
    changed = (shown != frames).flatten(1).any(dim=1).float().mean()
    assert bool((shown >= frames).all())
    assert abs(float(changed) - SHARE) < 0.1


def segmenter_loss(names: list[str]):
    """The segmenter's loss on as many frames as there are names, all of one heart; the first is a 2CH view."""
    pytest.importorskip("monai", reason="monai is not installed")
    from EchoSynthLib.segmentation.unet.batches import SegmenterLoss
    from EchoSynthLib.training.beam_data import BeamData

    n, label = len(names), heart_label((96, 96))[0, 0].numpy().astype(np.uint8)
    frames = BeamData(
        image=np.stack([80 * label] * n),
        label=np.stack([label] * n),
        beam_image=np.stack([80 * label] * n),
        beam_label=np.stack([label] * n),
        sectors=np.tile([-0.5, 47.5, -0.65, 0.65, 0.0, 96.0, 1.0], (n, 1)),
        view=np.array([0] + [1] * (n - 1)),
        quality=np.zeros(n, np.int64),
        depth=np.full(n, np.nan, np.float32),
        name=np.array(names),
        split=np.array(["train"] * n),
    )
    return SegmenterLoss(frames, "cpu", 0)


def test_a_training_batch_mixes_frames_whose_labels_are_the_structures() -> None:
    loss = segmenter_loss(["frame"] * 4)
    from EchoSynthLib.segmentation.unet.batches import BATCH, GRID, MIXES

    for start, mix in MIXES:
        image, found, view = loss.batch(drawing(), start)
        assert image.shape == found.shape == (BATCH, 1, *GRID)
        assert sum(mix) == BATCH
        assert view.shape == (BATCH,)
        assert set(found.unique().tolist()) == {0, 1, 2, 3}
        assert 0 <= float(image.min()) <= float(image.max()) <= 1
        assert set(view.tolist()) <= {0.0, 1.0}


def test_a_batch_for_other_machines_mixes_frames_of_the_data_and_drawn_hearts() -> None:
    near = segmenter_loss(["frame"] * 4)
    from EchoSynthLib.segmentation.unet.batches import BATCH, GRID
    from EchoSynthLib.segmentation.unet.other_machines import OTHER_MIXES, OtherMachinesLoss
    from EchoSynthLib.training.drawn_machines import DrawnFrames

    shape, number = (2, *GRID), np.zeros(2, np.int64)
    drawn = DrawnFrames(np.full(shape, 200, np.uint8), np.full(shape, 3, np.uint8), number, number, number)
    loss = OtherMachinesLoss(near.frames, drawn, "cpu", 0)
    for start, mix in OTHER_MIXES:
        image, found, view = loss.batch(drawing(), start)
        assert image.shape == found.shape == (BATCH, 1, *GRID)
        assert sum(mix) == len(view) == BATCH
        assert 0 <= float(image.min()) <= float(image.max()) <= 1
        # The drawn ones come last, and hold what no frame of the data does.
        assert bool((found[-mix[-1] :] != 1).all())
        assert set(found[: -mix[-1]].unique().tolist()) == {0, 1, 2, 3}


def test_frames_from_afar_show_less_of_the_heart_and_all_of_it_mostly() -> None:
    size = (64, 64)
    grid = far_grid(size, 200, drawing())
    square = torch.zeros(200, 1, *size)
    square[:, :, 20:44, 20:44] = 1
    area = F.grid_sample(square, grid, align_corners=False).sum(dim=(1, 2, 3)) / 24**2
    assert 0.3 < float(area.median()) < 0.9
    assert float((area > 0.1).float().mean()) > 0.95


def test_gray_maps_of_other_makers_crush_blacks_and_keep_black_and_white() -> None:
    ramp = torch.linspace(0, 1, 64).expand(300, 1, 64, 64).clone()
    shown = gray_map(ramp, drawing())
    assert 0 <= float(shown.min()) <= float(shown.max()) <= 1
    black = (shown < 1e-6).float().mean(dim=(1, 2, 3))
    assert float((black > 0.1).float().mean()) > 0.3
    assert bool((shown[..., -1].mean(dim=(1, 2)) > 0.95).all())


def test_real_frames_are_half_of_a_batch_beside_synthetic_ones_and_all_of_it_at_the_end() -> None:
    loss = segmenter_loss(["a", "b", *(f"a_synthetic{i}" for i in range(30))])
    generator = drawing()
    assert [sum(int(i) < 2 for i in loss.choose(generator, spent)) for spent in (0.0, 0.3, 0.49)] == [4, 4, 4]
    assert all(bool((loss.choose(generator, spent) < 2).all()) for spent in (0.5, 0.8, 1.0))
    early = torch.stack([loss.choose(generator, 0.0) for _ in range(200)])
    assert set(early.flatten().tolist()) == set(range(32))
    # Near, far and probe frames are real alike.
    assert bool(((early < 2).float().mean(dim=0) - 0.5).abs().max() < 0.15)


@pytest.mark.parametrize("names", [["a", "b", "c"], ["a_synthetic0", "b_synthetic1", "b_synthetic2"]])
def test_frames_of_one_kind_are_drawn_evenly_all_along(names: list[str]) -> None:
    loss = segmenter_loss(names)
    generator = drawing()
    for spent in (0.0, 0.9):
        seen = torch.cat([loss.choose(generator, spent) for _ in range(100)])
        assert bool((torch.bincount(seen, minlength=3) > 200).all())

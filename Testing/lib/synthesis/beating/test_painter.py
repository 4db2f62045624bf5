"""What the painter promises of a cine."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from beating_hearts import Drawer, Pulse, heart, times
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, gaussian_filter

from EchoSynthLib.anatomy.deformation import warp
from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthLib.evaluation.speckle import lag_one_autocorrelation
from EchoSynthLib.synthesis.beating.aging import Aging
from EchoSynthLib.synthesis.beating.label_maps import MovedLabels
from EchoSynthLib.synthesis.beating.look import Look
from EchoSynthLib.synthesis.beating.painter import Painter

FRAMES = 12


@cache
def frame() -> NDArray[np.uint8]:
    label_map, sector = heart()
    image = Drawer()(label_map, sector, seed=4)[0][0].copy()
    image[:8, :20] = 200  # text beside the sector
    return image


@cache
def painter(seed: int = 0) -> Painter:
    label_map, sector = heart()
    return Painter(frame(), label_map, sector, "4CH", seed, Drawer())


@cache
def cine(seed: int = 0, given: int = 0, step_ms: float = 30.0, depth: float = 4.0) -> NDArray[np.uint8]:
    return painter(seed).cine(Pulse(frame().shape, times(FRAMES, step_ms), depth, given))


def region(code: int) -> NDArray[np.bool_]:
    label_map, sector = heart()
    return binary_erosion((label_map == code) & sector.mask(label_map.shape), iterations=3)


def alike(a: NDArray[np.uint8], b: NDArray[np.uint8], where: NDArray[np.bool_]) -> float:
    """Correlation of what is finer than three pixels."""
    first, second = (x.astype(float) - gaussian_filter(x.astype(float), 3) for x in (a, b))
    return float(np.corrcoef(first[where], second[where])[0, 1])


def test_nothing_outside_the_sector_changes() -> None:
    _, sector = heart()
    outside = ~sector.mask(frame().shape)
    assert (cine()[:, outside] == frame()[outside]).all()
    assert cine().shape == (FRAMES, *frame().shape)
    assert cine().dtype == np.uint8


@pytest.mark.parametrize("given", [0, 5])
def test_at_its_phase_the_given_frame_is_shown(given: int) -> None:
    _, sector = heart()
    inside = sector.mask(frame().shape)
    shown = cine(given=given)[given].astype(float)
    assert np.abs(shown - frame())[inside].mean() < 3
    assert alike(cine(given=given)[given], frame(), inside) > 0.97


def test_one_seed_draws_one_cine() -> None:
    again = Painter(frame(), *heart(), "4CH", 0, Drawer()).cine(Pulse(frame().shape, times(FRAMES)))
    assert np.array_equal(again, cine())
    assert not np.array_equal(cine(seed=1), cine())


def test_all_frames_are_as_sharp_as_the_given_one() -> None:
    def fine(image: NDArray[np.uint8], where: NDArray[np.bool_]) -> float:
        smooth = gaussian_filter(image.astype(float), 1)
        return float((image - smooth)[where].std())

    label_map, sector = heart()
    moved = MovedLabels(label_map, sector)
    beat = Pulse(frame().shape, times(FRAMES))
    for t in (3, 6, 9):
        where = binary_erosion(moved(beat.displacement(t)) == 2, iterations=2)
        assert fine(cine()[t], where) == pytest.approx(fine(frame(), region(2)), rel=0.12)


def test_the_grain_keeps_its_size_where_tissue_is_stretched() -> None:
    """Of speckle much of which lasts, and could be stretched with the wall."""
    label_map, sector = heart()
    lasting = Painter(frame(), label_map, sector, "4CH", 0, Drawer(), Look(tissue=Aging(60.0, 0.62)))
    still = np.indices(frame().shape)[0].astype(np.float32)

    class Stretch(Pulse):
        """All tissue becomes half as long again."""

        def displacement(self, t: int) -> NDArray[np.float32]:
            amount = np.float32(1 / 1.5 - 1) if t else np.float32(0)
            return np.stack([amount * (still - 70), np.zeros_like(still)])

    stretched = lasting.cine(Stretch(frame().shape, times(FRAMES)))[6]
    rows = np.indices(frame().shape)[0]
    moved = MovedLabels(label_map, sector)(Stretch(frame().shape, times(2)).displacement(1))
    where = binary_erosion(moved == 2, iterations=3) & (rows > 40)

    def grain(image: NDArray[np.uint8], of: NDArray[np.bool_]) -> float:
        return lag_one_autocorrelation(image - gaussian_filter(image.astype(float), 2), of, 0)

    assert grain(stretched, where) == pytest.approx(grain(frame(), region(2)), abs=0.08)


def test_speckle_ages_by_milliseconds_and_not_by_frames() -> None:
    slow, quick = cine(step_ms=40.0, depth=0.0), cine(step_ms=10.0, depth=0.0)
    wall = region(2)
    assert alike(quick[2], quick[6], wall) == pytest.approx(alike(slow[2], slow[3], wall), abs=0.12)
    assert alike(quick[2], quick[3], wall) > alike(slow[2], slow[3], wall) + 0.05


def test_blood_changes_faster_than_tissue() -> None:
    still = cine(depth=0.0)
    assert alike(still[3], still[4], region(2)) > alike(still[3], still[4], region(1)) + 0.1


def test_gray_levels_do_not_flicker() -> None:
    still = cine(depth=0.0)
    for code in (0, 1, 2):
        means = still[:, region(code)].mean(axis=1)
        assert np.abs(np.diff(means)).max() < 2.5


def test_speckle_goes_with_the_tissue_and_not_with_the_screen() -> None:
    """Across the wall that moves most, a frame is more like the given one moved along than the given one as it is."""
    label_map, sector = heart()
    beat = Pulse(frame().shape, times(40, 20.0), depth=7.0)
    drawn = painter().cine(beat)
    u = beat.displacement(20)
    wall = binary_erosion(MovedLabels(label_map, sector)(u) == 2) & (np.hypot(*u) > 2.5)
    assert wall.sum() > 100
    along = warp(frame().astype(np.float32), u, order=3)
    assert alike(drawn[20], along, wall) > alike(drawn[20], frame(), wall) + 0.1


def test_leaflets_leave_the_plane_of_the_annulus_in_diastole() -> None:
    label_map, sector = heart()
    image = frame().astype(float)
    rows, columns = np.nonzero((label_map[:-1] == 1) & (label_map[1:] == 3))
    plane = np.zeros(label_map.shape, bool)
    plane[rows, columns] = plane[rows + 1, columns] = plane[rows - 1, columns] = True
    image[plane] = 190  # a closed valve
    closed = image.astype(np.uint8)
    beat = Pulse(closed.shape, times(FRAMES, 70.0), depth=0.0)
    drawn = Painter(closed, label_map, sector, "4CH", 0, Drawer()).cine(beat)
    middle = plane.copy()
    middle[:, : columns.min() + 8] = middle[:, columns.max() - 7 :] = False
    systole, diastole = drawn[3, middle].mean(), drawn[8, middle].mean()
    assert systole > 150
    assert diastole < systole - 40


def test_tissue_brightens_in_systole_by_what_the_look_says() -> None:
    label_map, sector = heart()
    look = Look(systole=(0.0, 0.0, 0.1, 0.0))
    beat = Pulse(frame().shape, times(FRAMES), depth=0.0)
    drawn = Painter(frame(), label_map, sector, "4CH", 0, Drawer(), look).cine(beat)
    change = drawn[6, region(2)].mean() - drawn[0, region(2)].mean()
    assert change == pytest.approx(0.1 * drawn[0, region(2)].mean(), abs=3)
    assert drawn[6, region(1)].mean() == pytest.approx(drawn[0, region(1)].mean(), abs=3)


def test_a_label_map_alone_is_drawn_by_the_generator() -> None:
    label_map, sector = heart()
    alone = Painter(None, label_map, sector, "4CH", 3, Drawer())
    assert np.array_equal(alone.frame, Drawer()(label_map, sector, seed=3)[0][0])
    drawn = alone.cine(Pulse(label_map.shape, times(4)))
    assert not drawn[:, ~sector.mask(label_map.shape)].any()


def test_a_beat_that_never_comes_by_the_given_phase_is_drawn() -> None:
    assert painter().cine(Pulse(frame().shape, times(4), given=-1)).shape[0] == 4


def test_progress_is_told_for_each_frame_and_can_cancel() -> None:
    told = []
    painter().cine(Pulse(frame().shape, times(3)), lambda done, total, message: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]

    def stop(done: int, total: int, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        painter().cine(Pulse(frame().shape, times(3)), stop)


def test_image_and_label_map_lie_on_one_grid() -> None:
    label_map, sector = heart()
    with pytest.raises(InputError, match="one grid"):
        Painter(frame()[:-1], label_map, sector, "4CH", 0, Drawer())

"""Label maps of several frames: what is done to each, and the functions of the API that take them."""

from __future__ import annotations

import numpy as np
import pytest
from shipped import needs_generator

import EchoSynthLib as es
from EchoSynthLib.anatomy import check_label_maps, contract, heart_cycle
from EchoSynthLib.anatomy.variations import vary
from EchoSynthLib.errors import Cancelled, InputError

SHAPE = (96, 112)
CYCLE = heart_cycle(3, "4CH", shape=SHAPE)
BEAT = np.stack([heart.label_map for heart in CYCLE])


def test_a_frame_that_is_no_label_map_is_named() -> None:
    np.testing.assert_array_equal(check_label_maps(BEAT.astype(np.float32)), BEAT)
    broken = BEAT.copy()
    broken[1] = 0
    with pytest.raises(InputError, match=r"Frame 2 of 3: The label map is empty"):
        check_label_maps(broken)
    with pytest.raises(InputError, match="two dimensions"):
        check_label_maps(BEAT[:0])


def test_every_frame_has_the_reshaping_and_the_deformation_that_it_has_alone() -> None:
    varied = es.variations(BEAT, 2, seed=6, ejection_fraction=0.3, spacing=CYCLE[0].spacing)
    assert varied.shape == (2, 3, *SHAPE)
    for index, frame in enumerate(BEAT):
        alone = vary(contract(frame, 0.3, CYCLE[0].spacing), 6, 1)
        np.testing.assert_array_equal(varied[1, index], alone)


def test_a_sector_may_be_a_mask_or_a_geometry() -> None:
    sector = CYCLE[0].sector
    as_geometry, as_mask = (es.variations(BEAT[0], 2, sector=given) for given in (sector, sector.mask(SHAPE)))
    np.testing.assert_array_equal(as_geometry, as_mask)
    assert not as_mask[:, ~sector.mask(SHAPE)].any()


@pytest.mark.parametrize("count", [0, -1, 1.5, True])
def test_variations_are_counted_in_whole_numbers(count: object) -> None:
    with pytest.raises(InputError, match="count of variations is a whole number from 1"):
        es.variations(BEAT[0], count)  # type: ignore[arg-type]


@needs_generator
@pytest.mark.slow
def test_a_cine_depends_on_seed_and_number_alone_and_its_frames_share_noise_and_sector() -> None:
    cines, record = es.synthesize(BEAT, count=2, seed=5, steps=1)
    assert cines.shape == (2, 3, *SHAPE)
    assert record["shape"] == [3, *SHAPE]
    np.testing.assert_array_equal(es.synthesize(BEAT, count=1, seed=5, steps=1)[0], cines[:1])
    from EchoSynthLib.anatomy.sector.geometry import Sector

    sector = Sector.from_dict(record["sector"])
    assert sector.mask(SHAPE)[BEAT.max(axis=0) > 0].all()
    for index, frame in enumerate(BEAT):
        alone, _ = es.synthesize(frame, count=2, seed=5, steps=1, sector=sector)
        np.testing.assert_array_equal(cines[:, index], alone)


@needs_generator
def test_a_cine_that_stands_still_has_still_speckle() -> None:
    (cine,), _ = es.synthesize(np.stack([BEAT[0]] * 2), steps=1)
    np.testing.assert_array_equal(cine[0], cine[1])


@needs_generator
def test_progress_runs_over_all_frames_and_can_cancel() -> None:
    told: list[tuple[int, int]] = []
    es.synthesize(BEAT, steps=2, progress=lambda done, total, message: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))

    def stop(done: int, total: int, message: str) -> None:
        if "frame 2 of 3" in message:
            raise Cancelled

    with pytest.raises(Cancelled):
        es.synthesize(BEAT, steps=1, progress=stop)

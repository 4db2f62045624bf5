"""Drawn hearts on other makers' machines: what a picture of them holds, and what a segmenter learns from besides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.training.drawn_machines import MAKERS, DrawnFrames, load_drawn_frames, picture

SIZE = (96, 96)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> DrawnFrames:
    return load_drawn_frames(5, SIZE, 3, tmp_path_factory.mktemp("drawn") / "hearts.npz")


def test_each_heart_is_seen_in_both_views_on_two_machines(drawn: DrawnFrames) -> None:
    assert drawn.image.shape == drawn.label.shape == (20, *SIZE)
    for heart in range(5):
        own = drawn.select(drawn.heart == heart)
        assert sorted(own.view.tolist()) == [0, 0, 1, 1]
        assert len(set(own.maker.tolist())) == 2
    assert set(drawn.maker.tolist()) == set(range(len(MAKERS)))


def test_a_picture_holds_a_ventricle_in_its_wall(drawn: DrawnFrames) -> None:
    for label in drawn.label:
        assert set(np.unique(label).tolist()) <= {0, 1, 2, 3}
        cavity, wall = (np.count_nonzero(label == code) for code in (CamusCode.LV_CAVITY, CamusCode.MYOCARDIUM))
        assert cavity > 0.1 * (cavity + wall) > 0


def test_a_number_says_all_of_a_picture() -> None:
    heart, maker = Cohort(1).heart(0), MAKERS["smooth"]
    first, second = (picture(heart, "4CH", maker, np.random.default_rng(4), SIZE) for _ in range(2))
    other, _ = picture(heart, "4CH", maker, np.random.default_rng(5), SIZE)
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert not np.array_equal(first[0], other)


def test_a_machine_that_crushes_blacks_shows_more_of_them() -> None:
    heart = Cohort(1).heart(1)

    def black(name: str) -> float:
        shown = [picture(heart, "4CH", MAKERS[name], np.random.default_rng(seed), SIZE)[0] for seed in range(4)]
        return float(np.mean([np.mean(image == 0) for image in shown]))

    assert black("wide and coarse") > black("smooth")


def test_thick_walls_are_labeled_as_thick_as_they_are() -> None:
    heart = Cohort(2, "hypertrophic").heart(0)
    assert heart.parameters.wall_mm > 11
    from EchoSynthLib.training.drawn_machines import labels_of

    one = Cohort(2, "hypertrophic").cuts(0, "4CH")[0]
    wall = one.label_map == CamusCode.MYOCARDIUM
    assert (labels_of(one, heart, "4CH", np.random.default_rng(0))[wall] != CamusCode.BACKGROUND).all()


def test_drawn_once_they_are_read_again(drawn: DrawnFrames, tmp_path: Path) -> None:
    kept = tmp_path / "kept.npz"
    first = load_drawn_frames(1, SIZE, 3, kept)
    written = kept.stat().st_mtime_ns
    again = load_drawn_frames(1, SIZE, 3, kept)
    assert kept.stat().st_mtime_ns == written
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.image, drawn.image[:4])  # whatever the number of hearts

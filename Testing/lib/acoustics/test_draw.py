"""Echo drawn by tissue: statements about ultrasound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from EchoSynthLib.acoustics import Look, draw
from EchoSynthLib.anatomy.deformation import warp
from EchoSynthLib.anatomy.heart3d.cut import Cut, cut
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.probe import frame_view
from EchoSynthLib.anatomy.heart3d.tissue import Tissue
from EchoSynthLib.anatomy.views import view_names
from EchoSynthLib.errors import InputError

LOOK = Look(loss_db=0, sides_db=0, unevenness_db=0, compounding=0)


@pytest.fixture(scope="module")
def heart() -> Heart:
    return Heart.normal()


def seen(heart: Heart, view: str, phase: float = 0.0) -> Cut:
    return cut(heart, frame_view(heart, view), phase)


def test_blood_is_darker_than_muscle_and_pericardium_brighter_in_every_view(heart) -> None:
    for view in view_names("heart cuts"):
        one = seen(heart, view)
        image, _ = draw(one, seed=3, look=LOOK)
        gray = {
            code: image[one.labels == code].mean()
            for code in (Tissue.LV_CAVITY, Tissue.RV_CAVITY, Tissue.LV_WALL)
            if (one.labels == code).sum() > 500
        }
        pericardium = image[one.labels == Tissue.PERICARDIUM].mean()
        blood = max(gray.pop(code) for code in list(gray) if code != Tissue.LV_WALL)
        assert blood + 40 < gray.get(Tissue.LV_WALL, 255)
        assert pericardium > gray.get(Tissue.LV_WALL, 0)


def test_a_wall_square_to_the_beam_is_brighter_than_one_along_it(heart) -> None:
    one = seen(heart, "PSAX-PM")
    image, _ = draw(one, look=LOOK)
    rows, columns = np.nonzero(one.labels == Tissue.LV_WALL)
    middle = [part.mean() for part in np.nonzero(one.labels == Tissue.LV_CAVITY)]
    beam = np.stack([rows, columns - (one.shape[1] - 1) / 2])
    out = np.stack([rows - middle[0], columns - middle[1]])
    cosine = np.abs((beam * out).sum(0)) / np.hypot(*beam) / np.hypot(*out)
    gray = image[rows, columns]
    assert gray[cosine > 0.9].mean() > gray[cosine < 0.3].mean() + 20


def test_behind_a_rib_there_is_a_shadow(heart) -> None:
    one = seen(heart, "4CH")
    plain, shadowed = (draw(one, look=replace(LOOK, rib_left=left, rib_db=25))[0].astype(float) for left in (0.0, 0.2))
    inside = one.sector.mask(one.shape)
    _, angle = one.sector.polar(*np.indices(one.shape))
    side = (angle - one.sector.angle_left) / one.sector.opening_angle
    assert shadowed[inside & (side < 0.15)].mean() < 0.5 * plain[inside & (side < 0.15)].mean()
    np.testing.assert_allclose(shadowed[inside & (side > 0.5)], plain[inside & (side > 0.5)], atol=1)


def test_speckle_is_wider_across_the_deeper_it_lies(heart) -> None:
    one = seen(heart, "2CH")
    image = draw(one, look=LOOK)[0].astype(float)
    soft = one.labels == Tissue.SOFT_TISSUE
    inside = one.sector.mask(one.shape)
    inside[:, :2] = inside[:, -2:] = False

    def correlation(rows: slice) -> float:
        pair = (soft & inside)[rows, 2:] & (soft & inside)[rows, :-2]
        return float(np.corrcoef(image[rows, 2:][pair], image[rows, :-2][pair])[0, 1])

    assert correlation(slice(190, 240)) > correlation(slice(15, 60)) + 0.1


def test_the_same_seed_gives_the_same_image_and_another_one_another(heart) -> None:
    one = seen(heart, "SUBCOSTAL")
    first, record = draw(one, seed=5)
    again, _ = draw(one, seed=5)
    other, _ = draw(one, seed=6)
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5
    assert draw(one, seed=5, look=Look(**record["look"]))[0].tolist() == first.tolist()
    assert not first[~one.sector.mask(one.shape)].any()


def test_speckle_moves_with_the_tissue(heart) -> None:
    first = seen(heart, "4CH")
    cine, _ = draw([first, first.at(0.2)], seed=1, look=LOOK)
    back = warp(cine[1].astype(np.float32), first.at(0.2).displacement())
    wall = first.labels == Tissue.LV_WALL
    still, moved = (np.corrcoef(cine[0][wall], image[wall])[0, 1] for image in (cine[1], back))
    assert moved > still + 0.2
    assert moved > 0.5


def test_what_cannot_be_drawn_is_refused_in_words(heart) -> None:
    with pytest.raises(InputError, match="one cut or more"):
        draw([])
    with pytest.raises(InputError, match="samples and beams"):
        draw(seen(heart, "4CH"), shape=(4, 4))

"""Cuts of a heart, drawn."""

import numpy as np
import pytest

import EchoSynthLib as es
from EchoSynthLib.anatomy.heart3d.cut import cut
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.probe import frame_view
from EchoSynthLib.errors import InputError


@pytest.fixture(scope="module")
def seen():
    heart = Heart.normal()
    return cut(heart, frame_view(heart, "4CH"), shape=(96, 118))


def test_a_cut_is_drawn_by_tissue_and_image_i_depends_on_seed_and_i_alone(seen) -> None:
    images, record = es.synthesize(seen, count=2, seed=4)
    assert images.shape == (2, *seen.shape)
    assert (record["drawing"], record["synthetic"]) == ("tissue", True)
    np.testing.assert_array_equal(images[0], es.synthesize(seen, seed=4)[0][0])
    assert (images[0] != images[1]).mean() > 0.3


def test_frames_of_a_beat_become_a_cine(seen) -> None:
    cines, _ = es.synthesize([seen, seen.at(0.3)], seed=4)
    assert cines.shape == (1, 2, *seen.shape)
    np.testing.assert_array_equal(cines[0, 0], es.synthesize(seen, seed=4)[0][0])


def test_a_model_that_is_named_draws_the_cut_in_its_own_sector(seen) -> None:
    images, record = es.synthesize(seen, model="beam-flow")
    assert (record["model"], record["view"]) == ("beam-flow", "4CH")
    assert not images[0][~seen.sector.mask(seen.shape)].any()


def test_what_a_cut_brings_is_not_given_and_a_label_map_is_not_drawn_by_tissue(seen) -> None:
    with pytest.raises(InputError, match="leave out spacing"):
        es.synthesize(seen, spacing=(1, 1))
    with pytest.raises(InputError, match="leave out steps"):
        es.synthesize(seen, steps=3)
    with pytest.raises(InputError, match="needs a model"):
        es.synthesize(seen.label_map, model="tissue")
    with pytest.raises(InputError, match="one size"):
        es.synthesize([seen, cut(seen.heart, frame_view(seen.heart, "2CH"), shape=(64, 64))])

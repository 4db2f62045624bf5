"""What callers give for arrays, spacings and models: what is none is refused in words, wherever it is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shipped import needs_segmenter

import EchoSynthLib as es
from EchoSynthLib.array_like import as_array
from EchoSynthLib.errors import InputError, ModelError

RAGGED: Any = [[1, 2], [3]]
IMAGE = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)


def test_nested_lists_of_one_length_are_an_array() -> None:
    np.testing.assert_array_equal(as_array([[1, 2], [3, 4]], "An image"), np.array([[1, 2], [3, 4]]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: es.segment(RAGGED),
        lambda: es.contour(RAGGED),
        lambda: es.segment_cine(RAGGED),
        lambda: es.synthesize(RAGGED),
        lambda: es.variations(RAGGED),
        lambda: es.register(RAGGED, IMAGE),
        lambda: es.warp(IMAGE, RAGGED),
    ],
)
def test_lists_of_several_lengths_are_no_array_and_told_so(call: Any) -> None:
    with pytest.raises(InputError, match="all rows of one length; given was a list"):
        call()


@pytest.mark.parametrize("spacing", [0.3, "ab", "12", (1, "x"), (1, 2, 3), (0, 1), (float("nan"), 1)])
def test_a_spacing_that_is_none_is_refused(spacing: Any) -> None:
    for call in (lambda: es.segment(IMAGE, spacing), lambda: es.register(IMAGE, IMAGE, spacing)):
        with pytest.raises(InputError, match=r"spacing is \(row, column\) in millimeters"):
            call()


@pytest.mark.parametrize("model", [None, 3, Path("mine")])
def test_what_is_no_name_of_a_model_is_refused(model: Any) -> None:
    for call in (lambda: es.segment(IMAGE, model=model), lambda: es.register(IMAGE, IMAGE, model=model)):
        with pytest.raises(ModelError, match="is not a model's name"):
            call()


@pytest.mark.parametrize("threads", [1.5, -1, 0, "2"])
def test_threads_that_there_are_not_are_refused(threads: Any) -> None:
    with pytest.raises(InputError, match="threads is a whole number from 1"):
        es.load_pipeline("segmenter", threads=threads)


@needs_segmenter
def test_a_view_is_taken_whatever_its_case_automatic_too() -> None:
    _, record = es.segment(IMAGE, view="AUTO")
    assert record["view_source"] == "model"

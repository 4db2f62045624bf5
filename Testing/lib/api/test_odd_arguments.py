"""Every function that Python users call refuses in words what it cannot use, and takes arrays however they are held."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from task_files import heart

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.images import read_image
from EchoSynthLib.systems import offered

FUNCTIONS = sorted({*es._PUBLIC, *offered()})
"""All names that `es` offers: a new one is tried without a line here, if its arrays have the names below."""
SAMPLE = Path(__file__).resolve().parents[3] / "Resources" / "SampleData" / "synthetic_4CH_ED.nii.gz"
QUICK = {
    "synthesize": {"steps": 1},
    "variations": {"count": 1},
    "animate": {"frames": 2},
    "compare": {"repeats": 2},
    "saliency": {"cells": 2},
    "background_what_if": {"sector": np.ones((48, 56), bool), "count": 2},  # in noise no sector is found
}
"""What makes a call short, and changes nothing of what is tried."""
CALLBACKS = {"progress", "each"}


def echo() -> np.ndarray:
    """What a segmenter finds a heart in."""
    return read_image(SAMPLE).pixels[::2, ::2]


@cache
def sound() -> dict[str, Any]:
    """What each array is called in signatures, and one that can be used."""
    labels = np.zeros((48, 56), np.uint8)
    drawn = heart().label_map[::2, ::2][:48, :56]
    labels[: drawn.shape[0], : drawn.shape[1]] = drawn
    noise = np.random.default_rng(0).integers(20, 200, labels.shape, dtype=np.uint8)
    fields = np.zeros((2, *labels.shape), np.float32)
    return dict.fromkeys(("image", "moving", "fixed", "array", "frame"), noise) | {
        **dict.fromkeys(("reference", "clip"), noise),
        **dict.fromkeys(("earlier", "later"), echo()),
        "cine": np.stack([noise, noise[::-1]]),
        "label_map": labels,
        "sector": np.ones(labels.shape, bool),
        "displacement": fields,
        **dict.fromkeys(("displacements", "backward"), np.stack([fields, fields])),
        "views": heart().label_map,  # of one, see `called`
        "long_axes": np.array([[2.0, 28.0], [36.0, 28.0]]),  # of one, too
        "spacing": (0.9, 0.8),
        "model": "segmenter",
    }


def odd_arrays(of: np.ndarray) -> dict[str, Any]:
    """What makes no array, or one that holds no real numbers, or that is none of a picture."""
    objects = np.empty(2, object)
    objects[:] = [np.zeros((3, 3)), np.zeros((4, 4))]
    return {
        "rows of two lengths": [[1, 2], [3]],
        "frames of two sizes": [[[1, 2], [3, 4]], [[1], [2]]],
        "objects": objects,
        "objects that are numbers": of.astype(object),
        "Nones": np.full(of.shape, None),
        "a text": "a text",
        "texts": np.full(of.shape, "1"),
        "complex": of.astype(complex),
        "dates": of.astype("datetime64[s]"),
        "records": np.zeros(of.shape, [("x", "u1")]),
        "masked": np.ma.masked_array(of, mask=np.indices(of.shape)[-1] < 3),
        "no dimension": np.array(3),
        "a number": 3,
        "empty": of[..., :0],
        "one dimension": np.arange(5),
        "five dimensions": np.zeros((1, 2, 3, 4, 5)),
        "a set": {1, 2},
        "a function": len,
    }


def same_arrays(of: np.ndarray) -> dict[str, Any]:
    """The same values, held otherwise."""
    sealed = of.copy()
    sealed.setflags(write=False)
    return {
        "negative strides": np.ascontiguousarray(of[..., ::-1])[..., ::-1],
        "Fortran": np.asfortranarray(of),
        "sealed": sealed,
        "lists": of.tolist(),
        "no mask": np.ma.masked_array(of),
        "another byte order": of.astype(of.dtype.newbyteorder(">")),
    }


ODD = [
    None, True, 0, -1, 1.5, 10**400, float("nan"), float("inf"), "", "x", b"x", [], [1], (0.3,), [[1, 2], [3]],
    (float("nan"), 1.0), (0, 0), (-1, 1), ("a", "b"), (None, None), {}, {"a": 1}, set(), object(), len, 1j,
    np.zeros((2, 2)), np.array(0.5), np.array(["a", "b"]),
]  # fmt: skip


def arrays_of(function: Callable[..., Any]) -> list[str]:
    """The arguments of a function that are arrays."""
    told = inspect.signature(function).parameters
    return [name for name, one in told.items() if "ArrayLike" in str(one.annotation) or name in ("image", "label_map")]


def needed(function: Callable[..., Any], name: str) -> dict[str, Any]:
    """Sound arguments that a function cannot do without."""
    told = inspect.signature(function).parameters
    without = {one: sound()[one] for one in told if told[one].default is inspect.Parameter.empty}
    return (
        without | ({"label_map": sound()["label_map"]} if name in ("measure", "animate") else {}) | QUICK.get(name, {})
    )


def called(name: str, arguments: dict[str, Any]) -> Any:
    if "views" in arguments:
        arguments = arguments | {"views": {"4CH": arguments["views"], "2CH": sound()["views"]}}
    if "long_axes" in arguments:
        arguments = arguments | {"long_axes": {"4CH": arguments["long_axes"]}}
    with warnings.catch_warnings():
        # What numpy warns of, nobody has checked.
        warnings.simplefilter("error", RuntimeWarning)
        return getattr(es, name)(**arguments)


def test_each_array_of_a_public_function_has_a_sound_example_here() -> None:
    unknown = {name: set(arrays_of(getattr(es, name))) - set(sound()) for name in FUNCTIONS}
    assert {name: missing for name, missing in unknown.items() if missing} == {}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_makes_no_picture_is_refused_in_words(name: str) -> None:
    function = getattr(es, name)
    for argument in arrays_of(function):
        for kind, odd in odd_arrays(sound()[argument]).items():
            try:
                called(name, {**needed(function, name), argument: odd})
            except Exception as error:
                told = error
            else:
                pytest.fail(f"{name} took {kind} for {argument}")
            assert isinstance(told, es.InputError), f"{name} of {kind} for {argument} ended in {told!r}"
            assert "given" in str(told) or "Unknown" in str(told), f"{argument} as {kind}: {told}"


@pytest.mark.skipif(not zoo.has("segmenter"), reason="the model segmenter is not in Resources/Models")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_same_values_held_otherwise_are_taken_as_well(name: str) -> None:
    function = getattr(es, name)
    for argument in arrays_of(function):
        usual = needed(function, name)
        for kind, same in same_arrays(sound()[argument]).items() if argument in usual else ():
            try:
                called(name, {**usual, argument: same})
            except es.ModelError:
                pytest.skip("its model is not in Resources/Models")
            except Exception as error:
                pytest.fail(f"{name} of {kind} for {argument} ended in {error!r}")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_odd_value_of_another_argument_ends_in_an_error_of_python(name: str) -> None:
    function = getattr(es, name)
    usual, told = needed(function, name), inspect.signature(function).parameters
    flags = {argument for argument, one in told.items() if one.annotation == "bool"}
    left_out = {*arrays_of(function), *CALLBACKS, *flags}
    wrong = {}
    for argument in (argument for argument in told if argument not in left_out):
        for odd in ODD:
            try:
                called(name, {**usual, argument: odd})
            except es.EchoSynthError:
                pass
            except Exception as error:
                wrong[argument] = (odd, error)
    assert wrong == {}

"""Pairs of frames of one heart in one view, at end-diastole and at end-systole."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError

_DIASTOLE = re.compile(r"_ED(?=_|$)")


def diastole_and_systole(names: Sequence[str]) -> NDArray[np.int64]:
    """(P, 2) positions of frames whose names differ in ED and ES alone, such as patient0001_2CH_ED and ..._ES.

    Raises:
        InputError: there are none.
    """
    place = {name: i for i, name in enumerate(names)}
    partners = [(i, place.get(_DIASTOLE.sub("_ES", name))) for name, i in place.items() if _DIASTOLE.search(name)]
    pairs = [(diastole, systole) for diastole, systole in partners if systole is not None]
    if not pairs:
        raise InputError(
            "The data hold no pair of frames for motion to be learned from: two whose names differ in ED and ES alone, "
            "such as patient0001_2CH_ED and patient0001_2CH_ES."
        )
    return np.array(pairs, np.int64)

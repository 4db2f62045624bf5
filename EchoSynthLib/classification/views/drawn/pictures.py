"""Picture number i of the drawn ones: its class, and what the network sees of it on several screens."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy import views
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.classification.views.classes import CLASSES, NOT_2D, NOT_HEART, OTHER, STANDARD
from EchoSynthLib.classification.views.drawn.hearts import drawn_heart, heart_picture
from EchoSynthLib.classification.views.drawn.screen import on_screen
from EchoSynthLib.classification.views.drawn.tissue import tissue_picture
from EchoSynthLib.classification.views.drawn.traces import trace_screen
from EchoSynthLib.images.picture_box import seen

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        views.TWO_CHAMBER.name: 1.0,
        views.FOUR_CHAMBER.name: 1.2,
        views.LONG_AXIS.name: 1.2,
        views.FIVE_CHAMBER.name: 0.8,
        views.PARASTERNAL_LONG_AXIS.name: 1.5,
        views.SHORT_AXIS_AORTIC.name: 1.1,
        views.SHORT_AXIS_MITRAL.name: 0.7,
        views.SHORT_AXIS_PAPILLARY.name: 0.7,
        views.SHORT_AXIS_APEX.name: 0.6,
        views.SUBCOSTAL.name: 1.0,
        views.RIGHT_INFLOW.name: 0.6,
        OTHER: 1.3,
        NOT_2D: 1.2,
        NOT_HEART: 1.2,
    }
)
"""How often each class is drawn."""
PICTURES_OF_HEART = 8
"""One after another, for making a heart takes as long as drawing it."""
SCREENS = 3
"""That each drawn picture is shown on, for that takes a tenth of the time."""
_TURNED = 0.2
"""Of the pictures of other views, that are standard ones upside down or on their side."""


def pictures(seed: int, index: int) -> tuple[NDArray[np.uint8], int]:
    """What the network sees (3, 96, 96) of a drawn picture on several screens, and its class's place in `CLASSES`.

    Both depend on (seed, index) alone.
    """
    rng = np.random.default_rng((seed, index, *b"views"))
    weights = np.array([WEIGHTS[name] for name in CLASSES])
    place = int(rng.choice(len(CLASSES), p=weights / weights.sum()))
    drawn = drawn_of(CLASSES[place], drawn_heart(seed, index // PICTURES_OF_HEART), rng)
    sector = CLASSES[place] != NOT_2D
    return np.stack([seen(on_screen(drawn, rng, sector)) for _ in range(SCREENS)]), place


def drawn_of(name: str, heart: Heart, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A drawn picture (H, W) of a class; `heart` is seen where the class shows one."""
    if name == NOT_HEART:
        return tissue_picture(rng)
    if name == NOT_2D:
        return trace_screen(rng, lambda rng: _any_sector(heart, rng))
    if name != OTHER:
        return heart_picture(heart, name, rng)
    if rng.random() < _TURNED:
        turned = np.rot90(heart_picture(heart, str(rng.choice(STANDARD)), rng), rng.choice([1, 2, 2, 2, 3]))
        return np.ascontiguousarray(turned[:, :: int(rng.choice([-1, 1]))])
    return heart_picture(heart, None, rng)


def _any_sector(heart: Heart, rng: np.random.Generator) -> NDArray[np.uint8]:
    if rng.random() < 0.3:
        return tissue_picture(rng)
    return heart_picture(heart, str(rng.choice(STANDARD)), rng)

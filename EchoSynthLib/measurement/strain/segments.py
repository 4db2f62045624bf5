"""The six wall segments of an apical view, and what each is called."""

from __future__ import annotations

from typing import NamedTuple

from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER, taken_view


class Segment(NamedTuple):
    """A segment of the left ventricle: its name and its number in the 17-segment model."""

    name: str
    number: int


SEGMENTS: dict[str, tuple[Segment, ...]] = {
    TWO_CHAMBER.name: (
        Segment("basal inferior", 4),
        Segment("mid inferior", 10),
        Segment("apical inferior", 15),
        Segment("apical anterior", 13),
        Segment("mid anterior", 7),
        Segment("basal anterior", 1),
    ),
    FOUR_CHAMBER.name: (
        Segment("basal inferoseptal", 3),
        Segment("mid inferoseptal", 9),
        Segment("apical septal", 14),
        Segment("apical lateral", 16),
        Segment("mid anterolateral", 12),
        Segment("basal anterolateral", 6),
    ),
}
"""From the left mitral hinge of the image over the apex to the right one (Cerqueira et al., Circulation 105:539-542,
2002).

Each wall is divided into thirds of its endocardial length, and the apical third reaches to the apex: there is no apical
cap, which does not shorten in an apical view (Voigt et al., Eur Heart J Cardiovasc Imaging 16:1-11, 2015)."""


def segments_of(view: str) -> tuple[Segment, ...]:
    """The six segments of a view, in the order of the contour.

    Raises:
        InputError: no view is called so, or its walls have no strain here.
    """
    return SEGMENTS[taken_view(view, "measurement").name]

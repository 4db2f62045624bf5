"""The standard views of an echocardiogram as data: what each is called and shows, and what here takes it.

Names and planes as in Mitchell et al., J Am Soc Echocardiogr 32:1-64, 2019; "2CH" and "4CH" are those of CAMUS. What
asks for a view asks this table, so a system that takes another one adds its capability to that view's row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from EchoSynthLib.anatomy.structures import (
    AORTA,
    LEFT_ATRIUM,
    LEFT_VENTRICLE,
    MYOCARDIUM,
    RIGHT_ATRIUM,
    RIGHT_VENTRICLE,
    Structure,
)
from EchoSynthLib.errors import InputError

Capability = Literal[
    "segmentation", "contour", "view classification", "synthesis", "parametric hearts", "measurement", "heart cuts"
]
"""What may take a view."""

_ALL: frozenset[Capability] = frozenset(get_args(Capability))
_CUT: frozenset[Capability] = frozenset({"heart cuts", "view classification"})


@dataclass(frozen=True)
class View:
    """A standard view, or what a picture can be instead of one.

    Attributes:
        name: short, as it stands in records, tables and file names.
        long_name: in words, lower case.
        spellings: other names for it; case and what is neither letter nor digit count in no name.
        shows: structures that it cuts.
        walls: of the left ventricle, on the left and the right of an apical image as the American Society of
            Echocardiography shows it: the marker of the probe, and with it the left ventricle, on the right.
        taken_by: what takes it; nothing for a view that is known by name alone.
        condition: its number in what networks are told, or tell, of the view; None where no network knows it.
        class_block: which five classes it has in a conditioning map that tells the view (`CONDITIONING_OFFSET`).
    """

    name: str
    long_name: str
    spellings: tuple[str, ...] = ()
    shows: tuple[Structure, ...] = ()
    walls: tuple[str, str] | None = None
    taken_by: frozenset[Capability] = frozenset()
    condition: int | None = None
    class_block: int | None = None

    def __str__(self) -> str:
        """Both names, as in messages."""
        return f"{self.name} ({self.long_name})"


_LEFT_HEART = (LEFT_VENTRICLE, MYOCARDIUM, LEFT_ATRIUM)
_FOUR_CHAMBERS = (*_LEFT_HEART, RIGHT_VENTRICLE, RIGHT_ATRIUM)
_BOTH_VENTRICLES = (LEFT_VENTRICLE, MYOCARDIUM, RIGHT_VENTRICLE)

TWO_CHAMBER = View(
    "2CH",
    "apical two-chamber",
    ("A2C", "2C", "AP2", "two-chamber", "2-chamber", "apical 2-chamber"),
    _LEFT_HEART,
    walls=("inferior", "anterior"),
    taken_by=_ALL,
    condition=0,
    class_block=1,
)
FOUR_CHAMBER = View(
    "4CH",
    "apical four-chamber",
    ("A4C", "4C", "AP4", "four-chamber", "4-chamber", "apical 4-chamber"),
    _FOUR_CHAMBERS,
    walls=("septal", "lateral"),
    taken_by=_ALL,
    condition=1,
    class_block=0,
)
LONG_AXIS = View(
    "3CH",
    "apical long-axis",
    ("A3C", "3C", "AP3", "ALAX", "APLAX", "three-chamber", "apical three-chamber", "3-chamber", "apical 3-chamber"),
    (*_LEFT_HEART, AORTA),
    walls=("inferolateral", "anteroseptal"),
    taken_by=_CUT,
)
FIVE_CHAMBER = View(
    "5CH",
    "apical five-chamber",
    ("A5C", "5C", "AP5", "five-chamber", "5-chamber", "apical 5-chamber"),
    (*_FOUR_CHAMBERS, AORTA),
    taken_by=_CUT,
)
PARASTERNAL_LONG_AXIS = View(
    "PLAX",
    "parasternal long-axis",
    ("PLA", "PSLAX"),
    (*_LEFT_HEART, AORTA, RIGHT_VENTRICLE),
    taken_by=_CUT,
)
SHORT_AXIS_AORTIC = View(
    "PSAX-AV",
    "parasternal short-axis, aortic valve",
    ("PSAX AoV", "PSAX aortic valve", "SAX-AV", "parasternal short-axis at the aortic valve"),
    (AORTA, LEFT_ATRIUM, RIGHT_ATRIUM, RIGHT_VENTRICLE),
    taken_by=_CUT,
)
SHORT_AXIS_MITRAL = View(
    "PSAX-MV",
    "parasternal short-axis, mitral valve",
    ("PSAX mitral valve", "SAX-MV", "parasternal short-axis at the mitral valve"),
    _BOTH_VENTRICLES,
    taken_by=_CUT,
)
SHORT_AXIS_PAPILLARY = View(
    "PSAX-PM",
    "parasternal short-axis, papillary muscles",
    ("PSAX papillary muscles", "PSAX papillary", "SAX-PM", "parasternal short-axis at the papillary muscles"),
    _BOTH_VENTRICLES,
    taken_by=_CUT,
)
SHORT_AXIS_APEX = View(
    "PSAX-AP",
    "parasternal short-axis, apex",
    ("PSAX apex", "PSAX apical", "SAX-AP", "parasternal short-axis at the apex"),
    (LEFT_VENTRICLE, MYOCARDIUM),
    taken_by=_CUT,
)
SUBCOSTAL = View(
    "SUBCOSTAL", "subcostal four-chamber", ("SC", "SC4C", "SC 4CH", "subxiphoid"), _FOUR_CHAMBERS, taken_by=_CUT
)
RIGHT_INFLOW = View(
    "RV-INFLOW",
    "right ventricular inflow",
    ("RVIF", "RVIT", "parasternal right ventricular inflow"),
    (RIGHT_VENTRICLE, RIGHT_ATRIUM),
    taken_by=_CUT,
)
OTHER_2D = View("OTHER-2D", "another view in 2D", ("other",))
NOT_2D = View("NOT-2D", "no echocardiogram in 2D", ("not 2D echo", "no 2D echo"))
NOT_HEART = View("NOT-HEART", "no heart", ("not a heart",))
VIEWS = (
    TWO_CHAMBER,
    FOUR_CHAMBER,
    LONG_AXIS,
    FIVE_CHAMBER,
    PARASTERNAL_LONG_AXIS,
    SHORT_AXIS_AORTIC,
    SHORT_AXIS_MITRAL,
    SHORT_AXIS_PAPILLARY,
    SHORT_AXIS_APEX,
    SUBCOSTAL,
    RIGHT_INFLOW,
    OTHER_2D,
    NOT_2D,
    NOT_HEART,
)
"""Those that something here takes come first, in the order of `condition`."""

APICAL = (TWO_CHAMBER, FOUR_CHAMBER, LONG_AXIS, FIVE_CHAMBER)
"""Those that look from the apex to the base."""

BIPLANE = (FOUR_CHAMBER, TWO_CHAMBER)
"""The two planes of biplane volumes, in the order in which they are shown."""


def view_of(text: str) -> View:
    """The view of this name, long name or other spelling, such as '4CH', 'A4C' or 'apical four-chamber'.

    Raises:
        InputError: no view is called so.
    """
    view = _BY_SPELLING.get(_plain(text)) if isinstance(text, str) else None
    if view is None:
        raise InputError(f"The view {text!r} is not known. Known are: {', '.join(map(str, VIEWS))}.")
    return view


def views_for(capability: Capability) -> tuple[View, ...]:
    """The views that something takes, in the order of `VIEWS`."""
    return tuple(view for view in VIEWS if capability in view.taken_by)


def view_names(capability: Capability) -> tuple[str, ...]:
    """Short names of the views that something takes: what may be chosen."""
    return tuple(view.name for view in views_for(capability))


def taken_view(text: str, capability: Capability) -> View:
    """The view of this name, which something is to take.

    Raises:
        InputError: no view is called so, or that capability does not take it; those that it takes are named.
    """
    taken = views_for(capability)
    view = _BY_SPELLING.get(_plain(text)) if isinstance(text, str) else None
    if view is None or view not in taken:
        known = f"The view {text!r} is not known." if view is None else f"The view {view} is known by name alone here."
        raise InputError(f"{known} Taken for {capability} are: {', '.join(map(str, taken))}.")
    return view


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


_BY_SPELLING = {_plain(name): view for view in VIEWS for name in (view.name, view.long_name, *view.spellings)}

"""What a frame can be told to show, and the coarse groups by which it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from EchoSynthLib.anatomy import views

STANDARD = views.view_names("heart cuts")
"""The views that drawn hearts are cut in."""
OTHER, NOT_2D, NOT_HEART = views.OTHER_2D.name, views.NOT_2D.name, views.NOT_HEART.name
CLASSES = (*STANDARD, OTHER, NOT_2D, NOT_HEART)
"""In the order of the network's logits."""

APICAL = tuple(view.name for view in views.APICAL)
_SHORT_AXIS = tuple(
    view.name
    for view in (
        views.SHORT_AXIS_AORTIC,
        views.SHORT_AXIS_MITRAL,
        views.SHORT_AXIS_PAPILLARY,
        views.SHORT_AXIS_APEX,
    )
)
COARSE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "apical": APICAL,
        "long axis": (views.PARASTERNAL_LONG_AXIS.name, views.RIGHT_INFLOW.name),
        "short axis": _SHORT_AXIS,
        "subcostal": (views.SUBCOSTAL.name,),
        "other 2D": (OTHER,),
        "not 2D": (NOT_2D,),
        "no heart": (NOT_HEART,),
    }
)
"""Groups of classes: the right ventricular inflow is looked for from the window of the long axis."""


def coarse_shares(shares: Mapping[str, float]) -> dict[str, float]:
    """The shares of the groups of `COARSE`, which sum to what those of the classes do."""
    return {name: sum(shares.get(one, 0.0) for one in group) for name, group in COARSE.items()}

"""EchoSynth: segments echocardiograms and synthesises new ones that follow a label map.

    import EchoSynthLib as es
    label_map, record = es.segment(image)
    images, record = es.synthesize(label_map, count=8, seed=0)

The functions are imported at their first use, so that `import EchoSynthLib` costs nothing, also inside 3D Slicer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from EchoSynthLib.errors import Cancelled, EchoSynthError, InputError, ModelError, OutputError

if TYPE_CHECKING:
    from EchoSynthLib.api import (
        classify_view,
        contour,
        contour_detailed,
        segment,
        segment_detailed,
        synthesize,
        variations,
    )
    from EchoSynthLib.api.measure import measure

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "EchoSynthError",
    "InputError",
    "ModelError",
    "OutputError",
    "__version__",
    "classify_view",
    "contour",
    "contour_detailed",
    "measure",
    "segment",
    "segment_detailed",
    "synthesize",
    "variations",
]

_FROM_API = (
    "classify_view",
    "contour",
    "contour_detailed",
    "measure",
    "segment",
    "segment_detailed",
    "synthesize",
    "variations",
)


def __getattr__(name: str) -> Any:
    if name not in _FROM_API:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module("EchoSynthLib.api"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_FROM_API})

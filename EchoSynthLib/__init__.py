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
    from EchoSynthLib.api.analysis import classify_view, contour, contour_detailed, segment, segment_detailed
    from EchoSynthLib.api.measure import measure
    from EchoSynthLib.api.motion import register, warp
    from EchoSynthLib.api.synthesis import synthesize, variations
    from EchoSynthLib.systems import load_pipeline

__version__ = "0.1.0"

_MODULES = {
    "api.analysis": ("classify_view", "contour", "contour_detailed", "segment", "segment_detailed"),
    "api.measure": ("measure",),
    "api.motion": ("register", "warp"),
    "api.synthesis": ("synthesize", "variations"),
    "systems": ("load_pipeline",),
}
"""Where the functions are; the import above tells type checkers the same."""
_PUBLIC = {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}

__all__ = ["Cancelled", "EchoSynthError", "InputError", "ModelError", "OutputError", "__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})

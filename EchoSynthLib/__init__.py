"""EchoSynth: segments echocardiograms and synthesizes new ones that follow a label map.

    import EchoSynthLib as es
    label_map, record = es.segment(image)
    images, record = es.synthesize(label_map, count=8, seed=0)

The functions are imported at their first use, so that `import EchoSynthLib` costs nothing, also inside 3D Slicer.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from EchoSynthLib.errors import Cancelled, EchoSynthError, InputError, ModelError, OutputError

if TYPE_CHECKING:
    from EchoSynthLib.api.analysis import contour, contour_detailed, segment, segment_detailed
    from EchoSynthLib.api.animate import animate
    from EchoSynthLib.api.compare import compare
    from EchoSynthLib.api.ejection_fraction import ejection_fraction
    from EchoSynthLib.api.frames import segment_cine
    from EchoSynthLib.api.looking import background_what_if, saliency
    from EchoSynthLib.api.measure import measure
    from EchoSynthLib.api.reconstruction import reconstruct
    from EchoSynthLib.api.strain import strain
    from EchoSynthLib.api.synthesis import synthesize, variations
    from EchoSynthLib.api.views import classify_view, trust
    from EchoSynthLib.motion import propagate, register, track, warp
    from EchoSynthLib.privacy import check_privacy
    from EchoSynthLib.retrieval import retrieve
    from EchoSynthLib.systems import load_pipeline

__version__ = "0.1.0"

_MODULES = {
    "api.analysis": ("contour", "contour_detailed", "segment", "segment_detailed"),
    "api.animate": ("animate",),
    "api.compare": ("compare",),
    "api.ejection_fraction": ("ejection_fraction",),
    "api.frames": ("segment_cine",),
    "api.looking": ("background_what_if", "saliency"),
    "api.measure": ("measure",),
    "api.reconstruction": ("reconstruct",),
    "api.strain": ("strain",),
    "api.synthesis": ("synthesize", "variations"),
    "api.views": ("classify_view", "trust"),
    "systems": ("load_pipeline",),
}
"""Where the functions are. Rows of `systems.SYSTEMS` offer more; the imports above are for type checkers."""
_PUBLIC = {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}

__all__ = ["Cancelled", "EchoSynthError", "InputError", "ModelError", "OutputError", "__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    module = _PUBLIC.get(name) or _offered(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def _offered(name: str) -> str | None:
    """The module of a function that the row of a system offers."""
    # `from EchoSynthLib import zoo` asks for a function of that name before it imports the module.
    if name.startswith("_") or find_spec(f"{__name__}.{name}") is not None:
        return None
    from EchoSynthLib.systems import offered

    return offered().get(name)


def __dir__() -> list[str]:
    from EchoSynthLib.systems import offered

    return sorted({*globals(), *_PUBLIC, *offered()})

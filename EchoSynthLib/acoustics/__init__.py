"""Cuts of a heart drawn as echo by what is known of tissue and sound; no weights, no training.

`draw` takes any plane and phase; `Look` says how a patient and a machine make the same plane look.
"""

from EchoSynthLib.acoustics.draw import draw
from EchoSynthLib.acoustics.look import Look

__all__ = ["Look", "draw"]

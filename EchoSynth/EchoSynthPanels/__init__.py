"""Qt: panels, modules, and what they share for the whole application."""

import importlib.util
import sys
from pathlib import Path

# Installed, the library lies beside this package; in the source tree it lies one folder further up.
if importlib.util.find_spec("EchoSynthLib") is None:
    sys.path.append(str(Path(__file__).resolve().parents[2]))

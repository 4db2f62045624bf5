"""Run inside Slicer by speed.py: the tasks on a long cine, of the checkout that ECHOSYNTH_CHECKOUT names."""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

CHECKOUT = Path(os.environ["ECHOSYNTH_CHECKOUT"])
sys.path[:0] = [str(Path(__file__).resolve().parent), str(CHECKOUT / "Testing" / "slicer"), str(CHECKOUT)]

import slicer  # noqa: E402

import the_module  # noqa: E402
from events import spin  # noqa: E402

if find_spec("EchoSynthPanels.application") is None:
    # Version 0.1 has it one folder up.
    sys.modules["EchoSynthPanels.application"] = import_module("EchoSynthPanels")
    sys.modules["EchoSynthPanels.application.registration"] = import_module("EchoSynthPanels.registration")

from long_cine_in_slicer import tasks_on_a_long_cine  # noqa: E402


def main() -> None:
    """Measures, writes, leaves."""
    slicer.util.mainWindow().resize(1500, 950)
    spin(0.5)
    widget = the_module.open_module()
    panels = the_module.AllPanels() if hasattr(the_module, "AllPanels") else widget.panels
    # The first round starts the worker and loads what the tasks need; the second is what a user waits for.
    rounds = [tasks_on_a_long_cine(SimpleNamespace(logic=widget.logic, panels=panels)) for _ in range(2)]
    Path(os.environ["ECHOSYNTH_FIGURES"]).write_text(json.dumps(rounds[-1]), encoding="utf-8")
    slicer.util.exit(0)


main()

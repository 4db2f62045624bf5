"""From one module of the extension to another, and to a panel in it."""

from __future__ import annotations

from typing import Any

import slicer


def open_module(module: str) -> Any:
    """Opens a module, such as 'EchoMeasure'; gives its widget (`EchoModuleWidget`)."""
    slicer.util.selectModule(module)
    return slicer.util.getModuleWidget(module)


def open_panel(module: str, panel: str) -> Any:
    """Opens a module with one of its panels unfolded; gives the panel (`Panel`), named as its .ui file."""
    opened = open_module(module).panels[panel]
    opened.unfold()
    return opened

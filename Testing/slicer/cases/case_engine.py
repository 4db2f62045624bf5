"""The engine comes and goes from its panel; what happens there is seen, logged, and cancelled where it may be."""

from __future__ import annotations

import os
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest.mock import patch

import slicer

from EchoSynthPanels.application import packages
from EchoSynthPanels.application.packages import FULL, Packages, removable, version_of
from EchoSynthPanels.synthesis.requests import request_of
from events import choose, click, click_item, picture, spin, wait_until
from the_module import AllPanels, bring_up, open_module, unfold

TOY, ON_TOY = "echosynth-toy", "echosynth-on-toy"


class Engine(unittest.TestCase):
    def setUp(self):
        self.module = open_module("EchoModels")
        self.panel = AllPanels()["Engine"]
        self.engine, self.runner = self.panel.engine, self.panel.runner
        self.addCleanup(self.engine.look_again)
        bring_up(self.panel)

    def idle(self, seconds=60):
        wait_until(lambda: not self.runner.busy, seconds, "the packages")
        spin(0.1)


class Looking(Engine):
    def test_what_came_meanwhile_is_neither_asked_for_nor_installed(self):
        self.engine._packages = Packages(("made-up>=1",), ())
        self.engine.changed()
        assert self.panel.ui.installButton.isVisible()
        log = len(self.runner.log)
        click(self.panel.ui.installButton)
        assert not self.runner.busy
        assert len(self.runner.log) == log
        assert not self.panel.ui.installButton.isVisible()
        assert self.panel.ui.engineLabel.text.startswith("Ready: onnxruntime")

    def test_while_it_is_missing_one_line_in_the_other_modules_leads_to_where_it_is_installed(self):
        for name in ("EchoSynth", "EchoMeasure", "EchoDataSets"):
            module = open_module(name)
            line = slicer.util.findChild(module.parent, "engineLineButton")
            assert not line.isVisible(), name
            self.engine._packages = Packages(("made-up>=1",), ())
            self.engine.changed()
            spin(0.1)
            picture(f"engine-missing-{name}")
            click(line)
            spin(0.1)
            assert slicer.util.selectedModule() == "EchoModels"
            self.engine.look_again()


class Installing(Engine):
    """With a package of our own making."""

    def test_the_line_in_another_module_installs_it_with_one_click(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="echosynth-wheel-")))
        _wheel(folder, TOY, "")
        self.enterContext(patch.object(packages, "requirements", lambda name: [f"{TOY}>=1"]))
        self.enterContext(patch.dict(os.environ, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(folder)))
        self.addCleanup(lambda: version_of(TOY) and slicer.util.pip_uninstall(TOY))
        module = open_module("EchoSynth")
        self.engine.look_again()
        spin(0.1)
        line = slicer.util.findChild(module.parent, "engineLineButton")
        click(line)
        self.idle()
        assert slicer.util.selectedModule() == "EchoModels"
        assert not self.runner.failed, self.runner.message
        assert version_of(TOY) == "1.0"
        assert self.panel.row().text.startswith("Done")
        assert not line.isVisible()


class Device(Engine):
    def test_where_diffusion_models_run_is_chosen_once_for_this_computer(self):
        self.addCleanup(setattr, self.engine, "device", "auto")
        assert not self.panel.ui.deviceComboBox.isVisible()
        self.engine._packages = Packages((), ())
        self.engine.changed()
        spin(0.05)
        choose(self.panel.ui.deviceComboBox, "CPU")
        picture("engine-device")
        assert self.engine.device == "cpu"
        parameters = self.module.logic.getParameterNode()
        assert request_of(parameters).device == "auto"  # the fast generator runs in onnxruntime
        node = parameters.parameterNode
        assert "cpu" not in [node.GetParameter(name) for name in node.GetParameterNames()]


class Removing(Engine):
    """With packages of our own making: those of the engine are needed by the cases beside this one."""

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(packages, "requirements", lambda name: [f"{TOY}>=1"] if name == FULL else []))
        self.addCleanup(self.take_away)
        self.install(TOY)

    def take_away(self):
        there = [name for name in (ON_TOY, TOY) if version_of(name)]
        if there:
            slicer.util.pip_uninstall(" ".join(there))

    def install(self, name, requires=""):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="echosynth-wheel-"))
        slicer.util.pip_install(["--no-index", "--no-deps", str(_wheel(Path(folder), name, requires))])
        self.engine._packages = None
        self.panel._shown = None
        self.engine.changed()
        spin(0.1)

    def test_the_button_removes_it_and_goes(self):
        assert version_of(TOY) == "1.0"
        click(self.panel.ui.removeFullButton)
        assert self.runner.busy
        assert not self.runner.cancellable
        self.idle()
        assert not self.runner.failed, self.runner.message
        assert version_of(TOY) is None
        assert not self.panel.ui.removeFullButton.isVisible()
        assert self.panel.row().text.startswith("Done")
        assert any("Uninstalled" in line or "uninstalled" in line for line in self.runner.log)
        picture("engine-removed")

    def test_what_another_package_requires_stays(self):
        self.install(ON_TOY, requires=TOY)
        assert removable(FULL) == []
        click(self.panel.ui.removeFullButton)
        assert not self.runner.busy
        assert "Other packages require" in self.panel.row().text
        assert version_of(TOY) == "1.0"


class Rows(Engine):
    def test_where_no_button_becomes_cancel_the_row_offers_it_and_the_log(self):
        models = AllPanels()["Models"]
        unfold(models)
        click_item(models.ui.modelTree, "beam-flow")
        click(models.ui.timeModelButton)
        row = models.row()
        assert row.cancel_button.isVisible()
        assert "Another task is running: Models" in models.ui.importModelButton.toolTip
        click(row.cancel_button)
        self.idle(5)
        assert row.text == "Cancelled; nothing was changed."
        assert not row.cancel_button.isVisible()
        click(row.log_button)
        spin(0.1)
        picture("models-log")
        assert row.log.isVisible()
        assert "Models: Cancelled" in row.log.toPlainText()
        click(row.log_button)
        assert not row.log.isVisible()

    def test_gray_buttons_say_why(self):
        models = AllPanels()["Models"]
        unfold(models)
        click_item(models.ui.modelTree, "segmenter")
        assert "came with EchoSynth" in models.ui.removeModelButton.toolTip
        models.ui.modelTree.clearSelection()
        spin(0.05)
        assert "Select a model in the list" in models.ui.verifyModelButton.toolTip


def _wheel(folder, name, requires):
    """The smallest package that pip installs."""
    package = name.replace("-", "_")
    info = f"{package}-1.0.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    files = {
        f"{package}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    path = folder / f"{package}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
    return path

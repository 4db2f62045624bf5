"""Nothing stays broken: the worker is killed, the scene is closed, in the middle of every task."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import unittest
from pathlib import Path

import slicer

from EchoSynthPanels.application.registration import CINE, load_cine, load_label_map
from events import click, spin, wait_until
from the_module import AllPanels, names_in_scene, open_module, press_apply, unfold


class WorkerDies(unittest.TestCase):
    def setUp(self):
        self.module = open_module()
        self.panels = AllPanels()
        self.parameters = self.module.logic.getParameterNode()

    def test_while_it_segments_a_cine(self):
        self.parameters.inputVolume = load_cine(CINE)
        self.parameters.allFrames = True
        self._kill_and_try_again("Segment")

    def test_while_it_synthesizes(self):
        self.parameters.labelMap = load_label_map("parametric_4CH_ED")
        self.parameters.count = 12
        self._kill_and_try_again("Synthesize")

    def test_while_it_varies(self):
        self.parameters.labelMap = load_label_map("parametric_4CH_ED")
        self.parameters.variationCount = 12
        self._kill_and_try_again("Vary")

    def test_while_it_saves_a_data_set(self):
        folder = Path(tempfile.mkdtemp(prefix="echosynth-killed-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.parameters.labelMap = load_label_map("parametric_4CH_ED")
        self.parameters.dataFolder = folder / "set"
        self.parameters.dataVariations = 4
        self._kill_and_try_again("DataSet", lambda: not (folder / "set").exists())

    def _kill_and_try_again(self, name, left_nothing=lambda: True):
        panel = self.panels[name]
        unfold(panel)
        before = names_in_scene()
        click(getattr(panel.ui, panel.apply_name))
        wait_until(lambda: panel.runner.total > 0, 30, "the first progress")
        os.kill(panel.engine.client.pid, signal.SIGKILL)
        wait_until(lambda: not panel.runner.busy, 10, "the panel to notice")
        assert panel.runner.failed
        assert "worker ended" in panel.runner.message
        assert names_in_scene() == before
        assert left_nothing()
        press_apply(panel)

    def tearDown(self):
        self.parameters.count, self.parameters.variationCount = 1, 5


class SceneCloses(unittest.TestCase):
    def test_while_a_cine_is_segmented(self):
        module = open_module()
        module.logic.getParameterNode().inputVolume = load_cine(CINE)
        module.logic.getParameterNode().allFrames = True
        panel = module.panels["Segment"]
        click(panel.ui.segmentButton)
        wait_until(lambda: panel.runner.done > 0, 30, "the first frame")
        slicer.mrmlScene.Clear(0)
        spin(0.3)
        assert not panel.runner.busy
        assert names_in_scene() == []
        module.logic.getParameterNode().inputVolume = load_cine(CINE)
        press_apply(panel)

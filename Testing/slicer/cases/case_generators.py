"""The choice of a generator: model, process, solver, steps; what a diffusion model lacks; and Live beside it."""

from __future__ import annotations

import html
import importlib.machinery
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import slicer

import tiny_diffusion
from EchoSynthLib.errors import EchoSynthError
from EchoSynthMRML.provenance import stamps_of
from EchoSynthPanels.application.engine import Packages
from EchoSynthPanels.application.registration import load_label_map
from EchoSynthPanels.synthesis.requests import request_of
from events import choose, click, click_item, entries, picture, spin, type_text, wait_until
from the_module import AllPanels, bring_up, open_module, paint, pixels, press_apply, unfold

MODEL = "edm-l64"
MISSING = ("torch>=2.4", "diffusers>=0.31")
OURS_ALONE = {"torch", "monai", "diffusers", "safetensors", "onnxruntime"}


class Generators(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="echosynth-generators-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.module = open_module()
        self.panels = AllPanels()
        self.engine = self.panels["Engine"].engine
        os.environ["ECHOSYNTH_MODELS"] = self.engine.environment["ECHOSYNTH_MODELS"] = str(self.folder)
        self.addCleanup(os.environ.pop, "ECHOSYNTH_MODELS")
        self.addCleanup(self.engine.close)
        self.addCleanup(self.engine.environment.pop, "ECHOSYNTH_MODELS")
        self.add_model()
        # The worker read the environment as it started.
        self.engine.close()
        self.parameters = self.module.logic.getParameterNode()
        self.parameters.labelMap = self.heart = load_label_map("parametric_4CH_ED")
        self.panel = self.panels["Synthesize"]
        self.ui, self.runner = self.panel.ui, self.panel.runner
        unfold(self.panel)
        unfold(self.panel, "synthesizeAdvanced")
        self.addCleanup(self.reset)

    def add_model(self):
        tiny_diffusion.pretend(self.folder / MODEL)

    def reset(self):
        parameters = self.module.logic.getParameterNode()
        parameters.live, parameters.generator, parameters.solver, parameters.steps = False, "beam-flow", "", 0
        self.engine.look_again()

    def with_packages(self, *missing):
        """The full path as if these were all that it lacks."""
        self.engine._packages = Packages((), missing)
        self.engine.changed()


class Choices(Generators):
    def test_generators_are_offered_for_synthesis_and_segmenters_for_segmentation(self):
        assert _entries(self.ui.generatorComboBox) == ["beam-flow", MODEL]
        segmenters = _entries(self.panels["Segment"].ui.segmenterComboBox)
        assert {"segmenter", "segmenter-synthetic"} <= set(segmenters)
        assert not {"contour", "beam-flow", MODEL} & set(segmenters)

    def test_the_fast_generator_has_a_process_and_steps_but_no_choice_of_solvers(self):
        assert (self.ui.processLabel.text, self.ui.runtimeLabel.text) == ("Flow map, in beam space", "onnxruntime")
        assert self.ui.stepsSpinBox.text == "Model's default (4)"
        assert not self.ui.solverComboBox.enabled
        assert "learned its steps itself" in self.ui.solverComboBox.toolTip
        assert self.ui.imageQualityComboBox.enabled
        assert not self.ui.installForModelButton.isVisible()

    def test_a_diffusion_model_offers_the_solvers_of_its_process_and_no_image_quality(self):
        self.with_packages()
        choose(self.ui.generatorComboBox, MODEL)
        assert self.ui.processLabel.text == "EDM diffusion, in latent space"
        assert self.ui.runtimeLabel.text == "PyTorch"
        assert _entries(self.ui.solverComboBox) == ["Model's default (heun)", *tiny_diffusion.CONFIG["solvers"]]
        assert self.ui.stepsSpinBox.text == "Model's default (18)"
        assert not self.ui.imageQualityComboBox.enabled
        assert "knows nothing of image quality" in self.ui.imageQualityComboBox.toolTip
        choose(self.ui.solverComboBox, "ddim")
        type_text(self.ui.stepsSpinBox, "7")
        picture("diffusion")
        wish = request_of(self.parameters)
        assert (wish.model, wish.solver, wish.steps, wish.quality) == (MODEL, "ddim", 7, None)
        assert self.ui.synthesizeButton.enabled

    def test_another_model_starts_from_its_own_solver_and_steps(self):
        self.with_packages()
        choose(self.ui.generatorComboBox, MODEL)
        choose(self.ui.solverComboBox, "euler")
        type_text(self.ui.stepsSpinBox, "250")
        choose(self.ui.generatorComboBox, "beam-flow")
        assert (request_of(self.parameters).solver, request_of(self.parameters).steps) == (None, None)
        assert self.ui.stepsSpinBox.text == "Model's default (4)"

    def test_a_saved_scene_brings_the_choice_back(self):
        choose(self.ui.generatorComboBox, MODEL)
        choose(self.ui.solverComboBox, "ddim")
        type_text(self.ui.stepsSpinBox, "7")
        path = str(self.folder / "scene.mrml")
        assert slicer.util.saveScene(path)
        slicer.mrmlScene.Clear(0)
        spin(0.1)
        assert self.ui.generatorComboBox.currentText == "beam-flow"
        slicer.util.loadScene(path)
        spin(0.1)
        shown = (self.ui.generatorComboBox.currentText, self.ui.solverComboBox.currentText, self.ui.stepsSpinBox.value)
        assert shown == (MODEL, "ddim", 7)

    def test_a_scenes_model_that_is_not_here_stays_chosen_and_its_use_says_so(self):
        self.parameters.generator, self.parameters.solver = "from-elsewhere", "unipc"
        assert self.ui.generatorComboBox.currentText == "from-elsewhere"
        assert "no such model" in self.ui.processLabel.text
        spin(0.1)
        click(self.ui.synthesizeButton)
        wait_until(lambda: not self.runner.busy, 20, "the error")
        assert self.runner.message.startswith("There is no model 'from-elsewhere'")


class WithoutTheFullPath(Generators):
    def setUp(self):
        super().setUp()
        self.with_packages(*MISSING)

    def test_what_is_missing_is_named_and_its_installation_offered(self):
        choose(self.ui.generatorComboBox, MODEL)
        picture("missing")
        assert not self.ui.synthesizeButton.enabled
        assert self.ui.runtimeLabel.text == "PyTorch, not installed"
        assert self.ui.installForModelButton.isVisible()
        bring_up(self.panels["DataSet"])
        self.with_packages(*MISSING)  # a module that is opened looks again
        for widget in (self.ui.synthesizeButton, self.ui.runtimeLabel, self.panels["DataSet"].ui.saveButton):
            assert all(package in _tool_tip(widget) for package in MISSING), widget.toolTip
        bring_up(self.panel)
        self.with_packages(*MISSING)
        choose(self.ui.generatorComboBox, "beam-flow")
        assert not self.ui.installForModelButton.isVisible()
        press_apply(self.panel)

    def test_scripts_are_told_the_same(self):
        with self.assertRaisesRegex(EchoSynthError, "runs in PyTorch, and this is not installed: torch"):
            self.module.logic.synthesize(self.heart, model=MODEL, solver="heun", steps=2)

    def test_without_the_pytorch_extension_the_installation_says_so_and_changes_nothing(self):
        if _has("torch") or _has("PyTorchUtils"):
            raise unittest.SkipTest("PyTorch, or its extension, is here")
        choose(self.ui.generatorComboBox, MODEL)
        click(self.ui.installForModelButton)
        assert not self.runner.busy
        assert slicer.util.selectedModule() == "EchoModels"
        assert "needs the PyTorch extension" in self.panels["Engine"].row().text
        bring_up(self.panel)
        choose(self.ui.generatorComboBox, "beam-flow")
        press_apply(self.panel)

    def test_its_time_cannot_be_measured_and_the_button_says_why(self):
        models = self.panels["Models"]
        models.list_models()
        unfold(models)
        click_item(models.ui.modelTree, MODEL)
        assert models.ui.modelTree.selectedItems()[0].text(1) == "Generator, diffusion"
        assert not models.ui.timeModelButton.enabled
        assert "runs in PyTorch" in models.ui.timeModelButton.toolTip
        picture("models")
        click_item(models.ui.modelTree, "segmenter-synthetic")
        assert models.ui.timeModelButton.enabled


class LiveBesideDiffusion(Generators):
    def test_live_draws_with_the_fast_generator_and_says_so(self):
        choose(self.ui.generatorComboBox, MODEL)
        type_text(self.ui.stepsSpinBox, "200")
        assert "By beam-flow: edm-l64 takes too long" in self.ui.liveCheckBox.toolTip
        click(self.ui.liveCheckBox)
        self.wait_for_live()
        picture("live")
        assert "Drawn by beam-flow, since edm-l64 takes too long" in self.ui.synthesizeResultLabel.text
        assert (self.stamp("model"), self.stamp("steps")) == ("beam-flow", 4)

    def test_the_image_of_a_diffusion_model_is_not_drawn_over(self):
        press_apply(self.panel)
        slow = self.parameters.liveVolume
        slow.SetAttribute("EchoSynth.model", MODEL)
        before = pixels(slow)
        self.parameters.live = True
        self.wait_for_live()
        paint(self.heart, 0, slice(60, 66), slice(60, 90))
        self.wait_for_live()
        assert self.parameters.liveVolume is not slow
        assert np.array_equal(pixels(slow), before)

    def wait_for_live(self):
        spin(0.06)
        wait_until(lambda: not self.panel.live.busy, 15, "the live image")
        spin(0.05)

    def stamp(self, key):
        return stamps_of(self.parameters.liveVolume)[key]


class RealDiffusion(Generators):
    """With a Slicer whose Python has the full path."""

    def add_model(self):
        if self.engine.packages.missing_full:
            raise unittest.SkipTest(f"not installed in Slicer's Python: {', '.join(self.engine.packages.missing_full)}")
        script = str(Path(tiny_diffusion.__file__))
        subprocess.run([self.engine.python, script, str(self.folder / MODEL)], env=self.engine.environment, check=True)

    def test_the_worker_loads_torch_only_for_a_diffusion_model_and_slicer_never(self):
        press_apply(self.panel)
        assert not _has_loaded_torch(self.engine.client.pid)
        choose(self.ui.generatorComboBox, MODEL)
        choose(self.ui.solverComboBox, "euler")
        type_text(self.ui.stepsSpinBox, "4")
        press_apply(self.panel, 120)
        picture("drawn-by-diffusion")
        stamps = stamps_of(self.parameters.liveVolume)
        assert [stamps[key] for key in ("model", "process", "solver", "steps")] == [MODEL, "edm", "euler", 4]
        assert _has_loaded_torch(self.engine.client.pid)
        assert not OURS_ALONE & set(sys.modules)
        (again,) = self.module.logic.synthesize(self.heart, model=MODEL, solver="euler", steps=4)
        assert np.array_equal(pixels(again), pixels(self.parameters.liveVolume))

    def test_its_time_is_measured_on_this_machine(self):
        models = self.panels["Models"]
        models.list_models()
        unfold(models)
        click_item(models.ui.modelTree, MODEL)
        click(models.ui.timeModelButton)
        wait_until(lambda: not self.runner.busy, 120, "the measurement")
        assert models.ui.modelResultLabel.text.startswith(f"{MODEL}: "), self.runner.message


def _entries(combo):
    return entries(combo.view())


def _tool_tip(widget):
    # Slicer makes long ones rich text.
    return html.unescape(widget.toolTip)


def _has(module):
    # importlib.util's would ask the runner's guard, to which a package that is looked for is one that is loaded.
    return importlib.machinery.PathFinder.find_spec(module) is not None


def _has_loaded_torch(pid):
    return "libtorch" in Path(f"/proc/{pid}/maps").read_text()

"""The modules beside one another: what each holds and shows, what they share, and how another one is added."""

from __future__ import annotations

import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

import qt
import slicer

from drawn_echo import drawn_heart, echo_volume
from EchoSynthPanels.application.registration import load_label_map
from events import click, picture, spin, wait_until
from the_module import MODULES, open_module, press_apply, unfold

SMALL, LARGE = (1280, 800), (1920, 1080)
MAIN_BUTTONS = {
    "EchoSynth": ("segmentButton", "synthesizeButton"),
    "EchoMeasure": ("measureButton",),
    "EchoDataSets": ("saveButton",),
    "EchoModels": ("importModelButton",),
    "EchoHeart3D": ("reconstructButton", "newHeartButton"),
    "EchoCine": ("previewButton", "makeCineButton"),
    "EchoStudy": ("openFolderButton", "loadedButton"),
}


class Modules(unittest.TestCase):
    def setUp(self):
        self.window = slicer.util.mainWindow()
        size = (self.window.width, self.window.height)
        self.addCleanup(self.window.resize, *size)

    def open_afresh(self, name):
        """A module as Slicer shows it first, whatever was folded out before."""
        open_module(name)
        slicer.util.reloadScriptedModule(name)
        slicer.util.selectModule(name)
        spin(0.3)
        widget = slicer.util.getModuleWidget(name)
        # The modules share what scrolls them; in the one before, a task may have scrolled to what it tells.
        _scroll_area(widget.parent).verticalScrollBar().value = 0
        spin(0.1)
        return widget


class Layout(Modules):
    def test_main_buttons_are_in_view_on_a_small_screen(self):
        self.window.resize(*SMALL)
        out_of_view = []
        for name, buttons in MAIN_BUTTONS.items():
            self.open_afresh(name)
            picture(f"module-{name}-1280x800")
            parent = slicer.util.getModule(name).widgetRepresentation()
            out_of_view += [f"{name}: {b}" for b in buttons if not _in_view(slicer.util.findChild(parent, b))]
        assert not out_of_view, out_of_view

    def test_how_far_a_task_is_can_be_seen_on_a_small_screen(self):
        self.window.resize(*SMALL)
        parameters = open_module().logic.getParameterNode()
        parameters.labelMap = load_label_map("parametric_4CH_ED")
        parameters.count = parameters.dataImages = 50
        parameters.dataFolder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="echosynth-set-"))) / "set"
        for name, value in (("count", 1), ("dataImages", 1), ("dataFolder", Path("EchoSynth data set"))):
            self.addCleanup(setattr, parameters, name, value)
        for module, name in (("EchoSynth", "Synthesize"), ("EchoDataSets", "DataSet")):
            panel = self.open_afresh(module).panels[name]
            panel.unfold()
            spin(0.1)
            button = getattr(panel.ui, panel.apply_name)
            click(button)
            spin(1.0)
            picture(f"module-{module}-running")
            row = panel.row()
            assert all(map(_in_view, (button, row.bar, row.label))), module
            assert row.label.height >= row.label.fontMetrics().lineSpacing(), (module, row.label.height)
            assert row.label.y + row.label.height <= row.label.parentWidget().height, module
            click(button)
            wait_until(lambda: not panel.runner.busy, 5, "the end")  # noqa: B023
            spin(0.3)
            assert _in_view(panel.row().label), module

    def test_no_module_has_more_than_four_sections_nor_is_wider_than_its_column(self):
        for name in MODULES:
            widget = self.open_afresh(name)
            sections = [
                section
                for panel in widget.panels.values()
                for section in panel.widget.findChildren("ctkCollapsibleButton")
                if section.parentWidget() is panel.widget
            ]
            assert 1 <= len(sections) <= 4, (name, [section.text for section in sections])
            assert _scroll_area(widget.parent).horizontalScrollBar().maximum == 0, name

    def test_pictures_of_all_modules_light_and_dark_on_two_screens(self):
        self.addCleanup(_use_style, "Light Slicer")
        for style in ("Light Slicer", "Dark Slicer"):
            _use_style(style)
            for size in (SMALL, LARGE):
                self.window.resize(*size)
                for name in MODULES:
                    self.open_afresh(name)
                    picture(f"module-{name}-{size[0]}x{size[1]}-{style.split()[0].lower()}")


class Entries(Modules):
    def test_each_module_has_a_title_a_category_an_icon_a_help_and_an_acknowledgement(self):
        helps = set()
        for name in MODULES:
            module = slicer.util.getModule(name)
            assert (module.title, list(module.categories)) == (name, ["Cardiac"])
            assert not module.icon.isNull(), name
            assert "research only" in module.helpText
            assert "CAMUS" in module.acknowledgementText
            helps.add(module.helpText)
        assert len(helps) == len(MODULES)

    def test_the_self_test_of_each_module_passes(self):
        open_module()
        for name in MODULES:
            slicer.selfTests[name]()


class Shared(Modules):
    def test_what_was_segmented_in_one_module_is_chosen_in_the_next(self):
        module = open_module()
        module.logic.getParameterNode().inputVolume = image = echo_volume(drawn_heart())
        press_apply(module.panels["Segment"])
        found = module.logic.getParameterNode().labelMap
        for name in MODULES:
            chosen = open_module(name).logic.getParameterNode()
            assert (chosen.inputVolume, chosen.labelMap) == (image, found)
        assert len(slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")) == 1 + len(_nodes_of_others())
        assert open_module("EchoDataSets").panels["Input"].ui.labelMapSelector.currentNode() is found

    def test_one_runner_one_engine_and_one_parameter_node_for_all(self):
        panels = [panel for name in MODULES for panel in open_module(name).panels.values()]
        assert len({id(panel.runner) for panel in panels}) == len({id(panel.engine) for panel in panels}) == 1
        assert len({panel.parameters.parameterNode for panel in panels}) == 1

    def test_what_others_show_of_it_is_registered_once(self):
        from SampleData import SampleDataLogic
        from SegmentStatistics import SegmentStatisticsLogic

        names = [source.sampleName for source in slicer.modules.sampleDataSources["EchoSynth"]]
        assert len(names) == len(set(names)) > 0
        plugins = [type(plugin).__name__ for plugin in SegmentStatisticsLogic().plugins]
        assert plugins.count("EchoSynthSegmentStatisticsPlugin") == 1
        assert SampleDataLogic is not None

    def test_a_task_of_one_module_holds_the_others_back_and_they_say_why(self):
        module = open_module()
        parameters = module.logic.getParameterNode()
        parameters.labelMap = load_label_map("parametric_4CH_ED")
        parameters.count = 50
        self.addCleanup(setattr, parameters, "count", 1)
        other = open_module("EchoDataSets").panels["DataSet"]
        panel = open_module().panels["Synthesize"]
        unfold(panel)
        click(panel.ui.synthesizeButton)
        spin(0.1)
        open_module("EchoDataSets")
        assert not other.ui.saveButton.enabled
        assert "Another task is running: Synthesize" in other.ui.saveButton.toolTip
        open_module()
        click(panel.ui.synthesizeButton)
        spin(0.3)
        assert other.ui.saveButton.enabled


class Another(Modules):
    def test_a_module_is_a_file_that_names_its_panels(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="echosynth-toy-")))
        (folder / "EchoToy.py").write_text(textwrap.dedent(TOY), encoding="utf-8")
        self.addCleanup(lambda: sys.path.remove(str(folder)) if str(folder) in sys.path else None)
        factory = slicer.app.moduleManager().factoryManager()
        factory.registerModule(qt.QFileInfo(str(folder / "EchoToy.py")))
        factory.loadModules(["EchoToy"])
        # Slicer extends the path with a script in the main module, which takes the name away again.
        sys.modules["__main__"].sys = sys
        widget = open_module("EchoToy")
        assert slicer.util.getModule("EchoToy").helpText.startswith("Varies")
        assert list(widget.panels) == ["Vary"]
        widget.logic.getParameterNode().labelMap = load_label_map("parametric_4CH_ED")
        widget.logic.getParameterNode().variationCount = 1
        self.addCleanup(setattr, widget.logic.getParameterNode(), "variationCount", 5)
        panel = widget.panels["Vary"]
        panel.unfold()
        spin(0.1)
        click(panel.ui.varyButton)
        while panel.runner.busy:
            spin(0.05)
        assert widget.logic.getParameterNode().labelMap.GetName() == "variation s0 #0 of parametric_4CH_ED"
        slicer.selfTests["EchoToy"]()
        open_module()


TOY = '''
    """EchoToy: a module of its own."""

    from EchoSynthPanels.logic import EchoSynthLogic as EchoToyLogic
    from EchoSynthPanels.module import EchoModule, EchoModuleTest, EchoModuleWidget


    class EchoToy(EchoModule):
        def __init__(self, parent):
            EchoModule.__init__(self, parent, "EchoToy", "Varies label maps.")


    class EchoToyWidget(EchoModuleWidget):
        def panel_classes(self):
            from EchoSynthPanels.synthesis.vary_panel import VaryPanel

            return (VaryPanel,)


    class EchoToyTest(EchoModuleTest):
        def test_nothing(self):
            self.assertTrue(EchoToyLogic)
'''


def _use_style(name):
    slicer.app.setPalette(slicer.app.setStyle(name).standardPalette())


def _scroll_area(widget):
    while not widget.inherits("QScrollArea"):
        widget = widget.parentWidget()
    return widget


def _in_view(button):
    """Whether all of a button lies inside what its scroll area shows."""
    viewport = _scroll_area(button).viewport()
    top = button.mapTo(viewport, qt.QPoint(0, 0))
    bottom = button.mapTo(viewport, qt.QPoint(button.width - 1, button.height - 1))
    return button.isVisible() and viewport.rect.contains(top) and viewport.rect.contains(bottom)


def _nodes_of_others():
    nodes = slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")
    return [node for node in nodes if not (node.GetAttribute("ModuleName") or "").startswith("Echo")]

"""The tutorial, Docs/slicer-tutorial.md, on the extension's own sample data; its pictures are the screenshots there."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import qt
import slicer

from EchoSynthMRML.label_maps import read_label_map
from EchoSynthMRML.provenance import is_synthetic
from EchoSynthPanels.application.registration import load_label_map
from events import choose, click, click_item, drag_in_slice, move_slider, picture, ras, spin, type_text, wait_until
from measuring import is_shown
from the_module import AllPanels, open_module, press_apply, unfold

CAVITY = 1


class Tutorial(unittest.TestCase):
    def test_at_last_a_frame_beats_at_several_ejection_fractions(self):
        self._fold_the_data_probe()
        self.module = open_module()
        self.panels = AllPanels()
        self.parameters = self.module.logic.getParameterNode()
        self._load("Synthetic four-chamber frame")
        choose(self.panels["Input"].ui.inputSelector, "synthetic_4CH_ED")
        press_apply(self.panels["Segment"])
        self._let_a_frame_beat()

    def test_then_the_measurement_draws_the_endocardium_and_fills_the_table(self):
        self._fold_the_data_probe()
        self.module = open_module()
        self.panels = AllPanels()
        self.parameters = self.module.logic.getParameterNode()
        self._load("Synthetic four-chamber frame")
        choose(self.panels["Input"].ui.inputSelector, "synthetic_4CH_ED")
        press_apply(self.panels["Segment"])
        panel = self.panels["Measure"]
        press_apply(panel)
        wait_until(is_shown, 10, "the measurements in their views")
        spin(0.5)
        picture("measured")
        assert "EDV" in panel.ui.measureResultLabel.text or "volume" in panel.ui.measureResultLabel.text
        assert panel.ui.lightResultLabel.text

    def test_the_tutorial_keeps_what_it_promises(self):
        self._fold_the_data_probe()
        self.module = open_module()
        self.panels = AllPanels()
        self.parameters = self.module.logic.getParameterNode()
        self._look_at_the_engine()
        self._load("Synthetic four-chamber frame")
        self._segment_the_frame()
        self._edit_with_the_brush()
        self._synthesize_in_the_frames_sector()
        self._edit_with_live_on()
        self._vary()
        self._save_a_data_set()
        self._load("Synthetic four-chamber cine")
        self._segment_the_cine()
        self._edit_a_frame_of_the_cine()
        self._track_the_cine()
        self._synthesize_the_cine()
        self._save_and_open_again()

    def _look_at_the_engine(self):
        unfold(self.panels["Engine"])
        picture("engine")
        assert self.panels["Engine"].ui.engineLabel.text.startswith("Ready: onnxruntime")

    def _load(self, sample):
        slicer.util.selectModule("SampleData")
        spin(0.5)  # its buttons flow into rows a few turns later
        window = slicer.modules.sampledata.widgetRepresentation()
        click(next(one for one in window.findChildren("QAbstractButton") if one.text == sample))
        spin(0.2)
        self._back_to_the_module()

    def _segment_the_frame(self):
        panel = self.panels["Segment"]
        choose(self.panels["Input"].ui.inputSelector, "synthetic_4CH_ED")
        assert self.panels["Input"].ui.spacingLabel.text == "0.353 x 0.352 mm"
        press_apply(panel)
        picture("segmented")
        self.frame, self.segmentation = self.parameters.inputVolume, self.parameters.labelMap
        assert self.segmentation.GetName() == "synthetic_4CH_ED segmentation"
        assert "4CH" in panel.ui.segmentResultLabel.text
        assert self.panels["Edit"].ui.structuresLabel.text == "left ventricle, myocardium, left atrium"
        drawn = load_label_map("parametric_4CH_ED")
        assert _dice(_codes(self.segmentation), _codes(drawn)) > 0.85
        slicer.mrmlScene.RemoveNode(drawn)

    def _edit_with_the_brush(self):
        before = _pixels(self.segmentation)
        self._open_the_segment_editor()
        self._thin_the_wall(-1)
        picture("edited")
        assert _pixels(self.segmentation) > before

    def _synthesize_in_the_frames_sector(self):
        self._back_to_the_module()
        panel = self.panels["Synthesize"]
        unfold(panel)
        assert panel.ui.referenceSelector.currentNode().GetName() == "synthetic_4CH_ED"
        press_apply(panel)
        self.image = self.parameters.liveVolume
        assert self.image.GetName() == "synthetic s0 #0 of synthetic_4CH_ED"
        assert "Sector of synthetic_4CH_ED." in panel.ui.synthesizeResultLabel.text
        assert is_synthetic(self.image)

    def _edit_with_live_on(self):
        panel = self.panels["Synthesize"]
        click(panel.ui.liveCheckBox)
        wait_until(lambda: panel.live.redrawn > 0, 10, "the first live image")
        drawn, before = panel.live.redrawn, slicer.util.arrayFromVolume(self.image).copy()
        self._open_the_segment_editor()
        self._thin_the_wall(1)
        wait_until(lambda: panel.live.redrawn > drawn, 5, "the live image after the stroke")
        spin(0.2)
        picture("live")
        assert self.parameters.liveVolume is self.image
        assert (slicer.util.arrayFromVolume(self.image) != before).any()
        self._back_to_the_module()
        click(panel.ui.liveCheckBox)

    def _vary(self):
        panel = self.panels["Vary"]
        unfold(panel)
        type_text(panel.ui.varyCountSpinBox, "3")
        move_slider(panel.ui.ejectionFractionSlider, 40)
        before = _pixels(self.segmentation)
        press_apply(panel)
        picture("varied")
        names = [f"variation s0 #{index} of synthetic_4CH_ED" for index in range(3)]
        assert self.parameters.labelMap.GetName() == names[0]
        assert all(_pixels(slicer.util.getNode(name)) < before for name in names)
        self.parameters.ejectionFraction = 0.0

    def _save_a_data_set(self):
        folder = self._folder()
        choose(self.panels["Input"].ui.labelMapSelector, "synthetic_4CH_ED segmentation")
        panel = self.panels["DataSet"]
        unfold(panel)
        choose(panel.ui.layoutComboBox, "nnU-Net")
        panel.ui.folderPathLineEdit.currentPath = str(folder)
        type_text(panel.ui.dataNameLineEdit, "Tutorial")
        type_text(panel.ui.dataVariationsSpinBox, "4")
        type_text(panel.ui.dataImagesSpinBox, "2")
        assert panel.ui.pairsLabel.text == "10 pairs"
        press_apply(panel)
        picture("data-set")
        written = folder / "Dataset001_Tutorial"
        assert json.loads((written / "dataset.json").read_text())["numTraining"] == 10
        assert len(list((written / "imagesTr").iterdir())) == len(list((written / "labelsTr").iterdir())) == 10

    def _segment_the_cine(self):
        panel = self.panels["Segment"]
        choose(self.panels["Input"].ui.inputSelector, "synthetic_4CH_cine")
        assert panel.ui.allFramesCheckBox.checked
        press_apply(panel)
        self.cine = self.parameters.labelMap
        self.browser = slicer.modules.sequences.logic().GetFirstBrowserNodeForProxyNode(self.cine)
        spin(0.2)
        areas = [self._pixels_of_frame(number) for number in range(9)]
        picture("cine")
        assert areas[8] < 0.8 * areas[0]

    def _edit_a_frame_of_the_cine(self):
        before = _pixels(self.cine)
        self._open_the_segment_editor()
        self._thin_the_wall(-1, self.parameters.inputVolume)
        edited = _pixels(self.cine)
        assert edited > before
        self._pixels_of_frame(0)
        assert self._pixels_of_frame(8) == edited

    def _track_the_cine(self):
        open_module("EchoMeasure")
        panel = self.panels["Motion"]
        press_apply(panel, 180)
        wait_until(is_shown, 10, "table and charts")
        self._pixels_of_frame(8)
        spin(0.5)
        picture("motion")
        assert panel.motion.strain.gls < -5
        assert "GLS" in panel.ui.motionResultLabel.text
        click(panel.ui.motionSection)
        slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)

    def _synthesize_the_cine(self):
        self._back_to_the_module()
        panel = self.panels["Synthesize"]
        assert panel.ui.referenceSelector.currentNode().GetName() == "synthetic_4CH_cine"
        click(panel.ui.synthesizeAllFramesCheckBox)
        press_apply(panel)
        assert self.browser.GetSequenceNode(self.parameters.liveVolume).GetNumberOfDataNodes() == 20

    def _let_a_frame_beat(self):
        open_module("EchoCine")
        panel, others = self.panels["Cine"], self.panels["Counterfactuals"]
        move_slider(panel.ui.cineEjectionFractionSlider, 40)
        click(panel.ui.cineLiveCheckBox)
        wait_until(lambda: panel.live.redrawn > 0, 120, "the preview")
        move_slider(panel.ui.cineEjectionFractionSlider, 60)
        spin(0.1)
        wait_until(lambda: not panel.live.busy, 120, "the preview")
        spin(0.5)
        picture("beating")
        press_apply(panel, 120)
        assert "EF 60 % asked for" in panel.ui.makeCineResultLabel.text
        unfold(others)
        press_apply(others, 600)
        slicer.modules.sequences.logic().GetFirstBrowserNodeForProxyNode(
            self.parameters.inputVolume
        ).SetSelectedItemNumber(12)
        spin(0.5)
        picture("counterfactuals")
        click(others.ui.counterfactualSection)

    def _save_and_open_again(self):
        path = self._folder() / "tutorial.mrb"
        edited, image = self._pixels_of_frame(8), self.parameters.liveVolume.GetName()
        assert slicer.util.saveScene(str(path))
        slicer.mrmlScene.Clear(0)
        slicer.util.loadScene(str(path))
        spin(0.5)
        parameters = self.module.logic.getParameterNode()
        assert parameters.labelMap.GetName() == "synthetic_4CH_cine segmentation"
        assert parameters.liveVolume.GetName() == image
        assert is_synthetic(parameters.liveVolume)
        assert _pixels(parameters.labelMap) == edited

    def _folder(self):
        return Path(self.enterContext(tempfile.TemporaryDirectory(prefix="echosynth-tutorial-")))

    def _back_to_the_module(self):
        slicer.util.selectModule("EchoSynth")
        if not self.panels["Edit"].ui.editSection.collapsed:
            click(self.panels["Edit"].ui.editSection)
        spin(0.3)  # the panel and the views share the window anew

    def _fold_the_data_probe(self):
        probe = slicer.util.findChild(slicer.util.mainWindow(), "DataProbeCollapsibleWidget")
        if not probe.collapsed:
            click(probe)
            self.addCleanup(click, probe)

    def _open_the_segment_editor(self):
        unfold(self.panels["Edit"])
        spin(0.3)
        editor = self.panels["Edit"].editor.widget
        table = next(one for one in editor.findChildren("QTableView") if one.isVisible())
        click_item(table, "left ventricle", column=_column(table, "Name"))
        button = slicer.util.findChild(editor, "Paint")
        if not button.checked:
            click(button)
        editor.activeEffect().setParameter("BrushRelativeDiameter", "3")
        spin(0.1)

    def _thin_the_wall(self, side, volume=None):
        """Paints cavity over the inner half of the wall, on the septal (-1) or the lateral side (1) of the middle."""
        volume = volume or self.frame
        cavity = _codes(self.parameters.labelMap) == CAVITY
        middle = int(np.argwhere(cavity)[:, 0].mean())
        rows = range(middle - 30, middle + 31, 10)
        border = [np.flatnonzero(cavity[row])[0 if side < 0 else -1] for row in rows]
        drag_in_slice("Red", [ras(volume, column + 2 * side, row) for column, row in zip(border, rows, strict=True)])

    def _pixels_of_frame(self, number):
        self.browser.SetSelectedItemNumber(number)
        spin(0.1)
        return _pixels(self.cine)


def _codes(node):
    return read_label_map(node).codes


def _pixels(node):
    return int((_codes(node) == CAVITY).sum())


def _dice(found, drawn):
    """The smallest overlap of the three structures."""
    return min(2 * ((found == c) & (drawn == c)).sum() / ((found == c).sum() + (drawn == c).sum()) for c in (1, 2, 3))


def _column(table, title):
    model = table.selectionModel().model
    return [model.headerData(column, qt.Qt.Horizontal) for column in range(model.columnCount())].index(title)

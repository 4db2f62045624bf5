"""The whole tour, with a picture of each step: what a clinician-researcher does in her first quarter of an hour."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import numpy as np
import slicer

from EchoSynthLib.images.label_maps.read import read_label_map as read_file
from EchoSynthMRML.provenance import is_synthetic
from events import choose, click, drag_in_slice, picture, ras, spin, type_text, wait_until
from the_module import AllPanels, camus_frame, open_module, press_apply, unfold


class Tour(unittest.TestCase):
    def test_from_a_camus_frame_to_a_data_set_and_back_from_a_saved_scene(self):
        self.folder = Path(tempfile.mkdtemp(prefix="echosynth-tour-"))
        self.module = open_module()
        self.panels = AllPanels()
        self.parameters = self.module.logic.getParameterNode()
        unfold(self.panels["Engine"])
        picture("1-engine")
        self._open_and_segment_a_frame()
        self._correct_with_the_brush()
        self._synthesize()
        self._live()
        self._vary()
        self._save_a_data_set()
        self._segment_a_cine()
        self._save_close_and_open_again()

    def _open_and_segment_a_frame(self):
        panel = self.panels["Input"]
        panel.open_files([str(camus_frame())])
        wait_until(lambda: not panel.runner.busy, 30, "the file")
        spin(0.2)
        picture("2-frame")
        assert "0.308 x 0.308 mm" in panel.ui.spacingLabel.text
        panel = self.panels["Segment"]
        press_apply(panel)
        picture("3-segmented")
        self.frame, self.segmentation = self.parameters.inputVolume, self.parameters.labelMap
        assert "4CH" in panel.ui.segmentResultLabel.text
        assert [self._segment(i).GetName() for i in range(3)] == ["left ventricle", "myocardium", "left atrium"]

    def _correct_with_the_brush(self):
        unfold(self.panels["Edit"])
        spin(0.3)
        editor = self.panels["Edit"].editor.widget
        editor.setCurrentSegmentID(self.segmentation.GetSegmentation().GetNthSegmentID(0))
        editor.setActiveEffectByName("Paint")
        editor.activeEffect().setParameter("BrushRelativeDiameter", "6")
        spin(0.1)
        before = self._pixels(0)
        self._stroke(8)
        picture("4-corrected")
        assert self._pixels(0) > before
        click(self.panels["Edit"].ui.editSection)

    def _synthesize(self):
        panel = self.panels["Synthesize"]
        unfold(panel)
        assert self.parameters.reference is self.frame
        press_apply(panel)
        picture("5-synthetic")
        self.synthetic = self.parameters.liveVolume
        assert is_synthetic(self.synthetic)
        assert "synthetic" in self.synthetic.GetName()
        matrices = [slicer.util.arrayFromVTKMatrix(_ijk_to_ras(v)) for v in (self.frame, self.synthetic)]
        assert np.array_equal(*matrices)

    def _live(self):
        panel = self.panels["Synthesize"]
        click(panel.ui.liveCheckBox)
        wait_until(lambda: panel.live.redrawn > 0, 10, "the first live image")
        drawn = panel.live.redrawn
        before = slicer.util.arrayFromVolume(self.synthetic).copy()
        unfold(self.panels["Edit"])
        spin(0.3)
        self.panels["Edit"].editor.widget.setActiveEffectByName("Paint")
        self._stroke(20)
        wait_until(lambda: panel.live.redrawn > drawn, 5, "the live image after the stroke")
        spin(0.2)
        picture("6-live")
        assert (slicer.util.arrayFromVolume(self.synthetic) != before).any()
        click(self.panels["Edit"].ui.editSection)
        click(panel.ui.liveCheckBox)

    def _vary(self):
        panel = self.panels["Vary"]
        unfold(panel)
        panel.ui.varyCountSpinBox.value = 3
        press_apply(panel)
        picture("7-varied")
        assert len(slicer.util.getNodes("*variation*")) == 3
        self.parameters.labelMap = self.segmentation

    def _save_a_data_set(self):
        panel = self.panels["DataSet"]
        unfold(panel)
        choose(panel.ui.layoutComboBox, "NIfTI")
        line = panel.ui.folderPathLineEdit
        line.currentPath = str(self.folder / "set")
        type_text(panel.ui.dataNameLineEdit, "Tour")
        panel.ui.dataVariationsSpinBox.value = 2
        press_apply(panel)
        picture("8-data-set")
        images = sorted((self.folder / "set" / "images").iterdir())
        labels = sorted((self.folder / "set" / "labels").iterdir())
        assert [path.name for path in images] == [path.name for path in labels]
        assert len(images) == 3
        codes, geometry = read_file(labels[0])
        assert set(np.unique(codes)) == {0, 1, 2, 3}
        assert np.allclose(geometry.spacing, (0.308, 0.308))

    def _segment_a_cine(self):
        from EchoSynthPanels.application.registration import CINE, load_cine

        self.parameters.inputVolume = load_cine(CINE)
        panel = self.panels["Segment"]
        assert panel.ui.allFramesCheckBox.checked
        press_apply(panel)
        self.cine = self.parameters.labelMap
        picture("9-cine")
        browser = slicer.modules.sequences.logic().GetFirstBrowserNodeForProxyNode(self.cine)
        areas = []
        for frame in (0, 8):
            browser.SetSelectedItemNumber(frame)
            spin(0.1)
            areas.append(self._pixels(0, self.cine))
        assert areas[1] < 0.8 * areas[0]
        assert browser.GetSaveChanges(browser.GetSequenceNode(self.cine))

    def _save_close_and_open_again(self):
        path = self.folder / "scene.mrb"
        names = [self.cine.GetName(), self.synthetic.GetName()]
        seed = self.parameters.seed
        assert slicer.util.saveScene(str(path))
        slicer.mrmlScene.Clear(0)
        spin(0.2)
        assert self.panels["Input"].ui.inputSelector.currentNode() is None
        slicer.util.loadScene(str(path))
        spin(0.5)
        picture("10-opened-again")
        parameters = self.module.logic.getParameterNode()
        assert parameters.labelMap.GetName() == names[0]
        assert self.panels["Input"].ui.labelMapSelector.currentNode() is parameters.labelMap
        assert parameters.seed == seed
        assert is_synthetic(slicer.util.getNode(names[1]))

    def _segment(self, index):
        segmentation = self.segmentation.GetSegmentation()
        return segmentation.GetSegment(segmentation.GetNthSegmentID(index))

    def _pixels(self, index, node=None):
        node = node or self.segmentation
        segment_id = node.GetSegmentation().GetNthSegmentID(index)
        return int((slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id) > 0).sum())

    def _stroke(self, outwards):
        """Paints across the wall beside the cavity's left border, so that the cavity bulges."""
        segment_id = self.segmentation.GetSegmentation().GetNthSegmentID(0)
        cavity = slicer.util.arrayFromSegmentBinaryLabelmap(self.segmentation, segment_id, self.frame)[0] > 0
        rows, columns = np.nonzero(cavity)
        row = int(rows.mean())
        border = int(columns[rows == row].min())
        points = [ras(self.frame, border - outwards, row + step) for step in (-10, 0, 10)]
        drag_in_slice("Red", points)


def _ijk_to_ras(volume):
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return matrix

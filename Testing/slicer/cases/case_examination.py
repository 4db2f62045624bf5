"""EchoStudy: a folder becomes a table, a clip comes when it is selected, views are corrected, the study is measured."""

from __future__ import annotations

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import qt
import slicer

from EchoSynthLib.acoustics import draw
from EchoSynthLib.anatomy.heart3d.cut import cut
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.probe import frame_view
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.frame import EchoCine
from EchoSynthLib.images.write import write_image
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.examinations import clips_of, keep_view, volume_of
from EchoSynthMRML.study_folder import facts_of
from EchoSynthPanels.application.registration import sample_file
from EchoSynthPanels.application.views import is_shown
from EchoSynthPanels.measure.layouts import MEASURE_LAYOUTS
from events import answering, choose, click, click_at, click_item, picture, press, spin, type_text, wait_until
from looks import SCREENS, in_sight, pictures_of_all_looks, window_of
from the_module import open_module

NAMES = ["2CH_ED", "2CH_ES", "4CH_ED", "4CH_ES", "IM_0007", "broken"]


def write_examination(folder: Path) -> Path:
    """Frames of both views at both ends of the beat, a video that tells no view, and a file that is damaged."""
    heart = Heart.drawn(seed=7)
    ends = {"ED": 0.0, "ES": heart.end_systole}
    for number, view in enumerate(("2CH", "4CH")):
        plane = cut(heart, frame_view(heart, view))
        for phase, at in ends.items():
            frame = draw(plane.at(at), seed=number)[0]
            write_image(folder / f"Doe_{view}_{phase}.nii.gz", frame, spacing=plane.spacing)
    frames = draw([plane.at(at) for at in np.linspace(0, heart.end_systole, 10)], seed=2)[0]
    write_image(folder / "IM_0007.avi", frames, like=EchoCine(frames, frame_time_ms=40.0))
    (folder / "broken.mp4").write_bytes(b"no video")
    return folder


class Examining(unittest.TestCase):
    """A folder with clips, and the module; no tests of its own."""

    def setUp(self):
        self.folder = write_examination(Path(self.enterContext(tempfile.TemporaryDirectory(prefix="echosynth-exam-"))))
        self.module = open_module("EchoStudy")
        self.panel = self.module.panels["Examination"]
        self.ui = self.panel.ui
        # As it is at first, however the case before has sorted.
        self.ui.clipTable.horizontalHeader().setSortIndicator(0, qt.Qt.AscendingOrder)

    def settle(self, what, seconds=120):
        spin(0.4)
        wait_until(lambda: not self.panel.runner.busy, seconds, what)
        assert not self.panel.runner.failed, self.panel.runner.log[-2:]
        spin(0.2)

    def examine(self):
        """Looks through the folder; gives the node."""
        self.panel.examine(self.folder)
        self.settle("the examination")
        return self.panel.node

    def column(self, number):
        table = self.ui.clipTable
        return [table.item(row, number).text() for row in range(table.rowCount)]

    def select(self, title):
        click_item(self.ui.clipTable, title, column=0)
        self.settle(f"the clip {title}")


class Table(Examining):
    def test_a_folder_that_is_chosen_becomes_a_table_and_no_clip_is_loaded(self):
        assert not self.ui.clipTable.isVisible()

        def choose_folder(dialog):
            name = dialog.findChild(qt.QLineEdit, "fileNameEdit")
            type_text(name, str(self.folder))
            press(name, qt.Qt.Key_Return)

        with answering(choose_folder):
            click(self.ui.openFolderButton)
        self.settle("the examination")
        assert self.column(0) == NAMES
        assert self.column(3) == ["1", "1", "1", "1", "10", ""]
        assert self.column(4)[4] == "25"
        assert self.column(5)[4] == "?"
        assert float(self.column(5)[0]) > 0.3
        assert self.column(1)[0].startswith("2CH ")
        assert self.column(1)[5] == "not usable"
        assert float(self.column(2)[4]) > 0.5
        assert self.ui.clipTable.item(4, 2).data(qt.Qt.DecorationRole) is not None
        assert "broken" in self.ui.clipTable.item(5, 0).toolTip()
        assert self.ui.examinationResultLabel.text == "Clips: 5; files that cannot be used: 1"
        assert not slicer.util.getNodesByClass("vtkMRMLVolumeNode")
        assert not self.ui.clipTable.item(0, 0).icon().isNull()
        assert not {"torch", "onnxruntime"} & set(sys.modules)
        picture("examination-table")

    def test_a_heading_sorts_and_a_selected_clip_is_loaded_and_shown_once(self):
        node = self.examine()
        header = self.ui.clipTable.horizontalHeader()
        for _ in range(2):
            click_at(
                header.viewport(), header.sectionViewportPosition(3) + header.sectionSize(3) / 2, header.height / 2
            )
            spin(0.1)
        assert self.column(0)[0] in ("IM_0007", "broken")
        self.select("IM_0007")
        volume = volume_of(node, 4)
        assert len(cine_of(volume)) == 10
        assert is_shown(volume)
        assert self.panel.parameters.inputVolume is volume
        shares = clips_of(node)[4].shares
        label, bar, percent = self.panel.bars.rows[0]
        assert (label.text, percent.text) == (next(iter(shares)), f"{100 * max(shares.values()):.0f} %")
        assert bar.value == round(1000 * max(shares.values()))
        assert facts_of(volume)["view"] == label.text
        self.select("2CH_ED")
        assert is_shown(volume_of(node, 0))
        assert volume_of(node, 1) is volume_of(node, 2) is volume_of(node, 3) is None
        self.select("IM_0007")
        assert volume_of(node, 4) is volume
        assert is_shown(volume)

    def test_what_cannot_be_used_says_why_and_cannot_be_corrected(self):
        self.examine()
        self.select("broken")
        assert "broken" in self.ui.chosenLabel.text
        assert not self.ui.correctComboBox.enabled

    def test_cancel_leaves_nothing(self):
        self.panel.examine(self.folder)
        spin(0.2)
        click(self.panel.row().cancel_button)
        spin(0.3)
        assert self.panel.row().text == "Cancelled; nothing was changed."
        assert self.panel.node is None

    def test_an_empty_folder_is_told(self):
        empty = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.panel.examine(empty)
        wait_until(lambda: not self.panel.runner.busy, 60, "the end")
        assert "There is no image or cine in the folder" in self.panel.row().text


class Views(Examining):
    def test_a_corrected_view_stands_in_the_table_and_on_the_clip_and_can_be_taken_back(self):
        node = self.examine()
        self.select("IM_0007")
        choose(self.ui.correctComboBox, "PLAX: parasternal long-axis")
        spin(0.2)
        assert clips_of(node)[4].view_from == ("PLAX", "set")
        assert self.column(1)[4].startswith("PLAX")
        assert facts_of(volume_of(node, 4))["view"] == "PLAX"
        assert "set by hand" in self.ui.chosenLabel.text
        assert self.panel.chosen.number == 4
        choose(self.ui.correctComboBox, "As it is seen")
        spin(0.2)
        assert clips_of(node)[4].view_from[1] == "classifier"

    def test_where_the_model_looked_lies_over_the_frame_until_another_clip_is_chosen(self):
        self.examine()
        self.select("4CH_ED")
        click(self.ui.lookedCheckBox)
        self.settle("the saliency")
        composite = slicer.app.layoutManager().sliceWidget("Red").sliceLogic().GetSliceCompositeNode()
        found = slicer.mrmlScene.GetNodeByID(composite.GetForegroundVolumeID())
        assert found is self.panel.looked.node
        assert (
            slicer.util.arrayFromVolume(found).shape
            == slicer.util.arrayFromVolume(self.panel.parameters.inputVolume).shape
        )
        assert 0 < slicer.util.arrayFromVolume(found).max() <= 1
        picture("examination-looked")
        assert self.ui.lookedCheckBox.checked
        self.select("4CH_ES")
        assert not self.ui.lookedCheckBox.checked
        assert composite.GetForegroundVolumeID() is None
        assert found.GetScene() is None

    def test_what_is_in_the_scene_is_looked_through_too(self):
        self.examine()
        self.select("IM_0007")
        click(self.ui.loadedButton)
        self.settle("the examination")
        assert self.column(0) == ["IM_0007"]
        assert self.column(3) == ["10"]
        assert self.ui.examinationSelector.isVisible()


class Study(Examining):
    def test_the_study_is_measured_and_goes_on_in_echomeasure(self):
        node = self.examine()
        keep_view(node, 4, "PLAX")
        self.panel.refresh()
        click(self.ui.measureStudyButton)
        self.settle("the study", 300)
        assert list(self.panel.measured.places) == ["4CH ED", "4CH ES", "2CH ED", "2CH ES"]
        assert "EF" in self.ui.studyResultLabel.text
        wait_until(lambda: slicer.app.layoutManager().layout in MEASURE_LAYOUTS.values(), 5, "the table")
        spin(0.3)
        picture("examination-measured")
        click(self.ui.openMeasureButton)
        spin(0.5)
        measure = slicer.util.getModuleWidget("EchoMeasure").panels["Measure"]
        assert measure.widget.isVisible()
        assert measure.measured is self.panel.measured
        assert "EF" in measure.ui.measureResultLabel.text

    def test_all_apical_clips_are_segmented_and_the_rest_is_left(self):
        node = self.examine()
        for number in (0, 1, 3, 4):
            keep_view(node, number, "PLAX")
        self.panel.refresh()
        click(self.ui.segmentApicalButton)
        self.settle("the label maps", 300)
        assert self.ui.studyResultLabel.text == "Clips with label maps of all frames: 1"
        (label_map,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
        assert self.panel.parameters.labelMap is label_map
        assert volume_of(node, 2) is self.panel.parameters.inputVolume

    def test_what_is_gray_says_why(self):
        self.examine()
        for number in range(5):
            keep_view(self.panel.node, number, "PLAX")
        self.panel.refresh()
        assert "correct the view" in self.ui.measureStudyButton.toolTip
        assert not self.ui.measureStudyButton.enabled


class Saved(Examining):
    def test_a_saved_scene_brings_the_table_back_and_its_clips_can_still_be_opened(self):
        node = self.examine()
        self.select("4CH_ED")
        keep_view(node, 4, "PLAX")
        path = str(self.folder / "scene.mrb")
        assert slicer.util.saveScene(path)
        slicer.mrmlScene.Clear(0)
        spin(0.2)
        assert not self.ui.clipTable.isVisible()
        slicer.util.loadScene(path)
        spin(0.5)
        assert self.column(0) == NAMES
        assert self.column(1)[4].startswith("PLAX")
        assert volume_of(self.panel.node, 2).GetName() == "Doe_4CH_ED"
        self.select("2CH_ES")
        assert is_shown(volume_of(self.panel.node, 1))


class Scripts(Examining):
    def test_scripts_look_through_a_folder_and_measure_it(self):
        logic = self.module.logic
        examination = logic.examineFolder(self.folder)
        assert [clip.title for clip in clips_of(examination)] == NAMES
        assert not slicer.util.getNodesByClass("vtkMRMLVolumeNode")
        assert logic.openClip(examination, 0).GetName() == "Doe_2CH_ED"
        assert len(clips_of(logic.examineScene())) == 1
        logic.correctView(examination, 4, "parasternal long-axis")
        assert clips_of(examination)[4].view_from == ("PLAX", "set")
        with self.assertRaisesRegex(InputError, "not known"):
            logic.correctView(examination, 4, "from behind")
        study = logic.measureExamination(examination)
        assert list(study.frames) == ["4CH ED", "4CH ES", "2CH ED", "2CH ES"]
        assert len(logic.segmentApical(examination)) == 4


class Looks(Examining):
    def test_pictures_of_all_looks(self):
        pictures_of_all_looks("examination-1-empty")
        self.examine()
        self.select("IM_0007")
        pictures_of_all_looks("examination-2-chosen")
        for screen in SCREENS:
            with window_of(screen):
                assert in_sight(self.ui.measureStudyButton), screen
                assert self.ui.clipTable.horizontalScrollBar().maximum == 0, screen


class Screenshot(Examining):
    def test_the_picture_of_the_documents(self):
        for file in self.folder.iterdir():
            file.unlink()
        for sample in ("synthetic_4CH_cine", "synthetic_4CH_ED"):
            shutil.copy(sample_file(sample), self.folder / f"Doe_{sample.removeprefix('synthetic_')}.nii.gz")
        heart = Heart.drawn(seed=7)
        for number, view in enumerate(("A2C", "PLAX", "PSAX-PM", "SUBCOSTAL")):
            plane = cut(heart, frame_view(heart, view))
            write_image(self.folder / f"Doe_{view}.nii.gz", draw(plane, seed=number)[0], spacing=plane.spacing)
        self.examine()
        probe = slicer.util.findChild(slicer.util.mainWindow(), "DataProbeCollapsibleWidget")
        if not probe.collapsed:
            click(probe)
            self.addCleanup(click, probe)
        self.select("4CH_cine")
        spin(0.5)
        picture("examination")
        assert any(text.startswith("PLAX") for text in self.column(1))

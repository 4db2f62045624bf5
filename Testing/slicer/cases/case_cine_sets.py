"""EchoDataSets, Cine sets: a set is made, cancelled and gone on with, refused in words, kept in a scene, looks."""

from __future__ import annotations

import csv
import tempfile
import unittest
from pathlib import Path

import ctk
import slicer
from slicer.parameterNodeWrapper import FloatRange

from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.provenance import is_synthetic
from EchoSynthPanels.data_sets.fraction_bars import counts_of
from EchoSynthPanels.parameters import CineSetFractions
from events import choose, click, drag, picture, spin, type_text, wait_until
from looks import in_sight, pictures_of_all_looks, window_of
from the_module import open_module, press_apply, unfold

NAMES = ("Hearts", "Fractions", "FractionRange", "Table", "Folder", "FourChamber", "TwoChamber", "Frames", "Threshold")


class CineSets(unittest.TestCase):
    def setUp(self):
        self.module = open_module("EchoDataSets")
        self.panel = self.module.panels["CineSet"]
        self.ui, self.runner = self.panel.ui, self.panel.runner
        self.addCleanup(self.put_back)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="echosynth-cines-")))
        self.output = self.folder / "set"
        unfold(self.panel)
        self.ui.cineSetFolderPathLineEdit.currentPath = str(self.output)
        type_text(self.ui.cineSetHeartsSpinBox, "1")
        type_text(self.ui.cineSetFramesSpinBox, "8")
        click(self.ui.cineSetTwoChamberCheckBox)

    @property
    def parameters(self):
        return self.module.logic.getParameterNode()

    @property
    def button(self):
        return self.ui.makeCineSetButton

    def put_back(self):
        self.panel.forget()
        parameters = self.parameters
        for name in NAMES:
            setattr(parameters, f"cineSet{name}", parameters.default(f"cineSet{name}").value)
        for section in (self.ui.cineSetAdvanced, self.ui.cineSetSection):
            section.collapsed = True

    def table(self, text):
        path = self.folder / "asked.csv"
        path.write_text(text, encoding="utf-8")
        self.ui.cineSetTablePathLineEdit.currentPath = str(path)
        spin(0.1)

    def assert_gray(self, reason):
        spin(0.1)
        assert not self.button.enabled
        assert reason in self.button.toolTip, self.button.toolTip


class Making(CineSets):
    def test_a_set_is_made_reported_and_its_first_cine_shown(self):
        assert not self.ui.showCineSetButton.enabled
        assert "Make a set first" in self.ui.showCineSetButton.toolTip
        press_apply(self.panel)
        with open(self.output / "FileList.csv", encoding="utf-8") as file:
            (row,) = csv.DictReader(file)
        told = self.ui.cineSetResultLabel.text
        assert f"Hearts kept: 1, refused: 0; cines: 1, in {self.output}." in told, told
        percent = f"{float(row['EF']):.0f}"
        assert f"Ejection fractions: {percent} to {percent} %." in told, told
        assert "Most like a patient: heart00000_4CH, 0." in told
        assert "with patient" in told
        with window_of("laptop"):
            click(self.ui.showCineSetButton)
            wait_until(lambda: not self.runner.busy, 20, "the cine")
            spin(0.3)
            picture("cine-set-shown")
        volume = self.parameters.inputVolume
        assert (volume.GetName(), len(cine_of(volume))) == ("heart00000_4CH", 8)
        assert is_synthetic(volume)
        assert self.module.panels["Input"].ui.spacingLabel.text.endswith(" mm")
        assert self.ui.cineSetResultLabel.text == told

    def test_cancel_keeps_the_hearts_that_are_made_and_the_same_set_goes_on(self):
        type_text(self.ui.cineSetHeartsSpinBox, "40")  # so many that they last until there is a time left to tell
        click(self.button)
        assert self.button.text == "Cancel"
        first = self.output / "records" / "heart00000.json"
        wait_until(lambda: first.is_file() and self.runner.done * 40 > self.runner.total, 60, "the first heart")
        wait_until(lambda: "left" in self.panel.row().text, 10, "the time left")
        picture("cine-set-running")
        click(self.button)
        wait_until(lambda: not self.runner.busy, 5, "the end")
        assert "of 40 hearts stay" in self.runner.message, self.runner.message
        assert not (self.output / "FileList.csv").exists()
        before = first.stat().st_mtime_ns
        count = 1 + len(list(first.parent.glob("*.json")))
        type_text(self.ui.cineSetHeartsSpinBox, str(count))
        press_apply(self.panel)
        assert f"Hearts kept: {count}," in self.ui.cineSetResultLabel.text
        assert first.stat().st_mtime_ns == before


class Asking(CineSets):
    def test_what_cannot_be_made_is_gray_and_says_why(self):
        assert self.button.enabled
        click(self.ui.cineSetFourChamberCheckBox)
        self.assert_gray("Choose a view")
        click(self.ui.cineSetFourChamberCheckBox)
        choose(self.ui.cineSetFractionsComboBox, "Of a table")
        self.assert_gray("Choose a table (.csv) with a column EF")
        picture("cine-set-no-table")
        choose(self.ui.cineSetFractionsComboBox, "Any between two")
        self.parameters.cineSetFolder = Path()
        self.assert_gray("Choose a folder")

    def test_a_table_that_is_wrong_is_told_with_its_line_and_mended_it_is_taken(self):
        choose(self.ui.cineSetFractionsComboBox, "Of a table")
        self.table("EF\nhigh\n")
        click(self.button)
        wait_until(lambda: not self.runner.busy, 20, "the refusal")
        assert "line 2: EF is 'high'; expected was a number from 1 to 90" in self.panel.row().text
        self.table("EF\n45\n")
        press_apply(self.panel)
        assert "Hearts kept: 1" in self.ui.cineSetResultLabel.text

    def test_a_folder_that_holds_something_else_is_refused_and_left_as_it_is(self):
        self.output.mkdir()
        (self.output / "mine.txt").touch()
        click(self.button)
        wait_until(lambda: not self.runner.busy, 20, "the refusal")
        assert self.panel.row().failed
        assert "holds files of something else" in self.panel.row().text
        assert [path.name for path in self.output.iterdir()] == ["mine.txt"]

    def test_the_histogram_is_that_of_the_hearts_between_both_handles(self):
        type_text(self.ui.cineSetHeartsSpinBox, "200")
        slider = self.ui.cineSetRangeWidget.findChild(ctk.ctkRangeSlider) or self.ui.cineSetRangeWidget.slider
        width, middle = slider.width, slider.height / 2
        drag(slider, [(width * 10 / 90, middle), (width / 2, middle)])
        spin(0.1)
        low = self.parameters.cineSetFractionRange.minimum
        assert 35 < low < 55
        asked = self.panel._asked()
        assert low - 1 < min(asked) < low + 3
        assert max(asked) > 87
        assert counts_of(asked)[:7] == [0] * 7
        picture("cine-set-range")
        choose(self.ui.cineSetFractionsComboBox, "As patients have them")
        spin(0.1)
        assert not self.ui.cineSetBarsRow.visible
        assert not self.ui.cineSetRangeWidget.visible

    def test_a_saved_scene_brings_the_wish_back(self):
        parameters = self.parameters
        parameters.cineSetFractions = CineSetFractions.TABLE
        parameters.cineSetFractionRange = FloatRange(25, 60)
        self.table("EF\n55\n")
        scene = self.folder / "scene.mrb"
        slicer.util.saveScene(str(scene))
        slicer.mrmlScene.Clear(0)
        assert self.ui.cineSetHeartsSpinBox.value == 10
        slicer.util.loadScene(str(scene))
        spin(0.2)
        assert self.ui.cineSetHeartsSpinBox.value == 1
        assert self.ui.cineSetTablePathLineEdit.currentPath == str(self.folder / "asked.csv")
        assert (self.ui.cineSetRangeWidget.minimumValue, self.ui.cineSetRangeWidget.maximumValue) == (25, 60)
        assert not self.ui.cineSetTwoChamberCheckBox.checked


class Looks(CineSets):
    def test_on_a_small_screen_button_and_report_are_in_sight_with_the_other_section_folded(self):
        other = self.module.panels["DataSet"].ui.dataSetSection
        if not other.collapsed:
            click(other)
            self.addCleanup(setattr, other, "collapsed", False)
        with window_of("laptop"):
            assert in_sight(self.button)
            press_apply(self.panel)
            spin(0.3)
            assert all(map(in_sight, (self.button, self.ui.cineSetResultLabel, self.ui.showCineSetButton)))
        pictures_of_all_looks("cineset-made", self.panel.widget)
        unfold(self.panel, "cineSetAdvanced")
        assert self.ui.cineSetThresholdSpinBox.text == "The model's own"
        type_text(self.ui.cineSetThresholdSpinBox, "0.8")
        assert self.parameters.cineSetThreshold == 0.8
        pictures_of_all_looks("cineset-advanced")

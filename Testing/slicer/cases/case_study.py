"""A patient's study: from four loaded frames, or two cines, to the biplane ejection fraction in a few clicks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import slicer

import mouse
from drawn_echo import synthetic_echo
from EchoSynthLib.images.write import write_image
from EchoSynthMRML.label_maps import linked_volume
from EchoSynthMRML.study_folder import facts_of, patient_of
from EchoSynthPanels.application import registration
from events import RIGHT, answering, choose, choose_in_menu, click, click_item, picture, spin, wait_until
from looks import in_sight
from measuring import Measuring
from other_slicer import open_elsewhere
from the_module import press_apply, unfold

PLACES = ("2CH_ED", "2CH_ES", "4CH_ED", "4CH_ES")


def write_frames(folder: Path, patient: str = "patient0001") -> list[Path]:
    """Four images named as those of CAMUS."""
    paths = []
    for place in PLACES:
        pixels, spacing = synthetic_echo(place[:3], float(place.endswith("ES")))
        paths.append(write_image(folder / f"{patient}_{place}.nii.gz", pixels, spacing=spacing))
    return paths


class Clicks:
    """Counts how often a mouse button goes down."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Counts inside the block."""
        real = mouse._send

        def spy(kind, *others, **named):
            self.count += kind == mouse.qt.QEvent.MouseButtonPress
            real(kind, *others, **named)

        mouse._send = spy
        try:
            yield
        finally:
            mouse._send = real


def open_from_list(category: str, module: str) -> None:
    """Opens a module as a user does: the list of modules, its category, its name."""

    def follow(menu) -> None:
        choose_in_menu(menu, category)
        spin(0.3)
        choose_in_menu(slicer.app.activePopupWidget(), module)

    bar = next(
        one for one in slicer.util.mainWindow().findChildren("QToolBar") if one.objectName == "ModuleSelectorToolBar"
    )
    with answering(follow):
        click(next(one for one in bar.findChildren("ctkMenuComboBox")))
    wait_until(lambda: slicer.util.selectedModule() == module, 5, module)
    spin(0.3)


def use_style(name: str) -> None:
    """Slicer's light or dark style."""
    slicer.app.setPalette(slicer.app.setStyle(name).standardPalette())


class Loaded(Measuring):
    """Four frames of a patient, loaded as Slicer loads files that are dropped on it."""

    def setUp(self) -> None:
        super().setUp()
        self.window = slicer.util.mainWindow()
        self._size = self.window.size
        self.window.resize(1280, 800)
        for bar in self.window.findChildren("QToolBar"):
            # Slicer unfolds it for cines, and here are none.
            if "Sequence" in bar.objectName:
                bar.hide()
        spin(0.3)
        with tempfile.TemporaryDirectory() as folder:
            self.images = {
                path.name.split(".")[0]: slicer.util.loadVolume(str(path), {"singleFile": True, "show": False})
                for path in write_frames(Path(folder))
            }
        spin(0.3)

    def tearDown(self) -> None:
        self.window.resize(self._size)
        super().tearDown()

    def wait(self) -> None:
        wait_until(lambda: not self.panel.runner.busy, 120, "the measurement")
        assert not self.panel.runner.failed, self.panel.runner.log[-2:]
        spin(0.5)


class Biplane(Loaded):
    def test_five_clicks_after_loading_at_most_give_the_biplane_ejection_fraction(self):
        slicer.util.selectModule("Welcome")
        clicks = Clicks()
        with clicks.counted():
            open_from_list("Cardiac", "EchoMeasure")
            click(self.panel.ui.measureButton)
            self.wait()
        picture("study-measured-1280")
        # Slicer's Data Probe takes more lines where the mouse has been over segments; this much is in sight even then.
        for widget in (self.panel.ui.reportButton, self.panel.ui.csvButton, self.panel.ui.endocardiumSourceComboBox):
            wait_until(lambda widget=widget: in_sight(widget), 10, widget.objectName)
        assert clicks.count <= 5, clicks.count
        assert 35 < self.value("EF, biplane discs", "2CH + 4CH") < 75
        assert "EF, biplane discs" in self.panel.ui.measureResultLabel.text
        assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == 4
        assert "but the classifier sees" not in self.panel.ui.studyLabel.text
        for name in ("fourChamberED", "fourChamberES", "twoChamberED", "twoChamberES"):
            assert getattr(self.panel.ui, f"{name}SourceLabel").text == "name"
        self.window.resize(1920, 1080)
        spin(0.5)
        picture("study-measured-1920")
        self.addCleanup(use_style, "Light Slicer")
        use_style("Dark Slicer")
        for size in ((1920, 1080), (1280, 800)):
            self.window.resize(*size)
            spin(0.5)
            picture(f"study-measured-{size[0]}-dark")

    def test_a_button_shows_each_of_the_four_with_its_endocardium(self):
        unfold(self.panel)
        click(self.panel.ui.measureButton)
        self.wait()
        for name, where in (("twoChamberES", "2CH ES"), ("fourChamberED", "4CH ED")):
            click(getattr(self.panel.ui, f"{name}ShowButton"))
            spin(0.3)
            assert self.parameters.inputVolume is self.images[f"patient0001_{where.replace(' ', '_')}"]
            assert np.allclose(self.points(where), self.panel.measured.frames[where].endocardium.points, atol=1e-2)
            assert self.panel.nodes.line.GetDisplayVisibility()
            picture(f"study-shown-{name}")

    def test_a_place_that_is_changed_by_hand_stays_so_and_what_contradicts_it_is_told(self):
        unfold(self.panel)
        choose(self.panel.ui.fourChamberEDSelector, "patient0001_2CH_ED")
        spin(0.3)
        assert self.panel.ui.fourChamberEDSourceLabel.text == "chosen"
        assert "patient0001_2CH_ED is named 2CH, and taken for 4CH" in self.panel.ui.studyLabel.text
        picture("study-contradicted")
        click(self.panel.ui.fillButton)
        spin(0.3)
        assert self.parameters.fourChamberED is self.images["patient0001_4CH_ED"]
        assert "is named" not in self.panel.ui.studyLabel.text

    def test_another_patient_is_kept_apart(self):
        with tempfile.TemporaryDirectory() as folder:
            path = write_frames(Path(folder), "patient0002")[2]
            stranger = slicer.util.loadVolume(str(path), {"singleFile": True, "show": False})
        unfold(self.panel)
        self.parameters.inputVolume = self.images["patient0001_4CH_ED"]
        spin(0.3)
        assert "patient0002" in self.panel.ui.studyLabel.text
        assert self.parameters.fourChamberED is self.images["patient0001_4CH_ED"]
        self.parameters.inputVolume = stranger
        spin(0.3)
        assert "Patient: patient0002" in self.panel.ui.studyLabel.text
        assert self.parameters.fourChamberED is stranger
        assert self.parameters.twoChamberED is None

    def test_the_folder_of_the_patient_holds_images_label_maps_and_results(self):
        unfold(self.panel)
        click(self.panel.ui.measureButton)
        self.wait()
        for node in (*self.images.values(), *slicer.util.getNodesByClass("vtkMRMLSegmentationNode")):
            assert patient_of(node) == "patient0001"
        assert patient_of(self.panel.nodes.table) == "patient0001"
        known = facts_of(self.images["patient0001_2CH_ES"])
        assert (known["view"], known["phase"], known["pixel_size"]) == ("2CH", "ES", "trusted")
        tree = slicer.mrmlScene.GetSubjectHierarchyNode()
        folder = tree.GetItemParent(tree.GetItemByDataNode(self.panel.nodes.table))
        plugin = slicer.qSlicerSubjectHierarchyPluginHandler.instance().pluginByName("EchoSynth")
        assert tree.GetItemOwnerPluginName(folder) == "EchoSynth"
        assert "patient0001_2CH_ES: 2CH ES, calibrated" in plugin.tooltip(folder)
        assert f"Traffic light: {self.panel.measured.study.light.color}" in plugin.tooltip(folder)
        slicer.util.selectModule("Data")
        spin(0.5)
        picture("study-folder")

    def test_a_saved_study_opens_with_and_without_the_extension(self):
        unfold(self.panel)
        click(self.panel.ui.measureButton)
        self.wait()
        modules = Path(slicer.modules.echosynth.path).parent
        with tempfile.TemporaryDirectory() as folder:
            scene = Path(folder) / "study.mrb"
            assert slicer.util.saveScene(str(scene))
            for name, arguments in (("with", ["--additional-module-paths", str(modules)]), ("without", [])):
                found = open_elsewhere(scene, arguments, Path(folder) / f"{name}.json", f"folder-{name}")
                assert found["complaints"] == []
                folder_told = found["folders"]["patient0001"]
                assert folder_told["owner"] == ("EchoSynth" if name == "with" else "Folder")
                assert folder_told["views"]["patient0001_2CH_ES"] == "2CH"
                assert "patient0001 measurements" in folder_told["views"]

    def test_a_reopened_study_fills_itself_again(self):
        unfold(self.panel)
        click(self.panel.ui.measureButton)
        self.wait()
        ejected = self.value("EF, biplane discs", "2CH + 4CH")
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "study.mrb")
            assert slicer.util.saveScene(path)
            slicer.mrmlScene.Clear()
            slicer.util.loadScene(path)
            spin(0.5)
        assert self.panel.ui.twoChamberESSourceLabel.text == "name"
        click(self.panel.ui.measureButton)
        self.wait()
        assert abs(self.value("EF, biplane discs", "2CH + 4CH") - ejected) < 1e-6
        assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == 4

    def test_a_script_gets_the_panels_numbers(self):
        study = self.module.logic.measureStudy(self.images["patient0001_2CH_ED"])
        unfold(self.panel)
        click(self.panel.ui.measureButton)
        self.wait()
        assert study.table == self.panel.measured.study.table


class Cines(Measuring):
    def test_two_cines_named_after_their_views_give_it_too(self):
        nodes = {}
        for view in ("2CH", "4CH"):
            frames = np.stack([synthetic_echo(view, phase)[0] for phase in (0.0, 0.4, 0.8, 1.0, 0.8, 0.4)])
            with tempfile.TemporaryDirectory() as folder:
                path = write_image(Path(folder) / f"{view}.nii.gz", frames, spacing=synthetic_echo(view, 0.0)[1])
                nodes[view] = self.module.logic.openFile(path)
        unfold(self.panel)
        spin(0.3)
        assert self.parameters.twoChamberED is self.parameters.twoChamberES is nodes["2CH"]
        press_apply(self.panel, 120)
        spin(0.5)
        picture("study-cines")
        assert 35 < self.value("EF, biplane discs", "2CH + 4CH") < 75
        places = self.panel.measured.places
        assert (places["2CH ED"].frame, places["4CH ED"].frame) == (0, 0)
        assert self.panel.ui.fourChamberESSourceLabel.text == f"name, area, frame {places['4CH ES'].frame}"
        click(self.panel.ui.fourChamberESShowButton)
        spin(0.3)
        assert np.allclose(self.points("4CH ES"), self.panel.measured.frames["4CH ES"].endocardium.points, atol=1e-2)


class OnePress(Measuring):
    def test_an_image_alone_is_segmented_and_measured(self):
        self.parameters.inputVolume = registration.load_frame(registration.FRAME)
        self.measure()
        assert self.value("LV area") > 1000
        assert self.parameters.labelMap is self.panel.measured.source

    def test_so_is_a_cine_which_automatic_takes_whole(self):
        self.parameters.inputVolume = registration.load_cine(registration.CINE)
        self.measure("Automatic")
        assert 30 < self.value("EF, discs", "cine") < 75

    def test_an_image_that_is_opened_after_another_ones_label_map_is_what_is_measured(self):
        first = registration.load_label_map("parametric_4CH_ED")
        self.parameters.labelMap = first
        self.measure("Shown frame")
        slicer.util.selectModule("EchoSynth")
        with tempfile.TemporaryDirectory() as folder:
            pixels, spacing = synthetic_echo("4CH", 0.0)
            path = write_image(Path(folder) / "IM_0001.nii.gz", pixels, spacing=spacing)
            image = self.module.logic.openFile(path)
        self.parameters.inputVolume = image
        self.measure("Shown frame")
        assert linked_volume(self.panel.measured.source) is image
        assert self.parameters.labelMap is self.panel.measured.source is not first


class ByRightClick(Loaded):
    def test_the_view_that_is_set_outweighs_the_name(self):
        image = self.images["patient0001_2CH_ED"]
        self._choose("patient0001_2CH_ED", "Echo view", "Four-chamber")
        assert facts_of(image)["view"] == "4CH"
        assert facts_of(image)["view_from"] == "set"
        unfold(self.panel)
        spin(0.3)
        assert self.parameters.twoChamberED is None
        assert "patient0001_2CH_ED is named 2CH, and taken for 4CH" in self.panel.ui.studyLabel.text
        self._choose("patient0001_2CH_ED", "Echo view", "By name, classifier or area")
        unfold(self.panel)
        spin(0.3)
        assert self.parameters.twoChamberED is image

    def test_measure_opens_the_module_with_the_image(self):
        self._choose("patient0001_4CH_ES", "Measure echo with EchoMeasure...")
        assert slicer.util.selectedModule() == "EchoMeasure"
        assert self.parameters.inputVolume is self.images["patient0001_4CH_ES"]

    def _choose(self, name: str, *path: str) -> None:
        slicer.util.selectModule("Data")
        spin(0.2)
        widget = slicer.modules.data.widgetRepresentation()
        tree = next(one for one in widget.findChildren("qMRMLSubjectHierarchyTreeView") if one.isVisible())

        def follow(menu) -> None:
            for text in path[:-1]:
                choose_in_menu(menu, text)
                spin(0.3)
                menu = slicer.app.activePopupWidget()
            choose_in_menu(menu, path[-1])

        with answering(follow):
            click_item(tree, name, button=RIGHT)
        spin(0.2)

"""The hands of the harness themselves: acts arrive as a user's do."""

from __future__ import annotations

import time
import unittest

import ctk
import numpy as np
import qt
import slicer

from drawn_echo import drawn_heart, echo_volume
from events import (
    StallWatch,
    answering,
    choose,
    choose_in_menu,
    click,
    click_button,
    click_item,
    double_click,
    drag,
    drag_in_slice,
    move_slider,
    open_tab,
    picture,
    press,
    ras,
    right_click,
    show_alone,
    slice_point,
    spin,
    type_text,
    wait_until,
    wheel,
)


class Window(unittest.TestCase):
    """A window of its own, in front, with widgets below one another."""

    def setUp(self):
        self.window = qt.QWidget()
        self.window.windowTitle = "Harness"
        self.column = qt.QVBoxLayout(self.window)
        self.window.setGeometry(300, 200, 420, 320)
        self.heard = []
        self.addCleanup(self.window.deleteLater)

    def show(self, *widgets):
        for widget in widgets:
            self.column.addWidget(widget)
        self.window.show()
        spin(0.05)
        return widgets[0]


class MouseAndKeys(Window):
    def test_a_click_presses_a_button_once(self):
        button = self.show(qt.QPushButton("Segment"), qt.QPushButton("Stop"))
        button.connect("clicked()", lambda: self.heard.append("clicked"))
        click(button)
        assert self.heard == ["clicked"]

    def test_a_click_ticks_a_wide_check_box_and_opens_a_collapsible_button(self):
        box, fold = qt.QCheckBox("Cine"), ctk.ctkCollapsibleButton()
        fold.collapsed = True
        self.show(box, fold)
        click(box)
        click(fold)
        assert (box.checked, fold.collapsed) == (True, False)

    def test_a_button_out_of_sight_is_scrolled_to(self):
        area, inner = qt.QScrollArea(), qt.QWidget()
        column = qt.QVBoxLayout(inner)
        buttons = [qt.QPushButton(f"Frame {i}") for i in range(30)]
        for button in buttons:
            column.addWidget(button)
        area.setWidget(inner)
        self.show(area)
        buttons[-1].connect("clicked()", lambda: self.heard.append("last"))
        click(buttons[-1])
        assert self.heard == ["last"]

    def test_a_double_click_arrives_as_one(self):
        listed = qt.QListWidget()
        listed.addItems(["ED", "ES"])
        self.show(listed)
        listed.connect("itemDoubleClicked(QListWidgetItem*)", lambda item: self.heard.append(item.text()))
        place = listed.visualItemRect(listed.item(1))
        double_click(listed.viewport(), place.x() + 5, place.y() + 5)
        assert self.heard == ["ES"]

    def test_typing_replaces_what_a_field_holds_and_return_ends_it(self):
        field = self.show(qt.QLineEdit("old"))
        field.connect("returnPressed()", lambda: self.heard.append(field.text))
        type_text(field, "4CH, Ejection 55 %")
        press(field, qt.Qt.Key_Return)
        assert self.heard == ["4CH, Ejection 55 %"]

    def test_typing_into_a_spin_box_sets_its_value(self):
        box = self.show(qt.QSpinBox(), qt.QPushButton("other"))
        type_text(box, "42")
        press(box, qt.Qt.Key_Return)
        assert box.value == 42

    def test_the_wheel_scrolls_a_list(self):
        listed = qt.QListWidget()
        listed.addItems([f"frame {i}" for i in range(100)])
        self.show(listed)
        wheel(listed.viewport(), -5)
        assert listed.verticalScrollBar().value > 0

    def test_a_drag_moves_the_handle_of_a_splitter(self):
        splitter = qt.QSplitter()
        for name in ("left", "right"):
            splitter.addWidget(qt.QLabel(name))
        self.show(splitter)
        handle = splitter.handle(1)
        before = handle.x
        drag(handle, [(1, 20), (61, 20)])
        assert abs(handle.x - before - 60) <= 2, (before, handle.x)


class Controls(Window):
    def test_a_combo_box_is_opened_and_its_entry_clicked(self):
        box = qt.QComboBox()
        box.addItems([f"{i} steps" for i in range(1, 40)])
        self.show(box)
        choose(box, "31 steps")
        choose(box, "2 steps")
        assert box.currentText == "2 steps"

    def test_a_node_is_chosen_by_its_name(self):
        for name in ("first", "second"):
            slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        selector = slicer.qMRMLNodeComboBox()
        selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
        selector.setMRMLScene(slicer.mrmlScene)
        self.show(selector)
        choose(selector, "second")
        assert selector.currentNode().GetName() == "second"

    def test_sliders_are_dragged_to_a_value(self):
        plain, wide = qt.QSlider(qt.Qt.Horizontal), ctk.ctkSliderWidget()
        plain.setRange(0, 500)
        wide.singleStep, wide.decimals = 0.05, 2
        wide.minimum, wide.maximum = 0.0, 1.0
        self.show(plain, wide)
        move_slider(plain, 371)
        move_slider(wide, 0.35)
        assert (plain.value, round(wide.value, 6)) == (371, 0.35)

    def test_tabs_and_lists_are_clicked_by_their_text(self):
        tabs, listed = qt.QTabWidget(), qt.QListWidget()
        listed.addItems([f"model {i}" for i in range(50)])
        tabs.addTab(qt.QLabel("nothing"), "Segment")
        tabs.addTab(listed, "Models")
        self.show(tabs)
        open_tab(tabs, "Models")
        click_item(listed, "model 40")
        assert listed.currentItem().text() == "model 40"

    def test_an_action_of_a_context_menu_is_clicked(self):
        label = self.show(qt.QLabel("right click here"))
        label.setContextMenuPolicy(qt.Qt.CustomContextMenu)
        menu = qt.QMenu(label)
        menu.addAction("&Synthesize").connect("triggered()", lambda: self.heard.append("synthesize"))
        menu.addAction("Segment").connect("triggered()", lambda: self.heard.append("segment"))
        label.connect("customContextMenuRequested(QPoint)", lambda at: menu.exec_(label.mapToGlobal(at)))
        right_click(label, "Segment")
        right_click(label, "Synthesize")
        assert self.heard == ["segment", "synthesize"]

    def test_a_menu_button_is_opened_and_its_action_clicked(self):
        button = qt.QToolButton()
        menu = qt.QMenu(button)
        menu.addAction("Export").connect("triggered()", lambda: self.heard.append("export"))
        button.setMenu(menu)
        button.setPopupMode(qt.QToolButton.InstantPopup)
        self.show(button)
        with answering(lambda opened: choose_in_menu(opened, "Export")):
            click(button)
        assert self.heard == ["export"]

    def test_a_dialog_is_answered(self):
        button = self.show(qt.QPushButton("Remove"))
        yes = qt.QMessageBox.Yes

        def ask():
            self.heard.append(qt.QMessageBox.question(self.window, "Remove", "Really?", yes | qt.QMessageBox.No))

        button.connect("clicked()", ask)
        with answering(lambda dialog: click_button(dialog, "Yes")):
            click(button)
        assert self.heard == [yes]


class SliceViews(unittest.TestCase):
    def setUp(self):
        self.heart = drawn_heart()
        self.volume = echo_volume(self.heart)
        show_alone(self.volume)

    def test_the_pixel_of_a_position_is_where_slicer_sees_it(self):
        view, x, y = slice_point("Red", ras(self.volume, 60, 30))
        xy = (x, view.height - 1 - y, 0, 1)
        node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
        seen = node.GetXYToRAS().MultiplyPoint(xy)[:2]
        assert np.allclose(seen, ras(self.volume, 60, 30)[:2], atol=1e-6)

    def test_the_first_row_is_on_top_and_the_first_column_on_the_left(self):
        _, left, top = slice_point("Red", ras(self.volume, 10, 10))
        _, right, bottom = slice_point("Red", ras(self.volume, 100, 100))
        assert left < right
        assert top < bottom

    def test_the_brush_paints_where_the_mouse_went(self):
        segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
        segmentation.CreateDefaultDisplayNodes()
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(self.volume)
        segment = segmentation.GetSegmentation().AddEmptySegment("", "left ventricle", (1, 0, 0))
        slicer.util.selectModule("SegmentEditor")
        editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
        editor.setSegmentationNode(segmentation)
        editor.setSourceVolumeNode(self.volume)
        editor.setCurrentSegmentID(segment)
        paint = next(b for b in editor.findChildren(qt.QToolButton) if b.text == "Paint")
        spin(0.2)
        click(paint)
        editor.activeEffect().setCommonParameter("BrushDiameterIsRelative", 0)
        editor.activeEffect().setCommonParameter("BrushAbsoluteDiameter", 6)
        drag_in_slice("Red", [ras(self.volume, 50, 40), ras(self.volume, 80, 40), ras(self.volume, 80, 70)])
        picture("harness-painted")
        painted = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, segment, self.volume)[0]
        assert painted[40, 50:81].all(), painted[40].nonzero()
        assert painted[40:71, 80].all(), painted[:, 80].nonzero()
        assert not painted[50:, :70].any()
        assert not painted[:30].any()


class Waiting(unittest.TestCase):
    def test_a_picture_is_written_and_shows_something(self):
        show_alone(echo_volume(drawn_heart()))
        shown = qt.QImage(str(picture("harness-window")))
        grays = {shown.pixel(x, y) for x in range(0, shown.width(), 7) for y in range(0, shown.height(), 7)}
        assert shown.width() > 1000
        assert len(grays) > 50

    def test_waiting_lets_timers_fire(self):
        heard = []
        qt.QTimer.singleShot(50, lambda: heard.append("late"))
        wait_until(lambda: heard, 2, "the timer")
        assert heard == ["late"]

    def test_a_widget_that_is_to_be_deleted_is_gone_after_a_turn_of_the_loop(self):
        label = qt.QLabel("old")
        label.deleteLater()
        spin()
        with self.assertRaises(ValueError):
            label.show()

    def test_a_stall_is_measured_and_named(self):
        with StallWatch() as watch:
            watch.part("computing")
            spin(0.05)
            time.sleep(0.2)
            spin(0.05)
            watch.part("idle")
            spin(0.1)
        assert 0.19 < watch.longest < 1.0
        assert "in 'computing'" in str(watch)

    def test_a_loop_that_turns_is_no_stall(self):
        with StallWatch() as watch:
            spin(0.3)
        assert watch.longest < 0.25, watch

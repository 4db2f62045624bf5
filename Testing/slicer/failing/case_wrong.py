"""Inner tests that are wrong on purpose: `test_in_slicer.py` proves that each of them is told as it should be."""

from __future__ import annotations

import logging
import unittest

import qt
import slicer
import vtk

from events import click, spin, wait_until


def raise_error(words):
    raise RuntimeError(words)


class Wrong(unittest.TestCase):
    def setUp(self):
        self.window = qt.QWidget()
        self.window.setGeometry(300, 200, 300, 200)
        self.button = qt.QPushButton("Segment", self.window)
        self.window.show()
        spin(0.05)
        self.addCleanup(self.window.deleteLater)

    def test_whose_slot_raises(self):
        self.button.connect("clicked()", lambda: raise_error("no brush of this name"))
        click(self.button)

    def test_whose_timer_raises(self):
        qt.QTimer.singleShot(0, lambda: raise_error("the clock is broken"))

    def test_whose_observer_raises(self):
        observed = vtk.vtkObject()
        observed.AddObserver("ModifiedEvent", lambda *_: raise_error("the observer stumbled"))
        observed.Modified()

    def test_after_which_the_scene_cannot_be_closed(self):
        def stumble(*_):
            slicer.mrmlScene.RemoveObserver(observer)
            raise_error("the scene would not close")

        observer = slicer.mrmlScene.AddObserver(slicer.vtkMRMLScene.StartCloseEvent, stumble)

    def test_that_asserts_what_is_not_so(self):
        beats = 3
        assert beats == 4

    def test_that_clicks_on_a_gray_button(self):
        self.button.enabled = False
        self.button.toolTip = "Load an image first"
        click(self.button)

    def test_that_clicks_on_a_hidden_button(self):
        self.button.hide()
        click(self.button)

    def test_that_clicks_on_a_covered_button(self):
        cover = qt.QLabel("in the way", self.window)
        cover.setGeometry(0, 0, 200, 100)
        cover.show()
        click(self.button)

    def test_that_clicks_behind_a_dialog(self):
        dialog = qt.QDialog(self.window)
        dialog.windowTitle = "In front"
        dialog.setModal(True)
        dialog.show()
        self.addCleanup(dialog.deleteLater)
        click(self.button)

    def test_that_waits_in_vain(self):
        wait_until(lambda: False, 0.1, "the tide")

    def test_that_leaves_a_dialog_open(self):
        self.dialog = qt.QDialog()
        self.dialog.windowTitle = "Forgotten"
        self.dialog.setModal(True)
        self.dialog.show()

    def test_after_an_open_dialog(self):
        click(self.button)

    def test_that_skips(self):
        self.skipTest("no probe at hand")

    def test_during_which_slicer_logs_an_error(self):
        logging.error("the gel has run out")


class WithoutProbe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise_error("no probe")

    def test_whose_class_cannot_be_set_up(self):
        pass


class NoUnittest:
    def test_that_is_no_unittest(self):
        pass

"""A heart in EchoCine, which beats: what its cases share."""

from __future__ import annotations

import unittest

import slicer

from drawn_echo import drawn_heart, echo_volume
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import link_to_volume, new_segmentation
from EchoSynthMRML.volumes import add_to_scene
from EchoSynthPanels.application.registration import FRAME, load_frame
from events import choose, click, spin, type_text, wait_until
from the_module import open_module, press_apply, unfold

CAVITY = 1


class Beating(unittest.TestCase):
    """The module, with its parameters as they are at first; no tests of its own."""

    def setUp(self):
        self.module = open_module("EchoCine")
        self.panel, self.others = self.module.panels["Cine"], self.module.panels["Counterfactuals"]
        self.ui, self.live = self.panel.ui, self.panel.live
        self.parameters = self.module.logic.getParameterNode()
        self.addCleanup(self.reset)

    def reset(self):
        parameters = self.module.logic.getParameterNode()
        parameters.cineLive, parameters.cineSeed, parameters.cineFrames = False, 0, 32
        parameters.cineEjectionFraction = 55.0

    def sample(self):
        """The sample frame, chosen."""
        self.frame = load_frame(FRAME)
        self.parameters.inputVolume = self.frame
        spin(0.2)
        return self.frame

    def heart(self):
        """A small heart on its image, both chosen."""
        heart = drawn_heart()
        self.frame = echo_volume(heart)
        node = new_segmentation(heart.label_map, Grid.of_volume(self.frame), "heart")
        self.label_map = add_to_scene(slicer.mrmlScene, node)
        link_to_volume(self.label_map, self.frame)
        self.parameters.inputVolume, self.parameters.labelMap = self.frame, self.label_map
        spin(0.2)
        return self.frame

    def preview(self, seconds=60):
        click(self.ui.previewButton)
        wait_until(lambda: not self.panel.runner.busy, seconds, "the preview")
        assert not self.panel.runner.failed, self.panel.runner.log[-2:]
        spin(0.1)

    def settle(self):
        spin(0.1)
        wait_until(lambda: not self.live.busy, 120, "the preview")
        spin(0.1)

    def make(self, frames=12):
        if self.ui.cineFramesSpinBox.value != frames:
            type_text(self.ui.cineFramesSpinBox, str(frames))
        press_apply(self.panel, 300)
        spin(0.2)
        return self.parameters.inputVolume, self.parameters.labelMap


def choose_picture(case, text):
    """Chooses what pictures are made of, in Advanced."""
    unfold(case.panel, "cineAdvanced")
    spin(0.2)
    choose(case.ui.cinePictureComboBox, text)
    click(case.ui.cineAdvanced)
    spin(0.1)

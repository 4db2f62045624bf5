"""EchoSynth for 3D Slicer: segment an echocardiogram, edit its label map, synthesize echocardiograms that follow it."""

from slicer.i18n import tr as _

from EchoSynthPanels.logic import EchoSynthLogic
from EchoSynthPanels.module import EchoModule, EchoModuleTest, EchoModuleWidget

__all__ = ["EchoSynth", "EchoSynthLogic", "EchoSynthTest", "EchoSynthWidget"]


class EchoSynth(EchoModule):
    """The module's entry in Slicer."""

    def __init__(self, parent):
        summary = _(
            "Segments the left ventricle and the left atrium in apical echocardiograms, and synthesizes new "
            "echocardiograms that follow a label map, for training networks where data are few."
        )
        EchoModule.__init__(self, parent, _("EchoSynth"), summary)


class EchoSynthWidget(EchoModuleWidget):
    """Input row, Segment, Edit label map, Synthesize, Variations."""

    def panel_classes(self):
        """See `EchoModuleWidget.panel_classes`."""
        from EchoSynthPanels.input.input_panel import InputPanel
        from EchoSynthPanels.synthesis.edit_panel import EditPanel
        from EchoSynthPanels.synthesis.segment_panel import SegmentPanel
        from EchoSynthPanels.synthesis.synthesize_panel import SynthesizePanel
        from EchoSynthPanels.synthesis.vary_panel import VaryPanel

        return InputPanel, SegmentPanel, EditPanel, SynthesizePanel, VaryPanel


class EchoSynthTest(EchoModuleTest):
    """A parametric heart is drawn as an echocardiogram, which is segmented."""

    def test_synthetic_heart_is_found_again(self):
        """The segmentation of a synthetic image overlaps with the label map that it was drawn from."""
        from EchoSynthMRML.label_maps import read_label_map
        from EchoSynthPanels.application.registration import load_label_map

        label_map = load_label_map("parametric_4CH_ED")
        logic = EchoSynthLogic()
        (image,) = logic.synthesize(label_map, seed=3)
        found = read_label_map(logic.segment(image)).codes
        drawn = read_label_map(label_map).codes
        for code in (1, 2, 3):
            overlap = 2 * ((found == code) & (drawn == code)).sum() / ((found == code).sum() + (drawn == code).sum())
            self.assertGreater(overlap, 0.7)

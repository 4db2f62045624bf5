"""EchoMeasure for 3D Slicer: lengths, areas, volumes and ejection fraction, and how far to rely on them."""

from slicer.i18n import tr as _

from EchoSynthPanels.logic import EchoSynthLogic as EchoMeasureLogic
from EchoSynthPanels.module import EchoModule, EchoModuleTest, EchoModuleWidget

__all__ = ["EchoMeasure", "EchoMeasureLogic", "EchoMeasureTest", "EchoMeasureWidget"]


class EchoMeasure(EchoModule):
    """The module's entry in Slicer."""

    def __init__(self, parent):
        summary = _(
            "Measures the left ventricle and the left atrium in a frame, a cine, or the two- and four-chamber views of "
            "a patient: volumes by discs, ejection fraction, wall thickness; a traffic light tells how far to rely on "
            "them, and the endocardium can be dragged where it is wrong. Tracks a cine: strain of the wall, and labels "
            "that follow the tissue from frame to frame."
        )
        EchoModule.__init__(self, parent, _("EchoMeasure"), summary)


class EchoMeasureWidget(EchoModuleWidget):
    """Label map, Measure, Motion."""

    def panel_classes(self):
        """See `EchoModuleWidget.panel_classes`."""
        from EchoSynthPanels.input.input_panel import InputPanel
        from EchoSynthPanels.measure.measure_panel import MeasurePanel
        from EchoSynthPanels.motion.motion_panel import MotionPanel

        return InputPanel, MeasurePanel, MotionPanel


class EchoMeasureTest(EchoModuleTest):
    """The label map of a parametric heart is measured."""

    def test_a_beating_heart_empties(self):
        """The ventricle of the parametric heart is larger at end-diastole than at end-systole."""
        from EchoSynthPanels.application.registration import load_label_map

        diastole, systole = (
            EchoMeasureLogic().measure(load_label_map(f"parametric_4CH_{phase}")) for phase in ("ED", "ES")
        )
        (before,), (after,) = diastole.frames.values(), systole.frames.values()
        self.assertGreater(before.ventricle.area, 1.3 * after.ventricle.area)

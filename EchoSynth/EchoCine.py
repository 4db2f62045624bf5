"""EchoCine for 3D Slicer: one frame becomes a heart that beats with the ejection fraction asked for."""

from slicer.i18n import tr as _

from EchoSynthPanels.logic import EchoSynthLogic as EchoCineLogic
from EchoSynthPanels.module import EchoModule, EchoModuleTest, EchoModuleWidget

__all__ = ["EchoCine", "EchoCineLogic", "EchoCineTest", "EchoCineWidget"]


class EchoCine(EchoModule):
    """The module's entry in Slicer."""

    def __init__(self, parent):
        summary = _(
            "Lets the heart of one frame, or of a label map, beat with the ejection fraction, heart rate and beats "
            "asked for: a cine with the label maps of all its frames, previewed live at end-diastole and end-systole. "
            "The same heart can beat at several ejection fractions beside each other."
        )
        EchoModule.__init__(self, parent, _("EchoCine"), summary)


class EchoCineWidget(EchoModuleWidget):
    """Input row, Beating heart, Counterfactuals."""

    def panel_classes(self):
        """See `EchoModuleWidget.panel_classes`."""
        from EchoSynthPanels.cine.cine_panel import CinePanel
        from EchoSynthPanels.cine.counterfactuals_panel import CounterfactualsPanel
        from EchoSynthPanels.input.input_panel import InputPanel

        return InputPanel, CinePanel, CounterfactualsPanel


class EchoCineTest(EchoModuleTest):
    """The heart of a label map is made to beat."""

    def test_a_heart_ejects_what_was_asked_for(self):
        """The label maps of the cine have the ejection fraction that was asked for."""
        from EchoSynthPanels.application.registration import load_label_map

        (made,) = EchoCineLogic().animate(None, load_label_map("parametric_4CH_ED"), (40,), frames=12)
        self.assertTrue(made.record["reached"])
        self.assertAlmostEqual(made.record["ejection_fraction"]["labels"], 40, delta=0.6)

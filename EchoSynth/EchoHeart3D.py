"""EchoHeart3D for 3D Slicer: hearts in 3D, reconstructed from views or made, and the echo of any plane through them."""

from slicer.i18n import tr as _

from EchoSynthPanels.logic import EchoSynthLogic as EchoHeart3DLogic
from EchoSynthPanels.module import EchoModule, EchoModuleTest, EchoModuleWidget

__all__ = ["EchoHeart3D", "EchoHeart3DLogic", "EchoHeart3DTest", "EchoHeart3DWidget"]


class EchoHeart3D(EchoModule):
    """The module's entry in Slicer."""

    def __init__(self, parent):
        summary = _(
            "Reconstructs the heart in 3D from a patient's two- and four-chamber views: surfaces, volumes and ejection "
            "fraction with intervals, and both pictures where they cut it. Makes a beating heart with the ejection "
            "fraction, volume and wall asked for, and draws the echo of any plane that a slice view lays through it, "
            "live; frames, label maps and whole beats with exact truth can be saved."
        )
        EchoModule.__init__(self, parent, _("EchoHeart3D"), summary)


class EchoHeart3DWidget(EchoModuleWidget):
    """Reconstruct and New heart."""

    def panel_classes(self):
        """See `EchoModuleWidget.panel_classes`."""
        from EchoSynthPanels.new_heart.new_heart_panel import NewHeartPanel
        from EchoSynthPanels.reconstruct.reconstruct_panel import ReconstructPanel

        return (ReconstructPanel, NewHeartPanel)


class EchoHeart3DTest(EchoModuleTest):
    """A heart is made, and has the numbers that were asked for."""

    def test_a_heart_has_what_was_asked_for(self):
        """Its volumes are exact."""
        heart = EchoHeart3DLogic().newHeart(ejectionFraction=40, volume=150)
        self.assertAlmostEqual(heart.record["EF_percent"], 40, places=6)
        self.assertAlmostEqual(heart.record["EDV_ml"], 150, places=4)

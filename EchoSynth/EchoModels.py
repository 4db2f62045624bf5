"""EchoModels for 3D Slicer: what the other modules run on: the engine, the models, and what they are doing."""

from slicer.i18n import tr as _

from EchoSynthPanels.logic import EchoSynthLogic as EchoModelsLogic
from EchoSynthPanels.module import EchoModule, EchoModuleTest, EchoModuleWidget

__all__ = ["EchoModels", "EchoModelsLogic", "EchoModelsTest", "EchoModelsWidget"]


class EchoModels(EchoModule):
    """The module's entry in Slicer."""

    def __init__(self, parent):
        summary = _(
            "Installs and removes what EchoSynth computes with, and lists the models: what each is for, its size, "
            "speed, card and terms; imports, verifies and removes them."
        )
        EchoModule.__init__(self, parent, _("EchoModels"), summary)


class EchoModelsWidget(EchoModuleWidget):
    """Engine, Models, Status."""

    def panel_classes(self):
        """See `EchoModuleWidget.panel_classes`."""
        from EchoSynthPanels.models.engine_panel import EnginePanel
        from EchoSynthPanels.models.models_panel import ModelsPanel
        from EchoSynthPanels.models.status_panel import StatusPanel

        return EnginePanel, ModelsPanel, StatusPanel


class EchoModelsTest(EchoModuleTest):
    """The shipped models are whole."""

    needs_engine = False

    def test_the_shipped_models_are_sound(self):
        """Each model's files have the checksums that its folder names."""
        from EchoSynthLib import zoo

        for model in zoo.list_models():
            if model.shipped:
                zoo.verify(model.path)

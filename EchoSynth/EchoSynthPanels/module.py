"""What the extension's modules share: entry, panels one below the other on one parameter node, and their self-test.

A module is a file beside the others, `EchoX.py`, with the classes that Slicer looks for by name: `EchoX`,
`EchoXWidget`, `EchoXLogic` and `EchoXTest`. It names its title, its help and its panels; all the rest is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

from EchoSynthPanels.logic import EchoSynthLogic

# Nothing else of the extension here: each module imports this file as Slicer starts.
if TYPE_CHECKING:
    from EchoSynthPanels.panel import Panel

LEAST_WIDTH = 380
"""Pixels, which the widest section needs as it is first shown."""
TUTORIAL = "https://github.com/echosynth/SlicerEchoSynth/blob/main/Docs/slicer-tutorial.md"


class EchoModule(ScriptedLoadableModule):
    """A module's entry in Slicer; its icon is Resources/Icons/<class name>.png.

    Args:
        title: as the list of modules shows it.
        summary: what one does with it, the first sentences of its help.
    """

    def __init__(self, parent: Any, title: str, summary: str) -> None:
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = title
        parent.categories = [translate("qSlicerAbstractCoreModule", "Cardiac")]
        parent.dependencies = ["Segmentations", "Sequences", "SubjectHierarchy"]
        parent.contributors = ["EchoSynth contributors"]
        parent.helpText = " ".join(
            [
                summary,
                _('<a href="{tutorial}">Tutorial and further documents</a>.').format(tutorial=TUTORIAL),
                _("For research only, not for clinical use."),
            ]
        )
        parent.acknowledgementText = _(
            "The shipped models were trained on CAMUS (S. Leclerc et al., IEEE Transactions on Medical Imaging 38(9), "
            "2019; CC BY-NC-SA 4.0)."
        )
        slicer.app.connect("startupCompleted()", _register)


def _register() -> None:
    """Registers what other modules show: sample data, right-click actions, segment statistics, layouts."""
    from EchoSynthPanels.application import registration

    registration.register_all()


class EchoModuleWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """A module's panels, below the line that says what is missing.

    Attributes:
        logic: the scripts' door; its parameter node is that of all modules.
        panels: by the name of their .ui file.
    """

    def __init__(self, parent: Any = None) -> None:
        # Before the base class, which sets the widget up at once where there is no parent.
        VTKObservationMixin.__init__(self)
        self.logic: Any = None
        self.panels: dict[str, Panel] = {}
        self._parts: list[Any] = []
        ScriptedLoadableModuleWidget.__init__(self, parent)

    def panel_classes(self) -> Sequence[type[Panel]]:
        """The module's panels from top to bottom; imported here, so that Slicer starts without them."""
        raise NotImplementedError

    def setup(self) -> None:
        """Makes the panels."""
        ScriptedLoadableModuleWidget.setup(self)
        from EchoSynthPanels.models.engine_line import EngineLine

        self.logic = EchoSynthLogic()
        self.panels = {kind.ui_name: kind() for kind in self.panel_classes()}
        # Where the engine is a panel of its own, no line needs to lead there.
        self._parts = [*([] if "Engine" in self.panels else [EngineLine()]), *self.panels.values()]
        for part in self._parts:
            self.layout.addWidget(part.widget)
        self.layout.addStretch(1)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneChanged)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneImported)
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self.onNodeAboutToBeRemoved)
        # Else the views would jump from module to module.
        self.parent.setMinimumWidth(LEAST_WIDTH)
        # A widget of several may go while the module stays.
        self.parent.connect("destroyed()", self.cleanup)
        self.onSceneChanged()

    def cleanup(self) -> None:
        """Lets go of everything before the widget is gone or the module is unloaded; a second time does nothing."""
        self.removeObservers()
        parts, self._parts, self.panels = self._parts, [], {}
        for part in parts:
            part.close()

    def enter(self) -> None:
        """Follows the scene's parameter node, and wakes the worker up so that the first task need not wait for it."""
        self.onSceneChanged()
        for panel in self.panels.values():
            panel.enter()
        self.logic.wakeUp()

    def exit(self) -> None:
        """Takes back what would be in the way of the module that is opened instead."""
        for panel in self.panels.values():
            panel.exit()

    def onSceneStartClose(self, caller: Any = None, event: Any = None) -> None:
        """Cancels what runs: its results would have no scene."""
        from EchoSynthPanels.application.chosen import the_chosen

        self.logic.cancel()
        the_chosen().follow(None)
        for panel in self.panels.values():
            panel.set_parameters(None)
            panel.forget()
        # Else the next scene's nodes, which get the same IDs, would be chosen without the panels hearing of it.
        self._forget()

    def onSceneImported(self, caller: Any = None, event: Any = None) -> None:
        """Forgets results too: an added scene brings other choices, maybe of another patient."""
        for panel in self.panels.values():
            panel.forget()
        self.onSceneChanged()

    def onSceneChanged(self, caller: Any = None, event: Any = None) -> None:
        """Binds the panels to the parameter node of the scene as it is now."""
        from EchoSynthPanels.application.chosen import the_chosen

        parameters = self.logic.getParameterNode()
        the_chosen().follow(parameters)
        for panel in self.panels.values():
            panel.set_parameters(parameters)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeAboutToBeRemoved(self, caller: Any, event: Any, node: Any) -> None:
        """Forgets a chosen node that goes: the selectors would choose another one, unasked."""
        if not slicer.mrmlScene.IsBatchProcessing():
            self._forget(node)

    def _forget(self, node: Any = None) -> None:
        """Clears the parameters that name a node, or any."""
        chosen = ScriptedLoadableModuleLogic.getParameterNode(self.logic)
        roles = [chosen.GetNthNodeReferenceRole(index) for index in range(chosen.GetNumberOfNodeReferenceRoles())]
        named = {role: chosen.GetNodeReference(role) for role in roles}
        going = [role for role, one in named.items() if one is not None and node in (None, one)]
        if going:
            parameters = self.logic.getParameterNode()
            for role in going:
                setattr(parameters, role.split(".")[0], None)


class EchoModuleTest(ScriptedLoadableModuleTest):
    """Slicer's self-test of a module: its methods `test_*`, each on an empty scene."""

    needs_engine: ClassVar[bool] = True

    def setUp(self) -> None:
        """Starts from an empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self) -> None:
        """Runs the tests; without the engine most have nothing to test."""
        from EchoSynthPanels.application.engine import the_engine

        if self.needs_engine and not the_engine().ready:
            self.delayDisplay(_("Skipped: the engine is not installed (EchoModels, Engine, Install)."))
            return
        self.delayDisplay(_("Starting the test"))
        for name in sorted(name for name in dir(self) if name.startswith("test_")):
            self.setUp()
            getattr(self, name)()
        self.delayDisplay(_("Test passed"))

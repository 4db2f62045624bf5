"""EchoSynth for 3D Slicer: what Slicer looks for; panels, jobs and nodes are in the folders beside it."""

import importlib.util
import sys
from pathlib import Path

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

# Installed, the library lies beside this module; in the source tree it lies one folder up.
if importlib.util.find_spec("EchoSynthLib") is None:
    sys.path.append(str(Path(__file__).resolve().parents[1]))


class EchoSynth(ScriptedLoadableModule):
    """The module's entry in Slicer."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("EchoSynth")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Cardiac")]
        parent.dependencies = ["Segmentations", "Sequences", "SubjectHierarchy"]
        parent.contributors = ["EchoSynth contributors"]
        parent.helpText = _(
            "Segments the left ventricle and the left atrium in apical echocardiograms, and synthesizes new "
            "echocardiograms that follow a label map, for training networks where data are few. "
            'Tutorial: <a href="https://github.com/echosynth/SlicerEchoSynth#readme">README</a>. '
            "For research only, not for clinical use."
        )
        parent.acknowledgementText = _(
            "The shipped models were trained on CAMUS (S. Leclerc et al., IEEE Transactions on Medical Imaging 38(9), "
            "2019; CC BY-NC-SA 4.0)."
        )
        slicer.app.connect("startupCompleted()", _register)


def _register():
    """Registers what other modules show: sample data, right-click actions, segment statistics, layouts."""
    from EchoSynthPanels.application import registration

    registration.register_all()


class EchoSynthWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panels, one below the other, on one parameter node."""

    def __init__(self, parent=None):
        # Before the base class, which sets the widget up at once where there is no parent.
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.panels = {}
        ScriptedLoadableModuleWidget.__init__(self, parent)

    def setup(self):
        """Makes the panels."""
        ScriptedLoadableModuleWidget.setup(self)
        from EchoSynthPanels.all_panels import make_panels

        self.logic = EchoSynthLogic()
        self.panels = make_panels()
        for panel in self.panels.values():
            self.layout.addWidget(panel.widget)
        self.layout.addStretch(1)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneChanged)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneImported)
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self.onNodeAboutToBeRemoved)
        # A widget of several may go while the module stays.
        self.parent.connect("destroyed()", self.cleanup)
        self.onSceneChanged()

    def cleanup(self):
        """Lets go of everything before the widget is gone or the module is unloaded; a second time does nothing."""
        self.removeObservers()
        panels, self.panels = self.panels, {}
        for panel in panels.values():
            panel.close()

    def enter(self):
        """Follows the scene's parameter node, and wakes the worker up so that the first task need not wait for it."""
        self.onSceneChanged()
        self.logic.wakeUp()

    def onSceneStartClose(self, caller=None, event=None):
        """Cancels what runs: its results would have no scene."""
        self.logic.cancel()
        for panel in self.panels.values():
            panel.set_parameters(None)
            panel.forget()
        # Else the next scene's nodes, which get the same IDs, would be chosen without the panels hearing of it.
        self._forget()

    def onSceneImported(self, caller=None, event=None):
        """Forgets results too: an added scene brings other choices, maybe of another patient."""
        for panel in self.panels.values():
            panel.forget()
        self.onSceneChanged()

    def onSceneChanged(self, caller=None, event=None):
        """Binds the panels to the parameter node of the scene as it is now."""
        parameters = self.logic.getParameterNode()
        for panel in self.panels.values():
            panel.set_parameters(parameters)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeAboutToBeRemoved(self, caller, event, node):
        """Forgets a chosen node that goes: the selectors would choose another one, unasked."""
        if not slicer.mrmlScene.IsBatchProcessing():
            self._forget(node)

    def _forget(self, node=None):
        """Clears the parameters that name a node, or any."""
        parameters = self.logic.getParameterNode()
        chosen = parameters.parameterNode
        for role in [chosen.GetNthNodeReferenceRole(i) for i in range(chosen.GetNumberOfNodeReferenceRoles())]:
            named = chosen.GetNodeReference(role)
            if named is not None and node in (None, named):
                setattr(parameters, role.split(".")[0], None)


class EchoSynthLogic(ScriptedLoadableModuleLogic):
    """EchoSynth for scripts: each function waits for its result with the window alive, and raises a plain error."""

    def getParameterNode(self):
        """The panels' parameters, as `EchoSynthPanels.parameters.EchoSynthParameterNode`."""
        from EchoSynthPanels.parameters import EchoSynthParameterNode

        return EchoSynthParameterNode(super().getParameterNode())

    def openFile(self, path):
        """The volume node of an echo file as EchoSynth reads it, of a cine the one that follows its frames.

        Raises:
            EchoSynthLib.errors.EchoSynthError: it cannot be read as a frame or a cine, or the engine is not installed.
        """
        from EchoSynthJobs.open import open_echo
        from EchoSynthPanels.application.engine import run

        return run(_("Open"), lambda client: open_echo(slicer.mrmlScene, client, Path(path))).volume

    def cineOfStack(self, volumeNode):
        """Makes the slices of a volume the frames of a cine, in its place; gives the node that follows them.

        Raises:
            EchoSynthLib.errors.EchoSynthError: the volume has one slice.
        """
        from EchoSynthJobs.stack import cine_of_stack
        from EchoSynthPanels.application.engine import the_runner

        return the_runner().run(_("Open"), cine_of_stack(slicer.mrmlScene, volumeNode))

    def segment(self, volumeNode, allFrames=False, view="auto", model="segmenter"):
        """The segmentation node of a volume (one slice, gray or color), or with allFrames of the cine it belongs to.

        Args:
            view: '2CH', '4CH', or 'auto' to let the model tell it.

        Raises:
            EchoSynthLib.errors.EchoSynthError: the volume cannot be used, or the engine is not installed.
        """
        from EchoSynthJobs.segment import segment
        from EchoSynthPanels.application.engine import run

        def job(client):
            return segment(slicer.mrmlScene, client, volumeNode, all_frames=allFrames, view=view, model=model)

        return run(_("Segment"), job).segmentation

    def synthesize(
        self,
        labelMapNode,
        count=1,
        seed=0,
        view="auto",
        reference=None,
        steps=None,
        quality=None,
        model="beam-flow",
        allFrames=False,
        solver=None,
    ):
        """List of `count` volume nodes that follow a segmentation or label map volume; with allFrames they are cines.

        Args:
            seed: image i depends on (seed, i) alone.
            view: '2CH', '4CH', or 'auto' for the one that the label map is known to show.
            reference: volume whose ultrasound sector and pixel size are taken; one is fitted where it is None.
            steps: from noise to image; None for the model's default.
            quality: 'good', 'medium', 'poor', or None for any; diffusion models know nothing of it.
            model: name of a generator; a diffusion model needs the full engine, and time.
            solver: of a diffusion model, one of those that its process fits; None for the model's default.

        Raises:
            EchoSynthLib.errors.EchoSynthError: the node cannot be used, or the engine is not installed.
        """
        from EchoSynthJobs.generators import find_generator
        from EchoSynthJobs.synthesize import SynthesisRequest, synthesize
        from EchoSynthPanels.application.engine import run, the_engine

        the_engine().check_generator(find_generator(model))
        request = SynthesisRequest(count, seed, view, steps, quality, model, solver=solver)

        def job(client):
            return synthesize(
                slicer.mrmlScene, client, labelMapNode, request, reference=reference, all_frames=allFrames
            )

        return run(_("Synthesize"), job).volumes

    def vary(self, labelMapNode, count=5, seed=0, strength=1.0, ejectionFraction=None, wallThickness=1.0):
        """List of `count` segmentation nodes that vary a label map.

        Args:
            strength: of the deformation, 0 (none) to 1.5.
            ejectionFraction: share of its volume by which the ventricle contracts first; negative dilates.
            wallThickness: new thickness of the myocardium over the old.

        Raises:
            EchoSynthLib.errors.EchoSynthError: the node cannot be used, or the engine is not installed.
        """
        from EchoSynthJobs.vary import Change, vary
        from EchoSynthPanels.application.engine import run

        change = Change(count, seed, strength, ejectionFraction, wallThickness)
        return run(_("Vary"), lambda client: vary(slicer.mrmlScene, client, labelMapNode, change)).segmentations

    def measure(self, node, allFrames=False, contourModel=False):
        """The `EchoSynthLib.measurement.Study` of a label map, or with allFrames of its cine: table, lights, curves.

        Args:
            contourModel: whether the endocardium is drawn in the image by the contour model; the node may then be an
                image without a label map, too.

        Raises:
            EchoSynthLib.errors.EchoSynthError: the node cannot be used, or the engine is not installed.
        """
        from EchoSynthJobs.measure import measure
        from EchoSynthJobs.measured_frames import reference_of
        from EchoSynthPanels.application.engine import run

        def job(client):
            contour_by = client if contourModel else None
            image = reference_of(node)
            return measure(node, all_frames=allFrames, image=image, contour_by=contour_by, judge_by=client)

        return run(_("Measure"), job).study

    def wakeUp(self):
        """Starts the worker, if the engine is installed."""
        from EchoSynthPanels.application.engine import the_engine

        the_engine().wake_up()

    def cancel(self):
        """Cancels the task that runs, if one does."""
        from EchoSynthPanels.application.engine import the_runner

        the_runner().cancel()


class EchoSynthTest(ScriptedLoadableModuleTest):
    """Slicer's self-test: a parametric heart is drawn as an echocardiogram, which is segmented."""

    def setUp(self):
        """Starts from an empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self):
        """Runs the tests; without the engine there is nothing to test."""
        from EchoSynthPanels.application.engine import the_engine

        self.setUp()
        if not the_engine().ready:
            self.delayDisplay(_("Skipped: the engine is not installed (EchoSynth, Engine, Install)."))
            return
        self.test_synthetic_heart_is_found_again()

    def test_synthetic_heart_is_found_again(self):
        """The segmentation of a synthetic image overlaps with the label map that it was drawn from."""
        from EchoSynthMRML.label_maps import read_label_map
        from EchoSynthPanels.application.registration import load_label_map

        self.delayDisplay(_("Starting the test"))
        label_map = load_label_map("parametric_4CH_ED")
        logic = EchoSynthLogic()
        (image,) = logic.synthesize(label_map, seed=3)
        found = read_label_map(logic.segment(image)).codes
        drawn = read_label_map(label_map).codes
        for code in (1, 2, 3):
            overlap = 2 * ((found == code) & (drawn == code)).sum() / ((found == code).sum() + (drawn == code).sum())
            self.assertGreater(overlap, 0.7)
        self.delayDisplay(_("Test passed"))

"""EchoSynth for scripts: what the modules do, without a panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from EchoSynthPanels.data_sets.logic import DataSetLogic
from EchoSynthPanels.examination.logic import ExaminationLogic

# Nothing else of the extension here: Slicer imports this file as it starts.
if TYPE_CHECKING:
    from EchoSynthJobs.animate import MadeCine
    from EchoSynthJobs.job import Job
    from EchoSynthJobs.track import Motion
    from EchoSynthLib.client import Client
    from EchoSynthLib.measurement import Study


class EchoSynthLogic(DataSetLogic, ExaminationLogic, ScriptedLoadableModuleLogic):
    """EchoSynth for scripts: each function waits for its result with the window alive, and raises a plain error.

    One for all modules: they share the parameter node "EchoSynth", and so what is chosen.
    """

    def __init__(self, parent: Any = None) -> None:
        ScriptedLoadableModuleLogic.__init__(self, parent)
        # Whatever a class that is derived from this one is called.
        self.moduleName = "EchoSynth"

    def getParameterNode(self) -> Any:
        """The panels' parameters, as `EchoSynthPanels.parameters.EchoSynthParameterNode`."""
        from EchoSynthPanels.parameters import EchoSynthParameterNode

        # The wrapper gives the class another constructor.
        wrap: Any = EchoSynthParameterNode
        return wrap(super().getParameterNode())

    def openFile(self, path: str | Path) -> Any:
        """The volume node of an echo file as EchoSynth reads it, of a cine the one that follows its frames.

        Raises:
            EchoSynthLib.errors.EchoSynthError: it cannot be read as a frame or a cine, or the engine is not installed.
        """
        from EchoSynthJobs.open import open_echo
        from EchoSynthPanels.application.engine import run

        return run(_("Open"), lambda client: open_echo(slicer.mrmlScene, client, Path(path))).volume

    def cineOfStack(self, volumeNode: Any) -> Any:
        """Makes the slices of a volume the frames of a cine, in its place; gives the node that follows them.

        Raises:
            EchoSynthLib.errors.EchoSynthError: the volume has one slice.
        """
        from EchoSynthJobs.cine_of_slices import cine_of_slices
        from EchoSynthPanels.application.engine import the_runner

        return the_runner().run(_("Open"), cine_of_slices(slicer.mrmlScene, volumeNode))

    def segment(self, volumeNode: Any, allFrames: bool = False, view: str = "auto", model: str = "segmenter") -> Any:
        """The segmentation node of a volume (one slice, gray or color), or with allFrames of the cine it belongs to.

        Args:
            view: '2CH', '4CH', or 'auto' to let the model tell it.

        Raises:
            EchoSynthLib.errors.EchoSynthError: the volume cannot be used, or the engine is not installed.
        """
        from EchoSynthJobs.segment import segment
        from EchoSynthPanels.application.engine import run

        def job(client: Client) -> Job[Any]:
            return segment(slicer.mrmlScene, client, volumeNode, all_frames=allFrames, view=view, model=model)

        return run(_("Segment"), job).segmentation

    def synthesize(
        self,
        labelMapNode: Any,
        count: int = 1,
        seed: int = 0,
        view: str = "auto",
        reference: Any = None,
        steps: int | None = None,
        quality: str | None = None,
        model: str = "beam-flow",
        allFrames: bool = False,
        solver: str | None = None,
    ) -> list[Any]:
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
        from EchoSynthJobs.synthesize import SynthesisRequest, synthesize
        from EchoSynthLib.capabilities import capabilities
        from EchoSynthPanels.application.engine import run, the_engine

        the_engine().check_model(capabilities(model))
        request = SynthesisRequest(count, seed, view, steps, quality, model, solver=solver)

        def job(client: Client) -> Job[Any]:
            return synthesize(
                slicer.mrmlScene, client, labelMapNode, request, reference=reference, all_frames=allFrames
            )

        return run(_("Synthesize"), job).volumes

    def vary(
        self,
        labelMapNode: Any,
        count: int = 5,
        seed: int = 0,
        strength: float = 1.0,
        ejectionFraction: float | None = None,
        wallThickness: float = 1.0,
    ) -> list[Any]:
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

    def measure(self, node: Any, allFrames: bool = False, contourModel: bool = False) -> Study:
        """The `EchoSynthLib.measurement.Study` of a label map, or with allFrames of its cine: table, lights, curves.

        Args:
            node: label map, or an image, which is segmented first.
            contourModel: whether the endocardium is drawn in the image by the contour model; an image is then
                not segmented.

        Raises:
            EchoSynthLib.errors.EchoSynthError: the node cannot be used, or the engine is not installed.
        """
        from EchoSynthJobs.measure import measure
        from EchoSynthJobs.measured_frames import is_image, reference_of
        from EchoSynthJobs.segment_first import measure_image
        from EchoSynthPanels.application.engine import run

        def job(client: Client) -> Job[Any]:
            if is_image(node) and not contourModel:
                return measure_image(slicer.mrmlScene, client, node, all_frames=allFrames, judge=True)
            contour_by = client if contourModel else None
            image = reference_of(node)
            return measure(node, all_frames=allFrames, image=image, contour_by=contour_by, judge_by=client)

        return run(_("Measure"), job).study

    def track(self, volumeNode: Any, labelMapNode: Any = None, start: str = "ED", end: str = "all") -> Motion:
        """The `EchoSynthJobs.track.Motion` of a cine: `tracked`, a sequence of grid transforms, and `strain`.

        Args:
            labelMapNode: label maps of the cine's frames, or of the first one; None lets the cine be segmented first.
            start: frame whose points are followed: 'ED', 'ES' or 'shown'.
            end: frame to which they are followed: 'ED', 'ES', 'shown', or 'all' for all frames.

        Raises:
            EchoSynthLib.errors.EchoSynthError: the node is no cine, a phase is not known, or the engine is not
                installed.
        """
        from EchoSynthJobs.track import track
        from EchoSynthPanels.application.engine import run

        scene = slicer.mrmlScene
        return run(_("Track"), lambda client: track(scene, client, volumeNode, labelMapNode, start=start, end=end))

    def propagate(self, volumeNode: Any, labelMapNode: Any, back: int = 0, on: int = 0) -> Any:
        """The segmentation node of a cine in which so many frames around the shown one follow its label map.

        Raises:
            EchoSynthLib.errors.EchoSynthError: the nodes cannot be used, or the engine is not installed.
        """
        from EchoSynthJobs.propagate import propagate
        from EchoSynthPanels.application.engine import run

        def job(client: Client) -> Job[Any]:
            return propagate(slicer.mrmlScene, client, volumeNode, labelMapNode, back=back, on=on)

        return run(_("Propagate labels"), job).segmentation

    def reconstruct(
        self,
        views: Mapping[str, Any] | None = None,
        node: Any = None,
        model: str = "heart3d",
        planeAngle: float | None = None,
    ) -> Any:
        """The heart in 3D of a patient's two- and four-chamber views, at ED, ES or both, which is shown in its views.

        Args:
            views: nodes for some of '4CH ED', '4CH ES', '2CH ED', '2CH ES', and of a third view '3CH ED', '3CH ES',
                None for a place that stays empty; the others are found by name, classifier and area. An image is
                segmented first.
            node: image or label map of the patient; None takes the one who came last into the scene.
            model: 'heart3d', or 'heart3d-voxels' for a network that gives voxels.
            planeAngle: degrees between the planes of 4CH and 2CH, 30 to 120; None as the standard views stand.

        Returns:
            An `EchoSynthJobs.reconstruct.Reconstructed`: `segmentations` and `records` by phase, and the `table`.

        Raises:
            EchoSynthLib.errors.EchoSynthError: no phase has both views, or the engine is not installed.
        """
        from EchoSynthJobs.reconstruct import reconstruct
        from EchoSynthPanels.application.engine import run
        from EchoSynthPanels.reconstruct.shown_heart import the_shown_heart

        def job(client: Client) -> Job[Any]:
            return reconstruct(slicer.mrmlScene, client, views, node, model=model, plane_angle=planeAngle)

        found = run(_("Reconstruct"), job)
        the_shown_heart().show(found)
        return found

    def newHeart(
        self,
        condition: str = "normal",
        seed: int = 0,
        ejectionFraction: float | None = None,
        volume: float | None = None,
        wall: float | None = None,
        view: str = "",
        phase: float = 0.0,
    ) -> Any:
        """Makes a beating heart and shows its surfaces and the echo of a view; gives what was made, with its record.

        Args:
            condition: a name in `anatomy.heart3d.distributions.CONDITIONS`.
            seed: of the heart, with the condition.
            ejectionFraction, volume, wall: of the left ventricle: per cent, ml at end-diastole, mm; None as drawn.
            view: any standard view; '' for the four-chamber view.
            phase: of the beat, 0 (end-diastole) to 1.

        Raises:
            EchoSynthLib.errors.EchoSynthError: no heart has these numbers, or the engine is not installed.
        """
        from EchoSynthJobs.heart import HeartRequest, make_heart
        from EchoSynthMRML.heart_models import shapes_of, show_shapes
        from EchoSynthPanels.application.engine import run
        from EchoSynthPanels.new_heart.heart_views import show_echo

        request = HeartRequest.asked(condition, seed, ejectionFraction, volume, wall, view, phase)
        made = run(_("New heart"), lambda client: make_heart(client, request))
        show_shapes(slicer.mrmlScene, shapes_of(made.surfaces))
        show_echo(slicer.mrmlScene, made.echo[0], made.record)
        return made

    def saveHeart(
        self,
        condition: str = "normal",
        seed: int = 0,
        ejectionFraction: float | None = None,
        volume: float | None = None,
        wall: float | None = None,
        view: str = "",
        frames: int = 1,
    ) -> Any:
        """The volume node of the echo of a heart, and its exact label map: of a frame, or of so many of a beat.

        Raises:
            EchoSynthLib.errors.EchoSynthError: see `newHeart`.
        """
        from EchoSynthJobs.heart import HeartRequest, save_heart
        from EchoSynthPanels.application.engine import run

        request = HeartRequest.asked(condition, seed, ejectionFraction, volume, wall, view)
        return run(_("Save the heart"), lambda client: save_heart(slicer.mrmlScene, client, request, frames))

    def animate(
        self,
        volumeNode: Any = None,
        labelMapNode: Any = None,
        ejectionFractions: Sequence[float | None] = (None,),
        **wish: Any,
    ) -> list[MadeCine]:
        """List of a cine for each ejection fraction, of a heart that beats; all are played together by one browser.

        Args:
            volumeNode, labelMapNode: of one frame. Without the first the heart is drawn, without the second segmented.
            ejectionFractions: per cent, by discs; None as such a heart would have it.
            wish: other fields of `EchoSynthJobs.animate.AnimationRequest`, such as frames, beats, heart_rate, phase.

        Raises:
            EchoSynthLib.errors.EchoSynthError: the nodes cannot be used, or the engine is not installed.
        """
        from EchoSynthJobs.animate import AnimationRequest, make_counterfactuals
        from EchoSynthLib.capabilities import capabilities
        from EchoSynthPanels.application.engine import run, the_engine

        about = (volumeNode, labelMapNode, AnimationRequest(**wish), ejectionFractions)
        the_engine().check_model(capabilities(about[2].model))
        return run(_("Make cine"), lambda client: make_counterfactuals(slicer.mrmlScene, client, *about))

    def wakeUp(self) -> None:
        """Starts the worker, if the engine is installed."""
        from EchoSynthPanels.application.engine import the_engine

        the_engine().wake_up()

    def cancel(self) -> None:
        """Cancels the task that runs, if one does."""
        from EchoSynthPanels.application.engine import the_runner

        the_runner().cancel()

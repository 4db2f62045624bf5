"""Examinations for scripts: what EchoStudy does, without its panel; part of `EchoSynthLogic`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

# Nothing else of the extension here: Slicer imports this file as it starts.
if TYPE_CHECKING:
    from EchoSynthLib.measurement import Study


class ExaminationLogic:
    """The functions of `EchoSynthLogic` that are about examinations and studies."""

    def examineFolder(self, path: str | Path) -> Any:
        """The node of the clips of a folder and of those within it, which `EchoSynthMRML.examinations.clips_of` lists.

        None of them enters the scene, see `openClip`.

        Raises:
            EchoSynthLib.errors.EchoSynthError: there is no clip that can be used, or the engine is not installed.
        """
        from EchoSynthJobs.examine import examine_folder
        from EchoSynthPanels.application.engine import run

        folder = Path(path).absolute()
        return run(_("Examine"), lambda client: examine_folder(slicer.mrmlScene, client, folder))

    def examineScene(self, node: Any = None) -> Any:
        """The same of a patient's frames and cines that are in the scene; None takes the patient who came last.

        Raises:
            EchoSynthLib.errors.EchoSynthError: there are none, or the engine is not installed.
        """
        from EchoSynthJobs.examine import examine_scene
        from EchoSynthPanels.application.engine import run

        return run(_("Examine"), lambda client: examine_scene(slicer.mrmlScene, client, node))

    def openClip(self, examination: Any, number: int) -> Any:
        """The volume node of a clip of an examination, which is opened where it is not in the scene; 0 is the first.

        Raises:
            EchoSynthLib.errors.EchoSynthError: its file cannot be read, or the engine is not installed.
        """
        from EchoSynthJobs.examine import bring_into_scene
        from EchoSynthPanels.application.engine import run

        return run(_("Open"), lambda client: bring_into_scene(slicer.mrmlScene, client, examination, number))

    def correctView(self, examination: Any, number: int, view: str) -> None:
        """Sets the view of a clip, such as '2CH' or 'PLAX'; '' takes it back."""
        from EchoSynthJobs.examine import correct

        correct(examination, number, view)

    def segmentApical(self, examination: Any) -> list[Any]:
        """List of the segmentation nodes of the two- and four-chamber clips of an examination, of all of their frames.

        Raises:
            EchoSynthLib.errors.EchoSynthError: there is no such clip, or the engine is not installed.
        """
        from EchoSynthJobs.examined_study import segment_apical
        from EchoSynthPanels.application.engine import run

        scene = slicer.mrmlScene
        return run(_("Segment"), lambda client: segment_apical(scene, client, examination)).segmentations

    def measureExamination(self, examination: Any, number: int | None = None) -> Study:
        """The `Study` of an examination's best two- and four-chamber clips; what has no label map is segmented first.

        Args:
            number: of a clip of the patient, where there are several; None takes the first who has both views.

        Raises:
            EchoSynthLib.errors.EchoSynthError: there is nothing to measure, or the engine is not installed.
        """
        from EchoSynthJobs.examined_study import measure_examination
        from EchoSynthPanels.application.engine import run

        scene = slicer.mrmlScene
        return run(_("Measure"), lambda client: measure_examination(scene, client, examination, number)).study

    def measureStudy(self, node: Any = None, views: Mapping[str, Any] | None = None) -> Study:
        """The `Study` of a patient's two- and four-chamber views; what has no label map is segmented first.

        Args:
            node: image or label map of the patient; None takes the one who came last into the scene.
            views: nodes for some of '4CH ED', '4CH ES', '2CH ED', '2CH ES'; the others are found by name, classifier
                and area.

        Raises:
            EchoSynthLib.errors.EchoSynthError: there is nothing to measure, or the engine is not installed.
        """
        from EchoSynthJobs.study import measure_study
        from EchoSynthPanels.application.engine import run

        scene = slicer.mrmlScene
        return run(_("Measure"), lambda client: measure_study(scene, client, views, node, judge_by=client)).study

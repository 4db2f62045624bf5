"""Data sets for scripts: what EchoDataSets does, without its panels; part of `EchoSynthLogic`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

# Nothing else of the extension here: Slicer imports this file as it starts.
if TYPE_CHECKING:
    from EchoSynthJobs.job import Job
    from EchoSynthLib.client import Client


class DataSetLogic:
    """The functions of `EchoSynthLogic` that are about data sets."""

    def saveDataSet(
        self,
        labelMapNode: Any,
        folder: str | Path,
        layout: str = "nnunet",
        name: str = "EchoSynth",
        variations: int = 5,
        images: int = 1,
        seed: int = 0,
        strength: float = 1.0,
        reference: Any = None,
        model: str = "beam-flow",
    ) -> dict[str, Any]:
        """Writes synthetic pairs of a label map and variations of it; gives the record of what was written.

        Args:
            layout: a name in `images.datasets.layouts.LAYOUTS`.
            variations: beside the label map itself.
            images: of each label map.

        Raises:
            EchoSynthLib.errors.EchoSynthError: the node or folder cannot be used, or the engine is not installed.
        """
        from EchoSynthJobs.data_set import DataSetTarget, save_variations
        from EchoSynthJobs.synthesize import SynthesisRequest
        from EchoSynthLib.capabilities import capabilities
        from EchoSynthPanels.application.engine import run, the_engine

        the_engine().check_model(capabilities(model))
        request = SynthesisRequest(images, seed, model=model)
        target = DataSetTarget(Path(folder).absolute(), layout, name)

        def job(client: Client) -> Job[Any]:
            return save_variations(
                client,
                labelMapNode,
                request,
                target,
                variations=variations,
                strength=strength,
                reference=reference,
            )

        return run(_("Save data set"), job)

    def savePairs(self, folder: str | Path, layout: str = "nnunet", name: str = "EchoSynth") -> dict[str, Any]:
        """Writes the images of the scene that have a label map, with it; gives the record of what was written.

        Raises:
            EchoSynthLib.errors.EchoSynthError: there are none, or as of `saveDataSet`.
        """
        from EchoSynthJobs.data_set import DataSetTarget, pairs_in, save_pairs
        from EchoSynthPanels.application.engine import run

        target = DataSetTarget(Path(folder).absolute(), layout, name)
        return run(_("Save data set"), lambda client: save_pairs(client, pairs_in(slicer.mrmlScene), target))

    def makeCineSet(
        self,
        folder: str | Path,
        count: int = 10,
        ef: str = "uniform:10-90",
        views: str = "4CH,2CH",
        frames: int = 192,
        fps: float = 32.0,
        seed: int = 0,
        privacyThreshold: float | None = None,
    ) -> dict[str, Any]:
        """Makes cines of beating hearts that nobody has; gives the record, with the one most like a patient.

        Args:
            folder: of the set; what is there of the same set is not made again.
            count: hearts, each in all views.
            ef: ejection fractions: 'uniform:10-90', 'real', or a table (.csv) with a column EF.
            views: '4CH', '2CH', or both with a comma between.
            frames, fps: of a cine, and per second.
            privacyThreshold: correlation with a known patient from which a heart is refused; None for the model's own.

        Raises:
            EchoSynthLib.errors.EchoSynthError: the wish or the folder cannot be used, or the engine is not installed.
        """
        from EchoSynthJobs.cine_set import CineSetRequest, make_cine_set
        from EchoSynthPanels.application.engine import run

        request = CineSetRequest(Path(folder).absolute(), count, ef, views, frames, fps, privacyThreshold, seed)
        return run(_("Make set"), lambda client: make_cine_set(client, request))

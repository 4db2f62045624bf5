"""What other modules show of EchoSynth: sample data, right-click actions, segment statistics, layouts."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from EchoSynthLib import zoo
from EchoSynthLib.images.clip_names import told_by_name
from EchoSynthPanels.measure.layouts import register_layouts
from EchoSynthPanels.new_heart.heart_views import register_heart_layouts

CATEGORY = "EchoSynth"
LABEL_MAPS = ("parametric_4CH_ED", "parametric_4CH_ES", "parametric_2CH_ED", "parametric_2CH_ES")
FRAME = "synthetic_4CH_ED"
CINE, CINE_LABELS = "synthetic_4CH_cine", "parametric_4CH_cine"

# Else Slicer takes names that differ in a number for one volume in slices.
_SINGLE = {"singleFile": True, "show": False}


@cache
def register_all() -> None:
    """Registers everything, once, when Slicer has started: each of the modules asks for it."""
    register_sample_data()
    register_subject_hierarchy_plugin()
    register_segment_statistics()
    register_layouts()
    register_heart_layouts()


def register_sample_data() -> None:
    """Adds our own data to the Sample Data module; they travel with the extension, nothing is downloaded."""
    import SampleData

    samples = {
        _("Label maps of parametric hearts"): lambda source: [load_label_map(name) for name in LABEL_MAPS],
        _("Synthetic four-chamber frame"): lambda source: load_frame(FRAME),
        _("Synthetic four-chamber cine"): lambda source: load_cine(CINE),
    }
    for name, load in samples.items():
        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=name,
            uris=_thumbnail().as_uri(),
            fileNames="EchoSynth",
            customDownloader=load,
            thumbnailFileName=str(_thumbnail()),
        )


def register_subject_hierarchy_plugin() -> None:
    """Adds Segment and Synthesize to the right-click menu of the Data module."""
    from EchoSynthPanels.application import EchoSynthSubjectHierarchyPlugin

    plugin = slicer.qSlicerSubjectHierarchyScriptedPlugin(None)
    plugin.setPythonSource(EchoSynthSubjectHierarchyPlugin.__file__)


def register_segment_statistics() -> None:
    """Adds our measurements to the Segment Statistics module."""
    from SegmentStatistics import SegmentStatisticsLogic

    from EchoSynthPanels.application.segment_statistics import EchoSynthSegmentStatisticsPlugin

    SegmentStatisticsLogic.registerPlugin(EchoSynthSegmentStatisticsPlugin())


def load_label_map(name: str) -> Any:
    """Loads one of our label maps as a segmentation with named, colored segments."""
    from EchoSynthMRML.label_maps import new_segmentation, read_label_map
    from EchoSynthMRML.provenance import stamp
    from EchoSynthMRML.volumes import add_to_scene
    from EchoSynthPanels.application.views import fill

    volume = slicer.util.loadLabelVolume(str(_resource("LabelMaps", name)), _SINGLE | {"name": f"{name} file"})
    label_map = read_label_map(volume)
    slicer.mrmlScene.RemoveNode(volume)
    segmentation = add_to_scene(slicer.mrmlScene, new_segmentation(label_map.codes, label_map.grid, name))
    stamp(segmentation, {"view": told_by_name(name).view})
    fill(segmentation, on_image=False)
    return segmentation


def load_frame(name: str) -> Any:
    """Loads one of our synthetic frames as a volume, and shows it."""
    from EchoSynthMRML.provenance import stamp
    from EchoSynthPanels.application.views import show_alone

    volume = slicer.util.loadVolume(str(sample_file(name)), _SINGLE | {"name": name})
    stamp(volume, {"synthetic": True})
    show_alone(volume)
    return volume


def load_cine(name: str) -> Any:
    """Loads one of our synthetic cines as a sequence, and shows its first frame; gives the node that follows it."""
    from EchoSynthJobs.cine_of_slices import cine_of_slices
    from EchoSynthJobs.job import finish
    from EchoSynthMRML.provenance import stamp
    from EchoSynthPanels.application.views import show_alone, show_player

    stack = slicer.util.loadVolume(str(sample_file(name)), _SINGLE | {"name": name})
    volume = finish(cine_of_slices(slicer.mrmlScene, stack), lambda report: slicer.app.processEvents())
    stamp(volume, {"synthetic": True})
    show_alone(volume)
    show_player(volume)
    return volume


def sample_file(name: str) -> Path:
    """The file of one of our synthetic frames or cines."""
    return _resource("SampleData", name)


def _resource(kind: str, name: str) -> Path:
    return zoo.shipped_models().parent / kind / f"{name}.nii.gz"


def _thumbnail() -> Path:
    return Path(__file__).resolve().parents[2] / "Resources" / "Icons" / "EchoSynth.png"

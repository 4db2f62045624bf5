"""Vary a label map: one segmentation in, many out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from EchoSynthJobs.job import Job, Report, in_worker, while_there, working_folder
from EchoSynthJobs.results import Result, add_all
from EchoSynthJobs.synthesize import pixel_size
from EchoSynthLib.client import Client
from EchoSynthLib.images.writers.arrays import write_array
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.label_maps import link_to_volume, linked_volume, new_segmentation, read_label_map
from EchoSynthMRML.provenance import name_of_variation, stamp, stamps_of


@dataclass(frozen=True)
class Change:
    """How label maps are to differ from the given one.

    Attributes:
        count: variations.
        seed: variation i depends on (seed, i) alone.
        strength: of the affine and elastic deformation; 0 none, 1 the published range.
        ejection_fraction: share of its volume by which the ventricle contracts first; negative dilates; None leaves it.
        wall_thickness: new thickness of the myocardium over the old.
    """

    count: int = 5
    seed: int = 0
    strength: float = 1.0
    ejection_fraction: float | None = None
    wall_thickness: float = 1.0


@dataclass
class Varied:
    """What varying gave.

    Attributes:
        segmentations: the nodes.
        notes: what the user should know, such as segments that were left out.
    """

    segmentations: list[Any]
    notes: tuple[str, ...] = ()


def vary(
    scene: Any, client: Client, source: Any, change: Change, reference: Any = None, output: Any = None
) -> Job[Varied]:
    """Segmentations that vary the label map a node shows; new ones, or the first of them into `output`.

    Raises:
        InputError: the node is no label map, or the change is not possible; and what the task raises.
    """
    job = _vary(scene, client, source, change, reference, output)
    return (yield from while_there(job, source, reference, output))


def _vary(scene: Any, client: Client, source: Any, change: Change, reference: Any, output: Any) -> Job[Varied]:
    label_map = read_label_map(source, reference)
    with working_folder(label_map=source.GetName()) as folder:
        write_array(folder / "label_map.npy", label_map.codes)
        parameters = {"label_map": folder / "label_map.npy", "output": folder / "maps", "format": "npy"}
        record = yield from in_worker(
            client, "variations", parameters | asdict(change) | pixel_size(label_map.grid, reference)
        )
        results = []
        for index, path in enumerate(record["outputs"]["label_maps"]):
            name = name_of_variation(source.GetName(), change.seed, index)
            results.append(Result(name, None))
            results[-1].append(new_segmentation(np.load(path), label_map.grid, name))
            yield Report(index + 1, change.count, f"variation {index + 1} of {change.count} to Slicer")
    record |= {"source_label_map": source.GetName(), "view": stamps_of(source).get("view")}
    image = linked_volume(source) if source.IsA("vtkMRMLSegmentationNode") else None

    def dress(node: Any, index: int) -> None:
        node.GetDisplayNode().SetVisibility(index == 0)
        stamp(node, record, index)
        place_beside(node, source, lies_on=reference)
        if reference is None and image is not None:
            # Its variations are edited on the same image, and synthesized in its sector.
            link_to_volume(node, image)

    nodes = yield from add_all(scene, results, source, dress, output=output)
    return Varied(nodes, label_map.notes)

"""Synthesize echocardiograms: label map in, volumes or cines out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from EchoSynthJobs.frames import spacing_parameters
from EchoSynthJobs.job import Job, Report, in_worker, while_there, working_folder
from EchoSynthJobs.results import Result, add_all
from EchoSynthLib.anatomy.views import FOUR_CHAMBER
from EchoSynthLib.capabilities import capabilities
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import check_named_view
from EchoSynthLib.images.writers.arrays import write_array
from EchoSynthMRML.cines import Cine, cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.hierarchy import place_beside
from EchoSynthMRML.label_maps import LabelMap, read_label_map
from EchoSynthMRML.provenance import link_to_label_map, name_of_synthetic, sha256_of, stamp, stamps_of
from EchoSynthMRML.volumes import check_frame, frame_array, new_frame, trusted_spacing


@dataclass(frozen=True)
class SynthesisRequest:
    """What is asked of the generator, as the task `synthesize` calls it; None leaves the choice to the model.

    Attributes:
        count: images or cines.
        seed: image i depends on (seed, i) alone.
        view: '2CH', '4CH', or 'auto' for the one that the label map is known to show.
        steps: of the fast generator, or of a diffusion model's solver.
        quality: acoustic window, 'good', 'medium' or 'poor'.
        model: name of the model folder.
        sector: JSON text of the sector to draw in, as a record gives it; then no reference is fitted.
        solver: of a diffusion model.
        device: where a model runs that runs in PyTorch: 'auto', 'cpu', 'cuda' or 'mps'.
    """

    count: int = 1
    seed: int = 0
    view: str = "auto"
    steps: int | None = None
    quality: str | None = None
    model: str = "beam-flow"
    sector: str | None = None
    solver: str | None = None
    device: str = "auto"

    def of(self, label_map: Any) -> SynthesisRequest:
        """The request for a label map, whose view it takes where that is left to it.

        Raises:
            InputError: nothing but its name tells the view, and it is one that is not drawn.
        """
        if self.view != "auto":
            return self
        if not stamps_of(label_map).get("view"):
            check_named_view(label_map.GetName(), "synthesis")
        return replace(self, view=view_of(label_map))


@dataclass
class Synthesized:
    """What synthesizing gave.

    Attributes:
        volumes: one node for each image; of a cine the one that follows its frames.
        record: how they were made.
        notes: what the user should know, such as segments that were left out.
    """

    volumes: list[Any]
    record: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def synthesize(
    scene: Any,
    client: Client,
    source: Any,
    request: SynthesisRequest,
    *,
    reference: Any = None,
    all_frames: bool = False,
    output: Any = None,
) -> Job[Synthesized]:
    """Draws images that follow the label map a node shows, or cines that follow all frames it belongs to; into new
    nodes, or the first of them into `output`.

    Raises:
        InputError: the node is no label map, the reference no echo frame; and what the task raises.
    """
    cine = _cine(source) if all_frames else None
    used = (source, reference, output, *((cine.browser, cine.sequence) if cine else ()))
    job = _synthesize(scene, client, source, request.of(source), reference, cine, output)
    return (yield from while_there(job, *used))


def _synthesize(
    scene: Any, client: Client, source: Any, request: SynthesisRequest, reference: Any, cine: Cine | None, output: Any
) -> Job[Synthesized]:
    maps = yield from read_label_maps(source, reference, cine)
    with working_folder(label_map=source.GetName(), reference=reference.GetName() if reference else "") as folder:
        images, record = yield from draw(client, maps, request, reference, folder)
        results = yield from _collect(images, maps, source, request, cine)
    record["source_label_map"] = source.GetName()

    def dress(node: Any, index: int) -> None:
        stamp(node, record, index)
        link_to_label_map(node, source)
        place_beside(node, source, lies_on=reference)

    nodes = yield from add_all(scene, results, source, dress, output=output)
    return Synthesized(nodes, record, notes_of(maps))


def read_label_maps(source: Any, reference: Any, cine: Cine | None) -> Job[list[LabelMap]]:
    """The label maps of all frames of a cine, or the one that the node shows; on the reference's grid where given.

    Raises:
        InputError: a frame is no label map, or has another size than the first.
    """
    if reference is not None:
        check_frame(reference)
    maps: list[LabelMap] = []
    for index, node in enumerate([source] if cine is None else cine):
        maps.append(read_label_map(node, reference, placed_as=source))
        if maps[index].grid.shape != maps[0].grid.shape:
            raise InputError(
                f"Frame {index + 1} of '{source.GetName()}' has another size than the first one; all frames of a cine "
                "have one size. Synthesize single frames."
            )
        yield Report(0, 0, f"reading label map {index + 1}")
    return maps


def notes_of(maps: Iterable[LabelMap]) -> tuple[str, ...]:
    """What the user should know of label maps, each thing once."""
    return tuple(dict.fromkeys(note for one in maps for note in one.notes))


def draw(
    client: Client, maps: list[LabelMap], request: SynthesisRequest, reference: Any, folder: Path
) -> Job[tuple[np.ndarray, dict[str, Any]]]:
    """Images (count, T, H, W) uint8 of T label maps, and the record."""
    codes = np.stack([one.codes for one in maps])
    write_array(folder / "label_map.npy", codes[0] if len(maps) == 1 else codes)
    places = {"label_map": folder / "label_map.npy", "output": folder / "images", "format": "npy"}
    parameters = asdict(request) | places | pixel_size(maps[0].grid, reference)
    if reference is not None and request.sector is None:
        write_array(folder / "reference.npy", frame_array(reference))
        parameters["reference"] = folder / "reference.npy"
    if capabilities(request.model).needs_full:
        # The first image of a session waits for it, with no step to tell of.
        yield Report(message=f"loading {request.model} and PyTorch")
    record = yield from in_worker(client, "synthesize", parameters)
    record["label_map_sha256"] = sha256_of(codes)
    images = [np.load(path) for path in record["outputs"]["images"]]
    shape = (len(images), len(maps), *codes.shape[1:])
    return np.reshape(np.stack(images), shape), record


def pixel_size(grid: Grid, reference: Any = None) -> dict[str, float]:
    """The tasks' parameters for the size of a pixel in mm; empty where it is not to be trusted."""
    spacing = grid.spacing if reference is None else trusted_spacing(reference)
    return spacing_parameters(None if spacing == (1.0, 1.0) else spacing)


def view_of(label_map: Any) -> str:
    """The view that a label map shows, '2CH' or '4CH': as it was found or drawn; the latter where nothing tells."""
    return str(stamps_of(label_map).get("view") or FOUR_CHAMBER.name)


def _cine(source: Any) -> Cine:
    cine = cine_of(source)
    if cine is None:
        raise InputError(f"{source.GetName()} belongs to no sequence; choose one that does, or synthesize one frame.")
    return cine


def _collect(
    images: np.ndarray, maps: list[LabelMap], source: Any, request: SynthesisRequest, cine: Cine | None
) -> Job[list[Result]]:
    results = []
    for index, frames in enumerate(images):
        name = name_of_synthetic((cine.sequence if cine else source).GetName(), request.seed, index)
        results.append(Result(name, cine))
        for frame, label_map in zip(frames, maps, strict=True):
            results[-1].append(new_frame(np.asarray(frame), label_map.grid, name))
            yield Report(index + 1, len(images), f"image {index + 1} of {len(images)} to Slicer")
    return results

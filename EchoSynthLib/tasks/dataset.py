"""The task `dataset`: label maps become pairs of synthetic image and label map, to train a network on."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.layouts import (
    LAYOUTS,
    PAIRS_PER_SHARD,
    DataSet,
    Pair,
    about_layouts,
    case_name,
    new_data_set,
)
from EchoSynthLib.images.datasets.shards import Sample
from EchoSynthLib.images.formats import kind_of, readable_in, suffix_of
from EchoSynthLib.images.label_maps.marks import label_ending
from EchoSynthLib.images.result_names import distinct_stems, result_stem
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.parallel import check_places, run_items
from EchoSynthLib.records import new_record, seconds_since, with_warnings
from EchoSynthLib.systems import find_model, told_of_device
from EchoSynthLib.tasks.common import inputs
from EchoSynthLib.tasks.common.options import (
    LARGEST_STRENGTH,
    SynthesisOptions,
    cluster_parameter,
    seed_parameter,
    workers_parameter,
)
from EchoSynthLib.tasks.common.output_places import check_replaceable
from EchoSynthLib.tasks.common.results import RECORD, check_exists, told_of_pairs, write_records
from EchoSynthLib.tasks.common.view_told import UNTOLD, view_told
from EchoSynthLib.tasks.parts.dataset_pairs import DrawnPair, PairPlan, PairSettings, PairSource, draw
from EchoSynthLib.tasks.task import Context, Task, parameter

# Pairs that travel together to a worker, at most: about a second's work, so that transport does not count. Of a small
# set fewer, so that every worker gets its share.
LARGEST_CHUNK, FEWEST_CHUNKS = 8, 16


@dataclass(frozen=True, kw_only=True)
class Dataset(SynthesisOptions, Task):
    """Draws images of label maps and of variations of them, and writes both as a data set."""

    name = "dataset"
    summary = "Make a data set of synthetic images and their label maps from one label map or a folder of them."

    source: Path = parameter(main=True, help=f"label map, or a folder of them, in {inputs.CAMUS_CODES}")
    output: Path = parameter(help="folder for the data set; nothing that is there already is replaced")
    layout: str = parameter(
        "nifti",
        choices=tuple(LAYOUTS),
        help=about_layouts(),
    )
    dataset_name: str = parameter("EchoSynth", help="name of the data set, letters and digits")
    variations: int = parameter(
        5, minimum=0, maximum=1000, unit="variations", help="how many variations of each label map"
    )
    original: bool = parameter(True, help="whether the label map itself is drawn, too")
    images: int = parameter(1, minimum=1, maximum=1000, unit="images", help="how many images of each variation")
    seed: int = seed_parameter("a pair depends on it, on the label map and on the numbers of variation and image alone")
    strength: float = parameter(1.0, minimum=0, maximum=LARGEST_STRENGTH, help="how far variations are deformed")
    pairs_per_shard: int = parameter(
        PAIRS_PER_SHARD, minimum=1, maximum=1_000_000, unit="pairs", help="how many pairs a shard holds"
    )
    workers: int = workers_parameter("that draw; the pairs are the same with any number")
    cluster: str | None = cluster_parameter()

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the data set and record.json at its top; see `Task.run`."""
        started = time.perf_counter()
        check_places(self.workers, self.cluster)
        data_set = new_data_set(self.output, self.layout, self.dataset_name, self.pairs_per_shard)
        check_replaceable(self.output / data_set.root, RECORD, (), self.name, self.source)
        warnings: list[str] = []
        total = self._count(context, warnings)
        with OutputFolder(self.output, data_set.names) as hidden:
            shared: dict[str, Any] = {}
            with closing(self._drawn(data_set, total, context)) as drawn:
                outputs = data_set.write(_pairs(drawn, shared), hidden)
            context.progress(total, total, "written")
            record = shared | self._record() | {"pairs": total, "seconds": seconds_since(started)}
            record = with_warnings(record | {"outputs": outputs}, warnings)
            return write_records(hidden / data_set.root, RECORD, self.output / data_set.root, record)

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """How many pairs, in which folder: the data set's own, Dataset001_NAME in the layout nnunet."""
        return told_of_pairs(record)

    def _record(self) -> dict[str, Any]:
        return new_record(self.name, label_map=self.source, synthetic=True) | {
            "layout": self.layout,
            "dataset_name": self.dataset_name,
            "variations": self.variations,
            "original": self.original,
            "images": self.images,
            "seed": self.seed,
            "strength": self.strength,
            "reference": None if self.reference is None else str(self.reference.resolve()),
        }

    def _numbers(self) -> list[int | None]:
        """The variations of each label map; None stands for the map itself."""
        return [*([None] if self.original else []), *range(self.variations)]

    def _count(self, context: Context, warnings: list[str]) -> int:
        """How many pairs; every file is read, so that what cannot be used is known before the first is drawn.

        What is doubtful in a file is added to the warnings.
        """
        per_map = len(self._numbers()) * self.images
        if not per_map:
            raise InputError("Nothing would be drawn: ask for variations, or for the original label map.")
        total, untold = 0, list[str]()
        warnings += told_of_device(find_model(self.model, "synthesis", "Drawing images"), self.device)
        for file, name in self._named_files():
            context.progress(0, 1, f"reading {file.name}")
            untold += [file.name] if view_told(self.view, file)[1] else []
            for source in self._sources(file, name):
                total += per_map
                warnings += [f"{file.name}: {text}" for text in source.labels.remarks]
        if untold:
            more = f" and {len(untold) - 1} more" if len(untold) > 1 else ""
            warnings.append(f"{untold[0]}{more}: {UNTOLD}")
        return total

    def _named_files(self) -> Iterator[tuple[Path, str]]:
        """The label maps, each with what its pairs' names begin with."""
        files = label_files(self.source)
        yield from zip(files, distinct_stems(files, clean=lambda stem: case_name(result_stem(stem))), strict=True)

    def _plans(self) -> Iterator[PairPlan]:
        for file, name in self._named_files():
            for source in self._sources(file, name):
                for variation in self._numbers():
                    for image in range(self.images):
                        yield PairPlan(source, variation, image)

    def _sources(self, file: Path, name: str) -> Iterator[PairSource]:
        from EchoSynthLib.images.frame import EchoCine

        try:
            labels = inputs.read_labels(file, self.pixel_size())
            sector, labels, about = inputs.choose_sector(self.sector, self.reference, labels)
        except InputError as error:
            raise InputError(f"{file.name}: {error}") from error
        about["source_label_map"] = str(file.resolve())
        view, _ = view_told(self.view, file)
        if not isinstance(labels, EchoCine):
            yield PairSource(labels, name, 0, 1, sector, view, about)
            return
        for index in range(len(labels)):
            yield PairSource(labels.frame(index), name, index, len(labels), sector, view, about)

    def _drawn(self, data_set: DataSet, total: int, context: Context) -> Generator[DrawnPair, None, None]:
        """The pairs in the order of their plans, whoever draws them."""
        settings = PairSettings(self.seed, self.strength, self.drawing())
        one = partial(draw, settings, data_set.pack)
        if self.workers > 1 or self.cluster is not None:
            progress = partial(_progress_of_pairs, context)
            chunk = max(1, min(LARGEST_CHUNK, total // FEWEST_CHUNKS))
            yield from run_items(
                one,
                self._plans(),
                workers=self.workers,
                cluster=self.cluster,
                chunk=chunk,
                total=total,
                progress=progress,
            )
            return
        for index, plan in enumerate(self._plans()):
            yield one(plan, context.part(index, total, plan.name))


def _progress_of_pairs(context: Context, done: int, total: int, message: str) -> None:
    context.progress(done, total, f"{done} of {total} pairs")


def _pairs(drawn: Iterable[DrawnPair], shared: dict[str, Any]) -> Iterator[Pair | Sample]:
    """The pairs, whose `shared` is noted on the way."""
    for one in drawn:
        mixed = shared.get("view", one.shared["view"]) != one.shared["view"]
        # Of label maps of several views, the record of each pair tells its own.
        shared |= one.shared | ({"view": "auto"} if mixed else {})
        yield one.pair


def label_files(source: Path) -> list[Path]:
    """The label map, or those of a folder, sorted by name.

    Where some names of a folder end as those of label maps beside their images do (`_gt`, `-label`), these alone are
    taken.

    Raises:
        InputError: there is nothing, or no label map in the folder.
    """
    if not check_exists(source, "label map or folder").is_dir():
        return [source]
    files = [file for file in readable_in(source) if kind_of(file) in ("itk", "picture", "array")]
    files = [file for file in files if suffix_of(file) not in (".jpg", ".jpeg")]
    told_by_name = [file for file in files if label_ending(file)]
    if not files:
        raise InputError(f"There is no label map in the folder {source}; give one with label maps, or a single file.")
    return told_by_name or files

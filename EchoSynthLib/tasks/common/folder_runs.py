"""A task on every image of a folder: the results of each beside one another, and one record of all."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import Field, astuple
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from EchoSynthLib.images.result_names import distinct_stems
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.folders import all_or_none, images_in, left_out_of, run_each, warnings_of_each
from EchoSynthLib.tasks.common.output_places import check_replaceable
from EchoSynthLib.tasks.common.results import write_records
from EchoSynthLib.tasks.task import Context
from EchoSynthLib.types import Progress, Record


class ResultFiles(Protocol):
    """A dataclass of how the results of one image are called."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def record(self) -> str:
        """That of its record."""


Files = TypeVar("Files", bound=ResultFiles)


def run_folder(
    task: str,
    source: Path,
    output: Path,
    record: str,
    files_of: Callable[[str], Files],
    one: Callable[[Path, Path, Files, Progress], Record],
    context: Context,
    done: str,
) -> Record:
    """The record of a folder's images, each of which is worked on by itself; what cannot be used is told in it.

    Args:
        task: its name.
        source: the folder with the images.
        output: folder of the results.
        record: name of the record of all.
        files_of: how the results of an image of this stem are called.
        one: one(image, hidden folder, files, progress) writes the results of an image, and gives its record.
        context: of the task.
        done: what could not be done where all fail, as in "segmented".

    Raises:
        InputError: there is no image, or none can be used.
        OutputError: results of another input or task lie there, or cannot be written.
    """
    started = time.perf_counter()
    images = images_in(source)
    files = {image: files_of(stem) for image, stem in zip(images, distinct_stems(images), strict=True)}
    for image in images:
        check_replaceable(output, files[image].record, astuple(files[image]), task, image)
    check_replaceable(output, record, (), task, source)
    with OutputFolder(output) as hidden:

        def each(image: Path, progress: Progress) -> Record:
            with all_or_none(hidden / name for name in astuple(files[image])):
                made = one(image, hidden, files[image], progress)
            outputs = {role: Path(path).name for role, path in made["outputs"].items()}
            return with_warnings({"file": image.name, **outputs}, made.get("warnings", []))

        results, failures = run_each(images, lambda image: image.name, each, context, source, done)
        about = {"images": len(results), "failures": failures, "results": results, "outputs": {}}
        summary = new_record(task, source=source, started=started) | about
        warnings = [*left_out_of(source), *warnings_of_each(results)]
        return write_records(hidden, record, output, with_warnings(summary, warnings))

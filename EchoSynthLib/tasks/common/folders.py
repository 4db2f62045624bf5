"""A folder's images, one after another: what cannot be used is told at the end, and costs the others nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from EchoSynthLib.errors import Cancelled, InputError, ModelError, OutputError
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.images.listing import list_images
from EchoSynthLib.tasks.task import Context
from EchoSynthLib.types import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")

# What EchoSynth itself writes beside images.
_LABEL_MAP, _PICTURES = "label_map", ("sheet", "thumbnails")
_NO_CLIPS = (_LABEL_MAP, "DICOMDIR")
_OWN_ENDINGS = ("_confidence", "_contour", "_saliency")


def images_in(folder: Path) -> list[Path]:
    """The images of a folder, without label maps and what EchoSynth wrote beside them; InputError where none is."""
    files = [path for path in list_images(folder) if not is_own_result(path) and stem_of(path) != _LABEL_MAP]
    if not files:
        left_out = "images in folders within it, and files named as label maps or results, are left out"
        raise InputError(f"There is no image in the folder {folder} ({left_out}); give one with images, or an image.")
    return files


def images_within(folder: Path) -> list[Path]:
    """The images of a folder and of those within it, as `images_in`; InputError where none is.

    What lists the files of a DICOM disc (DICOMDIR) is left out, and so are hidden folders.
    """
    found: list[Path] = []
    for place, folders, _ in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [path for path in list_images(place) if not is_own_result(path) and stem_of(path) not in _NO_CLIPS]
    if not found:
        raise InputError(
            f"There is no image or cine in the folder {folder}, nor in those within it (label maps, and what EchoSynth "
            "wrote beside images, are left out); give the folder of an examination."
        )
    return found


def left_out_of(folder: Path) -> list[str]:
    """Warnings of the images of a folder that are called as results are, but lie beside no record of such results."""
    alone = [path.name for path in list_images(folder) if is_own_result(path) and not _has_record(path)]
    return [f"{name}: was left out, for its name ends as results of EchoSynth do; rename it if not" for name in alone]


def _has_record(result: Path) -> bool:
    stem = stem_of(result)
    made_of = next((stem.removesuffix(ending) for ending in _OWN_ENDINGS if stem.endswith(ending)), None)
    # The sheet is of the tasks synthesize and examine, or of the demo.
    records = (
        ("record.json", "examination.json", "table.txt")
        if made_of is None
        else (f"{made_of}_record.json", f"{stem}_record.json")
    )
    return any(os.path.exists(result.with_name(record)) for record in records)


def run_each(
    items: Sequence[Item],
    name: Callable[[Item], str],
    one: Callable[[Item, Progress], Result],
    context: Context,
    folder: Path,
    done: str,
    things: str = "files",
) -> tuple[list[Result], list[dict[str, str]]]:
    """Results of `one(item, progress)` in their order, and the failures as {"file": name, "message": ...}.

    Args:
        name: how an item is called in progress and failures.
        folder, done, things: for the error: where they all lie, what could not be done to any, as in "segmented", and
            what they are.

    Raises:
        InputError: no item at all could be used.
        Cancelled, ModelError, OutputError, MemoryError: at once, for the next item would fare no better.
    """
    results: list[Result] = []
    failures: list[dict[str, str]] = []
    for index, item in enumerate(items):
        progress = context.part(index, len(items), name(item))
        progress(0, 1, "")
        try:
            results.append(one(item, progress))
        except (Cancelled, ModelError, OutputError, MemoryError):
            raise
        except Exception as error:  # one file that no reader foresaw must not cost the others
            failures.append({"file": name(item), "message": str(error) or type(error).__name__})
    if not results:
        first = failures[0]
        raise InputError(
            f"None of the {len(items)} {things} in {folder} could be {done}; {first['file']}: {first['message']}"
        )
    return results, failures


def warnings_of_each(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """The warnings of all files as a folder's record has them, "FILE: text"; each record names its `file`."""
    return [f"{record['file']}: {text}" for record in records for text in record.get("warnings", [])]


@contextmanager
def all_or_none(files: Iterable[Path]) -> Iterator[None]:
    """Removes the files if the block fails."""
    try:
        yield
    except Exception:
        for file in files:
            file.unlink(missing_ok=True)
        raise


def is_own_result(path: Path) -> bool:
    """Whether a file is called as what EchoSynth writes beside images and label maps: as no input, but label maps."""
    stem = stem_of(path)
    return stem in _PICTURES or stem.endswith(_OWN_ENDINGS)

"""A folder's images, one after another: what cannot be used is told at the end, and costs the others nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from EchoSynthLib.errors import Cancelled, InputError, ModelError, OutputError
from EchoSynthLib.images.formats import list_images, stem_of
from EchoSynthLib.tasks.declare import Context, Progress

Item = TypeVar("Item")
Result = TypeVar("Result")

# What EchoSynth itself writes beside images.
_OWN_NAMES = ("label_map", "sheet")
_OWN_ENDINGS = ("_confidence", "_contour", "_segmentation")


def images_in(folder: Path) -> list[Path]:
    """The images of a folder, without label maps and what EchoSynth wrote beside them; InputError where none is."""
    files = [path for path in list_images(folder) if not _is_own_result(stem_of(path))]
    if not files:
        raise InputError(f"There is no image in the folder {folder}; give one with images, or a single file.")
    return files


def stems_of(files: Sequence[Path]) -> Iterator[str]:
    """The name that each file's results begin with; a.png and a.dcm keep their suffix, as a_png and a_dcm."""
    counts = Counter(map(stem_of, files))
    for file in files:
        stem = stem_of(file)
        yield stem if counts[stem] == 1 else file.name.replace(".", "_")


def run_each(
    items: Sequence[Item],
    name: Callable[[Item], str],
    one: Callable[[Item, Progress], Result],
    context: Context,
    folder: Path,
    done: str,
) -> tuple[list[Result], list[dict[str, str]]]:
    """Results of `one(item, progress)` in their order, and the failures as {"file": name, "message": ...}.

    Args:
        name: how an item is called in progress and failures.
        folder, done: for the error: where they all lie, and what could not be done to any, as in "segmented".

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
            f"None of the {len(items)} files in {folder} could be {done}; {first['file']}: {first['message']}"
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


def _is_own_result(stem: str) -> bool:
    return stem in _OWN_NAMES or stem.endswith(_OWN_ENDINGS)

"""What the task `measure` is given, sorted into cases: a frame or cine alone, or a patient's views and phases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from EchoSynthLib.anatomy.views import View
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import told_by_name
from EchoSynthLib.images.formats import readable_in, stem_of
from EchoSynthLib.images.label_maps.detection import is_label_map
from EchoSynthLib.images.label_maps.marks import label_ending, label_rank
from EchoSynthLib.images.result_names import distinct, result_stem
from EchoSynthLib.tasks.common.folders import is_own_result

ALONE = ("", "")
"""The key of a frame or cine that is measured alone."""


@dataclass(frozen=True)
class CaseFiles:
    """The files of one frame or cine: an image, a label map, or a label map and the image it was drawn on."""

    image: Path | None
    label_map: Path | None


def files_of(source: CaseFiles) -> list[str]:
    """Names of its files."""
    return [path.name for path in (source.image, source.label_map) if path is not None]


@dataclass(frozen=True)
class Case:
    """Frames that are measured together.

    Attributes:
        name: of the file or the patient.
        sources: by view and phase, ('4CH', 'ED'); a lone frame or cine has the key `ALONE`.
    """

    name: str
    sources: dict[tuple[str, str], CaseFiles]


def case_of_file(path: Path) -> Case:
    """One file alone: a label map where it holds nothing but the codes of one, else an image."""
    return Case(result_stem(stem_of(path)), {ALONE: _source([path])})


def cases_in(folder: Path, also: Iterable[View] = ()) -> list[Case]:
    """The cases of a folder, by name.

    Files whose names tell view and phase, as patient0001_4CH_ED, belong to one patient; where they tell no patient, as
    4CH_ED, to that of the folder. An end of a name as `_gt`, `-label`, `_mask` or
    `_segmentation` marks the label map of the image that is named so without it, in this order where there are several.

    Args:
        folder: of images and label maps.
        also: views beside 2CH and 4CH that a name may tell.

    Raises:
        InputError: there is neither an image nor a label map.
    """
    files = [path for path in readable_in(folder) if not is_own_result(path)]
    if not files:
        raise InputError(f"There is no image and no label map in the folder {folder}; give one, or a single file.")
    patients: dict[str, dict[tuple[str, str], CaseFiles]] = {}
    alone: list[tuple[str, Path, CaseFiles]] = []
    for name, paths in _by_name(files):
        told = told_by_name(name, also)
        key = (told.view, told.phase)
        is_named = all(key)
        sources = patients.setdefault(told.patient or folder.resolve().name, {}) if is_named else {}
        if is_named and key not in sources:
            sources[key] = _source(paths)
        else:
            alone.append((name, paths[0], _source(paths)))
    # A patient and a frame alone, or two frames, may have one name; none takes the place of another.
    short = [result_stem(name) for name in (*patients, *(name for name, _, _ in alone))]
    long = short[: len(patients)] + [result_stem(path.name.replace(".", "_")) for _, path, _ in alone]
    named = zip(distinct(short, long), (*patients.values(), *({ALONE: source} for *_, source in alone)), strict=True)
    return sorted((Case(name, sources) for name, sources in named), key=lambda case: case.name)


def _by_name(files: Iterable[Path]) -> Iterator[tuple[str, list[Path]]]:
    """The files that belong together, under the name they share without the ending of a label map."""
    together: dict[str, list[Path]] = {}
    for path in files:
        together.setdefault(_without_ending(path), []).append(path)
    for name, paths in together.items():
        stems = Counter(stem_of(path) for path in paths)
        if max(stems.values()) == 1:
            yield name, paths
        else:  # a.png and a.dcm are two things of one name
            yield from ((stem_of(path), [path]) for path in paths)


def _source(paths: list[Path]) -> CaseFiles:
    marked = sorted((path for path in paths if label_ending(path)), key=label_rank)
    plain = [path for path in paths if path not in marked]
    if not marked and plain and _is_label_map(plain[0]):
        return CaseFiles(None, plain[0])
    return CaseFiles(plain[0] if plain else None, marked[0] if marked else None)


def _is_label_map(path: Path) -> bool:
    """As `is_label_map`; what cannot be read is none: measuring it says why, and costs the others nothing."""
    try:
        return is_label_map(path)
    except InputError:
        return False


def _without_ending(path: Path) -> str:
    stem = stem_of(path)
    return stem[: len(stem) - len(label_ending(path))] or stem

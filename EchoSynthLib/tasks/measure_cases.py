"""What the task `measure` is given, sorted into cases: a frame or cine alone, or a patient's views and phases."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from EchoSynthLib.errors import InputError
from EchoSynthLib.files import files_in
from EchoSynthLib.images.formats import LABEL_ENDINGS, kind_of, stem_of

_PATIENT = re.compile(r"(?P<patient>.+)_(?P<view>[24]CH)_(?P<phase>ED|ES)$", re.IGNORECASE)
# What EchoSynth itself writes beside images and label maps.
_OWN_RESULTS = ("_confidence", "_contour", "sheet")


@dataclass(frozen=True)
class Source:
    """The files of one frame or cine: an image, a label map, or a label map and the image it was drawn on."""

    image: Path | None
    label_map: Path | None


@dataclass(frozen=True)
class Case:
    """Frames that are measured together.

    Attributes:
        name: of the file or the patient.
        sources: by view and phase, ('4CH', 'ED'); a lone frame or cine has the key ('', '').
    """

    name: str
    sources: dict[tuple[str, str], Source]


def case_of_file(path: Path) -> Case:
    """One file alone: a label map where it holds nothing but the codes of one, else an image."""
    return Case(stem_of(path), {("", ""): _source([path])})


def cases_in(folder: Path) -> list[Case]:
    """The cases of a folder, by name.

    Files named as in CAMUS, patient0001_4CH_ED, belong to one patient. `_gt`, `_label` or `_segmentation` at the end of
    a name marks the label map of the image that is named so without it, in this order where there are several.

    Raises:
        InputError: there is neither an image nor a label map.
    """
    files = [path for path in files_in(folder) if _is_input(path)]
    if not files:
        raise InputError(f"There is no image and no label map in the folder {folder}; give one, or a single file.")
    cases: dict[str, dict[tuple[str, str], Source]] = {}
    for name, source in _by_name(files).items():
        match = _PATIENT.match(name)
        case = match["patient"] if match else name
        key = (match["view"].upper(), match["phase"].upper()) if match else ("", "")
        cases.setdefault(case, {})[key] = source
    return [Case(name, sources) for name, sources in sorted(cases.items())]


def _is_input(path: Path) -> bool:
    return not stem_of(path).lower().endswith(_OWN_RESULTS) and kind_of(path) is not None


def _by_name(files: Iterable[Path]) -> dict[str, Source]:
    together: dict[str, list[Path]] = {}
    for path in files:
        together.setdefault(_without_ending(stem_of(path)), []).append(path)
    found: dict[str, Source] = {}
    for name, paths in together.items():
        stems = Counter(stem_of(path) for path in paths)
        if max(stems.values()) == 1:
            found[name] = _source(paths)
        else:  # a.png and a.dcm are two things of one name
            found |= {path.name.replace(".", "_"): _source([path]) for path in paths}
    return found


def _source(paths: list[Path]) -> Source:
    marked = [path for path in paths if _ending(stem_of(path))]
    marked.sort(key=lambda path: LABEL_ENDINGS.index(_ending(stem_of(path))))
    plain = [path for path in paths if path not in marked]
    if not marked and plain and is_label_map(plain[0]):
        return Source(None, plain[0])
    return Source(plain[0] if plain else None, marked[0] if marked else None)


def is_label_map(path: Path) -> bool:
    """Whether a file holds the codes of a label map and nothing else."""
    from EchoSynthLib.anatomy.labels import CAMUS
    from EchoSynthLib.images.read_labels import read_label_map

    try:
        codes, _ = read_label_map(path)
    except InputError:
        return False
    return bool(codes.any() and codes.max() <= max(CAMUS.values()))


def _ending(stem: str) -> str:
    return next((ending for ending in LABEL_ENDINGS if stem.lower().endswith(ending)), "")


def _without_ending(stem: str) -> str:
    return stem[: len(stem) - len(_ending(stem))]

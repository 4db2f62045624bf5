"""CAMUS (Leclerc et al., IEEE TMI 38(9):2198-2210, 2019, doi 10.1109/TMI.2019.2900516) in the layouts it comes in.

Old: patient0001/patient0001_4CH_ED.mhd with _gt.mhd and Info_4CH.cfg. New: the same as .nii.gz. Flat: any folder of
such files. The array form of it (camus_224.npz with index.csv) is in `camus_arrays.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus_arrays import CamusArrays, load_camus_npz
from EchoSynthLib.images.datasets.camus_frame import CamusFrame, index_rows, quality_of
from EchoSynthLib.images.frame import EchoFrame
from EchoSynthLib.images.label_maps.alignment import on_grid_of
from EchoSynthLib.images.label_maps.read import read_label_map
from EchoSynthLib.images.read import read_image

__all__ = ["CamusArrays", "CamusFrame", "find_camus", "iterate_camus", "load_camus_npz"]

_VIEWS = "|".join(view.name for view in (TWO_CHAMBER, FOUR_CHAMBER))
_IMAGE_NAME = re.compile(rf"(?P<patient>patient\d+)_(?P<view>{_VIEWS})_(?P<phase>ED|ES)\.(mhd|mha|nrrd|nii|nii\.gz)$")
_SPLIT_FILES = {"train": "subgroup_training.txt", "val": "subgroup_validation.txt", "test": "subgroup_testing.txt"}


def find_camus() -> Path | None:
    """The folder with CAMUS: in ECHOSYNTH_DATA, else in ../shared/data beside the repository; None where it is not."""
    given = os.environ.get("ECHOSYNTH_DATA")
    data = Path(given) if given else Path(__file__).resolve().parents[4] / "shared" / "data"
    for folder in (data / "camus", data):
        if any(os.path.exists(folder / name) for name in ("camus_224.npz", "native_4ch", "original_mhd")):
            return folder
    return None


def iterate_camus(folder: str | Path) -> Iterator[CamusFrame]:
    """The end-diastolic and end-systolic frames below a folder, whatever the layout, by patient, view and phase.

    Args:
        folder: searched with all its folders; or the .npz, whose frames then come in its order.

    Raises:
        InputError: no such folder, no frame in it, or a damaged file.
    """
    folder = Path(folder)
    if folder.suffix == ".npz":
        arrays = load_camus_npz(folder)
        yield from (arrays.frame(position) for position in range(len(arrays)))
        return
    if not folder.is_dir():
        raise InputError(
            f"{folder} is not a folder; give the one that holds CAMUS (patient0001/patient0001_4CH_ED.nii.gz, ...)."
        )
    found = sorted(
        (path for path in folder.rglob("patient*") if _IMAGE_NAME.match(path.name)), key=lambda path: (path.name, path)
    )
    if not found:
        raise InputError(
            f"{folder} holds no CAMUS frames; expected were files such as patient0001_4CH_ED.nii.gz or .mhd."
        )
    splits = _splits(folder)
    for path in found:
        yield _frame(path, splits)


def _frame(path: Path, splits: dict[str, str]) -> CamusFrame:
    match = _IMAGE_NAME.match(path.name)
    image = read_image(path)
    if match is None or not isinstance(image, EchoFrame):
        raise InputError(f"{path} holds a cine; a CAMUS frame named by its phase holds one image.")
    patient, view = match["patient"], match["view"]
    info = _info(path.parent / f"Info_{view}.cfg")
    percent = info.get("EF") or info.get("LVef")
    rows, columns = image.pixels.shape
    return CamusFrame(
        image=image.pixels,
        label_map=_label_map(path, image),
        patient=patient,
        view=view,
        phase=match["phase"],
        spacing=image.spacing,
        spacing_trusted=image.spacing_trusted,
        quality=quality_of(info.get("ImageQuality")),
        ejection_fraction=float(percent) / 100 if percent else None,
        split=splits.get(patient),
        native_size=(rows, columns),
        geometry=image.geometry,
    )


def _label_map(path: Path, image: EchoFrame) -> NDArray[np.uint8] | None:
    """The ground truth beside an image; None for the test patients, who have none."""
    stem, suffix = path.name.split(".", 1)
    beside = path.with_name(f"{stem}_gt.{suffix}")
    if not beside.exists():
        return None
    return on_grid_of(image, read_label_map(beside)[1]).pixels


def _info(path: Path) -> dict[str, str]:
    """The `key: value` lines of an Info file; nothing where there is none."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return {key.strip(): value.strip() for key, mark, value in (line.partition(":") for line in lines) if mark}


def _splits(folder: Path) -> dict[str, str]:
    """Patient -> split from index.csv, else from the lists that CAMUS publishes; empty where there is neither."""
    for place in (folder, *folder.resolve().parents[:2]):
        # Folders above may hold an index.csv of something else, and the split is a courtesy.
        with suppress(InputError):
            return {row["patient"]: row["split"] for row in index_rows(place / "index.csv")}
        lists = place / "database_split"
        if lists.is_dir():
            return {patient: split for split, name in _SPLIT_FILES.items() for patient in _patients(lists / name)}
    return {}


def _patients(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").split()) if path.exists() else ()

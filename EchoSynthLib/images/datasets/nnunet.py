"""Pairs of image and label map as an nnU-Net v2 raw data set (Isensee et al., Nature Methods 18:203-211, 2021)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from EchoSynthLib.anatomy.labels import CAMUS
from EchoSynthLib.errors import InputError, OutputError
from EchoSynthLib.images.datasets.labeled_image import LabeledImage
from EchoSynthLib.images.frame import EchoFrame
from EchoSynthLib.images.write import write_image, write_label_map, write_record
from EchoSynthLib.outputs import OutputFolder

TERMS = "Synthetic images come under the terms of the weights that drew them: trained on CAMUS, CC BY-NC-SA 4.0"
"""The license of a data set with synthetic cases, where no other is given."""

LABELS = {"background": 0} | {name: code for name, code in CAMUS.items() if code}


def write_nnunet(
    pairs: Iterable[LabeledImage],
    folder: str | Path,
    name: str = "EchoSynth",
    number: int = 1,
    labels: Mapping[str, int] = LABELS,
    licence: str = "",
    reference: str = "",
) -> Path:
    """Write `folder`/DatasetNNN_Name with imagesTr, labelsTr, imagesTs and dataset.json, whole or not at all.

    Args:
        pairs: the cases; drawn one at a time, so a generator of any length does.
        folder: an existing folder, nnU-Net's `nnUNet_raw`.
        name, number: of the data set; number in 1..999.
        labels: name -> code, with background 0.
        licence, reference: of the data, for dataset.json; without a license `TERMS` where cases are synthetic.

    Returns:
        The folder of the data set.

    Raises:
        InputError: no case, a bad or repeated name, image and label map of different shapes, or codes not in `labels`.
        OutputError: it is there already or could not be written; nothing is left behind.
    """
    if not re.fullmatch(r"[A-Za-z0-9]+", name) or not 1 <= number <= 999:
        raise InputError(
            f"A data set has a name of letters and digits and a number in 1..999, not {name!r} and {number}."
        )
    target = Path(folder) / f"Dataset{number:03d}_{name}"
    if target.exists():
        raise OutputError(f"{target} exists already; remove it or choose another number.")
    if not target.parent.is_dir():
        raise OutputError(f"{target} cannot be written: there is no folder {folder}. Create it or choose another one.")
    with OutputFolder(folder) as hidden:
        for room in ("imagesTr", "labelsTr"):
            (hidden / target.name / room).mkdir(parents=True)
        summary = _write_cases(pairs, hidden / target.name, labels)
        write_record(hidden / target.name / "dataset.json", description(name, *summary, labels, licence, reference))
    return target


def description(
    name: str,
    training: int,
    synthetic: Sequence[str],
    labels: Mapping[str, int] = LABELS,
    licence: str = "",
    reference: str = "",
) -> dict[str, object]:
    """What dataset.json says of so many training cases, of which the `synthetic` are named."""
    return {
        "name": name,
        "licence": licence or (TERMS if synthetic else ""),
        "reference": reference,
        "channel_names": {"0": "ultrasound"},
        "labels": dict(labels),
        "numTraining": training,
        "file_ending": ".nii.gz",
        "synthetic_cases": list(synthetic),
    }


def _write_cases(pairs: Iterable[LabeledImage], folder: Path, labels: Mapping[str, int]) -> tuple[int, list[str]]:
    """Write the cases and return how many are to train on, and the names of the synthetic ones."""
    trained = 0
    names: set[str] = set()
    synthetic: list[str] = []
    for pair in pairs:
        _check(pair, names, labels)
        names.add(pair.name)
        trained += _write_case(pair, folder)
        if pair.attributes.get("synthetic"):
            synthetic.append(pair.name)
    if not trained:
        raise InputError("An nnU-Net data set needs at least one image with a label map; none was given.")
    return trained, synthetic


def _write_case(pair: LabeledImage, folder: Path) -> bool:
    """Write one case; whether it is one to train on."""
    like = EchoFrame(pair.image, pair.spacing, geometry=pair.geometry)
    if pair.label_map is None:
        (folder / "imagesTs").mkdir(exist_ok=True)
        write_image(folder / "imagesTs" / f"{pair.name}_0000.nii.gz", pair.image, like, attributes=pair.attributes)
        return False
    write_image(folder / "imagesTr" / f"{pair.name}_0000.nii.gz", pair.image, like, attributes=pair.attributes)
    write_label_map(folder / "labelsTr" / f"{pair.name}.nii.gz", pair.label_map, like)
    return True


def _check(pair: LabeledImage, names: set[str], labels: Mapping[str, int]) -> None:
    if not re.fullmatch(r"[\w-]+", pair.name) or pair.name in names:
        raise InputError(f"A case needs a name of its own, of letters, digits, - and _; given was {pair.name!r}.")
    if pair.label_map is None:
        return
    if pair.label_map.shape != pair.image.shape:
        raise InputError(
            f"{pair.name}: the image {pair.image.shape} and label map {pair.label_map.shape} differ in shape."
        )
    unknown = sorted(set(np.unique(pair.label_map).tolist()) - set(labels.values()))
    if unknown:
        raise InputError(f"{pair.name}: the label map holds the codes {unknown}, which {dict(labels)} does not name.")

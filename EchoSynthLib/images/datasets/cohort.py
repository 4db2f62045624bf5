"""The folder of `echosynth cohort` that recipes draw their hearts from."""

from __future__ import annotations

import csv
import json
from dataclasses import fields
from pathlib import Path

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.errors import InputError

_SETTINGS, _HEARTS = "cohort.json", "hearts.csv"


def read_cohort(folder: Path) -> tuple[Cohort, int]:
    """The cohort that `echosynth cohort` made in a folder, and how many hearts it has.

    Raises:
        InputError: there is none, or its files cannot be read.
    """
    wanted = f"give the output folder of `echosynth cohort`, with {_SETTINGS} and {_HEARTS}"
    try:
        told = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
        cohort = Cohort(**{field.name: told[field.name] for field in fields(Cohort)})
        with (folder / _HEARTS).open(encoding="utf-8", newline="") as file:
            count = sum(1 for _ in csv.DictReader(file))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(f"There is no cohort in {folder} ({error}); {wanted}.") from error
    if not count:
        raise InputError(f"The cohort in {folder} has no hearts; {wanted}.")
    return cohort, count

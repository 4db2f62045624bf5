"""Which ejection fraction each heart of a set of cines is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.checksums import sha256_of_json
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.table_rows import rows_of
from EchoSynthLib.synthesis.animation import EJECTION_FRACTIONS

UNIFORM, REAL = "uniform", "real"
COLUMN = "EF"
FORMS = (
    f"{UNIFORM}:10-90 for any between two, {REAL} for those that the cohort's hearts have, as a hospital's patients "
    f"do, or a table (.csv) with a column {COLUMN}, whose rows are taken in turn"
)
_NUMBER = r"(\d+(?:\.\d+)?)"


@dataclass(frozen=True)
class AskedFractions:
    """Ejection fractions by the number of a heart, in percent.

    Attributes:
        form: 'uniform', 'real', or 'table'.
        values: lower and upper end, or those of the table.
    """

    form: str
    values: tuple[float, ...] = ()

    @classmethod
    def of(cls, text: str) -> AskedFractions:
        """What `FORMS` tells.

        Raises:
            InputError: it is none of them, or the table holds something else.
        """
        lowest, highest = EJECTION_FRACTIONS
        wanted = text.strip()
        if wanted.lower() == REAL:
            return cls(REAL)
        between = re.fullmatch(rf"{UNIFORM}:{_NUMBER}-{_NUMBER}", wanted.lower())
        if between:
            ends = float(between[1]), float(between[2])
            if not lowest <= ends[0] <= ends[1] <= highest:
                raise InputError(
                    f"The parameter ef was given {text!r:.60}; ejection fractions lie from {lowest:g} to {highest:g} "
                    "percent, the lower end first."
                )
            return cls(UNIFORM, ends)
        if not wanted.lower().endswith(".csv"):
            raise InputError(f"The parameter ef was given {text!r:.120}; allowed is {FORMS}.")
        values = tuple(row.number(COLUMN, lowest, highest) for row in rows_of(Path(wanted).expanduser(), (COLUMN,)))
        if not values:
            raise InputError(f"{wanted} has no row; expected was a table with a column {COLUMN}, a row a heart.")
        return cls("table", values)

    def percent(self, cohort: Cohort, index: int) -> float:
        """That of heart number `index`; it depends on the cohort's seed and the number alone."""
        if self.form == UNIFORM:
            low, high = self.values
            return float(np.random.default_rng((cohort.seed, index, *b"fraction")).uniform(low, high))
        if self.form == REAL:
            return float(np.clip(100 * cohort.heart(index).parameters.ejection_fraction, *EJECTION_FRACTIONS))
        return self.values[index % len(self.values)]

    def to_dict(self) -> dict[str, object]:
        """What files depend on, as JSON-able values."""
        told = list(self.values) if self.form == UNIFORM else sha256_of_json(self.values)
        return {"ef": self.form, "ef_values": told}

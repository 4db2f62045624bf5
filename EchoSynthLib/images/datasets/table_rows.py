"""The rows of a CSV table, each of which can say what is wrong with it, and where."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import existing_file, reading


@dataclass(frozen=True)
class Row:
    """A row of a table, that knows where it stands.

    Attributes:
        path, line: of the table, and in it, from 1.
        values: texts by column; None where the line ended before.
    """

    path: Path
    line: int
    values: Mapping[str, str | None]

    def error(self, what: str) -> InputError:
        """What is wrong, after the place where it is."""
        return InputError(f"{self.path}, line {self.line}: {what}.")

    def text(self, column: str) -> str:
        """What stands in a column; InputError where it is empty."""
        found = (self.values[column] or "").strip()
        if not found:
            raise self.error(f"{column} is empty; each row has {', '.join(self.values)}")
        return found

    def number(self, column: str, lowest: float = -math.inf, highest: float = math.inf) -> float:
        """The number in a column, within limits that are allowed themselves; InputError where there is none."""
        text = self.text(column)
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not lowest <= found <= highest or not math.isfinite(found):
            limits = "" if math.isinf(lowest) else f" from {lowest:g} on"
            limits = limits if math.isinf(highest) else f" from {lowest:g} to {highest:g}"
            raise self.error(f"{column} is {text!r:.60}; expected was a number{limits}")
        return found

    def whole(self, column: str, lowest: int) -> int:
        """The whole number in a column; InputError where there is none."""
        found = self.number(column, lowest)
        if not found.is_integer():
            raise self.error(f"{column} is {found:g}; expected was a whole number from {lowest} on")
        return int(found)


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a table, of which the columns named are kept.

    Raises:
        InputError: the file is missing, no table, or has no such column.
    """
    expected = f"a table with the columns {', '.join(columns)}"
    with reading(existing_file(path), expected), path.open(newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file, strict=True)
        missing = [name for name in columns if name not in (table.fieldnames or ())]
        if missing:
            raise InputError(f"{path} has no column {', '.join(missing)}; expected was {expected}.")
        for row in table:
            yield Row(path, table.line_num, {name: row[name] for name in columns})

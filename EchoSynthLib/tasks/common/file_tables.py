"""Tasks that tell one row of each file: the rows of an image or of a folder's images, and the table of them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.outputs import OutputFolder, replacing
from EchoSynthLib.tasks.common.folders import images_in, left_out_of, run_each, warnings_of_each
from EchoSynthLib.tasks.common.output_places import check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import naming, write_records
from EchoSynthLib.tasks.task import Context
from EchoSynthLib.types import Progress

Row = dict[str, Any]


@dataclass(frozen=True)
class FileRows:
    """What is told of an image, or of each of a folder.

    Attributes:
        rows: of each file that can be used.
        made: record of the first one.
        failures: the others, with file and message.
        warnings: of the image, or of all with their names.
    """

    rows: list[Row]
    made: Mapping[str, Any]
    failures: list[dict[str, str]]
    warnings: list[str]

    @classmethod
    def of(
        cls, source: Path, row_of: Callable[[Path, Progress], tuple[Row, Row]], context: Context, done: str
    ) -> FileRows:
        """The rows of an image or of a folder's images.

        Args:
            source: image or folder.
            row_of: row and record of a file.
            context: of the task.
            done: what has been done with a file, as in 'read'.

        Raises:
            InputError: the image cannot be used, or none of the folder.
        """
        if not source.is_dir():
            with naming(source):
                row, made = row_of(source, context.progress)
            return cls([row], made, [], list(row.get("warnings", [])))
        told, failures = run_each(images_in(source), lambda file: file.name, row_of, context, source, done)
        rows = [row for row, _ in told]
        return cls(rows, told[0][1], failures, [*left_out_of(source), *warnings_of_each(rows)])

    def told(self, *keys: str) -> Row:
        """Rows and failures as a record's fields, with these of the first record."""
        return {key: self.made[key] for key in keys} | {"results": self.rows, "failures": self.failures}


@dataclass(frozen=True)
class TableFiles:
    """What a task writes into its folder.

    Attributes:
        table: name of the CSV with the record's `results`.
        record: name of the record.
        columns: of the table.
        shares: columns of numbers in [0, 1].
    """

    table: str
    record: str
    columns: Sequence[str]
    shares: Sequence[str]

    def written(self, output: Path | None, task: str, source: Path, tell: Callable[[], Row]) -> Row:
        """The record that `tell` gives; where there is an output, that is a folder with the table and the record.

        Raises:
            InputError: the folder cannot be written or holds what is not the task's.
        """
        if output is None:
            return tell() | {"outputs": {}}
        output_folder(output)
        check_replaceable(output, self.record, [self.table], task, source)
        with OutputFolder(output) as hidden:
            record = tell()
            write_table(hidden / self.table, record["results"], self.columns, self.shares)
            return write_records(hidden, self.record, output, record | {"outputs": {"table": self.table}})


def write_table(path: Path, rows: Iterable[Row], columns: Sequence[str], shares: Sequence[str] = ()) -> None:
    """Writes the rows as CSV with these columns, of which the shares have four digits; a name in any script."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore", restval="")
        table.writeheader()
        for row in rows:
            table.writerow(row | {name: f"{row[name]:.4f}" for name in shares if row.get(name) is not None})

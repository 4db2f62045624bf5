"""Rows of measurements as a table node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import slicer
import vtk

from EchoSynthMRML.volumes import free_name

COLUMNS = {
    "Measurement": "label",
    "Value": "shown",
    "Unit": "shown_unit",
    "90 % interval": "between",
    "Where": "place",
    "Light": "light",
}
"""Heading to the key of a row, see `EchoSynthLib.measurement.rows_of`."""


def add_table(scene: Any, name: str) -> Any:
    """An empty table node."""
    node = slicer.vtkMRMLTableNode()
    node.SetName(free_name(scene, name))
    # Names stand above the columns and beside the rows, and stay in sight as these are scrolled.
    node.SetUseColumnTitleAsColumnHeader(True)
    node.SetUseFirstColumnAsRowHeader(True)
    return scene.AddNode(node)


def write_rows(node: Any, rows: Sequence[Mapping[str, object]]) -> None:
    """Writes rows into a table node, in their order; of a table of the same length, only what differs."""
    table = node.GetTable()
    if table.GetNumberOfColumns() != len(COLUMNS) or table.GetNumberOfRows() != len(rows):
        table = vtk.vtkTable()
        for heading in COLUMNS:
            column = vtk.vtkDoubleArray() if heading == "Value" else vtk.vtkStringArray()
            column.SetName(heading)
            column.SetNumberOfValues(len(rows))
            table.AddColumn(column)
    for number, (heading, key) in enumerate(COLUMNS.items()):
        _fill(table.GetColumn(number), [row[key] for row in rows], number_column=heading == "Value")
    if table is node.GetTable():
        table.Modified()
    else:
        node.SetAndObserveTable(table)


def write_columns(node: Any, columns: Mapping[str, Sequence[object]]) -> None:
    """Makes columns of texts the whole of a table node, by their headings."""
    table = vtk.vtkTable()
    for heading, values in columns.items():
        column = vtk.vtkStringArray()
        column.SetName(heading)
        for value in values:
            column.InsertNextValue(str(value))
        table.AddColumn(column)
    node.SetAndObserveTable(table)


def rows_in(node: Any) -> list[dict[str, Any]]:
    """The rows of a table node as `write_rows` takes them."""
    columns = [node.GetTable().GetColumn(number) for number in range(len(COLUMNS))]
    return [
        {key: column.GetValue(row) for key, column in zip(COLUMNS.values(), columns, strict=True)}
        for row in range(node.GetTable().GetNumberOfRows())
    ]


def _fill(column: Any, values: Sequence[Any], number_column: bool) -> None:
    for row, value in enumerate(values):
        told = float(value) if number_column else str(value)
        if column.GetValue(row) != told:
            column.SetValue(row, told)
    column.Modified()

"""Which structures the values of a label map volume stand for."""

from __future__ import annotations

from typing import Any

from EchoSynthLib.anatomy.labels import CAMUS
from EchoSynthLib.errors import InputError
from EchoSynthMRML.structures import code_of_terms

_CODES = ", ".join(f"{code} {name}" for name, code in CAMUS.items())


def codes_of_values(volume: Any, values: list[int]) -> tuple[dict[int, int], tuple[str, ...]]:
    """The CAMUS code of each value, and what the user should know.

    Args:
        volume: vtkMRMLLabelMapVolumeNode; where its color table names structures, the names decide. Else the values
            are taken as CAMUS codes.
        values: the values that occur in it; 0 is background.

    Raises:
        InputError: neither the color table nor the values tell a structure.
    """
    labels = [value for value in values if value != 0]
    display = volume.GetDisplayNode()
    table: Any = display.GetColorNode() if display else None
    codes = {value: code for value in labels if (code := _code_in_table(table, value)) is not None}
    if codes:
        left_out = [value for value in labels if value not in codes]
        return codes, tuple(
            f"The label {value:g} ({table.GetColorName(int(value))}) is no structure EchoSynth knows and was left out."
            for value in left_out
        )
    if labels and set(labels) <= set(CAMUS.values()):
        return {value: int(value) for value in labels}, (
            f"The color table of '{volume.GetName()}' names no structures; its values were taken as {_CODES}.",
        )
    shown = ", ".join(f"{value:g}" for value in labels[:8]) or "0 alone"
    raise InputError(
        f"The label map '{volume.GetName()}' holds the values {shown}, which its color table does not name. "
        f"Known are {_CODES}."
    )


def _code_in_table(table: Any, value: float) -> int | None:
    if table is None or not 0 <= value < table.GetNumberOfColors() or value != int(value):
        return None
    terminology = table.GetTerminologyAsString(int(value)) if hasattr(table, "GetTerminologyAsString") else ""
    return code_of_terms(terminology, table.GetColorName(int(value)))

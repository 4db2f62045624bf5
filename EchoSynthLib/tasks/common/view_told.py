"""The view that a label map shows, which no model can tell: as it was given, named or recorded."""

from __future__ import annotations

import json
from pathlib import Path

from EchoSynthLib.anatomy.views import FOUR_CHAMBER, view_names
from EchoSynthLib.images.clip_names import check_named_view, told_by_name
from EchoSynthLib.images.formats import stem_of

UNTOLD = f"no name and no record tells the view, so {FOUR_CHAMBER.name} is drawn; --view gives another"


def view_told(given: str, label_map: Path) -> tuple[str, list[str]]:
    """The view to draw a label map in, and a warning where nothing tells it.

    Args:
        given: a view; 'auto' for that of the file's name, else that of the segmentation's record beside it, else 4CH.

    Raises:
        InputError: the file's name tells a view that is not drawn.
    """
    if given != "auto":
        return given, []
    told = told_by_name(stem_of(label_map)).view or view_told_with(label_map)
    if told in view_names("synthesis"):
        return str(told), []
    check_named_view(stem_of(label_map), "synthesis")
    return FOUR_CHAMBER.name, [UNTOLD]


def view_told_with(label_map: Path) -> str | None:
    """The view that the record of a segmentation tells, which lies beside its label map; None where there is none."""
    stem, known = stem_of(label_map), view_names("measurement")
    for name in (stem.removesuffix("_segmentation"), stem):
        try:
            record = json.loads((label_map.parent / f"{name}_record.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(record, dict) and record.get("task") == "segment" and record.get("view") in known:
            return str(record["view"])
    return None

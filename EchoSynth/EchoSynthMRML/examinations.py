"""An examination in a scene: a text node that knows its clips, and refers to those that are in the scene as volumes.

What is known of a hundred clips, with thumbnails, is a text of some hundred kilobytes; a saved scene brings it back.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zlib import compress, decompress

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.views import VIEWS
from EchoSynthLib.images.clip_names import told_by_name
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.measurement.study_places import MODEL, NAME, SET
from EchoSynthMRML.volumes import free_name

EXAMINATION = "EchoSynth.examination"
"""Attribute of a text node that is one."""
UNKNOWN = "unknown"
"""What a row tells in place of a view of which no model is sure."""
_CLIP = "EchoSynth.clip."
"""Begins the role of the volume that a clip is, its number follows."""


@dataclass(frozen=True, eq=False)
class ExaminedClip:
    """What is known of a clip of an examination.

    Attributes:
        number: its place among them, 0 is the first.
        row: of the record of the task `examine`; `set_view` where a user told the view.
        picture: its thumbnail, as the node keeps it.
    """

    number: int
    row: Mapping[str, Any]
    picture: Mapping[str, Any]

    @property
    def title(self) -> str:
        """What it is called without its patient's name; its number where nothing else is known."""
        return self.row["name"] or f"clip {self.number + 1}"

    @property
    def failure(self) -> str:
        """Why it cannot be used, '' where it can."""
        return str(self.row.get("failure", ""))

    @property
    def shares(self) -> dict[str, float]:
        """Of the views that a model sees in it, the largest first."""
        shares: dict[str, float] = self.row.get("view_probabilities") or {}
        return dict(sorted(shares.items(), key=lambda share: -share[1]))

    @cached_property
    def view_from(self) -> tuple[str, str]:
        """The view, and where it comes from, as in `measurement.study_places`; ('', '') where nothing is sure."""
        known = (
            (self.row.get("set_view", ""), SET),
            (self.named_view, NAME),
            ("" if self.failure or self.row["view"] == UNKNOWN else self.row["view"], MODEL),
        )
        return next(((view, source) for view, source in known if view), ("", ""))

    @property
    def named_view(self) -> str:
        """The view that its file's name tells, '' where it tells none."""
        return told_by_name(stem_of(self.row["file"]), also=VIEWS).view

    @property
    def share(self) -> float | None:
        """Of its view; None where a model tells none."""
        return self.shares.get(self.view_from[0])

    @property
    def reasons(self) -> list[str]:
        """What speaks against trusting it, in words."""
        view, source = self.view_from
        seen = next(iter(self.shares), "")
        told = [*self.row.get("trust_reasons", ())]
        if source == NAME and seen and seen != view:
            told.append(f"its name tells {view}, and {seen} is seen ({100 * self.shares[seen]:.0f} %)")
        return told

    @property
    def light(self) -> str:
        """'green', 'yellow' or 'red': how far to trust it; '' where nobody judged."""
        if self.row.get("trust_reasons"):
            return "red"
        if self.reasons:
            return "yellow"
        return "" if self.row.get("trust") is None else "green"

    @property
    def is_cine(self) -> bool:
        """Whether it has several frames."""
        return bool(self.row.get("frames", 1) > 1)

    @property
    def frame_rate(self) -> float | None:
        """Frames a second, None where it is not known."""
        time = self.row.get("frame_time_ms")
        return 1000 / time if time else None

    @property
    def pixel_size(self) -> float | None:
        """Side of a square of a pixel's area in mm; None where no calibration tells it."""
        spacing = self.row.get("spacing_mm")
        return float(np.sqrt(np.prod(spacing))) if spacing and self.row.get("spacing_trusted") else None

    def thumbnail(self) -> NDArray[np.uint8]:
        """(rows, columns) gray levels."""
        pixels = np.frombuffer(decompress(b64decode(self.picture["pixels"])), np.uint8)
        return pixels.reshape(self.picture["shape"])


def add_examination(
    scene: Any, name: str, folder: Path | None, rows: Sequence[Mapping[str, Any]], thumbnails: NDArray[np.uint8]
) -> Any:
    """A node of an examination.

    Args:
        scene: where it goes.
        name: how it is called.
        folder: where the files of the rows lie; None of clips that are in the scene.
        rows: of the record of the task `examine`.
        thumbnails: (N, rows, columns) uint8.
    """
    node = scene.AddNewNodeByClass("vtkMRMLTextNode", free_name(scene, name))
    node.SetAttribute(EXAMINATION, "1")
    pictures = [
        {"shape": picture.shape, "pixels": b64encode(compress(picture.tobytes())).decode()} for picture in thumbnails
    ]
    _write(node, {"folder": "" if folder is None else str(folder), "clips": list(rows), "pictures": pictures})
    return node


def is_examination(node: Any) -> bool:
    """Whether a node is one."""
    return node is not None and node.IsA("vtkMRMLTextNode") and node.GetAttribute(EXAMINATION) is not None


def clips_of(node: Any) -> list[ExaminedClip]:
    """The clips of an examination in the order of their files."""
    told = _read(node)
    pairs = zip(told["clips"], told["pictures"], strict=True)
    return [ExaminedClip(number, row, picture) for number, (row, picture) in enumerate(pairs)]


def file_of(node: Any, number: int) -> Path | None:
    """The file of a clip; None of one that came from the scene."""
    told = _read(node)
    return Path(told["folder"], told["clips"][number]["file"]) if told["folder"] else None


def volume_of(node: Any, number: int) -> Any:
    """The volume that a clip is in the scene, None where it is not there."""
    return node.GetNodeReference(f"{_CLIP}{number}")


def keep_volume(node: Any, number: int, volume: Any) -> None:
    """Keeps which volume a clip is in the scene."""
    node.SetNodeReferenceID(f"{_CLIP}{number}", volume.GetID())


def keep_view(node: Any, number: int, view: str) -> None:
    """Keeps the view of a clip as a user told it; '' forgets it."""
    told = _read(node)
    told["clips"][number]["set_view"] = view
    _write(node, told)


def _read(node: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(node.GetText() or '{"folder": "", "clips": [], "pictures": []}')
    return told


def _write(node: Any, told: Mapping[str, Any]) -> None:
    node.SetText(json.dumps(told))

"""Where a node came from, in its attributes: they are saved with the scene and copied with the node."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.clip_names import name_of_cine
from EchoSynthLib.records import STAMP
from EchoSynthMRML.cines import cine_of

PREFIX = "EchoSynth."
FRAME = PREFIX + "frame"
LABEL_MAP_ROLE = "EchoSynth.labelMap"
_SEGMENTATION = " segmentation"

_KINDS: Mapping[str, type] = {
    **STAMP,
    "task": str,
    "process": str,
    "view_source": str,
    "label_map_sha256": str,
}


def stamp(node: Any, record: Mapping[str, Any], index: int = 0) -> None:
    """Writes what a record says of a result into its node; of a node that shows a cine, into all frames too.

    Args:
        node: the result.
        record: as the task gave it; of what it lacks nothing is written.
        index: which of the results of the record's seed the node is.
    """
    told = {**record, "index": index} if "seed" in record else record
    texts = {PREFIX + key: _text(told[key]) for key in _KINDS if told.get(key) is not None}
    for target in _with_frames(node):
        blocked = target.StartModify()
        for name, text in texts.items():
            target.SetAttribute(name, text)
        target.EndModify(blocked)


def stamps_of(node: Any) -> dict[str, Any]:
    """What `stamp` wrote, as a record: JSON-able, and without what was not known."""
    texts = {key: node.GetAttribute(PREFIX + key) for key in _KINDS}
    return {key: _value(text, _KINDS[key]) for key, text in texts.items() if text is not None}


def forget_stamps(node: Any) -> None:
    """Takes away what was written into a node: it becomes another result."""
    names = node.GetAttributeNames()
    for name in [name for name in names if name.startswith(PREFIX)]:
        node.RemoveAttribute(name)


def stamp_frame(node: Any, frame: int | None) -> None:
    """Keeps which frame of a cine a result belongs to; None where it belongs to no single one."""
    if frame is not None:
        node.SetAttribute(FRAME, str(frame))


def frame_stamped(node: Any) -> int | None:
    """The only frame of a cine that a result belongs to; None where there is no such thing."""
    text = node.GetAttribute(FRAME)
    return int(text) if text and text.isdecimal() else None


def is_synthetic(node: Any) -> bool:
    """Whether a node, or the cine that it shows, was synthesized."""
    cine = cine_of(node)
    return any(stamps_of(each).get("synthetic", False) for each in (node, *([cine.sequence] if cine else ())))


def link_to_label_map(image: Any, label_map: Any) -> None:
    """Keeps which node of the scene a synthetic image was drawn from; outlives renaming and saving."""
    image.SetNodeReferenceID(LABEL_MAP_ROLE, label_map.GetID())


def linked_label_map(image: Any) -> Any:
    """The node that a synthetic image was drawn from, or None."""
    return image.GetNodeReference(LABEL_MAP_ROLE)


def sha256_of(label_maps: NDArray[np.uint8]) -> str:
    """The fingerprint of the label maps (T, H, W) of a result, to tell whether they were edited since."""
    return hashlib.sha256(label_maps.tobytes()).hexdigest()


def name_of_segmentation(image_name: str) -> str:
    """The name of what an image was segmented into."""
    return f"{image_name}{_SEGMENTATION}"


def name_of_variation(source_name: str, seed: int, index: int) -> str:
    """The name of variation `index` of a seed; trees cut the ends of names, so what tells them apart comes first."""
    return f"variation s{seed} #{index} of {source_name.removesuffix(_SEGMENTATION)}"


def name_of_synthetic(source_name: str, seed: int, index: int) -> str:
    """The name of synthetic image `index` of a seed; see `name_of_variation`."""
    return f"synthetic s{seed} #{index} of {source_name.removesuffix(_SEGMENTATION)}"


def name_of_beating(source_name: str, seed: int, percent: float | None) -> str:
    """The name of a cine made of a frame, with the ejection fraction asked for; see `name_of_variation`."""
    wish = "" if percent is None else f"EF {percent:g} % "
    return f"{wish}s{seed} of {name_of_cine(source_name.removesuffix(_SEGMENTATION))}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(text: str, kind: type) -> Any:
    return text == "true" if kind is bool else kind(text)


def _with_frames(node: Any) -> Iterator[Any]:
    yield node
    cine = cine_of(node)
    if cine:
        # A file of the sequence may drop the attributes of its frames; those of the sequence stand in the scene.
        yield cine.sequence
        yield from cine

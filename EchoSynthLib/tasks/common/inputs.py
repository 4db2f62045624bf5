"""What several tasks are given: label maps with their pixel size, and the sector as JSON or in a reference image."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.label_maps.codes import CODES
from EchoSynthLib.tasks.common.results import check_exists, naming
from EchoSynthLib.types import Spacing

if TYPE_CHECKING:
    from EchoSynthLib.images.frame import EchoCine, EchoFrame, Geometry

SAME_PIXEL = 0.01
"""How far a pixel size given by hand may differ from the file's, over it: what rounding explains."""
CAMUS_CODES = f"CAMUS codes: {CODES}"


def held_by(image: EchoFrame | EchoCine) -> dict[str, Any]:
    """What a record tells of an image: frames, rows and columns, pixel size, frame time and date of the examination."""
    rows, columns = image.pixels.shape[-2:]
    return {
        "frames": len(image.pixels) if image.pixels.ndim == 3 else 1,
        "rows": rows,
        "columns": columns,
        "spacing_mm": None if image.spacing is None else [float(step) for step in image.spacing],
        "spacing_trusted": image.spacing_trusted,
        "frame_time_ms": getattr(image, "frame_time_ms", None),
        "exam_date": image.exam_date or None,
    }


def spacing_of(image: EchoFrame | EchoCine, given: Spacing | None) -> Spacing | None:
    """(row, column) in mm of an image or a label map: the file's where it can be trusted, else the one given, if any.

    Raises:
        InputError: both are there, and differ by more than 1 %.
    """
    if not image.spacing_trusted or image.spacing is None:
        return given
    row, column = image.spacing
    if given is not None and max(abs(given[0] / row - 1), abs(given[1] / column - 1)) > SAME_PIXEL:
        raise InputError(
            f"{image.source} says that a pixel is {row:.4g} x {column:.4g} mm (height x width), and row_spacing and "
            f"column_spacing that it is {given[0]:.4g} x {given[1]:.4g} mm. Leave them out, or correct the file."
        )
    return image.spacing


def doubts_of(image: EchoFrame | EchoCine, spacing: Spacing | None) -> list[str]:
    """Warnings of a pixel size (row, column) in mm that is not the file's own, of which the reader has told already."""
    from EchoSynthLib.images.frame import doubt_of_depth

    if image.spacing_trusted or spacing is None:
        return []
    doubt = doubt_of_depth(replace(image, spacing=spacing, spacing_trusted=True))
    return [doubt] if doubt else []


def read_labels(path: Path, spacing: Spacing | None = None) -> EchoFrame | EchoCine:
    """The label map of a file, with `spacing` (row, column) in mm where the file carries none that can be trusted.

    Raises:
        InputError: the file is missing or no label map in CAMUS codes, or tells another spacing than the one given.
    """
    from EchoSynthLib.anatomy.cine import check_label_maps
    from EchoSynthLib.images.frame import Geometry
    from EchoSynthLib.images.label_maps.read import read_label_map

    if check_exists(path, "label map").is_dir():
        raise InputError(f"{path} is a folder; give one label map. `echosynth dataset` takes a folder of them.")
    with naming(path):
        codes, labels = read_label_map(path)
        check_label_maps(codes)
    spacing = spacing_of(labels, spacing)
    if spacing is None or labels.spacing_trusted:
        return labels
    place = labels.geometry or Geometry.flat(spacing)
    place = replace(place, spacing=(spacing[1], spacing[0], *place.spacing[2:]))
    remarks = (*labels.remarks, *doubts_of(labels, spacing))
    return replace(labels, spacing=spacing, spacing_trusted=True, geometry=place, remarks=remarks)


def trusted_spacing(labels: EchoFrame | EchoCine) -> Spacing | None:
    """(row, column) in mm where lengths can be told, else None."""
    return labels.spacing if labels.spacing_trusted else None


def read_sector(text: str, shape: tuple[int, ...]) -> Sector:
    """The sector that JSON text describes, for an image or cine of this shape.

    Raises:
        InputError: it is no JSON, lacks a number of the sector's or holds a strange one, or describes no sector that
            the image shows.
    """
    names = [field.name for field in fields(Sector)]
    told = f'the parameter sector is JSON such as a record\'s "sector", an object with {", ".join(names)}'
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The sector is no JSON ({error}); {told}.") from error
    if not isinstance(values, dict):
        raise InputError(f"The sector is {text:.80}; {told}.")
    for problem, wrong in (("lacks", set(names) - set(values)), ("has the unknown", set(values) - set(names))):
        if wrong:
            raise InputError(f"The sector {problem} {', '.join(sorted(wrong))}; {told}.")
    strange = [name for name in names if isinstance(values[name], bool) or not isinstance(values[name], int | float)]
    if strange:
        raise InputError(f"The sector's {strange[0]} is {values[strange[0]]!r}, not a number; {told}.")
    found = Sector.from_dict(values)
    if not found.mask((shape[-2], shape[-1])).any():
        raise InputError(
            f"The sector lies outside the label map of {shape[-2]} x {shape[-1]} pixels; "
            "take the sector of an image of that size."
        )
    return found


@dataclass(frozen=True)
class Reference:
    """What is taken from a reference image: its sector, and where it lies in space.

    Attributes:
        sector: fitted to `frame`.
        frame: the image, of a cine the first.
        geometry: of the whole cine, if it is one.
    """

    sector: Sector
    frame: EchoFrame
    geometry: Geometry | None

    def placed(self, labels: EchoFrame | EchoCine) -> EchoFrame | EchoCine:
        """The label map on the reference's grid, at its place unless the label map alone knows its pixel size.

        Raises:
            InputError: the two do not fit, see `on_grid_of`.
        """
        import numpy as np

        from EchoSynthLib.images.frame import EchoCine
        from EchoSynthLib.images.label_maps.alignment import on_grid_of

        frame, place = self.frame, self.frame.geometry
        if isinstance(labels, EchoCine):
            # All frames of a cine lie where the reference does, which may be a single one.
            place = self.geometry
            pixels = np.broadcast_to(frame.pixels, (len(labels), *frame.pixels.shape))
            known = (frame.spacing, frame.spacing_trusted, frame.source, None, frame.geometry)
            labels = on_grid_of(EchoCine(pixels, *known), labels)
        else:
            labels = on_grid_of(frame, labels)
        remarks = (*labels.remarks, *(f"the reference: {text}" for text in frame.remarks))
        labels = replace(labels, remarks=remarks)
        if labels.spacing_trusted and not frame.spacing_trusted:
            return labels
        return replace(labels, spacing=frame.spacing, spacing_trusted=frame.spacing_trusted, geometry=place)


def read_reference(path: Path, spacing: Spacing | None) -> Reference:
    """The sector and place of an image; of a cine, its first frame's.

    The sectors of the last images are remembered, by their pixels.

    Args:
        path: the image.
        spacing: (row, column) in mm of the label map, where the image knows none.

    Raises:
        InputError: the file is missing, unreadable, a label map, or shows no sector.
    """
    from EchoSynthLib.images.frame import EchoCine
    from EchoSynthLib.images.read_echo import read_echo

    image = read_echo(check_exists(path, "reference image"))
    frame = image.frame(0) if isinstance(image, EchoCine) else image
    known = frame.spacing if frame.spacing_trusted else spacing
    with naming(path):
        sector = _fitted(frame.pixels.tobytes(), frame.pixels.shape, known)
    return Reference(sector, frame, image.geometry)


@lru_cache(maxsize=8)
def _fitted(pixels: bytes, shape: tuple[int, ...], spacing: Spacing | None) -> Sector:
    import numpy as np

    from EchoSynthLib.anatomy.sector.fit import fit_sector

    return fit_sector(np.frombuffer(pixels, np.uint8).reshape(shape), spacing)


def choose_sector(
    text: str | None, reference: Path | None, labels: EchoFrame | EchoCine
) -> tuple[Sector | None, EchoFrame | EchoCine, dict[str, str]]:
    """The sector to draw in, from JSON text or a reference, and the label map where it then lies.

    Returns:
        The sector, or None where neither is given; the label map; and what the record says of the reference.

    Raises:
        InputError: both are given, or see `read_sector` and `read_reference`.
    """
    if text is not None and reference is not None:
        raise InputError("Both a sector and a reference were given; give the one whose sector is to be drawn.")
    if reference is not None:
        found = read_reference(reference, trusted_spacing(labels))
        labels = found.placed(labels)
        about = {"reference": str(reference.resolve()), "sector_source": "fitted to the reference"}
        return found.sector, labels, about
    return None if text is None else read_sector(text, labels.pixels.shape), labels, {}

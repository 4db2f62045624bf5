"""Strain as tables: what was measured, with unit, formula and source, and the curves over the frames."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.measurement.quantities import Measurement
from EchoSynthLib.measurement.strain.curves import StrainCurve
from EchoSynthLib.measurement.strain.result import StrainResult
from EchoSynthLib.outputs import replacing

VOIGT = "Voigt et al., Eur Heart J Cardiovasc Imaging 16:1-11, 2015"
OURS = "EchoSynth"
COLUMNS = ("where", "name", "value", "unit", "light", "formula", "source")

_STRAINS = {
    "longitudinal": ("longitudinal strain", "(L - L0) / L0 of the endocardial contour, L0 at end-diastole"),
    "midwall": ("longitudinal strain, midwall", "(L - L0) / L0 of the middle of the wall, L0 at end-diastole"),
    "radial": ("radial strain", "(D - D0) / D0 of the wall's thickness, its area over the length of its middle"),
}
_DIGITS = 4


def table_of(result: StrainResult) -> list[Measurement]:
    """What was measured: of each curve its numbers, and the displacement at end-systole and its largest speeds.

    `where` is `GLOBAL`, a segment, or a mitral hinge.
    """
    strains = [
        entry
        for kind, curves in result.kinds.items()
        for name, curve in curves.items()
        for entry in _of_curve(curve, *_STRAINS[kind], name)
    ]
    return [*strains, *_of_displacement(result)]


def curves_of(result: StrainResult) -> dict[str, NDArray[np.float64]]:
    """Columns (T,) over the frames, by name with unit: the cavity's area, strains, displacement and speed."""
    length, speed = _units(result)
    area = {f"LV area [{length}2]": result.area}
    strains = {
        f"{_STRAINS[kind][0]}, {name} [%]": curve.values
        for kind, curves in result.kinds.items()
        for name, curve in curves.items()
    }
    moved, names, hinges = result.displacement, [segment.name for segment in result.segments], hinges_of(result)
    motion = {
        f"{way} {what}, {name} [{unit}]": column
        for way, what, unit, values, places in (
            ("longitudinal", "displacement", length, moved.annular, hinges),
            ("longitudinal", "displacement", length, moved.longitudinal, names),
            ("transverse", "displacement", length, moved.transverse, names),
            ("longitudinal", "speed", speed, moved.annular_speed, hinges),
            ("longitudinal", "speed", speed, moved.longitudinal_speed, names),
            ("transverse", "speed", speed, moved.transverse_speed, names),
        )
        if values is not None
        for name, column in zip(places, values.T, strict=True)
    }
    return {**area, **strains, **motion}


def hinges_of(result: StrainResult) -> tuple[str, str]:
    """What the mitral hinges on the left and the right of the image are called, after the walls they end."""
    walls = [result.segments[end].name.removeprefix("basal ") for end in (0, -1)]
    return f"{walls[0]} hinge", f"{walls[1]} hinge"


def write_table(path: Path, result: StrainResult) -> Path:
    """Write `table_of` as CSV in UTF-8, each row with the color of its segment's light, or that of all together."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        # Strain has no intervals; a measurement's own columns would be empty.
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for entry in table_of(result):
            light = result.lights.get(entry.where, result.light).color
            writer.writerow({**vars(entry), "value": round(entry.value, _DIGITS), "light": light})
    return path


def write_curves(path: Path, result: StrainResult) -> Path:
    """Write `curves_of` as CSV, a row a frame; what was not tracked, and times that are not known, are empty."""
    columns, times = curves_of(result), result.times_ms
    phases = {result.beat.end_diastole: "ED", result.beat.end_systole: "ES"}
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["frame", "phase", "time [ms]", *columns])
        for frame in range(len(result.area)):
            cells = [
                "" if times is None else _cell(times[frame]),
                *(_cell(values[frame]) for values in columns.values()),
            ]
            writer.writerow([frame, phases.get(frame, ""), *cells])
    return path


def _of_curve(curve: StrainCurve, name: str, formula: str, where: str) -> Iterator[Measurement]:
    for told, value, unit, how in (
        ("end-systolic", curve.end_systolic, "%", formula),
        ("peak systolic", curve.peak_systolic, "%", formula),
        ("peak", curve.peak, "%", formula),
        ("time to peak", curve.time_to_peak_ms, "ms", "from end-diastole to the peak of the beat"),
        ("post-systolic index", curve.post_systolic_index, "%", "(peak - end-systolic) / peak"),
    ):
        if value is not None and math.isfinite(value):
            yield Measurement(f"{name}, {told}", float(value), unit, where, how, VOIGT)


def _of_displacement(result: StrainResult) -> Iterator[Measurement]:
    moved, (length, speed) = result.displacement, _units(result)
    names, hinges = [segment.name for segment in result.segments], hinges_of(result)
    end, systole = result.beat.end_systole, result.beat.systole
    for name, values, speeds, places, formula in (
        ("displacement", moved.annular, moved.annular_speed, hinges, "along the long axis, towards the apex"),
        ("displacement", moved.longitudinal, moved.longitudinal_speed, names, "along the long axis, towards the apex"),
        ("transverse displacement", moved.transverse, moved.transverse_speed, names, "towards the long axis"),
    ):
        for number, place in enumerate(places):
            yield Measurement(f"{name}, end-systolic", float(values[end, number]), length, place, formula, OURS)
            if speeds is not None and not result.beat.runs_backwards:
                fastest = float(np.nanmax(speeds[systole, number]))
                yield Measurement(f"speed of {name}, peak systolic", fastest, speed, place, formula, OURS)


def _units(result: StrainResult) -> tuple[str, str]:
    """Of lengths and of speeds."""
    return ("px", "px/s") if result.spacing is None else ("mm", "cm/s")


def _cell(value: float) -> str:
    return f"{value:.{_DIGITS}f}" if math.isfinite(value) else ""

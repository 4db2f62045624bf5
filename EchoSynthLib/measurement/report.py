"""A one-page report in HTML: pictures, curves, table and traffic lights in one file that prints."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.images.overlay import Overlay, pixel_aspect
from EchoSynthLib.measurement.frame import FrameMeasures
from EchoSynthLib.measurement.reliability.traffic_light import Light
from EchoSynthLib.measurement.study import Study
from EchoSynthLib.measurement.texts import Worded, told_lights, worded
from EchoSynthLib.outputs import replacing

NOTICE = "For research only. Not a medical device; nothing here may guide the care of a patient."
_PICTURE_HEIGHT = 340  # pixels, twice what is shown, as sharp screens and printers have them
_LAMPS = {"green": "#2e8b57", "yellow": "#d9a400", "red": "#c0392b"}
_OUTLINE, _AXIS = (255, 230, 80), (90, 220, 255)
_STYLE = """
@page { size: A4; margin: 12mm }
body { font: 9.5px/1.3 sans-serif; color: #222; max-width: 186mm; margin: 12px auto }
@media print { body { margin: 0 } }
* { -webkit-print-color-adjust: exact; print-color-adjust: exact }
h1 { font-size: 16px; margin: 0 0 4px } h2 { font-size: 11px; margin: 7px 0 2px }
.lamp { display: inline-block; width: 9px; height: 9px; border-radius: 5px; margin-right: 5px }
.pictures, .curves { display: flex; gap: 6px } .curves > div { flex: 1; max-width: 50% }
figure { margin: 5px 0 0; max-width: 45% } figcaption { text-align: center }
img { display: block; max-width: 100%; max-height: 170px } svg { width: 100% }
table { border-collapse: collapse; width: 100% } tr, figure, svg { break-inside: avoid }
td, th { padding: 0 5px; border-bottom: 1px solid #ddd; text-align: left }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
.notice { color: #777; margin: 7px 0 0 }
"""


def write_report(
    path: Path,
    study: Study,
    images: Mapping[str, NDArray[np.uint8]] | None = None,
    *,
    title: str = "Measurements",
    record: Mapping[str, Any] | None = None,
) -> Path:
    """Write a study as one HTML file without links to others; it prints on a page of A4 for up to four frames.

    Args:
        path: the file, .html.
        study: what was measured.
        images: (H, W) uint8 by place ('4CH ED', 'frame 0'), drawn below the outlines; a black picture without one.
        title: shown on top.
        record: what made the label maps; its texts and numbers are listed at the end.
    """
    shown = _shown(study)
    parts = [
        f"<h1>{escape(title)}</h1>",
        *(_light_line(light, structure or "all together") for structure, light in told_lights(study)),
        *(f"<div>{escape(warning)}</div>" for warning in study.warnings),
        '<div class="pictures">' + "".join(_figure(where, study, images or {}) for where in shown) + "</div>",
        _curves(study),
        _table([worded(entry, study) for entry in study.table if entry.where not in study.frames], "Together"),
        _wide_table(study, shown),
        "<h2>Traffic lights</h2>" + "".join(_light_line(light, where) for where, light in study.lights.items()),
        _provenance(record or {}),
        f'<p class="notice">{escape(NOTICE)}</p>',
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    body = "\n".join(part for part in parts if part)
    text = f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


def _shown(study: Study) -> list[str]:
    """The frames that are shown: of a cine, end-diastole and end-systole."""
    if study.cycle is None:
        return list(study.frames)
    return [f"frame {end.frame}" for end in (study.cycle.diastole, study.cycle.systole)]


def _light_line(light: Light, where: str) -> str:
    lamp = f'<span class="lamp" style="background:{_LAMPS[light.color]}"></span>'
    return f"<div>{lamp}<b>{escape(where or 'frame')}</b>: {light.color} - {escape('; '.join(light.reasons))}</div>"


def _figure(where: str, study: Study, images: Mapping[str, NDArray[np.uint8]]) -> str:
    picture = base64.b64encode(_png(study.frames[where], images.get(where))).decode()
    caption = escape(_caption(where, study))
    return f'<figure><img src="data:image/png;base64,{picture}"><figcaption>{caption}</figcaption></figure>'


def _caption(where: str, study: Study) -> str:
    if study.cycle is None:
        return where
    phases = [
        phase
        for phase, end in (("ED", study.cycle.diastole), ("ES", study.cycle.systole))
        if where == f"frame {end.frame}"
    ]
    return f"{' and '.join(phases)}: {where}"


def _png(frame: FrameMeasures, image: NDArray[np.uint8] | None) -> bytes:
    """The image under the structures' outlines, the long axis and the endocardium, in square pixels."""
    gray = np.zeros(frame.labels.shape, np.uint8) if image is None else image
    overlay = Overlay(gray, _PICTURE_HEIGHT, pixel_aspect(frame.spacing))
    overlay.outlines(frame.labels, width=2)
    if frame.endocardium is not None:
        overlay.line(frame.endocardium.curve, _OUTLINE)
    if frame.ventricular_axis is not None:
        overlay.line([frame.ventricular_axis.base, frame.ventricular_axis.end], _AXIS)
    buffer = io.BytesIO()
    overlay.image.save(buffer, "PNG")
    return buffer.getvalue()


def _curves(study: Study) -> str:
    """The volume, where it is known, and the area of the left ventricle over the frames."""
    if study.cycle is None:
        return ""
    units = {"LV area": "mm2", "LV volume, discs": "ml"}
    known = study.frames["frame 0"].spacing is not None
    plots = [
        f"<div><h2>{escape(name)} [{unit if known else 'px2'}]</h2>{curve_svg(study.curves[name], _marks(study))}</div>"
        for name, unit in units.items()
        if name in study.curves
    ]
    return f'<div class="curves">{"".join(plots)}</div>'


def _marks(study: Study) -> dict[str, int]:
    return {} if study.cycle is None else {"ED": study.cycle.diastole.frame, "ES": study.cycle.systole.frame}


def curve_svg(values: Sequence[float], marks: Mapping[str, int]) -> str:
    """One curve over the frames as SVG, with marked frames; frames without a value leave a gap."""
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return ""
    low, high = min(known), max(known)
    width, height, left, base = 340.0, 110.0, 35.0, 95.0

    def at(index: int, value: float) -> tuple[float, float]:
        across = left + (width - left - 10) * index / max(len(values) - 1, 1)
        return across, base - (base - 12) * (value - low) / (high - low or 1.0)

    points = [(index, *at(index, value)) for index, value in enumerate(values) if np.isfinite(value)]
    path = " ".join(
        f"{'L' if number and points[number - 1][0] == index - 1 else 'M'}{x:.1f} {y:.1f}"
        for number, (index, x, y) in enumerate(points)
    )
    labels = "".join(
        f'<text x="2" y="{at(0, value)[1] + 3:.1f}" font-size="9">{value:.4g}</text>' for value in {low, high}
    )
    for name, index in marks.items():
        x, y = at(index, values[index])
        labels += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#c0392b"/>'
        labels += f'<text x="{x:.1f}" y="{y - 5:.1f}" font-size="9" text-anchor="middle">{name} {index}</text>'
    curve = f'<path d="{path}" fill="none" stroke="#2c5f8a"/>'
    axis = f'<path d="M{left} {base} H{width - 10}" stroke="#999"/>'
    frame = f'<text x="{width - 12}" y="{height - 3}" font-size="9" text-anchor="end">frame {len(values) - 1}</text>'
    return f'<svg viewBox="0 0 {width:g} {height:g}">{axis}{curve}{labels}{frame}</svg>'


def _table(entries: Sequence[Worded], title: str) -> str:
    if not entries:
        return ""
    rows = "".join(
        f'<tr><td>{escape(entry.label)}</td><td>{escape(entry.place)}</td><td class="number">{entry.text}</td>'
        f"<td>{entry.unit}</td></tr>"
        for entry in entries
    )
    return f"<h2>{title}</h2><table>{rows}</table>"


def _wide_table(study: Study, shown: Sequence[str]) -> str:
    """A column a frame."""
    found = {(entry.name, entry.where): worded(entry, study) for entry in study.table if entry.where in shown}
    names = list(dict.fromkeys(name for name, _ in found))
    if not names:
        return ""
    head = "".join(f'<th class="number">{escape(_caption(where, study) or "value")}</th>' for where in shown)
    rows = ""
    for name in names:
        entries = [found.get((name, where)) for where in shown]
        told = [entry for entry in entries if entry is not None]
        labels = {entry.label for entry in told}
        cells = "".join(f'<td class="number">{"" if entry is None else entry.text}</td>' for entry in entries)
        label = labels.pop() if len(labels) == 1 else name
        rows += f"<tr><td>{escape(label)}</td>{cells}<td>{told[0].unit}</td></tr>"
    return f"<h2>Frames</h2><table><tr><th></th>{head}<th></th></tr>{rows}</table>"


def _provenance(record: Mapping[str, Any]) -> str:
    told = {key: value for key, value in record.items() if isinstance(value, str | int | float)}
    if not told:
        return ""
    text = "; ".join(f"{key} {value}" for key, value in told.items())
    return f"<h2>How it was made</h2><div>{escape(text)}</div>"

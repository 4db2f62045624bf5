"""The report: what the tag and the scanner's overlay cost, and what BackMix brings back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from EchoSynthLib.experiment.report import table

Row = Mapping[str, Any]
PLAIN = "plain"

_HEAD = """# Does a classifier look at the heart, or beside it?

{iterations} iterations of 64 frames of {side} x {side} each, a ResNet of
width 8, seed {seed}. Frames: {frames}.

**Focus** is the share of the saliency inside the sector, the mean over test frames: by occlusion (by how much the
answer's share falls where a piece is black; in brackets |input gradient|, Grad-CAM); *pointing* how often its highest
value lies there; the sector itself is {sector:.0f} % of a frame. *Masked*: the same frames with a black background."""

_TAG = """## A tag beside the sector

Drawn hearts in four views, with a text in the corner that is the class with probability 0.95 in training and by chance
(0.25) in the test. *Of tag-free* is the accuracy as a share of {free:.1f} %, which a plain classifier reaches that was
trained and tested without tags."""

_REAL = """## The scanner's overlay

Real frames of CAMUS, two or four chambers, by its own split, on screens with overlays {overlays}: 80 % of the train and
val frames wear one of those that belong to their class, the others any. *In distribution* are the val frames under
overlays of that kind, *out of distribution* the same val frames under four other layouts, drawn, whatever the class."""


def report(results: Mapping[str, Any]) -> str:
    """The whole report, of what is made so far."""
    judged, about = results["judged"], results["about"]
    every = [arm for arms in judged.values() for arm in arms.values()]
    sector = 100 * every[0]["test"]["sector's share of the frame"] if every else float("nan")
    counts = "; ".join(
        f"{which} {', '.join(f'{n} {split}' for split, n in found.items())}" for which, found in about["frames"].items()
    )
    parts = [_HEAD.format(**about | {"frames": counts, "sector": sector})]
    if judged["tag-free"]:
        free = judged["tag-free"][PLAIN]["test"]["accuracy"]
        parts += [
            _TAG.format(free=100 * free),
            table([_tag_row(name, row, free) for name, row in judged["tagged"].items()]),
        ]
    if judged["real"]:
        plain = judged["real"].get(PLAIN)
        parts += [_REAL.format(**about), table([_real_row(name, row, plain) for name, row in judged["real"].items()])]
    return "\n\n".join(parts) + "\n"


def _tag_row(name: str, row: Row, free: float) -> dict[str, str]:
    test = row["test"]
    return {
        "training": name,
        "accuracy, %": _percent(test["accuracy"]),
        "of tag-free": f"{test['accuracy'] / free:.3f}",
        "without tags, %": _percent(row["test without tags"]["accuracy"]),
        "masked, %": _percent(test["accuracy, masked"]),
        **_focus(test),
    }


def _real_row(name: str, row: Row, plain: Row | None) -> dict[str, str]:
    told = {"training": name}
    for title, split in (("in distribution", "val"), ("out of distribution", "test")):
        told[f"{title}, %"] = _percent(row[split]["accuracy"])
        told["gain" + " " * (split == "test")] = _gain(row[split]["accuracy"], plain, split)
    return {**told, "masked, %": _percent(row["test"]["accuracy, masked"]), **_focus(row["test"])}


def _gain(accuracy: float, plain: Row | None, split: str) -> str:
    return "-" if plain is None else f"{100 * (accuracy - plain[split]['accuracy']):+.1f}"


def _focus(test: Row) -> dict[str, str]:
    by = ("occlusion", "input gradient", "Grad-CAM")
    told = {}
    for title, measure in (("focus", "focus"), ("pointing", "pointing game")):
        first, *rest = (f"{test[f'{measure}, {kind}']:.2f}" for kind in by)
        told[title] = f"{first} ({', '.join(rest)})"
    return told


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"

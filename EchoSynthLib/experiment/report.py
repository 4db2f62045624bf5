"""The report of an experiment, in Markdown: one table of all, then what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from EchoSynthLib.evaluation.segmentation_metrics import STRUCTURE_CODES
from EchoSynthLib.evaluation.speckle import SPECKLE_STATISTICS
from EchoSynthLib.experiment import paper
from EchoSynthLib.experiment.evaluate import HAUSDORFF

Row = Mapping[str, Any]

_HEAD = """# Segmentation trained on synthetic echocardiograms, tested on real ones

{date}, EchoSynth {echosynth_version}, on {machine}. {stages_made} of {stages} stages are made.

| | |
|---|---|
| data | {data} (SHA-256 {data_sha256:.12}), split by patient: {train_frames} train frames of {train_patients} \
patients; tested on all {val_frames} val frames of {val_patients} other patients, as they are |
| synthetic images of each generator | {synthetic_images}: {variations} label maps of each of {frames_varied} train \
frames, one image each |
| segmentation network | the recipe of the shipped one, its view head included, {segmenter_minutes:g} minutes each, on \
{device} |
| seed | {seed} |

Dice is the mean over images, LV epi the union of cavity and myocardium. Intervals are 95 %, by bootstrap over patients;
they tell how far the test patients matter, not how far another seed would. Frechet and kernel distance compare the
first three levels of the shipped segmenter's encoder between images and real val frames; they are no Inception
distances, and compare with one another only where the numbers of images are alike; those of real frames are of train
frames against val frames, what an image could reach without knowing the val frames. Speckle is the largest relative
deviation of any second-order statistic in cavity, myocardium and the rest of the sector. Operations are
multiply-accumulates of the whole image, counted while it was drawn. Seconds are for one image, alone, and hold for this
machine and what else it did.
"""


def report(results: Mapping[str, Any]) -> str:
    """The whole report."""
    parts = [_HEAD.format(**results["about"])]
    parts += ["## All", _main_table(results)]
    parts += ["## Generators", _generators(results)]
    parts += ["## Difference from training on real frames alone", _differences(results["networks"])]
    parts += ["## View", _views(results["networks"])]
    parts += ["## Speckle", _speckle(results)]
    if results["samplers"]:
        parts += ["## Solvers: realism against cost, on the same few label maps", _samplers(results)]
    parts += ["## The papers", _paper()]
    return "\n\n".join(parts) + "\n"


def table(rows: Sequence[Row]) -> str:
    """A Markdown table; the first row's keys are its head."""
    if not rows:
        return "Not measured yet."
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return "\n".join(lines + ["| " + " | ".join(str(row[name]) for name in names) + " |" for row in rows])


def _main_table(results: Mapping[str, Any]) -> str:
    sources: dict[str | None, Row] = {row["model"]: row for row in results["generators"]}
    if results["real train frames"]:
        sources[None] = results["real train frames"][0]
    rows = []
    for network in results["networks"]:
        source = sources.get(network["model"], {})
        rows.append(
            {
                "trained on": network["trained_on"],
                "frames real + synthetic": f"{network['real_frames']} + {network['synthetic_frames']}",
                **_of_source(source),
                **{f"Dice {name}, %": _percent(network["dice"][name]) for name in STRUCTURE_CODES},
                **{name: _interval(network.get(name)) for name in HAUSDORFF},
                "view right, %": _percent(network["view"]),
                "minutes (iterations)": f"{network['minutes']:g} ({network['iterations']})",
            }
        )
    return table(rows)


def _generators(results: Mapping[str, Any]) -> str:
    rows = [
        {
            "model": row["model"],
            "preset": row["preset"] or "-",
            "minutes": _number(row["minutes"]),
            "iterations": row["iterations"] or "-",
            "on": row["device"] or "-",
            "learned from": row["data"] or "-",
            "trained": "by this experiment" if row["trained_here"] else "before",
        }
        for row in results["generators"]
    ]
    return table(rows)


def _of_source(row: Row) -> dict[str, str]:
    return {
        "model": str(row.get("model", "-")),
        "its minutes": _number(row.get("minutes")),
        **_of_sampling(row),
        **_of_realism(row),
    }


def _of_sampling(row: Row) -> dict[str, str]:
    operations = row.get("multiply_accumulates")
    return {
        "solver": f"{row['solver']}, {row['steps']} step{'s' * (row['steps'] > 1)}" if "solver" in row else "-",
        "evaluations": str(row.get("network_evaluations", "-")),
        "parameters, M": _number(row["parameters"] / 1e6 if "parameters" in row else None),
        "GMAC/image": _number(operations / 1e9 if operations else None),
        "paper's SDM / this": f"{paper.SDM_OPERATIONS / operations:,.0f}" if operations else "-",
        "s/image": _number(row.get("seconds")),
    }


def _of_realism(row: Row) -> dict[str, str]:
    return {
        "images": str(row.get("images", "-")),
        "Frechet": _number(row.get("frechet")),
        "kernel": _number(row.get("kernel")),
        "speckle": _number(row.get("speckle, largest deviation")),
    }


def _differences(networks: Sequence[Row]) -> str:
    rows = [
        {
            "trained on": row["trained_on"],
            "model": row["model"],
            **{f"{name}, points": _percent(row["difference"][name], signed=True) for name in STRUCTURE_CODES},
        }
        for row in networks
        if row["difference"]
    ]
    return table(rows) + "\n\nOf the same frames, image by image; an interval that holds 0 shows no difference."


def _views(networks: Sequence[Row]) -> str:
    rows = [
        {
            "trained on": row["trained_on"],
            "model": row["model"] or "-",
            "right, %": _percent(row["view"]),
            **{f"{name}, %": f"{100 * value:.2f}" for name, value in row["view"]["subsets"].items()},
        }
        for row in networks
    ]
    return table(rows) + (
        "\n\nTwo against four chambers, by the segmentation network's view head. Mean, median and std are over 1000 "
        "random subsets of 80 % of the test frames, as the paper reports it."
    )


def _speckle(results: Mapping[str, Any]) -> str:
    rows = []
    for row in [*results["real train frames"][:1], *results["generators"]]:
        for region, values in row["speckle"].items():
            told = {name: _number(values[name]) for name in SPECKLE_STATISTICS}
            rows.append({"images of": row.get("model", "real train frames"), "region": region, **told})
    return table(rows)


def _samplers(results: Mapping[str, Any]) -> str:
    rows = [{"model": "real train frames", **_of_sampling({}), **_of_realism(results["real train frames"][-1])}]
    rows += [{"model": row["model"], **_of_sampling(row), **_of_realism(row)} for row in results["samplers"]]
    return table(rows)


def _paper() -> str:
    dice = table(
        [
            {
                "trained on": row.trained_on,
                "LV endo, %": row.endo,
                "LV epi, %": row.epi,
                "left atrium, %": row.atrium,
                "source": row.source,
            }
            for row in paper.DICE
        ]
    )
    cost = table(
        [
            {
                "model": row.model,
                "parameters, M": row.parameters,
                "GMAC/evaluation": f"{row.evaluation:g}",
                "GMAC/decoding": f"{row.decoding:g}",
            }
            for row in paper.COST
        ]
    )
    difference = "Other patients, another network and other label maps: no like-for-like comparison."
    source = (
        f"Counted at 256 x 256 on networks built as the released code configures them; the comparison is that of "
        f"{paper.EFFICIENT}. The SDM takes {paper.SDM_EVALUATIONS} evaluations an image."
    )
    return "\n\n".join([dice, difference, cost, source])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _percent(interval: Row, signed: bool = False) -> str:
    sign = "+" if signed else ""
    mean, low, high = (100 * interval[name] for name in ("mean", "low", "high"))
    return f"{mean:{sign}.2f} ({low:{sign}.2f} to {high:{sign}.2f})"


def _interval(interval: Row | None) -> str:
    if interval is None:
        return "-"
    return f"{interval['mean']:.2f} ({interval['low']:.2f} to {interval['high']:.2f})"

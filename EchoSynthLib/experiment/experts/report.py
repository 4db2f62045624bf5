"""The report: what each way to learn from four sites knows of each of them, and what it takes to add one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from EchoSynthLib.experiment.report import table

KEY = "balanced accuracy"
WEIGHTED = ("nmd-wSF", "attn-wSF")
TOGETHER = "combine and retrain"
FINE_TUNED = "fine-tune, expanding head"

_HEAD = """# Four sites join, one after another

Sites, in this order: {sites}. Frames of 64 x 64, a ResNet of width 8 for each expert, seed {seed}, {effort:g} times
the usual epochs. All is judged on the sites' val frames, of other hearts and patients than those of train, by which
nothing is chosen. An answer may be any class of any site that has joined. Figures
are the means of the classes' recalls, in per cent."""


def report(results: Mapping[str, Any]) -> str:
    """The whole report, of what is made so far."""
    sites = "; ".join(
        f"**{name}** ({', '.join(row['classes'])}; {row['train']} train and {row['val']} val frames)"
        for name, row in results["sites"].items()
    )
    parts = [
        _HEAD.format(sites=sites, seed=results["seed"], effort=results["effort"]),
        table(list(map(_way, results["ways"].items()))),
    ]
    if results["after"]:
        parts += ["## After each step", table(_steps(results))]
    if shown := [name for name in WEIGHTED if name in results["ways"]]:
        parts += ["## How much each expert has to say"]
        parts += [f"`{name}`, mean weights:\n\n{_weights(results['ways'][name])}" for name in shown]
    if results["seconds"]:
        parts += ["## What it takes", _seconds(results)]
    return "\n\n".join(parts) + "\n"


def _way(entry: tuple[str, Mapping[str, Any]]) -> dict[str, str]:
    name, on = entry
    mean = sum(figures[KEY] for figures in on.values()) / len(on)
    return {"way": name, **{site: f"{100 * row[KEY]:.1f}" for site, row in on.items()}, "mean": f"{100 * mean:.1f}"}


def _steps(results: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = []
    for step in results["sites"]:
        for way, after in results["after"].items():
            known = {name: f"{100 * row[KEY]:.1f}" for name, row in after[step].items()}
            rows.append({"after": step, "way": way, **{site: known.get(site, "-") for site in results["sites"]}})
    return rows


def _weights(on: Mapping[str, Any]) -> str:
    rows = []
    for site, row in on.items():
        shares = {f"expert {name}": f"{value:.2f}" for name, value in row["weights"].items()}
        more = f"{100 * row['own expert weighs more']:.1f}"
        rows.append({"frames of": site, **shares, "own expert above the mean of the others, % of frames": more})
    return table(rows)


def _seconds(results: Mapping[str, Any]) -> str:
    seconds = results["seconds"]
    rows = [{"step": name, "processor seconds": f"{value:.0f}"} for name, value in seconds.items()]
    told = table(rows)
    last = list(results["sites"])[-1]
    if TOGETHER in seconds and last in seconds:
        added = seconds[last] + seconds.get("nmd-wSF", 0.0)
        share = 100 * added / seconds[TOGETHER]
        told += (
            f"\n\nTo add the last site (its expert, the feature sets of all sites by it and of its frames by all, the "
            f"fusion) took {share:.0f} % of combining all frames and training anew."
        )
    return told

"""A model's card: what a reader has to know before using it, in the same order for every model.

card = ModelCard(name="segmenter", summary=..., network={...}, data=..., recipe=..., command=..., trained=...,
                 device=..., figures={...}, measured=..., limits=..., terms=...)
(folder / "README.md").write_text(card.text())
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from EchoSynthLib.machine import code_version, machine

_NOT_MEASURED = "The recipe measures nothing"

PROMISED = {
    "data": r"^\| data \| .{20}",
    "recipe": r"^## Recipe\n[\s\S]*?`EchoSynthLib/[\w/]+recipe\.py`",
    "command": r"`echosynth (train|experiment) [^`]*--data [^`]*`",
    "commit": r"commit(ted in \|\n[\s\S]*?| )[0-9a-f]{7}|not from a git checkout|commit could not be asked",
    "iterations": r"\d+ iterations",
    "minutes": r"[\d.]+ minutes",
    "device": r"^\| (trained|device) \| .*(core|cpu|cuda|mps)",
    "figures": rf"^## Figures\n[\s\S]*?(^\|---[\s\S]*?\d|{_NOT_MEASURED})",
    "how they were measured: data and split": rf"^## Figures\n[\s\S]*?(split|{_NOT_MEASURED})",
    "how they were measured: machine": rf"^## Figures\n[\s\S]*?(core|cpu|cuda|mps|{_NOT_MEASURED})",
    "limits": r"^## Limits\n\n.{20}",
    "terms": r"^## Terms\n\n.{20}",
}
"""What every card tells, with the pattern by which it is found."""


@dataclass(frozen=True)
class ModelCard:
    """What the card of a model tells that has just been trained.

    Attributes:
        name: of the model and its folder.
        summary: what goes in and what comes out, a sentence or two.
        network: rows about the networks, by name.
        data: what it was trained on, in a line.
        recipe: file of the recipe, and what it does, in a line.
        command: that made it.
        trained: how many iterations of what, in how many minutes.
        device: that torch was told.
        limits: what it was not made for, or is known to do badly.
        terms: citation and terms of the data, see `training.terms`.
        figures: measured by the recipe itself; empty where it measures nothing.
        measured: on which frames, and what the figures are means of.
        notes: further sentences under the figures.
    """

    name: str
    summary: str
    network: Mapping[str, str]
    data: str
    recipe: str
    command: str
    trained: str
    device: str
    limits: str
    terms: str
    figures: Mapping[str, float] = field(default_factory=dict)
    measured: str = ""
    notes: str = ""

    def text(self) -> str:
        """The card, Markdown."""
        made = {
            "recipe": self.recipe,
            "command": f"`{self.command}`",
            "code": code_version(),
            "trained": self.trained,
            "device": f"{self.device}; {machine()}",
        }
        parts = [
            f"# {self.name}",
            self.summary,
            _rows({**self.network, "data": self.data}),
            "## Recipe",
            _rows(made),
            "## Figures",
            self._figures(),
            self.notes,
            "## Limits",
            self.limits,
            "## Terms",
            self.terms,
        ]
        return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"

    def _figures(self) -> str:
        if not self.figures:
            return f"{_NOT_MEASURED}; `make bench` does."
        rows = "\n".join(f"| {name} | {value:.4f} |" for name, value in self.figures.items())
        return f"{self.measured}, by the recipe itself, on {machine()}:\n\n| figure | value |\n|---|---|\n{rows}"


def missing(card: str) -> list[str]:
    """What a card, Markdown, does not tell of what it should; see `PROMISED`."""
    return [part for part, pattern in PROMISED.items() if not re.search(pattern, card, re.MULTILINE)]


def _rows(rows: Mapping[str, str]) -> str:
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows.items())

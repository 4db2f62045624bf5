"""A model's card: what a reader has to know before using it, in the same order for every model.

A recipe tells what it was run on, `Made`; a system's export tells what the model is, `ModelCard`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from EchoSynthLib.machine import code_version, machine

_NOT_MEASURED = "The recipe measures nothing"

PROMISED = {
    "data": r"^\| data \| .{20}",
    "recipe": r"^## Recipe\n[\s\S]*?`EchoSynthLib/[\w/]+recipe\.py`",
    "command": r"`echosynth (train|experiment) [^`]*--data [^`]*`",
    "commit": r"commit(ted in \|\n[\s\S]*?| )[0-9a-f]{7}|not from a git checkout|commit could not be asked",
    "iterations": r"\d+ iterations",
    "minutes": r"[\d.]+ minutes|how long they took was not kept",
    "device": r"^\| (trained|device) \| .*(core|cpu|cuda|mps)",
    "figures": rf"^## Figures\n[\s\S]*?(^\|---[\s\S]*?\d|{_NOT_MEASURED})",
    "how they were measured: data and split": rf"^## Figures\n[\s\S]*?(split|{_NOT_MEASURED})",
    "how they were measured: machine": rf"^## Figures\n[\s\S]*?(core|cpu|cuda|mps|{_NOT_MEASURED})",
    "limits": r"^## Limits\n\n.{20}",
    "terms": r"^## Terms\n\n.{20}",
}
"""What every card tells, with the pattern by which it is found."""


@dataclass(frozen=True)
class Made:
    """What a recipe was run on.

    Attributes:
        data: what the model was trained on, in a line.
        terms: citation and terms of the data, see `training.terms`.
        command: that makes such a model.
        device: that torch was told.
        measured_on: what the recipe's figures were measured on, in a line; empty where it measures nothing.
    """

    data: str
    terms: str
    command: str
    device: str = "cpu"
    measured_on: str = ""


@dataclass(frozen=True)
class ModelCard:
    """What the card of a model tells that has just been trained.

    Attributes:
        name: of the model and its folder.
        summary: what goes in and what comes out, a sentence or two.
        network: rows about the networks, by name.
        recipe: file of the recipe, and what it does, in a line.
        made: what it was run on.
        trained: how many iterations of what, in how many minutes.
        limits: what it was not made for, or is known to do badly.
        figures: measured by the recipe itself; empty where it measures nothing.
        measured: what the figures are.
        notes: further sentences under the figures.
    """

    name: str
    summary: str
    network: Mapping[str, str]
    recipe: str
    made: Made
    trained: str
    limits: str
    figures: Mapping[str, float] = field(default_factory=dict)
    measured: str = ""
    notes: str = ""

    def text(self) -> str:
        """The card, Markdown."""
        recipe = {
            "recipe": self.recipe,
            "command": f"`{self.made.command}`",
            "code": code_version(),
            "trained": self.trained,
            "device": f"{self.made.device}; {machine()}",
        }
        parts = [
            f"# {self.name}",
            self.summary,
            _rows({**self.network, "data": self.made.data}),
            "## Recipe",
            _rows(recipe),
            "## Figures",
            self._figures(),
            self.notes,
            "## Limits",
            self.limits,
            "## Terms",
            self.made.terms,
        ]
        return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"

    def _figures(self) -> str:
        if not self.figures:
            return f"{_NOT_MEASURED}; `make bench` does."
        rows = "\n".join(f"| {name} | {value:.4f} |" for name, value in self.figures.items())
        where = f"{self.made.measured_on}: {self.measured}, by the recipe itself, on {machine()}:"
        return f"{where}\n\n| figure | value |\n|---|---|\n{rows}"


def missing(card: str) -> list[str]:
    """What a card, Markdown, does not tell of what it should; see `PROMISED`."""
    return [part for part, pattern in PROMISED.items() if not re.search(pattern, card, re.MULTILINE)]


def train_command(system: str, data: Path, output: Path, **options: object) -> str:
    """`echosynth train` with the names of file and folder, for no one else has this computer's paths."""
    words = ["echosynth", "train", system, "--data", data.name, "--output", output.name or "."]
    words += [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return shlex.join(words)


def _rows(rows: Mapping[str, str]) -> str:
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows.items())

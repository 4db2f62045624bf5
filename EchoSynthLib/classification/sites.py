"""The sites that experts are of, and the classes that each tells: all that the fusion knows of them, as data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import existing_file, reading
from EchoSynthLib.outputs import replacing

FILE = "sites.json"


@dataclass(frozen=True)
class Sites:
    """Sites in the order in which they were added, with the names of their classes.

    Attributes:
        classes_of: of each site, in the order of its expert's logits.
    """

    classes_of: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the sites."""
        return tuple(self.classes_of)

    @property
    def classes(self) -> tuple[str, ...]:
        """All classes, each once, in the order in which they came."""
        return tuple(dict.fromkeys(name for classes in self.classes_of.values() for name in classes))

    def owners(self, name: str) -> tuple[str, ...]:
        """The sites that tell a class."""
        return tuple(site for site, classes in self.classes_of.items() if name in classes)

    def places(self, site: str) -> list[int]:
        """Where the classes of a site stand among all."""
        return [self.classes.index(name) for name in self.classes_of[site]]

    def columns(self, site: str) -> slice:
        """Where a site's logits stand in those of all experts, side by side."""
        before = self.names[: self.names.index(site)]
        start = sum(len(self.classes_of[name]) for name in before)
        return slice(start, start + len(self.classes_of[site]))

    def with_site(self, site: str, classes: Sequence[str]) -> Sites:
        """With one more, at the end; one that is there is given other classes.

        Raises:
            InputError: a site without a name that a folder can have, or with fewer than two classes.
        """
        if not site or not all(letter.isalnum() or letter in "-_" for letter in site):
            raise InputError(f"A site's name has letters, digits, - and _; given was {site!r}.")
        if len(set(classes)) < 2 or len(set(classes)) < len(classes):
            raise InputError(f"A site tells two classes or more, each once; {site} has {', '.join(classes) or 'none'}.")
        return Sites({**self.classes_of, site: tuple(classes)})

    def save(self, folder: Path) -> Path:
        """Write `sites.json` into a folder."""
        told = {"sites": [{"name": name, "classes": list(classes)} for name, classes in self.classes_of.items()]}
        with replacing(folder / FILE) as partial:
            partial.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        return folder / FILE


def load_sites(folder: Path) -> Sites:
    """The sites of a folder that `echosynth experts` made.

    Raises:
        InputError: there is no `sites.json`, or it cannot be read.
    """
    path = existing_file(folder / FILE)
    with reading(path, "sites with their classes, as `echosynth experts` writes them"):
        told = json.loads(path.read_text(encoding="utf-8"))["sites"]
        return sites_of(told)


def sites_of(told: Sequence[Mapping[str, object]]) -> Sites:
    """Sites of a list of {name, classes}.

    Raises:
        InputError: see `Sites.with_site`.
    """
    sites = Sites({})
    for row in told:
        sites = sites.with_site(str(row["name"]), [str(name) for name in row["classes"]])  # type: ignore[attr-defined]
    return sites

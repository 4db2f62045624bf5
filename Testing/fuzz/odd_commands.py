"""Commands with options and files chosen by chance: a result, or words and the exit status that belongs to them."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

from campaign import REFUSED, RIGHT, Fault
from commands import Commands, run, said_by
from damage import damaged
from forked import run_forked
from originals import make_originals
from states import contents, hidden

SECONDS = 240.0
_TASKS = ("segment", "measure", "contour", "classify-view", "synthesize", "variations", "dataset", "collect")
_STATUS = {0, 1, 2, 3, 4}
_SOME = {"count": "2", "variations": "1", "images": "1", "steps": "1", "workers": "1", "pairs_per_shard": "2"}
_ODD = (
    "",
    "-1",
    "0",
    "nan",
    "inf",
    "1e999",
    "none",
    "x" * 300,
    "1.5",
    "\udcff",
    "4CH",
    "true",
    "10" * 40,
    "0,0,1",
    "a\nb",
)


class OddCommands(Commands):
    """A command line made by chance, of which most is allowed; earlier results of the user's lie in the output."""

    summary = "commands with odd options and damaged files"

    def start(self) -> None:
        """Makes files of every kind, too."""
        super().start()
        self.originals = make_originals(self.folder / "originals")
        self.contents = [path.read_bytes() for path in self.originals]

    def case(self, seed: int) -> str:
        """See `Campaign.case`."""
        from EchoSynthLib.tasks import find_task, parameters_of

        chance = random.Random(seed)
        out = self.clear()
        task = find_task(chance.choice(_TASKS))
        arguments = [task.name]
        for declared in parameters_of(task):
            option = "--" + declared.name.replace("_", "-")
            if declared.name == "output":
                names = (out, out, out / "a" / "b", out / "x.nii.gz", out / "x.png")
                arguments += [option, str(chance.choice(names))]
            elif declared.main:
                arguments.insert(1, str(self._input(chance, task.name)))
            elif declared.name in _SOME:
                arguments += [option, _SOME[declared.name]]
            elif declared.name not in ("workers", "cluster") and chance.random() < 0.2:
                arguments += self._option(option, declared, chance)
        if chance.random() < 0.7:
            out.mkdir()
            (out / "notes.txt").write_text("the user's")
        before = contents(out)
        ended = run_forked(lambda: run(arguments), out, limit=SECONDS)
        if ended.status not in _STATUS or "Traceback" in ended.said or "unexpected" in ended.said:
            raise Fault(f"{arguments}: {said_by(ended)}")
        after = contents(out)
        if hidden(out) or any(after.get(name) != content for name, content in before.items()):
            raise Fault(f"{arguments}: {said_by(ended)}\nleft {sorted(after)} and {hidden(out)} of {sorted(before)}")
        if ended.status > 1 and after != before:
            raise Fault(f"{arguments}: {said_by(ended)}\nIt failed, and wrote {sorted(set(after) - set(before))}.")
        return RIGHT if ended.status == 0 else REFUSED

    def _input(self, chance: random.Random, task: str) -> Path:
        maps, images = self.folder / "maps", self.folder / "images"
        if chance.random() < 0.4:
            return chance.choice([maps, images, maps / "heart0.nii.gz", images / "echo0.png", self.folder / "pairs"])
        if chance.random() < 0.3:
            return chance.choice(self.originals)
        place = self.folder / "case"
        shutil.rmtree(place, ignore_errors=True)
        (place / "images").mkdir(parents=True)
        for number in range(chance.choice([1, 2])):
            original = chance.choice(self.originals)
            content = original.read_bytes()
            path = place / f"{number}{original.name}"
            path.write_bytes(damaged(content, self.contents, chance) if chance.random() < 0.8 else content)
        return chance.choice([place, path])

    def _option(self, option: str, declared: Any, chance: random.Random) -> list[str]:
        if declared.kind is bool:
            return [option if chance.random() < 0.5 else option.replace("--", "--no-", 1)]
        if chance.random() < 0.4:
            # A value that begins with a dash would be taken for an option.
            return [f"{option}={chance.choice(_ODD)}"]
        if declared.choices:
            return [option, chance.choice(declared.choices)]
        if declared.kind is Path:
            return [option, str(chance.choice(self.originals))]
        if declared.kind in (int, float) and declared.minimum is not None and declared.maximum is not None:
            value = chance.uniform(declared.minimum, min(declared.maximum, declared.minimum + 10))
            return [f"{option}={declared.kind(value)}"]
        return []

"""Kills between any two steps while results move into place: the output layer alone, hundreds of kills a minute."""

from __future__ import annotations

import random
import shutil
import signal
from pathlib import Path

from campaign import RIGHT, Campaign, Fault
from forked import Ending, run_forked
from states import contents, hidden, text_of

NAMES = ("a.txt", "b", "c.nii.gz", "ü d.txt", "e")


class OutputKills(Campaign):
    """Writes results over others, is killed at a step, once or twice while the next run mends it, and mended."""

    summary = "kills between the steps of the output layer"

    def case(self, seed: int) -> str:
        """See `Campaign.case`."""
        chance = random.Random(seed)
        folder = self.folder / str(seed) / "out"
        old = {name: chance.random() < 0.5 for name in NAMES if chance.random() < 0.7}
        new = {name: chance.random() < 0.5 for name in NAMES if chance.random() < 0.7}
        if chance.random() < 0.8:
            folder.mkdir(parents=True)
            _fill(folder, old, "old")
            (folder / "notes.txt").write_text("the user's")
        before = contents(folder)

        def write() -> int:
            from EchoSynthLib.outputs import OutputFolder

            with OutputFolder(folder) as place:
                _fill(place, new, "new")
            return 0

        steps = run_forked(write, folder).steps
        after = contents(folder)
        shutil.rmtree(self.folder / str(seed))
        if before:
            folder.mkdir(parents=True)
            _fill(folder, old, "old")
            (folder / "notes.txt").write_text("the user's")
        number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
        originals = [before]
        for _ in range(chance.choice([1, 1, 2, 3])):
            run_forked(write, folder, Ending(number, step=chance.randrange(steps + 1)))
            _check_nothing_lost(folder, originals, after)
            if contents(folder) == after:
                # Killed so late that the next run may take its results, too, for what it has to keep.
                originals.append(after)
        run_forked(lambda: _next_run(folder), folder)
        state = contents(folder)
        if hidden(folder):
            raise Fault(f"The next run left {hidden(folder)}.")
        if state not in (before, after):
            raise Fault(f"Neither as before nor as after: {text_of(state)}\nbefore {text_of(before)}\nafter {after}")
        shutil.rmtree(self.folder / str(seed), ignore_errors=True)
        return RIGHT


def _next_run(folder: Path) -> int:
    from EchoSynthLib.outputs import sweep

    sweep(folder)
    return 0


def _fill(folder: Path, names: dict[str, bool], text: str) -> None:
    for name, is_folder in names.items():
        if is_folder:
            (folder / name).mkdir()
            (folder / name / "x").write_text(f"{text} {name}")
        else:
            (folder / name).write_text(f"{text} {name}")


def _check_nothing_lost(folder: Path, originals: list[dict[str, bytes]], after: dict[str, bytes]) -> None:
    """Each original lies somewhere, unless all results are in place."""
    everything = [path.read_bytes() for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    lost = [[name for name, content in files.items() if content not in everything] for files in originals]
    seen = contents(folder)
    if all(lost) and seen != after:
        raise Fault(f"Lost: {lost[0]}; there is {text_of(seen)}")

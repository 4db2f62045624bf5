"""Kills of real commands, at steps and at moments, into folders that hold results of the user's.

`python Testing/fuzz/run.py kills --count 200 --seed 1`
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaign import RIGHT, Campaign, Fault
from forked import Ended, Ending, run_forked
from states import contents, hidden, text_of

CANCELLED = 130
_FORMATS = ("nifti", "png", "npy")


@dataclass
class Reference:
    """A command, what it makes of an empty folder, and what that takes.

    Attributes:
        files: what lies in the folder afterwards.
        steps, seconds: how many steps it takes in the folder, and how long.
    """

    arguments: list[str]
    files: dict[str, bytes]
    steps: int
    seconds: float


class Kills(Campaign):
    """Runs a command over earlier results, kills it, runs the next one, and looks."""

    summary = "kills of real commands"

    def start(self) -> None:
        """Draws the inputs, and loads what the commands load."""
        import SimpleITK  # noqa: F401
        import task_files

        import EchoSynthLib.api
        import EchoSynthLib.cli
        import EchoSynthLib.runtime  # noqa: F401

        maps, images = self.folder / "maps", self.folder / "images"
        for number in range(2):
            task_files.write_heart(maps / f"heart{number}.nii.gz", number / 4)
            _write_image(task_files, images / f"echo{number}.png", number)
        pairs = self.folder / "pairs"
        for room in ("images", "labels"):
            (pairs / room).mkdir(parents=True)
        shutil.copytree(images, pairs / "images", dirs_exist_ok=True)
        for number in range(2):
            _copy_as_png(maps / f"heart{number}.nii.gz", pairs / "labels" / f"echo{number}.png")
        self.references: dict[str, Reference] = {}

    def case(self, seed: int) -> str:
        """See `Campaign.case`."""
        chance = random.Random(seed)
        reference = self._reference(self._command(chance))
        out = self.folder / "work" / "out"
        shutil.rmtree(out.parent, ignore_errors=True)
        out.parent.mkdir()
        before = _put_earlier_results(out, reference, chance)
        ending = _ending(chance, reference)
        ended = run_forked(lambda: _run(reference.arguments), out, ending)
        _check_status(ended, ending)
        seen = self._check_nothing_lost(out, before, reference)
        if ended.status != -signal.SIGKILL and ended.status != -signal.SIGTERM:
            if hidden(out):
                raise Fault(f"{_said(ended, reference)}\nIt left {hidden(out)}.")
            self._check_old_or_new(seen, before, reference)
        self._next_run(out, chance, before, reference)
        return RIGHT

    def _command(self, chance: random.Random) -> list[str]:
        heart, maps, images = self.folder / "maps" / "heart0.nii.gz", self.folder / "maps", self.folder / "images"
        layout = chance.choice(("nifti", "png", "nnunet", "shards"))
        form = chance.choice(_FORMATS)
        commands: dict[str, Callable[[], list[Any]]] = {
            "segment": lambda: [chance.choice([images, images / "echo0.png"]), "--format", form],
            "measure": lambda: [chance.choice([maps, heart])],
            "variations": lambda: [heart, "--count", 3, "--format", form],
            "synthesize": lambda: [heart, "--count", 2, "--steps", 1, "--format", form],
            "dataset": lambda: [heart, "--variations", 1, "--steps", 1, "--layout", layout],
            "collect": lambda: [self.folder / "pairs", "--layout", layout],
            "contour": lambda: [images / "echo0.png"],
            "classify-view": lambda: [images],
        }
        name = chance.choice(list(commands))
        return [name, *map(str, commands[name]()), "--output", str(self.folder / "work" / "out"), "--quiet"]

    def _reference(self, arguments: list[str]) -> Reference:
        key = " ".join(arguments)
        if key not in self.references:
            out = self.folder / "work" / "out"
            shutil.rmtree(out.parent, ignore_errors=True)
            out.parent.mkdir()
            ended = run_forked(lambda: _run(arguments), out)
            if ended.status != 0:
                raise Fault(f"{key}: {ended.said}")
            self.references[key] = Reference(arguments, contents(out), ended.steps, ended.seconds)
        return self.references[key]

    def _check_nothing_lost(self, out: Path, before: Mapping[str, bytes], reference: Reference) -> dict[str, bytes]:
        seen = contents(out)
        everything = [path.read_bytes() for path in out.rglob("*") if path.is_file()] if out.is_dir() else []
        lost = [name for name, content in before.items() if content not in everything]
        if lost and not _is_whole(seen, before, reference):
            raise Fault(f"{reference.arguments}: lost {lost}; there is {text_of(seen)}")
        return seen

    def _check_old_or_new(self, seen: dict[str, bytes], before: dict[str, bytes], reference: Reference) -> None:
        if seen != before and not _is_whole(seen, before, reference):
            raise Fault(
                f"{reference.arguments}: neither as before nor as after.\n{text_of(seen)}\nbefore {text_of(before)}\n"
                f"after {text_of(reference.files)}"
            )

    def _next_run(self, out: Path, chance: random.Random, before: dict[str, bytes], reference: Reference) -> None:
        again = chance.random() < 0.2
        body = (lambda: _run(reference.arguments)) if again else (lambda: _add_a_file(out))
        ended = run_forked(body, out)
        may_be_there = again and reference.arguments[0] in ("dataset", "collect")
        if ended.status != 0 and not (may_be_there and "exists already" in ended.said):
            raise Fault(f"{reference.arguments}: the next run failed: {ended.said}")
        if hidden(out):
            raise Fault(f"{reference.arguments}: the next run left {hidden(out)}.")
        seen = contents(out)
        if not again and seen.pop("added.txt") != b"later":
            raise Fault(f"{reference.arguments}: the next run's file is not what it wrote.")
        if again and not _is_whole(seen, before, reference):
            raise Fault(f"{reference.arguments}: the next run's results are not whole: {text_of(seen)}")
        self._check_old_or_new(seen, before, reference)


def _run(arguments: list[str]) -> int:
    from EchoSynthLib.cli import main

    return main(arguments)


def _add_a_file(folder: Path) -> int:
    from EchoSynthLib.outputs import OutputFolder

    with OutputFolder(folder) as place:
        (place / "added.txt").write_text("later")
    return 0


def _put_earlier_results(out: Path, reference: Reference, chance: random.Random) -> dict[str, bytes]:
    """What a user may have there: nothing, files of his own, and results of the same names, if they may be replaced."""
    if chance.random() < 0.15:
        return {}
    out.mkdir()
    (out / "notes.txt").write_text("the user's")
    (out / "own").mkdir()
    (out / "own" / "drawing.png").write_bytes(b"the user's drawing")
    if reference.arguments[0] not in ("dataset", "collect") and chance.random() < 0.85:
        for name in reference.files:
            if chance.random() < 0.9:
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                (out / name).write_bytes(f"earlier {name}".encode())
    return contents(out)


def _ending(chance: random.Random, reference: Reference) -> Ending:
    number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    how = chance.random()
    if how < 0.4:
        return Ending(number, step=chance.randrange(reference.steps))
    if how < 0.7:  # results move into place at the end
        return Ending(number, step=reference.steps - 1 - chance.randrange(min(40, reference.steps)))
    return Ending(number, seconds=chance.uniform(0, 1.2 * reference.seconds))


def _check_status(ended: Ended, ending: Ending) -> None:
    if "HANGS" in ended.said or "Traceback" in ended.said:
        raise Fault(f"{ending}: {ended.status} {ended.said}")
    # A signal may come before the command listens, and after it has ended.
    allowed = {0, -ending.number} if ending.number == signal.SIGKILL else {0, CANCELLED, -ending.number}
    if ended.status not in allowed:
        raise Fault(f"{ending}: exit status {ended.status}; {ended.said}")
    if ended.status == CANCELLED and "cancelled" not in ended.said:
        raise Fault(f"{ending}: cancelled without a word: {ended.said}")


def _said(ended: Ended, reference: Reference) -> str:
    return f"{reference.arguments}: status {ended.status}, {ended.said}"


def _is_whole(seen: Mapping[str, bytes], before: Mapping[str, bytes], reference: Reference) -> bool:
    """Whether all results are in place, and nothing else changed."""
    if set(seen) != {*before, *reference.files}:
        return False
    return all(_is_alike(name, seen[name], content) for name, content in reference.files.items()) and all(
        seen[name] == content for name, content in before.items() if name not in reference.files
    )


def _is_alike(name: str, one: bytes, other: bytes) -> bool:
    """Equal, but for how long something took."""
    if one == other:
        return True
    try:
        return name.endswith(".json") and _timeless(json.loads(one)) == _timeless(json.loads(other))
    except ValueError:
        return False


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if "seconds" not in key}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def _write_image(task_files: Any, path: Path, number: int) -> None:
    """A sector whose wall is brighter than its cavity: contrast, so that it is taken for an image."""
    import numpy as np

    from EchoSynthLib.images.write import write_image

    heart = task_files.heart(number / 4)
    levels = np.array([60, 15, 170, 30], np.uint8)[heart.label_map]
    noise = np.random.default_rng(number).integers(0, 40, levels.shape, dtype=np.uint8)
    path.parent.mkdir(exist_ok=True)
    write_image(path, (levels + noise) * heart.sector.mask(levels.shape), spacing=task_files.SPACING)


def _copy_as_png(source: Path, target: Path) -> None:
    from EchoSynthLib.images.read_labels import read_label_map
    from EchoSynthLib.images.write import write_label_map

    codes, _ = read_label_map(source)
    write_label_map(target, codes)


def main() -> int:
    """`kills.py --count N --seed S`, as `run.py kills`."""
    from run import main

    return main(["kills", *sys.argv[1:]])


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())

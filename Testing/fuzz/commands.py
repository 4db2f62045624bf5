"""Real commands, what they make, and the user's files that they find: what campaigns of kills and troubles share."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaign import Campaign, Fault
from forked import Ended, run_forked
from states import contents, hidden, text_of

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


class Commands(Campaign):
    """Commands into `out`; what each makes of an empty folder is found out once."""

    def start(self) -> None:
        """Draws the inputs, and loads what the commands load."""
        import sysconfig  # noqa: F401

        import scipy.ndimage  # noqa: F401
        import SimpleITK  # noqa: F401
        import task_files

        import EchoSynthLib.api.analysis
        import EchoSynthLib.api.measure
        import EchoSynthLib.api.synthesis
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

    @property
    def out(self) -> Path:
        """Where the commands write."""
        return self.folder / "work" / "out"

    def clear(self) -> Path:
        """`out`, of which nothing is there."""
        shutil.rmtree(self.out.parent, ignore_errors=True)
        self.out.parent.mkdir(exist_ok=True)
        return self.out

    def command(self, chance: random.Random) -> list[str]:
        """Arguments of one of the commands."""
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
            "examine": lambda: [images],
        }
        name = chance.choice(list(commands))
        return [name, *map(str, commands[name]()), "--output", str(self.out), "--quiet"]

    def reference(self, arguments: list[str]) -> Reference:
        """What a command makes."""
        key = " ".join(arguments)
        if key not in self.references:
            out = self.clear()
            ended = run_forked(lambda: run(arguments), out)
            if ended.status != 0:
                raise Fault(f"{key}: {ended.said}")
            self.references[key] = Reference(arguments, contents(out), ended.steps, ended.seconds)
        return self.references[key]

    def check_nothing_lost(self, out: Path, before: Mapping[str, bytes], reference: Reference) -> dict[str, bytes]:
        """What is seen; Fault if a file of the user's is nowhere."""
        seen = contents(out)
        everything = [path.read_bytes() for path in out.rglob("*") if path.is_file()] if out.is_dir() else []
        lost = [name for name, content in before.items() if content not in everything]
        if lost and not is_whole(seen, before, reference):
            raise Fault(f"{reference.arguments}: lost {lost}; there is {text_of(seen)}")
        return seen

    def check_old_or_new(self, seen: dict[str, bytes], before: dict[str, bytes], reference: Reference) -> None:
        """Fault if there is neither what was there before nor all results."""
        if seen != before and not is_whole(seen, before, reference):
            raise Fault(
                f"{reference.arguments}: neither as before nor as after.\n{text_of(seen)}\nbefore {text_of(before)}\n"
                f"after {text_of(reference.files)}"
            )

    def next_run(self, out: Path, chance: random.Random, before: dict[str, bytes], reference: Reference) -> None:
        """Runs another command, or the same again, and looks."""
        # A data set of nnU-Net takes the next number then.
        again = chance.random() < 0.2 and "nnunet" not in reference.arguments
        is_there = reference.arguments[0] in ("dataset", "collect") and is_whole(contents(out), before, reference)
        body = (lambda: run(reference.arguments)) if again else (lambda: _add_a_file(out))
        ended = run_forked(body, out)
        if ended.status != 0 and not (again and is_there and "exists already" in ended.said):
            raise Fault(f"{reference.arguments}: the next run failed: {ended.said}")
        if hidden(out):
            raise Fault(f"{reference.arguments}: the next run left {hidden(out)}.")
        seen = contents(out)
        if not again and seen.pop("added.txt") != b"later":
            raise Fault(f"{reference.arguments}: the next run's file is not what it wrote.")
        if again and not is_whole(seen, before, reference):
            raise Fault(f"{reference.arguments}: the next run's results are not whole: {text_of(seen)}")
        self.check_old_or_new(seen, before, reference)


def run(arguments: list[str]) -> int:
    """The command line, in this process."""
    from EchoSynthLib.cli import main

    return main(arguments)


def _add_a_file(folder: Path) -> int:
    from EchoSynthLib.outputs import OutputFolder

    with OutputFolder(folder) as place:
        (place / "added.txt").write_text("later")
    return 0


def earlier(name: str, content: bytes) -> bytes:
    """What an earlier run of the same command may have made; records tell what of, so that they may be replaced."""
    if name.endswith(".json"):
        with suppress(ValueError):
            return json.dumps({**json.loads(content), "earlier": True}).encode()
    return f"earlier {name}".encode()


def put_earlier_results(out: Path, reference: Reference, chance: random.Random) -> dict[str, bytes]:
    """What a user may have there: nothing, files of his own, and results of the same names, if they may be replaced."""
    if chance.random() < 0.15:
        return {}
    out.mkdir()
    (out / "notes.txt").write_text("the user's")
    (out / "own").mkdir()
    (out / "own" / "drawing.png").write_bytes(b"the user's drawing")
    if reference.arguments[0] not in ("dataset", "collect") and chance.random() < 0.85:
        for name in reference.files:
            if name.endswith(".json") or chance.random() < 0.9:
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                (out / name).write_bytes(earlier(name, reference.files[name]))
    return contents(out)


def said(ended: Ended, reference: Reference) -> str:
    """How a command ended, for a message."""
    return f"{reference.arguments}: {said_by(ended)}"


def said_by(ended: Ended) -> str:
    """How a process ended, for a message."""
    return f"status {ended.status}, {ended.said}"


def is_whole(seen: Mapping[str, bytes], before: Mapping[str, bytes], reference: Reference) -> bool:
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
    from EchoSynthLib.images.label_maps.read import read_label_map
    from EchoSynthLib.images.write import write_label_map

    codes, _ = read_label_map(source)
    write_label_map(target, codes)

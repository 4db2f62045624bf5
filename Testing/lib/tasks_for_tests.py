"""Tasks that only the tests of the worker need, added as an extension adds its own."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import with_warnings
from EchoSynthLib.tasks import Context, Task, parameter
from EchoSynthLib.tasks.common.folders import warnings_of_each


@dataclass(frozen=True, kw_only=True)
class Count(Task):
    name = "count"
    summary = "Counts, one step after another, and writes the numbers."

    steps: int = parameter(3, minimum=1, maximum=10_000, unit="steps", help="how far")
    pause: float = parameter(0.0, minimum=0, maximum=60, unit="s", help="between steps")
    output: Path | None = parameter(None, help="folder for the numbers")

    def run(self, context: Context) -> dict[str, Any]:
        if self.output is None:
            return self._count(context, None)
        with OutputFolder(self.output) as hidden:
            return self._count(context, hidden)

    def _count(self, context: Context, folder: Path | None) -> dict[str, Any]:
        for step in range(self.steps):
            context.progress(step, self.steps, f"step {step}")
            if folder is not None:
                (folder / f"{step}.txt").write_text(str(step), encoding="utf-8")
            time.sleep(self.pause)
        blas = os.environ.get("OPENBLAS_NUM_THREADS")
        return {"task": self.name, "counted": self.steps, "pid": os.getpid(), "blas_threads": blas, "outputs": {}}


@dataclass(frozen=True, kw_only=True)
class Stubborn(Task):
    name = "stubborn"
    summary = "Never asks whether it should stop, and starts a process of its own."

    output: Path = parameter(help="folder for results that never come")

    def run(self, context: Context) -> dict[str, Any]:
        with OutputFolder(self.output) as hidden:
            (hidden / "half.txt").write_text("half", encoding="utf-8")
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            context.progress(0, 1, str(child.pid))
            time.sleep(60)
        return {}


@dataclass(frozen=True, kw_only=True)
class Misbehave(Task):
    name = "misbehave"
    summary = "Fails in the way it is told."

    how: str = parameter(
        main=True, choices=("raise", "exit", "crash", "print", "gibberish", "no access"), help="in which way"
    )

    def run(self, context: Context) -> dict[str, Any]:
        if self.how == "raise":
            raise ZeroDivisionError("the heart stood still")
        if self.how == "no access":
            raise PermissionError(errno.EACCES, "Permission denied", "/of/others")
        if self.how == "exit":
            sys.exit("good bye")
        if self.how == "crash":
            print("last words of the worker", file=sys.stderr, flush=True)
            os._exit(7)
        print("a library talks")
        os.write(1, b"and its C code too\n")
        return {"said": "Grüße, Herz ♥", "outputs": {}}


@dataclass(frozen=True, kw_only=True)
class Doubt(Task):
    name = "doubt"
    summary = "Has its doubts about a file, or about each file of a folder."

    image: Path = parameter(main=True, help="a file or a folder")

    def run(self, context: Context) -> dict[str, Any]:
        if not self.image.is_dir():
            return with_warnings({"task": self.name, "outputs": {"reports": []}}, ["two\nlines", "again", "again"])
        told = [with_warnings({"file": path.name}, ["is odd"]) for path in sorted(self.image.iterdir())]
        return with_warnings({"task": self.name, "results": told, "outputs": {}}, warnings_of_each(told))


TASKS = (Count, Stubborn, Misbehave, Doubt)

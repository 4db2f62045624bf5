"""Stages of an experiment: each is made once, in a folder that is named by the hash of all that it depends on."""

from __future__ import annotations

import datetime
import json
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

import EchoSynthLib
from EchoSynthLib.checksums import sha256_of_json
from EchoSynthLib.images.write import write_record
from EchoSynthLib.machine import machine
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.types import Progress

RECORD = "stage.json"
"""Written last: a folder that has it is whole."""
PATIENCE = 0.5
"""Seconds between two looks at a stage that another run is making."""


@dataclass(frozen=True)
class Workplace:
    """Where a stage is made.

    Attributes:
        result: what is written here becomes the stage's folder, all of it or nothing.
        scratch: what is written here is still there when an interrupted stage goes on, and is removed once it is made.
        progress: progress(done, total, message); may raise `Cancelled`.
    """

    result: Path
    scratch: Path
    progress: Progress


@dataclass(frozen=True)
class Stage:
    """One stage, made or still to be made.

    Attributes:
        root: folder of all stages.
        kind: what it makes, the first part of its folder's name.
        title: what progress and report call it.
        inputs: all that its result depends on, as JSON-able values: parameters, sums of data, keys of the stages it
            builds on, and the number `revision`, which is raised when the code makes something else of the same inputs.
            Neither the number of workers nor EchoSynth's version is among them; the record tells the latter.
        make: makes it.
    """

    root: Path
    kind: str
    title: str
    inputs: Mapping[str, Any]
    make: Callable[[Workplace], None]

    @cached_property
    def key(self) -> str:
        """SHA-256 of kind and inputs."""
        return sha256_of_json({"kind": self.kind, "inputs": self.inputs})

    @property
    def folder(self) -> Path:
        """Where it lies once it is made."""
        return self.root / f"{self.kind}-{self.key[:16]}"

    @property
    def is_made(self) -> bool:
        """Whether the folder is there and whole."""
        return (self.folder / RECORD).is_file()

    def ensure(self, progress: Progress) -> Path:
        """Makes the stage unless it is made; returns its folder.

        A stage that was interrupted goes on from what lies in its scratch folder. One that another run is making, in
        the same output folder, is waited for.

        Raises:
            Cancelled: `progress` says so.
        """
        if self.is_made:
            return self.folder
        progress(0, 1, "")
        self.root.mkdir(parents=True, exist_ok=True)
        lock = self._lock(self.root / f"{self.folder.name}.lock", progress)
        try:
            if not self.is_made:
                self._make(progress)
        finally:
            lock.release()
        with suppress(OSError):  # Whoever still waits for the file finds the stage made.
            Path(lock.lock_file).unlink()
        return self.folder

    @staticmethod
    def _lock(path: Path, progress: Progress) -> BaseFileLock:
        lock = FileLock(path)
        while True:
            try:
                lock.acquire(timeout=PATIENCE)
                return lock
            except Timeout:
                progress(0, 1, "another run is making it")

    def _make(self, progress: Progress) -> None:
        started = time.perf_counter()
        scratch = self.root / "unfinished" / self.folder.name
        scratch.mkdir(parents=True, exist_ok=True)
        with OutputFolder(self.folder) as result:
            self.make(Workplace(result, scratch, progress))
        write_record(self.folder / RECORD, self._record(time.perf_counter() - started))
        shutil.rmtree(scratch)
        with suppress(OSError):
            scratch.parent.rmdir()

    def record(self) -> dict[str, Any]:
        """What is known of how it was made."""
        return read_json(self.folder / RECORD)

    def _record(self, seconds: float) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "title": self.title,
            "inputs": dict(self.inputs),
            "key": self.key,
            "echosynth_version": EchoSynthLib.__version__,
            "date": datetime.date.today().isoformat(),
            "seconds_of_last_run": round(seconds, 3),
            "machine": machine(),
        }


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))

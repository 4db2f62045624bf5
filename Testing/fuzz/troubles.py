"""Full disks, and folders that are removed or made read-only while real commands write into them."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from campaign import REFUSED, RIGHT, Fault
from commands import Commands, Reference, put_earlier_results, run, said
from forked import Ended, Ending, run_forked
from states import contents, hidden

OUTPUT_ERROR = 4
_NOBODY = 65534
_SIZE = 32 << 20
_BLOCK = 4096


class Troubles(Commands):
    """The command has its results whole, or an error that names the folder; all of the user's is as it was.

    Disks are small file systems in memory where they can be mounted (by root on Linux), else limits on a file's size.
    """

    summary = "full disks, folders removed or made read-only in the middle"

    def start(self) -> None:
        """See `Commands.start`."""
        super().start()
        self.folder.chmod(0o755)
        self.out.parent.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(self.out.parent)]
        try:
            self.mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            self.mounted = False

    def stop(self) -> None:
        """Takes the small disk away."""
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.out.parent)], check=True)

    def case(self, seed: int) -> str:
        """See `Campaign.case`."""
        chance = random.Random(seed)
        reference = self.reference(self.command(chance))
        out = self.clear()
        before = put_earlier_results(out, reference, chance)
        trouble = chance.choice([self._full, self._limited, self._removed, self._read_only])
        ended = trouble(chance, reference)
        _check(ended, out, reference)
        if trouble == self._removed:
            return RIGHT if ended.status == 0 else REFUSED
        if out.is_dir():
            out.chmod(0o755)
        if trouble != self._read_only and hidden(out):
            raise Fault(f"{said(ended, reference)}\nIt left {hidden(out)}.")
        self.check_nothing_lost(out, before, reference)
        if ended.status != 0 and trouble != self._read_only and contents(out) != before:
            raise Fault(f"{said(ended, reference)}\nIt failed, and changed something.")
        self.next_run(out, chance, before, reference)
        return RIGHT if ended.status == 0 else REFUSED

    def _full(self, chance: random.Random, reference: Reference) -> Ended:
        if not self.mounted:
            return self._limited(chance, reference)
        # From no room at all to enough for the results, their hidden folder and a block for each file.
        needed = sum(len(content) + 2 * _BLOCK for content in reference.files.values()) + 20 * _BLOCK
        room = int(chance.random() * needed)
        free = shutil.disk_usage(self.out.parent).free
        filler = self.out.parent / "filler"
        try:
            with filler.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(1, free - room))
            return run_forked(lambda: run(reference.arguments), self.out)
        finally:
            filler.unlink()

    def _limited(self, chance: random.Random, reference: Reference) -> Ended:
        import resource

        limit = int(chance.random() * max(len(content) for content in reference.files.values()))

        def limited() -> int:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            return run(reference.arguments)

        return run_forked(limited, self.out)

    def _removed(self, chance: random.Random, reference: Reference) -> Ended:
        return self._disturbed(chance, reference, lambda: shutil.rmtree(self.out, ignore_errors=True))

    def _read_only(self, chance: random.Random, reference: Reference) -> Ended:
        if os.geteuid() != 0:
            return self._disturbed(chance, reference, lambda: _close(self.out))
        for path in [self.out.parent, *self.out.parent.rglob("*")]:
            os.chown(path, _NOBODY, _NOBODY)

        def as_nobody() -> int:
            # What is still to be imported is perhaps not nobody's to read.
            elsewhere = ["--output", str(self.folder / "warm"), "--quiet"]
            run([*reference.arguments[:-3], *elsewhere])
            shutil.rmtree(self.folder / "warm")
            os.setuid(_NOBODY)
            return run(reference.arguments)

        return self._disturbed(chance, reference, lambda: _close(self.out), as_nobody)

    def _disturbed(
        self,
        chance: random.Random,
        reference: Reference,
        disturb: Callable[[], None],
        body: Callable[[], int] | None = None,
    ) -> Ended:
        ending = Ending(signal.SIGKILL, step=chance.randrange(reference.steps), instead=disturb)
        return run_forked(body or (lambda: run(reference.arguments)), self.out, ending)


def _close(folder: Path) -> None:
    if folder.is_dir():
        folder.chmod(0o500)


def _check(ended: Ended, out: Path, reference: Reference) -> None:
    if ended.status not in (0, OUTPUT_ERROR) or "Traceback" in ended.said or "HANGS" in ended.said:
        raise Fault(said(ended, reference))
    if ended.status == 0:
        return
    told = [line for line in ended.said.splitlines() if line.startswith("echosynth: ")]
    lines = [line for line in told if not line.startswith("echosynth: warning: ")]
    if len(lines) != 1 or str(out) not in lines[0] or ".echosynth-" in lines[0]:
        raise Fault(f"{said(ended, reference)}\nExpected was one line that names the folder.")
    if not any(advice in lines[0] for advice in ("make room", "choose", "make the folder writable")):
        raise Fault(f"{said(ended, reference)}\nThere is no advice.")

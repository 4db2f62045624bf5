"""Which process a hidden file or folder belongs to, and whether that process has surely ended."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import socket
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from EchoSynthLib.processes import runs_since, started_at

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_TEXT = re.compile(r"(\d+)-(\d+)-([0-9a-f]{8})-([0-9a-f]{8})")
# Long enough for a process that has just made a folder to lock it.
_SECONDS_TO_LOCK = 60.0


@dataclass(frozen=True)
class Owner:
    """A process, told from all others on all machines.

    Attributes:
        pid: its number.
        started: when it began, as `processes.started_at` tells; 0 where the system does not say.
        boot: hash of the running system: containers of one machine share it, a restart changes it.
        space: hash of what gives process numbers their meaning: containers of one machine differ in it.
    """

    pid: int
    started: int
    boot: str
    space: str

    def __str__(self) -> str:
        return f"{self.pid}-{self.started}-{self.boot}-{self.space}"

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """The owner whose text this is; None where it is none."""
        match = _TEXT.fullmatch(text)
        return cls(int(match[1]), int(match[2]), match[3], match[4]) if match else None

    @classmethod
    def this_process(cls) -> Owner:
        """Who calls."""
        return _this_process(os.getpid())

    def has_ended(self, place: Path) -> bool:
        """Whether the owner of `place` has surely ended; of a process on another machine that is never known.

        One in another container of this machine is told by the lock on `place`, which ends with it.
        """
        own = Owner.this_process()
        if self.boot != own.boot:
            return False
        if self.space == own.space:
            return not runs_since(self.pid, self.started)
        return _age(place) > _SECONDS_TO_LOCK and _is_free(place)


def lock(place: Path, patience: float = 0.0) -> int | None:
    """Locks a folder until the number returned is closed or the process ends; None where that is not to be had.

    Args:
        place: the folder.
        patience: seconds to wait for another that has it.
    """
    if fcntl is None:
        return None
    until = time.monotonic() + patience
    with suppress(OSError):
        opened = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        while True:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return opened
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES) or time.monotonic() >= until:
                    os.close(opened)
                    raise
            time.sleep(0.01)
    return None


def unlock(opened: int | None) -> None:
    """Ends a lock."""
    if opened is not None:
        with suppress(OSError):
            os.close(opened)


def _is_free(place: Path) -> bool:
    opened = lock(place)
    unlock(opened)
    return opened is not None


def _age(place: Path) -> float:
    try:
        return time.time() - place.stat().st_mtime
    except OSError:
        return 0.0


@lru_cache(maxsize=1)
def _this_process(pid: int) -> Owner:
    boot = _read("/proc/sys/kernel/random/boot_id") or f"{socket.gethostname()} {uuid.getnode()}"
    space = ""
    with suppress(OSError):
        space = os.readlink("/proc/self/ns/pid")
    # Where there are no such spaces the name of the machine has to do.
    return Owner(pid, started_at(pid) or 0, _hash(boot), _hash(space or socket.gethostname()))


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]

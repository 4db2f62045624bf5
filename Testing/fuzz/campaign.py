"""What campaigns share: a case is made from a seed alone, and is right, refused in words, or a fault.

A campaign is a class with a `name`, a `summary` and `case(seed)`; its place is in `run.CAMPAIGNS`. It is a context
manager, so that what all cases need is made once.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

RIGHT, REFUSED = "right", "refused in words"


class Fault(Exception):
    """What must not happen, happened; the message says what."""


class Campaign:
    """Cases of one kind; derive from it.

    Attributes:
        folder: of its own, made at the start and removed at the end.
    """

    name = ""
    summary = ""

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix=f"echosynth-fuzz-{self.name}-"))
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Makes what all cases need."""

    def stop(self) -> None:
        """Ends what `start` began."""

    def case(self, seed: int) -> str:
        """Tries one case; `RIGHT` or `REFUSED`.

        Raises:
            Fault: it went wrong.
        """
        raise NotImplementedError


@dataclass
class Tally:
    """What came out of a campaign."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str]] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """How many cases."""
        return sum(self.counts.values()) + len(self.faults)

    def __str__(self) -> str:
        return (
            f"{self.name:<16} {self.tried:>7} tried {self.counts[REFUSED]:>7} refused in words "
            f"{self.counts[RIGHT]:>7} right {len(self.faults):>4} faults"
        )


def run_campaign(campaign: Campaign, first_seed: int, count: int | None, seconds: float | None) -> Tally:
    """Tries the seeds from `first_seed` on, until so many are done or the time is over; the first is always tried."""
    tally = Tally(campaign.name)
    with campaign:
        until = None if seconds is None else time.monotonic() + seconds
        seed = first_seed
        while count is None or seed < first_seed + count:
            try:
                tally.counts[campaign.case(seed)] += 1
            except Fault as fault:
                tally.faults.append((seed, str(fault)))
            except Exception:
                tally.faults.append((seed, traceback.format_exc()))
            seed += 1
            if until is not None and time.monotonic() > until:
                break
    return tally

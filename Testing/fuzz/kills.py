"""Kills of real commands, at steps and at moments, into folders that hold results of the user's.

`python Testing/fuzz/kills.py --count 200 --seed 1`
"""

from __future__ import annotations

import random
import signal
import sys

from campaign import RIGHT, Fault
from commands import Commands, Reference, put_earlier_results, run, said
from forked import Ended, Ending, run_forked
from states import hidden

CANCELLED = 130


class Kills(Commands):
    """Runs a command over earlier results, kills it, runs the next one, and looks."""

    summary = "kills of real commands"

    def case(self, seed: int) -> str:
        """See `Campaign.case`."""
        chance = random.Random(seed)
        reference = self.reference(self.command(chance))
        out = self.clear()
        before = put_earlier_results(out, reference, chance)
        ending = _ending(chance, reference)
        ended = run_forked(lambda: run(reference.arguments), out, ending)
        _check_status(ended, ending)
        seen = self.check_nothing_lost(out, before, reference)
        if ended.status != -signal.SIGKILL and ended.status != -signal.SIGTERM:
            if hidden(out):
                raise Fault(f"{said(ended, reference)}\nIt left {hidden(out)}.")
            self.check_old_or_new(seen, before, reference)
        self.next_run(out, chance, before, reference)
        return RIGHT


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


def main() -> int:
    """`kills.py --count N --seed S`, as `run.py kills`."""
    from run import main

    return main(["kills", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

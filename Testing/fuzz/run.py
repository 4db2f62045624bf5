"""Tries what nobody thought of: `python Testing/fuzz/run.py --minutes 20`, or `make fuzz MINUTES=20`.

The campaigns run one after another, each for its share of the minutes. A case is made from its seed alone, so that a
fault can be repeated: `python Testing/fuzz/run.py NAME --seed SEED --count 1`.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

# Before numpy and its kin: forked processes take no threads along, and many cases run at a time beside other work.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "Testing" / "lib"), str(Path(__file__).parent)]

from campaign import Campaign, Tally, run_campaign  # noqa: E402

CAMPAIGNS = {
    "output-kills": "output_kills:OutputKills",
    "kills": "kills:Kills",
    "troubles": "troubles:Troubles",
    "readers": "readers:Readers",
    "odd-commands": "odd_commands:OddCommands",
    "worker-protocol": "worker_protocol:WorkerProtocol",
    "worker-kills": "worker_kills:WorkerKills",
}
_LINES_OF_FAULT, _LONGEST_LINE = 40, 400


def campaign(name: str) -> Campaign:
    """The campaign of that name."""
    module, _, kind = CAMPAIGNS[name].partition(":")
    made: Campaign = getattr(import_module(module), kind)()
    made.name = name
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the chosen campaigns, prints what came out; 1 where there is a fault."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CAMPAIGNS)}; all where none is given")
    parser.add_argument("--minutes", type=float, help="for all together (default 5, where no count is given)")
    parser.add_argument("--count", type=int, help="cases of each")
    parser.add_argument("--seed", type=int, help="of the first case; a random one by default")
    chosen = parser.parse_args(arguments)
    names = chosen.names or list(CAMPAIGNS)
    unknown = set(names) - set(CAMPAIGNS)
    if unknown:
        parser.error(f"there is no campaign {', '.join(sorted(unknown))}; there are {', '.join(CAMPAIGNS)}")
    minutes = chosen.minutes if chosen.minutes is not None or chosen.count is not None else 5.0
    seconds = None if minutes is None else 60 * minutes / len(names)
    first = random.SystemRandom().randrange(1 << 31) if chosen.seed is None else chosen.seed
    tallies = []
    for name in names:
        tallies.append(run_campaign(campaign(name), first, chosen.count, seconds))
        print(tallies[-1], flush=True)
        _print_faults(tallies[-1:])
    return int(any(tally.faults for tally in tallies))


def _print_faults(tallies: Sequence[Tally]) -> None:
    for tally in tallies:
        for seed, what in tally.faults:
            lines = what.rstrip().splitlines()
            shown = lines if len(lines) <= _LINES_OF_FAULT else ["...", *lines[-_LINES_OF_FAULT:]]
            print(f"\nFAULT in {tally.name}, seed {seed}")
            print("\n".join(f"  {line[:_LONGEST_LINE]}" for line in shown))
            print(f"  repeat: python Testing/fuzz/run.py {tally.name} --seed {seed} --count 1", flush=True)


if __name__ == "__main__":
    sys.exit(main())

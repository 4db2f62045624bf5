"""A data set made on a local Dask cluster of two workers against two plain processes, alternating in one run.

    python Testing/benchmarks/parallel.py 10000

Both draw the same pairs into shards. The rate counts from the first pair that comes back, so that what starting takes
(told apart) does not weigh on small numbers; seconds of processor time are those of all processes, starting included.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.images.datasets.shards import shards_of
from EchoSynthLib.images.write import write_label_map
from EchoSynthLib.tasks import Context, Dataset

PLACES: Mapping[str, Mapping[str, Any]] = {"two processes": {"workers": 2}, "Dask, two workers": {"cluster": "local:2"}}


@dataclass(frozen=True)
class Run:
    """One data set: pairs a second once there is a first one, seconds until then and in all, of processor too."""

    rate: float
    start: float
    seconds: float
    processor_seconds: float
    sha256: str


def run(label_map: Path, folder: Path, pairs: int, seed: int, place: Mapping[str, Any]) -> Run:
    """Make `pairs` pairs of one label map."""
    times: list[tuple[float, int]] = []
    began, used = time.perf_counter(), processor_seconds()
    context = Context(lambda done, total, message: times.append((time.perf_counter(), done)))
    options = {"variations": pairs, "original": False, "layout": "shards", "seed": seed}
    Dataset(source=label_map, output=folder, **options, **place).run(context)
    ended = time.perf_counter()
    first, done = next((when, done) for when, done in times if done)
    content = hashlib.sha256(b"".join(path.read_bytes() for path in shards_of(folder / "shards"))).hexdigest()
    return Run((pairs - done) / (ended - first), first - began, ended - began, processor_seconds() - used, content)


def processor_seconds() -> float:
    """Of this process and of the children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def compare(pairs: int, rounds: int) -> dict[str, list[Run]]:
    """Both places in turn, the first of a round last in the next; each round has a seed of its own."""
    found: dict[str, list[Run]] = {name: [] for name in PLACES}
    with tempfile.TemporaryDirectory() as temporary:
        label_map = write_label_map(Path(temporary) / "heart.nii.gz", parametric_heart(shape=(224, 224)).label_map)
        for number in range(rounds):
            for name in list(PLACES)[:: 1 if number % 2 == 0 else -1]:
                folder = Path(temporary) / f"{len(found[name])}{name}"
                found[name].append(run(label_map, folder, pairs // rounds, number, PLACES[name]))
                print(f"round {number + 1}, {name}: {found[name][-1]}", flush=True)
    return found


def main() -> None:
    """Print the table and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=int, nargs="?", default=10_000, help="of each, over all rounds")
    parser.add_argument("--rounds", type=int, default=10, help="of 1000 pairs at most")
    arguments = parser.parse_args()
    found = compare(arguments.pairs, arguments.rounds)
    plain, dask = found.values()
    print(
        "\n| | pairs a second | seconds until the first | seconds in all | processor seconds a pair |\n"
        + "|---" * 5
        + "|"
    )
    for name, runs in found.items():
        pairs = arguments.pairs // arguments.rounds * len(runs)
        print(
            f"| {name} | {statistics.mean(r.rate for r in runs):.2f} | {statistics.mean(r.start for r in runs):.1f} "
            f"| {sum(r.seconds for r in runs):.1f} | {sum(r.processor_seconds for r in runs) / pairs:.3f} |"
        )
    ratios = [theirs.rate / ours.rate for ours, theirs in zip(plain, dask, strict=True)]
    print(f"\nDask over processes, pairs a second: median {statistics.median(ratios):.3f} of {len(ratios)} rounds")
    print(f"the same with starting: {sum(r.seconds for r in plain) / sum(r.seconds for r in dask):.3f}")
    print(f"processor seconds: {sum(r.processor_seconds for r in plain) / sum(r.processor_seconds for r in dask):.3f}")
    print("bit-equal:", [r.sha256 for r in plain] == [r.sha256 for r in dask])


if __name__ == "__main__":
    main()

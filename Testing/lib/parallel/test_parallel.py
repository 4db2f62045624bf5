"""The map over independent items: the same results whoever makes them, however many workers are killed."""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
import textwrap
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import items_for_tests as work
import pytest
from dying import KILL

from EchoSynthLib.errors import Cancelled, EchoSynthError, InputError
from EchoSynthLib.parallel import run_items
from EchoSynthLib.parallel.process_pool import TRIES
from EchoSynthLib.processes import is_alive

HERE = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _children_find_the_functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    yield
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("chunk", [1, 4])
def test_results_come_in_the_order_of_the_items(workers: int, chunk: int) -> None:
    assert list(run_items(work.square, range(10), workers=workers, chunk=chunk)) == [n * n for n in range(10)]


def test_a_slow_item_keeps_its_place() -> None:
    assert list(run_items(work.slowest_first, range(6), workers=2)) == list(range(6))


def test_one_worker_works_in_this_process_and_two_in_others() -> None:
    assert set(run_items(work.own_process, range(3))) == {os.getpid()}
    others = set(run_items(work.own_process, range(40), workers=2))
    assert len(others) == 2
    assert os.getpid() not in others


def test_no_item_makes_no_result_and_starts_no_process() -> None:
    assert list(run_items(work.end_process, [], workers=2)) == []


def test_workers_share_the_cores() -> None:
    assert set(run_items(work.threads, range(4), workers=1000)) == {"1"}


def test_items_and_results_are_held_only_as_they_are_needed() -> None:
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(60):
            taken.append(number)
            yield number

    with closing(run_items(work.large, numbers(), workers=2)) as results:
        next(results)
        assert len(taken) <= 8
        tracemalloc.start()
        try:
            for number, result in enumerate(results, start=1):
                assert (result == number).all()
            assert tracemalloc.get_traced_memory()[1] < 20e6
        finally:
            tracemalloc.stop()
    assert len(taken) == 60


def test_the_items_of_a_killed_worker_are_made_again(tmp_path: Path) -> None:
    made = []
    with closing(run_items(work.noting(tmp_path), range(24), workers=2, chunk=3)) as results:
        for result in results:
            made.append(result)
            if len(made) in (4, 13):
                kill_one_at_work(tmp_path)
    assert made == [work.noting(tmp_path, 0)(number) for number in range(24)]
    assert len({path.name.split("-")[1] for path in tmp_path.iterdir()} - {str(os.getpid())}) == 4


def kill_one_at_work(folder: Path) -> None:
    """kill -9 of a worker that is in the middle of an item."""
    latest = max(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    os.kill(int(latest.name.split("-")[1]), KILL)


@pytest.mark.slow
def test_items_that_end_every_worker_are_given_up() -> None:
    with pytest.raises(EchoSynthError, match=rf"{TRIES} worker processes ended .* exit code 9"):
        list(run_items(work.end_process, range(3), workers=2))


def test_the_first_error_comes_with_the_place_where_it_happened() -> None:
    results = run_items(work.refuse_three, range(10), workers=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(InputError, match="Three is not allowed") as caught:
        next(results)
    assert "refuse_three" in caught.value.__notes__[0]


def test_a_result_that_cannot_travel_is_told() -> None:
    with pytest.raises(EchoSynthError, match="cannot be transported"):
        list(run_items(work.unsendable, range(2), workers=2))


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_counts_to_the_end(workers: int) -> None:
    told: list[tuple[int, int]] = []
    results = run_items(
        work.square,
        iter(range(9)),
        workers=workers,
        total=9,
        progress=lambda done, total, _: told.append((done, total)),
    )
    list(results)
    done = [step for step, _ in told]
    assert done == sorted(done)
    assert done[0] == 0
    assert {total for _, total in told} == {9}


def test_cancelling_ends_the_workers_in_the_middle_of_an_item(tmp_path: Path) -> None:
    def stop(done: int, total: int, message: str) -> None:
        if len(list(tmp_path.iterdir())) == 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        list(run_items(work.noting(tmp_path, seconds=120), range(9), workers=2, progress=stop))
    for path in tmp_path.iterdir():
        assert not is_alive(int(path.name.split("-")[1]))


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is for POSIX")
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = f"""
        from items_for_tests import noting
        from EchoSynthLib.parallel import run_items
        if __name__ == "__main__":
            list(run_items(noting({str(tmp_path)!r}, 60), range(2), workers=2))
    """
    (tmp_path.parent / "parent.py").write_text(textwrap.dedent(script))
    with subprocess.Popen([sys.executable, str(tmp_path.parent / "parent.py")]) as parent:
        wait_for(lambda: len(list(tmp_path.iterdir())) == 2)
        parent.kill()
    pids = [int(path.name.split("-")[1]) for path in tmp_path.iterdir()]
    wait_for(lambda: not any(is_alive(pid) for pid in pids))


def wait_for(condition: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [({"workers": 0}, "at least 1; given was 0"), ({"workers": 2, "cluster": "local:2"}, "Both workers")],
)
def test_places_that_cannot_be_are_refused(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        next(run_items(work.square, [1], **options))  # type: ignore[call-overload]


def test_a_worker_needs_the_callers_version() -> None:
    from EchoSynthLib.parallel.child import run_chunk

    with pytest.raises(EchoSynthError, match=r"and the caller 0\.0\.0"):
        run_chunk("0.0.0", work.square, [1])


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only Linux lists what a process holds open")
@pytest.mark.slow
def test_workers_that_end_or_are_killed_leave_no_connection_open() -> None:
    list(run_items(work.square, range(4), workers=2))
    # What other tests left to the garbage collector may be closed at any time.
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    list(run_items(work.square, range(4), workers=2))
    with pytest.raises(EchoSynthError, match="ended in the middle"):
        list(run_items(work.end_process, range(4), workers=2))
    with closing(run_items(work.noting(HERE / "nowhere"), range(4), workers=2)), pytest.raises(FileNotFoundError):
        list(run_items(work.noting(HERE / "nowhere"), range(4), workers=2))
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before

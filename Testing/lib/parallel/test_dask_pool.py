"""The same map over a Dask cluster, on local ones of processes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import items_for_tests as work
import pytest
from dying import KILL

from EchoSynthLib.errors import Cancelled, EchoSynthError, InputError
from EchoSynthLib.parallel import run_items
from EchoSynthLib.processes import is_alive

dask = pytest.importorskip("dask", reason="the extra `cluster` is not installed")
distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

HERE = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _workers_find_the_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))


@pytest.fixture(scope="module", autouse=True)
def _scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with dask.config.set({"temporary-directory": str(tmp_path_factory.mktemp("dask"))}):
        yield


@pytest.fixture(scope="module")
def cluster(_scratch: None) -> Iterator[Any]:
    """A cluster that is there before us, of two processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE))
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as running:
            yield running


def pids_in(folder: Path) -> set[int]:
    return {int(path.name.split("-")[1]) for path in folder.iterdir()}


def test_results_are_those_of_one_process_in_the_same_order(cluster: Any, tmp_path: Path) -> None:
    alone = list(run_items(work.noting(tmp_path, 0), range(20)))
    (tmp_path / "there").mkdir()
    spread = work.noting(tmp_path / "there", 0.02)
    assert list(run_items(spread, range(20), cluster=cluster.scheduler_address, chunk=3)) == alone
    assert len(pids_in(tmp_path / "there")) == 2


def test_a_cluster_is_found_by_its_file(cluster: Any, tmp_path: Path) -> None:
    (tmp_path / "scheduler.json").write_text(json.dumps(cluster.scheduler.identity()))
    assert list(run_items(work.square, range(4), cluster=str(tmp_path / "scheduler.json"))) == [0, 1, 4, 9]


@pytest.mark.slow
def test_the_items_of_a_killed_worker_are_made_again(cluster: Any, tmp_path: Path) -> None:
    made = []
    with closing(run_items(work.noting(tmp_path), range(40), cluster=cluster.scheduler_address, chunk=3)) as results:
        for result in results:
            made.append(result)
            if len(made) == 5:
                latest = max(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)
                os.kill(int(latest.name.split("-")[1]), KILL)
    (tmp_path / "alone").mkdir()
    assert made == [work.noting(tmp_path / "alone", 0)(number) for number in range(40)]


@pytest.mark.slow
def test_items_that_end_every_worker_are_given_up() -> None:
    with pytest.raises(EchoSynthError, match="Several workers of the cluster local:1 ended"):
        list(run_items(work.end_process, [0], cluster="local:1"))


def test_an_error_of_an_item_is_the_callers(cluster: Any) -> None:
    with pytest.raises(InputError, match="Three is not allowed"):
        list(run_items(work.refuse_three, range(6), cluster=cluster.scheduler_address))


def test_cancelling_leaves_the_cluster_as_it_was(cluster: Any, tmp_path: Path) -> None:
    def stop(done: int, total: int, message: str) -> None:
        if done >= 4:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        list(run_items(work.noting(tmp_path), range(1000), cluster=cluster.scheduler_address, progress=stop))
    assert list(run_items(work.square, range(3), cluster=cluster.scheduler_address)) == [0, 1, 4]
    assert len(list(tmp_path.iterdir())) < 50


@pytest.mark.slow
def test_a_local_cluster_comes_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "noted").mkdir()
    before = dict(os.environ)
    made = list(run_items(work.noting(tmp_path / "noted"), range(12), cluster="local:2"))
    assert [number for number, _ in made] == list(range(12))
    pids = pids_in(tmp_path / "noted")
    assert len(pids) == 2
    assert not any(is_alive(pid) for pid in pids)
    assert not list((tmp_path / "temporary").iterdir())
    assert dict(os.environ) == before


@pytest.mark.slow
def test_a_cluster_that_goes_away_is_told(tmp_path: Path) -> None:
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as running:
        results = run_items(work.noting(tmp_path, 0.2), range(1000), cluster=running.scheduler_address)
        next(results)
    with pytest.raises(EchoSynthError, match=r"connection to the cluster tcp://.* was lost"):
        list(results)


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("local:none", "no number of processes"),
        ("local:0", "no number of processes"),
        ("gopher://heart:1", "no address"),
        ("missing.json", "no file missing.json"),
    ],
)
def test_an_address_that_is_none_is_refused(address: str, complaint: str) -> None:
    with pytest.raises(EchoSynthError, match=complaint):
        list(run_items(work.square, [1], cluster=address))


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("EchoSynthLib.parallel.dask_pool.SECONDS_TO_CONNECT", 0.3)
    with pytest.raises(EchoSynthError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        list(run_items(work.square, [1], cluster="tcp://127.0.0.1:9"))

"""How many cores a network takes."""

from __future__ import annotations

import os

import pytest

from EchoSynthLib.runtime import usable_cores


def test_workers_on_one_machine_share_its_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert usable_cores() <= (os.cpu_count() or 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert usable_cores() == 1


@pytest.mark.parametrize("nonsense", ["", "0", "many", "-2"])
def test_what_is_no_number_of_threads_does_not_stop_a_network(nonsense: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", nonsense)
    assert usable_cores() >= 1

"""How many cores a network takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


def test_a_network_tells_nobody_that_it_was_run_and_leaves_nothing_in_the_users_home(tmp_path: Path) -> None:
    code = (
        "from EchoSynthLib import zoo; from EchoSynthLib.runtime import OnnxNetwork\n"
        "OnnxNetwork(sorted(zoo.shipped_models().rglob('*.onnx'))[0])\n"
    )
    hidden = {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_DATA_HOME"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    environment |= {"HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []

"""Several processes share one training: their weights agree, and one of them writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("accelerate", reason="accelerate is not installed")

import torch

from EchoSynthLib.training.distributed import main_process_first
from EchoSynthLib.training.loop import Moment, train
from EchoSynthLib.training.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
PROCESSES = 2


class Regression:
    """Learns y = x summed; writes down the first batch, which tells the processes apart."""

    def __init__(self) -> None:
        self.first: list[float] | None = None
        self.calls, self.end_after = 0, -1

    def __call__(self, network: torch.nn.Module, moment: Moment) -> torch.Tensor:
        x = torch.randn(16, 3, generator=moment.generator)
        self.first = self.first or x.flatten().tolist()
        self.calls += 1
        if self.calls == self.end_after:
            signal.raise_signal(signal.SIGTERM)
        return (network(x) - x.sum(dim=1, keepdim=True)).square().mean()


def one_process(folder: Path) -> None:
    """What each of the processes runs; it leaves its weights beside the run's folder."""
    rank = os.environ["RANK"]
    torch.manual_seed(int(rank))  # The weights begin apart: the main process's have to win.
    loss, told, validated = Regression(), [], []
    with main_process_first("cpu") as is_main:
        (folder / f"{rank}.order").write_text(str(len(list(folder.glob("*.order")))))
    if (end := os.environ.get("END_AFTER")) and rank == "1":
        loss.end_after = int(end)
    average, state = train(
        torch.nn.Linear(3, 1),
        loss,
        Settings(minutes=0.02 if end is None else 60, warm_up=1, learning_rate=0.03, tell_every=0.05),
        folder / "run",
        validate=lambda _: validated.append(1) or {},  # type: ignore[func-returns-value]
        progress=lambda *t: told.append(t),
        device="cpu",
    )
    weights = [p.flatten().tolist() for p in average.parameters()]
    found = {"weights": weights, "iteration": state.iteration, "seconds": state.seconds, "first": loss.first}
    found |= {"is_main": is_main, "told": len(told), "validated": len(validated)}
    (folder / f"{rank}.json").write_text(json.dumps(found))


def launched(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # torchrun is what `accelerate launch` starts for several GPUs; for CPUs alone it would ask for MPI.
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(PROCESSES)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(
        [*launch, __file__, str(folder)], env=environment, capture_output=True, text=True, timeout=200, check=False
    )


@pytest.mark.slow
def test_an_interrupt_of_one_process_ends_all_after_the_same_iteration_and_keeps_it(tmp_path: Path) -> None:
    done = launched(tmp_path, END_AFTER="25")
    assert done.returncode != 0
    assert "interrupted after 25 iterations" in done.stderr
    saved = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert saved["state"]["iteration"] == 25
    assert saved["optimizer"]["state"][0]["step"] == 25


@pytest.mark.slow
def test_two_processes_end_with_the_same_weights_and_one_checkpoint(tmp_path: Path) -> None:
    done = launched(tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    main, other = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(PROCESSES))
    for ours, theirs in zip(main["weights"], other["weights"], strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)
    assert (main["iteration"], main["seconds"]) == (other["iteration"], other["seconds"])
    assert main["iteration"] > 10
    assert torch.tensor(main["weights"][0]).sub(1).abs().max() < 0.5  # It has learned.
    assert main["first"] != other["first"]
    assert (main["is_main"], other["is_main"]) == (True, False)
    assert (tmp_path / "0.order").read_text() == "0"
    assert main["told"] > 0
    assert (main["validated"], other["validated"], other["told"]) == (1, 0, 0)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["checkpoint.pt", "log.jsonl"]
    saved = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert saved["state"]["iteration"] == main["iteration"]
    assert [p.flatten().tolist() for p in saved["average"].values()] == main["weights"]


if __name__ == "__main__":
    one_process(Path(sys.argv[1]))

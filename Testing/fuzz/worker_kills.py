"""Kills of the worker and of its client in the middle of tasks, and cancels: an end in words, and no file lost."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import task_files
from campaign import REFUSED, RIGHT, Campaign, Fault
from commands import earlier
from states import contents, hidden, text_of

from EchoSynthLib.client import Client, TaskFailed
from EchoSynthLib.errors import EchoSynthError
from EchoSynthLib.outputs import sweep
from EchoSynthLib.processes import runs_since

LIB = Path(__file__).resolve().parents[1] / "lib"
ROOT = LIB.parents[1]
SECONDS_TO_END = 30.0
_CLIENT = """
import json, sys
from EchoSynthLib.client import Client
with Client(tasks=["tasks_for_tests"]) as client:
    client.start()
    handle = client.submit(sys.argv[1], json.loads(sys.argv[2]), progress=lambda *step: print(client.pid, flush=True))
    while not handle.poll():
        pass
    print("done", flush=True)
    sys.stdin.read()
"""


class WorkerKills(Campaign):
    """A task over earlier results, and the worker or the client is killed, or the task cancelled, in the middle."""

    summary = "kills of worker and client, and cancels"

    def start(self) -> None:
        """Draws a label map and starts a client."""
        task_files.write_heart(self.folder / "heart.nii.gz")
        self.environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(LIB), str(ROOT)])}
        self.client = Client(tasks=["tasks_for_tests"], environment=self.environment, grace=1.0)
        self.client.run("count", {})

    def stop(self) -> None:
        """Ends the worker."""
        self.client.close()

    def case(self, seed: int) -> str:
        """See `Campaign.case`."""
        chance = random.Random(seed)
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        task, parameters, new = self._task(chance, out)
        before = self._earlier(out, task, parameters, new) if chance.random() < 0.8 else {}
        if chance.random() < 0.3:
            self._kill_client(chance, task, parameters)
            sweep(out)
            outcome = RIGHT
        else:
            outcome = self._kill_worker(chance, task, parameters)
        if hidden(out):
            raise Fault(f"{task}: {hidden(out)} are left.")
        seen = contents(out)
        whole = {name for name in new if b"earlier" not in seen.get(name, b"earlier")}
        kept = {name for name, content in before.items() if seen.get(name) == content}
        if seen != before and not (whole == set(new) and {"notes.txt"} & set(before) <= kept):
            raise Fault(f"{task}: neither as before nor as after: {text_of(seen)}, before {text_of(before)}")
        return outcome

    def _task(self, chance: random.Random, out: Path) -> tuple[str, dict[str, Any], list[str]]:
        if chance.random() < 0.6:
            steps = chance.choice([2, 5, 20])
            parameters: dict[str, Any] = {"steps": steps, "pause": chance.choice([0.0, 0.005, 0.02])}
            return "count", {**parameters, "output": str(out)}, [f"{step}.txt" for step in range(steps)]
        count = chance.choice([1, 3])
        parameters = {"label_map": str(self.folder / "heart.nii.gz"), "output": str(out), "count": count}
        return "variations", parameters, [*(f"variation_{i:03d}.nii.gz" for i in range(count)), "record.json"]

    def _earlier(self, out: Path, task: str, parameters: dict[str, Any], new: list[str]) -> dict[str, bytes]:
        self.client.run(task, parameters)
        for name in new:
            (out / name).write_bytes(earlier(name, (out / name).read_bytes()))
        (out / "notes.txt").write_text("the user's")
        return contents(out)

    def _kill_worker(self, chance: random.Random, task: str, parameters: dict[str, Any]) -> str:
        handle = self.client.submit(task, parameters)
        until = time.monotonic() + chance.choice([0.0, 0.01, 0.05, 0.2]) * chance.random() * 2
        while time.monotonic() < until and not handle.poll():
            time.sleep(0.001)
        if chance.random() < 0.3:
            handle.cancel()
        elif self.client.pid is not None:
            os.kill(self.client.pid, chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
        if not handle.wait(SECONDS_TO_END):
            raise Fault(f"{task} has not ended after {SECONDS_TO_END:.0f} s; the worker's log: {self.client.log}")
        try:
            handle.result()
        except TaskFailed as error:
            raise Fault(f"{task}: {error}\n{getattr(error, 'worker_traceback', '')}") from error
        except EchoSynthError as error:
            if "Traceback" in str(error):
                raise Fault(f"{task}: {error}") from error
            return REFUSED
        return RIGHT

    def _kill_client(self, chance: random.Random, task: str, parameters: dict[str, Any]) -> None:
        import json

        command = [sys.executable, "-c", _CLIENT, task, json.dumps(parameters)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        client = subprocess.Popen(command, env=self.environment, **pipes)
        assert client.stdout is not None
        first = client.stdout.readline().split()
        time.sleep(chance.choice([0.0, 0.02, 0.2]) * chance.random())
        client.kill()
        rest = client.stdout.read().split()
        client.wait()
        pids = {int(word) for word in (*first, *rest) if word.isdigit()}
        until = time.monotonic() + SECONDS_TO_END
        while any(runs_since(pid, 0) for pid in pids):
            if time.monotonic() > until:
                raise Fault(f"{task}: the client was killed, and its worker {pids} still runs.")
            time.sleep(0.05)

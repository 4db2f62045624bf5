"""The worker and its client, as real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from EchoSynthLib.client import Client, TaskFailed, WorkerDied
from EchoSynthLib.client.handle import Handle
from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthLib.processes import is_alive

HERE = Path(__file__).resolve().parents[1]
ROOT = HERE.parents[1]
POSIX = pytest.mark.skipif(os.name != "posix", reason="speaks of POSIX processes")


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(ROOT)]), "OMP_NUM_THREADS": "1"}


def new_client(**options: Any) -> Client:
    return Client(tasks=["tasks_for_tests"], environment=environment(), **options)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with new_client() as client:
        yield client


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def first_progress(client: Client, task: str, parameters: dict[str, Any]) -> tuple[Any, list[tuple[int, int, str]]]:
    steps: list[tuple[int, int, str]] = []
    handle = client.submit(task, parameters, progress=lambda *step: steps.append(step))
    assert wait_until(lambda: bool(handle.poll() or steps)), client.log
    return handle, steps


def test_a_task_reports_every_step_and_then_its_record(client: Client) -> None:
    steps: list[tuple[int, int, str]] = []
    record = client.run("count", {"steps": 4}, progress=lambda *step: steps.append(step))
    assert record["counted"] == 4
    assert steps == [(i, 4, f"step {i}") for i in range(4)]


def test_the_worker_stays_warm_between_tasks(client: Client) -> None:
    assert client.run("count", {})["pid"] == client.run("count", {})["pid"] == client.pid


def test_results_lie_complete_in_the_output_folder(client: Client, tmp_path: Path) -> None:
    client.run("count", {"steps": 3, "output": tmp_path / "out"})
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.txt", "1.txt", "2.txt"]


def test_a_cancel_between_steps_stops_the_task_keeps_the_worker_and_leaves_no_file(
    client: Client, tmp_path: Path
) -> None:
    handle, _ = first_progress(client, "count", {"steps": 1000, "pause": 0.02, "output": tmp_path / "out"})
    pid = client.pid
    handle.cancel()
    assert handle.wait(10)
    with pytest.raises(Cancelled):
        handle.result()
    assert list(tmp_path.iterdir()) == []
    assert client.run("count", {})["pid"] == pid


def test_a_task_can_be_cancelled_before_its_turn_comes(client: Client) -> None:
    running, _ = first_progress(client, "count", {"steps": 1000, "pause": 0.02})
    waiting = client.submit("count", {})
    waiting.cancel()
    running.cancel()
    assert waiting.wait(10)
    with pytest.raises(Cancelled):
        waiting.result()


@POSIX
def test_a_task_that_does_not_listen_is_killed_with_all_it_started_and_leaves_no_file(tmp_path: Path) -> None:
    with new_client(grace=0.3) as client:
        handle, steps = first_progress(client, "stubborn", {"output": tmp_path / "out"})
        worker, child = client.pid, int(steps[0][2])
        assert worker is not None
        handle.cancel()
        assert handle.wait(10)
        with pytest.raises(Cancelled):
            handle.result()
        assert wait_until(lambda: not is_alive(worker) and not runs(child))
        assert list(tmp_path.iterdir()) == []
        assert client.run("count", {})["counted"] == 3


def runs(pid: int) -> bool:
    """Alive, and not a zombie that waits for whoever inherits it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return Path("/proc").is_dir() is False and is_alive(pid)
    return state not in "ZX"


@POSIX
def test_a_worker_killed_in_the_middle_says_so_leaves_no_file_and_is_started_anew(tmp_path: Path) -> None:
    with new_client() as client:
        out = tmp_path / "out"
        handle, _ = first_progress(client, "count", {"steps": 1000, "pause": 0.02, "output": out})
        assert client.pid is not None
        os.kill(client.pid, 9)
        assert handle.wait(10)
        with pytest.raises(WorkerDied, match="ended in the middle of a task"):
            handle.result()
        assert list(tmp_path.iterdir()) == []
        assert client.run("count", {})["counted"] == 3


@POSIX
def test_a_worker_killed_while_idle_is_started_anew_without_a_word() -> None:
    with new_client() as client:
        pid = client.run("count", {})["pid"]
        os.kill(pid, 9)
        wait_until(lambda: not runs(pid))
        assert client.run("count", {})["pid"] != pid


def test_a_task_that_a_dying_worker_had_not_begun_is_done_by_the_next_one() -> None:
    with new_client() as client:
        first = client.run("count", {})["pid"]
        process = client._process
        assert process is not None
        os.kill(first, 9)
        # As if its death had not been noticed yet.
        handle = process.submit(99, "count", {}, None)
        assert handle.wait(30)
        assert handle.result()["pid"] != first


def test_a_task_that_begins_while_the_worker_is_ended_for_the_one_before_it_is_done_by_the_next_one() -> None:
    with new_client() as client:
        begun, _ = first_progress(client, "count", {"steps": 50, "pause": 0.02})
        # The one before has just ended, but its caller has not heard of it, and its grace time is over.
        assert client._process is not None
        client._process._kill_unless_finished(Handle(10_000, None, lambda handle: None))
        assert begun.wait(60)
        assert begun.result()["counted"] == 50


def test_a_crash_gives_the_exit_code_and_the_last_lines_of_the_log() -> None:
    with new_client() as client:
        with pytest.raises(WorkerDied, match=r"exit code 7(.|\n)*last words of the worker"):
            client.run("misbehave", {"how": "crash"})
        assert client.run("count", {})["counted"] == 3


def test_an_unforeseen_error_comes_with_the_traceback_and_the_worker_lives_on(client: Client) -> None:
    pid = client.run("count", {})["pid"]
    with pytest.raises(TaskFailed, match="ZeroDivisionError: the heart stood still") as caught:
        client.run("misbehave", {"how": "raise"})
    assert "tasks_for_tests.py" in caught.value.worker_traceback  # type: ignore[attr-defined]
    with pytest.raises(TaskFailed, match="good bye"):
        client.run("misbehave", {"how": "exit"})
    assert client.run("count", {})["pid"] == pid


def test_what_a_library_prints_goes_to_the_log_and_text_of_any_language_comes_through(client: Client) -> None:
    assert client.run("misbehave", {"how": "print"})["said"] == "Grüße, Herz ♥"
    assert wait_until(lambda: "a library talks" in client.log and "its C code too" in client.log)


def test_a_wrong_parameter_is_an_input_error_at_the_caller(client: Client) -> None:
    with pytest.raises(InputError, match=r"steps was given 0; allowed is a whole number from 1 to 10000 steps"):
        client.run("count", {"steps": 0})
    with pytest.raises(InputError, match="no task 'diagnose'"):
        client.run("diagnose", {})


def test_an_exception_in_the_callers_progress_cancels_the_task(client: Client) -> None:
    def fail(done: int, total: int, message: str) -> None:
        raise KeyError("panel closed")

    with pytest.raises(KeyError):
        client.run("count", {"steps": 10_000, "pause": 0.05}, progress=fail)
    # It would wait for the end of the other.
    assert client.run("count", {"steps": 3})["counted"] == 3


def test_asking_never_waits(client: Client) -> None:
    handle = client.submit("count", {"steps": 10_000, "pause": 0.05})
    assert not handle.poll()
    with pytest.raises(RuntimeError, match="not ended yet"):
        handle.result()
    assert not handle.poll()
    handle.cancel()


def test_closing_ends_the_worker_and_cancels_what_runs() -> None:
    client = new_client()
    handle, _ = first_progress(client, "count", {"steps": 1000, "pause": 0.02})
    pid = client.pid
    assert pid is not None
    client.close()
    assert handle.wait(5)
    with pytest.raises(Cancelled):
        handle.result()
    assert not is_alive(pid)
    assert client.pid is None


def test_a_python_that_is_none_gives_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(WorkerDied, match="cannot be started"):
        Client(python=tmp_path / "no-python").run("count", {})


def test_a_module_of_tasks_that_cannot_be_imported_is_named() -> None:
    with (
        Client(tasks=["no_such_module"], environment=environment()) as client,
        pytest.raises(WorkerDied, match="no_such_module"),
    ):
        client.run("count", {})


def test_a_foreign_pythonhome_of_the_caller_does_not_reach_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    with Client(tasks=["tasks_for_tests"]) as client:
        assert client.run("count", {})["counted"] == 3


@pytest.mark.slow
@POSIX
def test_the_workers_end_comes_with_its_callers_death(tmp_path: Path) -> None:
    script = (
        "import os, time; from EchoSynthLib.client import Client; client = Client(tasks=['tasks_for_tests'])\n"
        f"handle = client.submit('stubborn', {{'output': {str(tmp_path / 'out')!r}}})\n"
        "steps = []; handle._progress = lambda *step: steps.append(step)\n"
        "while not steps: handle.poll(); time.sleep(0.02)\n"
        "print(client.pid, steps[0][2], flush=True); os._exit(0)\n"
    )
    caller = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, timeout=30
    )
    worker, child = map(int, caller.stdout.split())
    assert wait_until(lambda: not runs(worker) and not runs(child))
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_the_worker_notices_its_callers_death_even_if_another_process_holds_its_stdin_open() -> None:
    script = (
        "import os, subprocess, sys; reading, writing = os.pipe()\n"
        "command = [sys.executable, '-m', 'EchoSynthLib.worker']\n"
        "worker = subprocess.Popen(command, stdin=reading, stdout=subprocess.PIPE)\n"
        "holder = subprocess.Popen(['sleep', '30'], pass_fds=[writing], stdout=subprocess.DEVNULL)\n"
        "worker.stdout.readline(); print(worker.pid, holder.pid, flush=True); os._exit(0)\n"
    )
    caller = subprocess.run(
        [sys.executable, "-c", script], env=environment(), stdout=subprocess.PIPE, text=True, timeout=30
    )
    worker, holder = map(int, caller.stdout.split())
    try:
        assert wait_until(lambda: not runs(worker))
    finally:
        os.kill(holder, 9)


def talk(*lines: bytes) -> list[dict[str, Any]]:
    """What a worker answers to raw lines, until it has answered a last ping."""
    command = [sys.executable, "-m", "EchoSynthLib.worker", "--tasks", "tasks_for_tests"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()
    ) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(b"".join(line + b"\n" for line in lines))
        worker.stdin.flush()
        replies = []
        for _ in lines:
            replies.append(json.loads(worker.stdout.readline()))
        worker.stdin.close()
        worker.wait(60)  # The task that it was given would take longer.
        return [*replies, *map(json.loads, worker.stdout)]


def test_junk_on_stdin_is_answered_and_does_not_end_the_worker() -> None:
    junk = [b"\xff\xfe\x00", b"{", b"[1, 2]", b"{}", b'{"task": "count"}', b'{"id": 5, "task": 3}', b'{"cancel": [1]}']
    junk += [b"[" * 5000, b"9" * 5000, b'{"cancel": {}}', b'{"id": [], "task": "count"}', b'{"id": true}']
    replies = talk(*junk, b'{"ping": "still there?"}')
    assert replies[0]["event"] == "ready"
    assert replies[-1] == {"event": "pong", "ping": "still there?"}
    errors = [reply for reply in replies if reply["event"] == "error"]
    assert len(errors) == len(junk)
    assert all(error["message"] and error["kind"] == "InputError" for error in errors)


def test_a_parameter_that_no_process_can_be_sent_is_refused_and_numpys_numbers_are_taken(client: Client) -> None:
    import numpy as np

    for value in (object(), {1, 2}, [np.zeros(3)]):
        with pytest.raises(InputError, match="cannot be sent"):
            client.submit("count", {"steps": value})
    assert client.run("count", {"steps": np.int64(2), "pause": np.float32(0)})["counted"] == 2


def test_a_worker_ends_at_once_when_its_stdin_closes() -> None:
    replies = talk(b'{"id": 1, "task": "count", "parameters": {"steps": 10000, "pause": 0.05}}')
    assert replies[0]["event"] == "ready"
    assert "result" not in {reply["event"] for reply in replies}


def test_the_client_needs_nothing_but_the_standard_library() -> None:
    probe = (
        "import sys; from EchoSynthLib.client import Client; loaded = {m.split('.')[0] for m in sys.modules}; "
        "print(sorted({'numpy', 'scipy', 'onnxruntime', 'SimpleITK', 'PIL', 'torch'} & loaded))"
    )
    done = subprocess.run([sys.executable, "-c", probe], env=environment(), capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("told", [None, "2"])
def test_small_matrices_have_one_thread_unless_somebody_asks_for_more(monkeypatch, told: str | None) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if told is not None:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", told)
    with new_client() as client:
        assert client.run("count", {"steps": 1})["blas_threads"] == (told or "1")

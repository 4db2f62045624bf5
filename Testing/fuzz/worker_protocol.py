"""What no client would send, sent to a real worker: it answers in words and lives on."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import task_files
from campaign import RIGHT, Campaign, Fault
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from EchoSynthLib import errors
from EchoSynthLib.processes import kill_tree, own_group
from EchoSynthLib.tasks import all_tasks, parameters_of

LIB = Path(__file__).resolve().parents[1] / "lib"
ROOT = LIB.parents[1]
EVENTS = {"ready", "started", "progress", "result", "error", "cancelled", "pong"}
EXAMPLES = 20
SECONDS_TO_ANSWER = 30.0
# What takes a cluster, other processes or minutes is not to be had by chance.
_LEFT_OUT = {"workers", "cluster", "count", "images", "variations"}
_LEFT_OUT |= {"iterations", "minutes", "generator_minutes", "segmenter_minutes"}

_numbers = st.one_of(
    st.integers(-3, 3),
    st.integers(),
    st.floats(),
    st.sampled_from([10**400, -(10**4000), 2**31, 2**63, 1e308, 5e-324]),
)
_texts = st.text(st.characters(exclude_characters="/\n\r"), max_size=12)
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_texts, inner, max_size=4)),
    max_leaves=12,
)


class WorkerProtocol(Campaign):
    """Each case is a few hundred lines; a fault comes with the fewest that show it."""

    summary = "lines to the worker that no client would send"

    def start(self) -> None:
        """Draws files that parameters can name, and starts a worker."""
        task_files.write_heart(self.folder / "heart.nii.gz")
        task_files.write_echo(self.folder / "echo.png")
        (self.folder / "broken.nii.gz").write_bytes(b"\x1f\x8b broken")
        (self.folder / "empty.png").touch()
        (self.folder / "folder").mkdir()
        self.talk = Talk(self.folder)

    def stop(self) -> None:
        """Ends the worker."""
        self.talk.end()

    def case(self, number: int) -> str:
        """See `Campaign.case`."""

        @seed(number)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(lines_for(self.folder), min_size=1, max_size=12))
        def try_lines(lines: list[bytes]) -> None:
            if not self.talk.lives:
                self.talk.end()
                self.talk = Talk(self.folder)
            try:
                self.talk.say_and_check(lines)
            except Fault:
                self.talk.end()  # what it still has to say would be taken for answers to the next
                raise

        try:
            try_lines()
        except Fault as fault:
            raise Fault("\n".join([str(fault), *getattr(fault, "__notes__", [])])) from fault
        return RIGHT


class Talk:
    """A worker, and all that it says."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(LIB), str(ROOT)]), "PYTHONUTF8": "1"}
        command = [sys.executable, "-m", "EchoSynthLib.worker", "--tasks", "tasks_for_tests"]
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self._process = subprocess.Popen(command, cwd=folder, env=environment, **pipes, **own_group())
        self._said: queue.Queue[bytes | None] = queue.Queue()
        self._log: list[bytes] = []
        self._asked = 0
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._read_log, daemon=True).start()

    @property
    def lives(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def end(self) -> None:
        """Ends it and all it started."""
        kill_tree(self._process)
        self._process.wait()

    def say_and_check(self, lines: list[bytes]) -> None:
        """Sends lines, then a task; Fault unless it answers with its result, and to all before in words."""
        self._asked += 1
        last = f"last {self._asked}"
        self._log.clear()
        task = json.dumps({"id": last, "task": "count", "parameters": {"steps": 1}}).encode()
        sent = b"\n".join([*lines, task, b""])
        try:
            self._process.stdin.write(sent)  # type: ignore[union-attr]
            self._process.stdin.flush()  # type: ignore[union-attr]
        except OSError as error:
            raise Fault(f"The worker is gone: {error}\n{self._log_tail()}") from error
        until = time.monotonic() + SECONDS_TO_ANSWER
        while True:
            try:
                reply = self._said.get(timeout=max(0.01, until - time.monotonic()))
            except queue.Empty:
                self.end()
                raise Fault(f"No answer in {SECONDS_TO_ANSWER:.0f} s.\n{self._log_tail()}") from None
            if reply is None:
                raise Fault(f"The worker ended with {self._process.wait()}.\n{self._log_tail()}")
            if self._check(reply) == last:
                return

    def _check(self, line: bytes) -> Any:
        """The id of a task that has ended."""
        try:
            reply = json.loads(line)
            event = reply["event"]
        except (ValueError, TypeError, KeyError) as error:
            raise Fault(f"The worker said {line[:200]!r}, which is no reply.") from error
        if event not in EVENTS:
            raise Fault(f"The worker said {line[:200]!r}.")
        if event == "error" and not hasattr(errors, str(reply["kind"])):
            raise Fault(f"{reply['kind']}: {reply['message']}\n{reply['traceback']}")
        return reply.get("id") if event in ("result", "error", "cancelled") else None

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self._said.put(line)
        self._said.put(None)

    def _read_log(self) -> None:
        for line in self._process.stderr or ():
            self._log.append(line)

    def _log_tail(self) -> str:
        return b"".join(self._log[-20:]).decode(errors="replace")


def lines_for(folder: Path) -> st.SearchStrategy[bytes]:
    """Lines of all kinds, from noise to requests that are nearly right."""
    ids = st.one_of(st.integers(0, 5), _json)
    tasks = st.one_of(st.sampled_from([task.name for task in all_tasks()]), _json)
    wrong = st.fixed_dictionaries(
        {}, optional={"id": ids, "task": tasks, "parameters": _json, "cancel": _json, "ping": _json, "x": _json}
    )
    whole = st.one_of(wrong, nearly_right(folder)).map(_line)
    return st.one_of(
        st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"")),
        _json.map(_line),
        whole,
        whole,
        st.tuples(whole, st.integers(0, 60)).map(lambda cut: cut[0][: cut[1]]),
        st.sampled_from([b"[" * 5000, b'{"task":' * 2000, b"9" * 5000, b'{"id":1e999,"task":"count"}', b"\xff\xfe"]),
        st.sampled_from([b'{"id":7,"task":"segment","parameters":{"image":"\\ud800","output":"\\udcff"}}', b"\0"]),
    )


def nearly_right(folder: Path) -> st.SearchStrategy[dict[str, Any]]:
    """Requests of real tasks, with parameters of which some are right."""
    files = [str(path) for path in sorted(folder.iterdir())] + [
        "missing.nii.gz",
        "~nobody/x",
        "",
        ".",
        "a\0b",
        "x" * 300,
    ]

    def request(task: Any) -> st.SearchStrategy[dict[str, Any]]:
        values: dict[str, st.SearchStrategy[Any]] = {}
        for declared in parameters_of(task):
            if declared.name in _LEFT_OUT:
                continue
            if declared.name == "output":
                outs = _texts.map(lambda text: str(folder / "outs" / f"out {text}"))
                values["output"] = st.one_of(outs, st.just(str(folder / "echo.png" / "x")), st.integers(), st.just([]))
            elif declared.kind is Path or declared.main:
                values[declared.name] = st.one_of(st.sampled_from(files), st.sampled_from(files), _json)
            elif declared.choices:
                values[declared.name] = st.one_of(st.sampled_from(declared.choices), _json)
            else:
                values[declared.name] = st.one_of(_json, _numbers, _texts)
        main = {name: values.pop(name) for name in list(values) if name == "output" or name in _needed(task)}
        parameters = st.fixed_dictionaries(main, optional=values)
        given_id = st.integers(10, 10**6)
        return st.fixed_dictionaries({"id": given_id, "task": st.just(task.name), "parameters": parameters})

    return st.sampled_from(all_tasks()).flatmap(request)


def _needed(task: Any) -> set[str]:
    return {declared.name for declared in parameters_of(task) if declared.main or declared.required}


def _line(value: Any) -> bytes:
    with contextlib.suppress(ValueError):  # a number too long for a text
        return json.dumps(value).encode()
    return b"{}"

"""What a record says of the computer, on each system that EchoSynth runs on."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from EchoSynthLib import machine as told


@pytest.fixture(autouse=True)
def asked_anew() -> Any:
    for question in (told.processor, told.code_version):
        question.cache_clear()
    yield
    for question in (told.processor, told.code_version):
        question.cache_clear()


def answering(monkeypatch: pytest.MonkeyPatch, answers: dict[str, str]) -> None:
    """Programs that answer by their name and first words."""

    def run(command: tuple[str, ...], **_: object) -> types.SimpleNamespace:
        for start, answer in answers.items():
            if " ".join(command).startswith(start):
                return types.SimpleNamespace(stdout=answer + "\n")
        raise FileNotFoundError(command[0])

    monkeypatch.setattr(told.subprocess, "run", run)


def test_a_mac_tells_its_processor_by_sysctl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    answering(monkeypatch, {"sysctl -n machdep.cpu.brand_string": "Apple M3"})
    assert told.processor() == "Apple M3"


def test_windows_tells_its_processor_by_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    class Key:
        def __enter__(self) -> str:
            return "key"

        def __exit__(self, *_: object) -> None:
            pass

    registry = types.ModuleType("winreg")
    vars(registry).update(
        HKEY_LOCAL_MACHINE=0,
        OpenKey=lambda root, name: Key(),
        QueryValueEx=lambda key, name: ("Intel(R) Core(TM) i7  ", 1),
    )
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "winreg", registry)
    assert told.processor() == "Intel(R) Core(TM) i7"


@pytest.mark.parametrize("system", ["darwin", "freebsd14"])
def test_a_system_that_tells_nothing_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    answering(monkeypatch, {})
    assert told.processor()
    assert " cores" in told.machine()


def test_the_commit_is_told_where_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(told, "_ROOT", tmp_path)
    assert told.code_version().endswith("not from a git checkout")
    (tmp_path / ".git").mkdir()
    answers = {f"git -C {tmp_path} rev-parse": "0ef86ef", f"git -C {tmp_path} status": ""}
    for changes, ending in (("", "commit 0ef86ef"), (" M README.md", "commit 0ef86ef, with changes")):
        told.code_version.cache_clear()
        answering(monkeypatch, {**answers, f"git -C {tmp_path} status": changes})
        assert told.code_version().endswith(ending)


def test_a_checkout_without_git_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(told, "_ROOT", tmp_path)

    def fails(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(128, "git")

    monkeypatch.setattr(told.subprocess, "run", fails)
    assert "could not be asked" in told.code_version()

"""What computer this is and what code runs on it, in words for records and model cards. Standard library only."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path

import EchoSynthLib

_ROOT = Path(__file__).resolve().parents[1]


def machine() -> str:
    """Processor, cores and system: "Intel(R) Xeon(R) Processor, 2 cores, Linux"; OMP_NUM_THREADS where it is set."""
    threads = os.environ.get("OMP_NUM_THREADS")
    told = f", OMP_NUM_THREADS={threads}" if threads else ""
    count = cores()
    return f"{processor()}, {count} core{'s' * (count != 1)}{told}, {platform.system()}"


def cores() -> int:
    """Processor cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Windows and macOS
        return os.cpu_count() or 1


@cache
def processor() -> str:
    """The processor's name as its maker writes it, else the best that the system tells."""
    ask = {"linux": _of_linux, "darwin": _of_macos, "win32": _of_windows}.get(sys.platform)
    try:
        told = ask() if ask else ""
    except (OSError, subprocess.SubprocessError, StopIteration):
        told = ""
    return told or platform.processor() or platform.machine() or "unknown processor"


@cache
def code_version() -> str:
    """EchoSynth's version and, in a git checkout, the commit: "EchoSynth 0.1.0, commit 0ef86ef, with changes"."""
    version = f"EchoSynth {EchoSynthLib.__version__}"
    if not (_ROOT / ".git").exists():
        return f"{version}, not from a git checkout"
    try:
        commit, changes = (_git("rev-parse", "--short", "HEAD"), _git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return f"{version}, a git checkout whose commit could not be asked"
    return f"{version}, commit {commit}{', with changes' if changes else ''}"


def _of_linux() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))


def _of_macos() -> str:
    return _run("sysctl", "-n", "machdep.cpu.brand_string")


def _of_windows() -> str:
    import winreg  # type: ignore[import-not-found,unused-ignore]

    key = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as opened:  # type: ignore[attr-defined,unused-ignore]
        return str(winreg.QueryValueEx(opened, "ProcessorNameString")[0]).strip()  # type: ignore[attr-defined,unused-ignore]


def _git(*words: str) -> str:
    return _run("git", "-C", str(_ROOT), *words)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True, timeout=10)
    return done.stdout.strip()

"""Processes: is one alive, end one with all that it started. Standard library only."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any


def own_group() -> dict[str, Any]:
    """Keywords for `subprocess.Popen` that put the child, and all it starts, into a group without a window."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that was started with `own_group()`, and everything it started, at once."""
    if sys.platform == "win32":
        # Where there is no taskkill, the process alone is ended below.
        with contextlib.suppress(OSError):
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(process.pid)],
                capture_output=True,
                check=False,
                creationflags=subprocess.CREATE_NO_WINDOW,
            )
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        process.kill()


def end_own_session() -> None:
    """Ends this process and all it started, if it was started with `own_group()`; does nothing on Windows."""
    if sys.platform != "win32" and os.getsid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Whether a process with this number runs on this machine."""
    if sys.platform == "win32":
        return _is_alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def started_at(pid: int) -> int | None:
    """When a process of this machine began, in ticks since the system did; None where that is not to be known.

    It tells a process from a later one that got the same number.
    """
    fields = _status(pid)
    return int(fields[19]) if fields else None


def runs_since(pid: int, started: int) -> bool:
    """Whether the process with this number still runs that began at `started`; 0 asks for any that runs."""
    if not is_alive(pid):
        return False
    fields = _status(pid)
    if fields is None:
        return True
    # A zombie has ended; whoever started it has not asked yet how.
    return fields[0] not in "ZX" and (not started or int(fields[19]) == started)


def _status(pid: int) -> list[str] | None:
    """What Linux tells of a process in /proc/PID/stat, from its state on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _is_alive_on_windows(pid: int) -> bool:
    import ctypes

    # os.kill(pid, 0) would END the process there, so the handle is asked instead.
    query_limited_information, still_active, access_denied = 0x1000, 259, 5
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(query_limited_information, False, pid)
    if not handle:
        # One of another user is not to be looked at, and runs.
        return bool(ctypes.get_last_error() == access_denied)  # type: ignore[attr-defined,unused-ignore]
    try:
        code = ctypes.c_ulong()
        return not kernel.GetExitCodeProcess(handle, ctypes.byref(code)) or code.value == still_active
    finally:
        kernel.CloseHandle(handle)

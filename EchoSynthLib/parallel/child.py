"""What a worker process does."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import EchoSynthLib
from EchoSynthLib.errors import EchoSynthError


def serve(requests: Connection, threads: int) -> None:
    """Answers (function, items) with (results, error or None) until the other end is closed.

    Args:
        requests: both ways.
        threads: that each network of this process may use; the other cores are other workers'.
    """
    os.environ["OMP_NUM_THREADS"] = str(threads)
    # Ctrl-C reaches all processes of a terminal; the parent decides what becomes of these.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    while True:
        answer: tuple[list[Any], Exception | None]
        try:
            function, items = requests.recv()
            answer = [function(item) for item in items], None
        except EOFError:
            return
        except Exception as error:
            answer = [], _told(error)
        try:
            requests.send(answer)
        except OSError:
            return
        except Exception as error:
            requests.send(([], EchoSynthError(f"The results of a worker cannot be transported ({error}).")))


def run_chunk(version: str, function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    """`function` of each item, on a machine that may have another EchoSynth than the caller.

    Raises:
        EchoSynthError: it has another one, whose results may differ.
    """
    if version != EchoSynthLib.__version__:
        raise EchoSynthError(
            f"A worker of the cluster has EchoSynth {EchoSynthLib.__version__} and the caller {version}; "
            "install the same version everywhere."
        )
    return [function(item) for item in items]


def _told(error: Exception) -> Exception:
    error.add_note("In a worker process:\n" + "".join(traceback.format_exception(error)))
    return error


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

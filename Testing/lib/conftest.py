"""Makes the helpers beside the tests importable by name."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard() -> None:
    """A shell starts what runs in the background deaf to Ctrl-C, and the programs that it starts inherit that."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def one_thread_for_torch() -> None:
    """Small tensors gain nothing from more, which wait for each other on a busy machine; and sums keep their order."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture
def labels() -> np.ndarray:
    """A small label map (20, 30) with all structures, for files that are written and read."""
    codes = np.zeros((20, 30), np.uint8)
    codes[4:12, 8:20] = 2
    codes[5:12, 10:18] = 1
    codes[12:16, 10:18] = 3
    return codes


@pytest.fixture
def sector() -> np.ndarray:
    """The sector on the grid of `labels` (20, 30)."""
    mask = np.ones((20, 30), bool)
    mask[:, :3] = mask[:, -3:] = False
    return mask

"""The fast path: networks run by onnxruntime, numpy in and numpy out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import ModelError
from EchoSynthLib.machine import cores


class Network(Protocol):
    """Arrays in, arrays out: an `OnnxNetwork`, or torch behind the same call."""

    def __call__(self, *arrays: NDArray[np.generic]) -> list[NDArray[np.float32]]:
        """Run the network on its inputs in their order."""
        ...


class OnnxNetwork:
    """One exported network; calls are deterministic on one machine."""

    def __init__(self, path: Path, threads: int | None = None) -> None:
        """Load a network.

        Args:
            path: of the ONNX file.
            threads: that one call uses, `usable_cores()` where none are given. Calls may run side by side.

        Raises:
            ModelError: onnxruntime is missing, or the file cannot be read.
        """
        # Its newer versions collect events of use, put them into the user's home and would send them out.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        try:
            import onnxruntime
        except ImportError as error:
            raise ModelError(
                "The package onnxruntime is missing; install it with `pip install onnxruntime`."
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or usable_cores()
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Waiting threads of one network would keep the cores busy that the next network needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises a type of its own for each kind of broken file
            raise ModelError(
                f"The network {path} cannot be loaded; run `echosynth models verify`. ({error})"
            ) from error
        self._path = path
        self._inputs = [entry.name for entry in self._session.get_inputs()]

    def __call__(self, *arrays: NDArray[np.generic]) -> list[NDArray[np.float32]]:
        """Run the network on its inputs in their order, as float32.

        Raises:
            ModelError: it takes other arrays than these.
        """
        given = [np.ascontiguousarray(array, dtype=np.float32) for array in arrays]
        try:
            return self._session.run(None, dict(zip(self._inputs, given, strict=True)))
        except Exception as error:  # onnxruntime raises a type of its own for each kind of failure
            shapes = ", ".join(str(array.shape) for array in given)
            raise ModelError(
                f"The network {self._path} cannot be run on arrays of the shapes {shapes}; its config.json and graph "
                f"may be of two models: get the model anew. ({error})"
            ) from error


def usable_cores() -> int:
    """Processor cores this process may use, at most eight: these small networks gain nothing from more.

    OMP_NUM_THREADS lowers it, as it does in other libraries; so workers on one machine share its cores.
    """
    available = cores()
    told = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(8, available, int(told) if told.isdecimal() else available))

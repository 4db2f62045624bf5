"""Write trained networks as a model folder: fp16 safetensors, and ONNX graphs that read their weights from it."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from EchoSynthLib.training.graph_rewrites import rewrite
from EchoSynthLib.zoo import WEIGHTS

N = TypeVar("N", bound=nn.Module)


def save_weights(networks: Mapping[str, nn.Module], folder: Path) -> Path:
    """All parameters of the networks, named `<network>.<parameter>`, as fp16 in one safetensors file."""
    from safetensors.torch import save_file

    tensors = {
        f"{name}.{key}": value.detach().to("cpu", torch.float16).contiguous().clone()
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }
    path = folder / WEIGHTS
    save_file(tensors, path)
    return path


def load_weights(network: N, name: str, folder: Path) -> N:
    """Fill a network with the parameters named `<name>.*` in a model folder, as float32, in evaluation mode."""
    from safetensors.torch import load_file

    prefix = f"{name}."
    saved = load_file(folder / WEIGHTS)
    network.load_state_dict({k.removeprefix(prefix): v.float() for k, v in saved.items() if k.startswith(prefix)})
    return network.eval()


class TorchNetwork:
    """A torch network behind the call that `OnnxNetwork` has: numpy in, numpy out."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval()

    def parameters(self) -> Iterator[nn.Parameter]:
        """Those of the network."""
        return self.network.parameters()

    @torch.inference_mode()
    def __call__(self, *arrays: NDArray[np.generic]) -> list[NDArray[np.float32]]:
        """Run on numpy arrays, as float32."""
        found = self.network(*(torch.tensor(np.asarray(array, np.float32)) for array in arrays))
        return [out.numpy() for out in (found if isinstance(found, tuple) else (found,))]


def save_graph(
    network: nn.Module, name: str, folder: Path, inputs: Mapping[str, Tensor], outputs: Sequence[str]
) -> Path:
    """Export `<name>.onnx` next to the weights; its parameters are external data that point into the safetensors file.

    One copy of the weights serves both run-times; ONNX casts them from fp16 to float32 when it loads them.
    """
    import onnx

    rounded = _as_stored(network)
    program = torch.onnx.export(
        rounded,
        tuple(inputs.values()),
        input_names=list(inputs),
        output_names=list(outputs),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    rewrite(model.graph)
    _point_into_weights(model.graph, _Stored(folder / WEIGHTS, f"{name}."))
    for node in model.graph.node:
        # The exporter records source files of the machine it ran on.
        del node.metadata_props[:]
    path = folder / f"{name}.onnx"
    onnx.save_model(model, path)
    return path


def _point_into_weights(graph: Any, stored: _Stored) -> None:
    """Replace the graph's own copies of parameters by casts of the stored ones."""
    from onnx import TensorProto, helper, numpy_helper

    kept, casts = [], []
    for tensor in graph.initializer:
        place = None
        if tensor.data_type == TensorProto.FLOAT:
            place = stored.find(numpy_helper.to_array(tensor))
        if place is None:
            kept.append(tensor)
            continue
        half = TensorProto(name=f"{tensor.name}_fp16", data_type=TensorProto.FLOAT16, dims=tensor.dims)
        half.data_location = TensorProto.EXTERNAL
        for key, value in (("location", WEIGHTS), ("offset", str(place[0])), ("length", str(place[1]))):
            half.external_data.add(key=key, value=value)
        kept.append(half)
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    for field, values in ((graph.initializer, kept), (graph.node, casts + nodes)):
        del field[:]
        field.extend(values)


class _Stored:
    """Where in a safetensors file a tensor's bytes lie; found by value, since the exporter renames and reshapes."""

    def __init__(self, path: Path, prefix: str) -> None:
        data = path.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        self._places: dict[bytes, tuple[int, int]] = {}
        for name, entry in header.items():
            if name.startswith(prefix):
                begin, end = (8 + length + offset for offset in entry["data_offsets"])
                self._places[data[begin:end]] = (begin, end - begin)

    def find(self, values: NDArray[np.float32]) -> tuple[int, int] | None:
        """Offset and length in bytes of these values as fp16, None where they are not stored as they are."""
        half = values.astype(np.float16)
        if values.size < 2 or not np.array_equal(half.astype(np.float32), values):
            return None
        return self._places.get(half.tobytes())


def _as_stored(network: nn.Module) -> nn.Module:
    import copy

    rounded = copy.deepcopy(network).cpu().eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    rounded.load_state_dict({k: v.half().float() for k, v in rounded.state_dict().items()})
    return rounded

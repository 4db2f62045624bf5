"""Write trained networks as a model folder: fp16 safetensors, and ONNX graphs that read their weights from it."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from EchoSynthLib.zoo import WEIGHTS


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


def save_graph(
    network: nn.Module, name: str, folder: Path, inputs: Mapping[str, Tensor], outputs: Sequence[str]
) -> Path:
    """Export `<name>.onnx` next to the weights; its parameters are external data that point into the safetensors file.

    One copy of the weights serves both run-times; ONNX casts them from fp16 to float32 when it loads them.
    """
    import onnx
    from onnx import TensorProto, helper

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
    places = _places(folder / WEIGHTS)
    kept, casts = [], []
    for tensor in model.graph.initializer:
        place = places.get(f"{name}.{tensor.name}")
        if place is None or list(place[0]) != list(tensor.dims):
            kept.append(tensor)
            continue
        stored = TensorProto(name=f"{tensor.name}_fp16", data_type=TensorProto.FLOAT16, dims=tensor.dims)
        stored.data_location = TensorProto.EXTERNAL
        for key, value in (("location", WEIGHTS), ("offset", str(place[1])), ("length", str(place[2]))):
            stored.external_data.add(key=key, value=value)
        kept.append(stored)
        casts.append(helper.make_node("Cast", [stored.name], [tensor.name], to=TensorProto.FLOAT))
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(casts + nodes)
    for node in model.graph.node:
        # The exporter records source files of the machine it ran on.
        del node.metadata_props[:]
    path = folder / f"{name}.onnx"
    onnx.save_model(model, path)
    return path


def _as_stored(network: nn.Module) -> nn.Module:
    import copy

    rounded = copy.deepcopy(network).eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    rounded.load_state_dict({k: v.half().float() for k, v in rounded.state_dict().items()})
    return rounded


def _places(path: Path) -> dict[str, tuple[list[int], int, int]]:
    """Shape, offset in the file and length in bytes of every tensor in a safetensors file."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    start = 8 + length
    return {
        name: (entry["shape"], start + entry["data_offsets"][0], entry["data_offsets"][1] - entry["data_offsets"][0])
        for name, entry in header.items()
        if name != "__metadata__"
    }

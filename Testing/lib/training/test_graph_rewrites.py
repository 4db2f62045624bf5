"""Graphs that were rewritten for speed say the same as before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from EchoSynthLib.training.graph_rewrites import rewrite  # noqa: E402

SHAPE = (1, 4, 10, 12)


def graph_of(*nodes: object, **constants: np.ndarray) -> object:
    """A model from x to y, both of `SHAPE`."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in ("x", "y")]
    tensors = [numpy_helper.from_array(values.astype(np.float32), name) for name, values in constants.items()]
    graph = helper.make_graph(list(nodes), "graph", ends[:1], ends[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def run(model: object) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString())  # type: ignore[attr-defined]
    x = np.random.default_rng(0).normal(0, 5, SHAPE).astype(np.float32)
    return session.run(None, {"x": x})[0]


def operators(model: object) -> list[str]:
    return [node.op_type for node in model.graph.node]  # type: ignore[attr-defined]


def test_a_prelu_with_one_slope_becomes_a_leaky_relu() -> None:
    model = graph_of(helper.make_node("PRelu", ["x", "slope"], ["y"]), slope=np.array([0.3]))
    before = run(model)
    rewrite(model.graph)  # type: ignore[attr-defined]
    assert operators(model) == ["LeakyRelu"]
    assert not model.graph.initializer  # type: ignore[attr-defined]
    np.testing.assert_allclose(run(model), before, rtol=1e-6)


def test_a_prelu_with_a_slope_for_each_channel_stays() -> None:
    slopes = np.array([0.1, 0.2, 0.3, 0.4]).reshape(4, 1, 1)
    model = graph_of(helper.make_node("PRelu", ["x", "slope"], ["y"]), slope=slopes)
    rewrite(model.graph)  # type: ignore[attr-defined]
    assert operators(model) == ["PRelu"]


def test_a_softmax_over_the_channels_is_spelled_out() -> None:
    model = graph_of(helper.make_node("Softmax", ["x"], ["y"], axis=1))
    before = run(model)
    rewrite(model.graph)  # type: ignore[attr-defined]
    assert "Softmax" not in operators(model)
    np.testing.assert_allclose(run(model), before, atol=1e-6)


def test_a_softmax_over_the_last_axis_stays() -> None:
    model = graph_of(helper.make_node("Softmax", ["x"], ["y"], axis=-1))
    rewrite(model.graph)  # type: ignore[attr-defined]
    assert operators(model) == ["Softmax"]


@pytest.mark.parametrize("graph", ["segmenter/segmenter", "segmenter-synthetic/segmenter", "contour/contour"])
def test_shipped_graphs_are_rewritten(graph: str) -> None:
    path = Path(__file__).resolve().parents[3] / "Resources" / "Models" / f"{graph}.onnx"
    model = onnx.load(path, load_external_data=False)
    assert not {"PRelu", "Softmax"} & set(operators(model))

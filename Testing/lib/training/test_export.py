from __future__ import annotations

import shutil
import socket
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxscript", reason="onnxscript is not installed")

from torch import Tensor, nn  # noqa: E402

from EchoSynthLib.errors import ModelError  # noqa: E402
from EchoSynthLib.networks.unet import UNet  # noqa: E402
from EchoSynthLib.runtime import OnnxNetwork  # noqa: E402
from EchoSynthLib.training.export import load_weights, save_graph, save_weights  # noqa: E402
from EchoSynthLib.zoo import WEIGHTS  # noqa: E402

# The exporter takes seconds.
pytestmark = pytest.mark.slow

LARGEST_DIFFERENCE = 2e-4
"""Between torch and onnxruntime on the same fp16-rounded weights, for outputs of size one."""


class Conditioned(nn.Module):
    """What the shipped networks are made of: a U-Net with attention and FiLM, a linear layer before it."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(3, 8)
        self.unet = UNet(2, 1, (8, 16), patch=2, embedding=8)

    def forward(self, image: Tensor, told: Tensor) -> Tensor:
        return self.unet(image, self.embed(told))


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    made = Conditioned()
    for name, weight in made.named_parameters():
        if "norm" in name:  # else all alike, and a mix-up of two would not show
            nn.init.normal_(weight, mean=1.0, std=0.3)
    return made.eval()


@pytest.fixture(scope="module")
def folder(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("model")
    save_weights({"first": network, "other": nn.Linear(2, 2)}, made)
    inputs = {"image": torch.zeros(1, 2, 16, 16), "told": torch.zeros(1, 3)}
    save_graph(network, "first", made, inputs, ["result"])
    return made


@pytest.fixture(scope="module")
def inputs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((1, 2, 16, 16)).astype(np.float32), rng.standard_normal((1, 3)).astype(np.float32)


def run_torch(network: nn.Module, inputs: tuple[np.ndarray, ...]) -> np.ndarray:
    with torch.inference_mode():
        return network(*(torch.from_numpy(array) for array in inputs)).numpy()


def test_both_run_times_give_the_same_numbers(folder: Path, inputs: tuple[np.ndarray, ...]) -> None:
    (fast,) = OnnxNetwork(folder / "first.onnx")(*inputs)
    slow = run_torch(load_weights(Conditioned(), "first", folder), inputs)
    assert fast.shape == slow.shape
    assert np.abs(slow).max() > 0.1
    assert np.abs(fast - slow).max() < LARGEST_DIFFERENCE


def test_half_precision_on_disk_costs_little(network: nn.Module, folder: Path, inputs: tuple[np.ndarray, ...]) -> None:
    (fast,) = OnnxNetwork(folder / "first.onnx")(*inputs)
    assert np.abs(fast - run_torch(network, inputs)).max() < 2e-2


def test_the_network_that_is_exported_keeps_its_own_weights(network: nn.Module, folder: Path) -> None:
    stored = load_weights(Conditioned(), "first", folder)
    pairs = list(zip(network.parameters(), stored.parameters(), strict=True))
    assert any(not torch.equal(ours, theirs) for ours, theirs in pairs)
    assert all(torch.equal(ours.half().float(), theirs) for ours, theirs in pairs)


def test_the_weights_are_on_disk_once_and_in_half_precision(network: nn.Module, folder: Path) -> None:
    from safetensors.numpy import load_file

    stored = load_file(folder / WEIGHTS)
    assert {array.dtype for array in stored.values()} == {np.dtype(np.float16)}
    assert {name.split(".")[0] for name in stored} == {"first", "other"}
    weights = 6 + sum(weight.numel() for weight in network.parameters())
    header = int.from_bytes((folder / WEIGHTS).read_bytes()[:8], "little")
    assert (folder / WEIGHTS).stat().st_size == 8 + header + 2 * weights
    assert sorted(path.name for path in folder.iterdir()) == ["first.onnx", WEIGHTS]


def test_the_graph_reads_its_weights_from_the_weights_file(network: nn.Module, folder: Path) -> None:
    graph = onnx.load(folder / "first.onnx", load_external_data=False).graph
    outside = [tensor for tensor in graph.initializer if tensor.data_location == onnx.TensorProto.EXTERNAL]
    inside = [tensor for tensor in graph.initializer if tensor.data_location != onnx.TensorProto.EXTERNAL]
    # Scale and shift of a norm may stay inside: the exporter folds them into constants of another shape.
    norms = {
        name: weight.numel() for name, weight in network.named_parameters() if "norm" in name or ".head.0." in name
    }
    names = {tensor.name.removesuffix("_fp16") for tensor in outside}
    assert {name for name, _ in network.named_parameters()} - names <= set(norms)
    assert all({entry.key: entry.value for entry in tensor.external_data}["location"] == WEIGHTS for tensor in outside)
    floats = [tensor for tensor in inside if tensor.data_type == onnx.TensorProto.FLOAT]
    assert sum(int(np.prod(tensor.dims)) for tensor in floats) < sum(norms.values()) + 100


def test_without_the_weights_file_there_is_no_network(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "first.onnx", tmp_path)
    with pytest.raises(ModelError, match=r"first\.onnx.*models verify"):
        OnnxNetwork(tmp_path / "first.onnx")


@pytest.mark.parametrize("how", ["parent", "absolute", "link"])
def test_a_graph_reads_no_weights_from_elsewhere(folder: Path, tmp_path: Path, how: str) -> None:
    if how == "link" and sys.platform == "win32":
        pytest.skip("links are for POSIX")
    model = shutil.copytree(folder, tmp_path / "model")
    (model / WEIGHTS).rename(tmp_path / WEIGHTS)
    graph = onnx.load(model / "first.onnx", load_external_data=False)
    place = {"parent": f"../{WEIGHTS}", "absolute": str(tmp_path / WEIGHTS), "link": WEIGHTS}[how]
    if how == "link":
        (model / WEIGHTS).symlink_to(tmp_path / WEIGHTS)
    for tensor in graph.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = place
    (model / "first.onnx").write_bytes(graph.SerializeToString())
    with pytest.raises(ModelError, match=r"first\.onnx.*models verify"):
        OnnxNetwork(model / "first.onnx")


def test_a_model_folder_works_wherever_it_is_copied(
    folder: Path, tmp_path: Path, inputs: tuple[np.ndarray, ...]
) -> None:
    shutil.copytree(folder, tmp_path / "elsewhere")
    (here,), (there,) = (OnnxNetwork(place / "first.onnx")(*inputs) for place in (folder, tmp_path / "elsewhere"))
    np.testing.assert_allclose(there, here, rtol=1e-5, atol=1e-5)


def test_the_graph_tells_nothing_of_the_machine_that_made_it(folder: Path) -> None:
    told = (folder / "first.onnx").read_bytes()
    marks = (".py", "site-packages", str(Path(__file__).resolve().parents[1]), str(Path.home()) + "/", str(folder))
    assert not [mark for mark in (*marks, socket.gethostname()) if mark.encode() in told]


def test_the_same_input_gives_the_same_bits(folder: Path, inputs: tuple[np.ndarray, ...]) -> None:
    fast = OnnxNetwork(folder / "first.onnx")
    np.testing.assert_array_equal(fast(*inputs)[0], fast(*inputs)[0])


def test_doubles_are_taken_as_floats_and_a_missing_input_is_an_error(
    folder: Path, inputs: tuple[np.ndarray, ...]
) -> None:
    fast = OnnxNetwork(folder / "first.onnx")
    np.testing.assert_array_equal(fast(*(array.astype(np.float64) for array in inputs))[0], fast(*inputs)[0])
    with pytest.raises(ModelError, match="argument"):
        fast(inputs[0])

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from drawn_camus import drawn_hearts, write_drawn_camus

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.heart2d.parametric import HeartMap
from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthLib.segmentation.unet.pipeline import SegmenterPipeline
from EchoSynthLib.synthesis.beam_flow.pipeline import BeamFlowPipeline
from EchoSynthLib.systems import RECIPES
from EchoSynthLib.tasks import find_task
from EchoSynthLib.tasks.task import Context
from EchoSynthLib.training.card import missing
from EchoSynthLib.training.run import TrainingRun

for package in ("torch", "monai", "onnx", "onnxscript", "safetensors"):
    pytest.importorskip(package, reason=f"{package} is not installed")

import torch  # noqa: E402

ITERATIONS = 3
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def hearts() -> list[HeartMap]:
    return drawn_hearts()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, hearts: list[HeartMap]) -> Path:
    return write_drawn_camus(tmp_path_factory.mktemp("camus"), hearts)


def trained(system: str, data: Path, output: Path) -> zoo.ModelFolder:
    """The model that `echosynth train` makes, as the zoo reads it."""
    task = find_task("train").build({"system": system, "data": data, "output": output, "iterations": ITERATIONS})
    task.run(Context())
    zoo.verify(output / system)
    assert missing((output / system / "README.md").read_text(encoding="utf-8")) == []
    return zoo.folders.read(output / system)


@pytest.mark.slow
def test_training_the_segmenter_makes_a_model_that_segments(data: Path, hearts: list[HeartMap], tmp_path: Path) -> None:
    model = trained("segmenter", data, tmp_path)
    found = SegmenterPipeline.from_folder(model.path, model.config)(hearts[0].label_map * 60)
    assert found.label_map.shape == hearts[0].label_map.shape
    assert set(model.config["figures"]) >= {"LV cavity", "left atrium", "view accuracy"}


@pytest.mark.slow
def test_a_segmenter_can_be_given_its_name_and_what_its_card_says_of_the_data(data: Path, tmp_path: Path) -> None:
    from EchoSynthLib.segmentation.unet import recipe

    run = TrainingRun(data, tmp_path, iterations=ITERATIONS, name="segmenter-drawn")
    folder = recipe.train(run, about="drawn hearts, no real image")
    zoo.verify(folder)
    card = (folder / "README.md").read_text()
    assert folder == tmp_path / "segmenter-drawn"
    assert card.startswith("# segmenter-drawn\n")
    assert "| data | drawn hearts, no real image |" in card
    assert "as told by whoever trained it" in card
    assert "CAMUS" not in card


@pytest.mark.slow
def test_training_the_generator_makes_a_model_that_draws(data: Path, hearts: list[HeartMap], tmp_path: Path) -> None:
    model = trained("beam-flow", data, tmp_path)
    images, _ = BeamFlowPipeline.from_folder(model.path, model.config)(hearts[0].label_map, hearts[0].sector, steps=1)
    inside = hearts[0].sector.mask(hearts[0].label_map.shape)  # type: ignore[arg-type]
    assert images.shape == (1, *hearts[0].label_map.shape)
    assert np.all(images[0][~inside] == 0)
    assert images[0][inside].std() > 1


RUNS = {  # system: where its checkpoints lie
    "segmenter": ".",
    "contour": ".",
    "beam-flow": "structure",
    "gamma-l64": ".",
    "edm": "network",
    "edm-l64": "autoencoder",
}


@pytest.mark.slow
@pytest.mark.parametrize("system", RUNS)
def test_no_recipe_goes_on_with_other_data(system: str, data: Path, tmp_path: Path) -> None:
    told = {"system": system, "data": data, "output": tmp_path / "run", "iterations": 4}
    find_task("train").build(told).run(Context())
    assert (tmp_path / "run" / RUNS[system] / "checkpoint.pt").exists()
    with np.load(data) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez(tmp_path / data.name, **(arrays | {"image": arrays["image"] // 2}))
    (tmp_path / "index.csv").write_bytes(data.with_name("index.csv").read_bytes())
    with pytest.raises(InputError, match=r"checkpoint\.pt is of another training \(data: .*--no-resume"):
        find_task("train").build(told | {"data": tmp_path / data.name}).run(Context())


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """All averaged weights that a training left in its checkpoints."""
    found = {}
    for path in sorted(folder.rglob("checkpoint.pt")):
        for name, tensor in torch.load(path, weights_only=True)["average"].items():
            found[f"{path.parent.name}.{name}"] = tensor.float()
    return found


@pytest.mark.parametrize("system", RECIPES)
@pytest.mark.parametrize("device", ["toaster", "cuda:99", "meta"])
def test_no_recipe_begins_on_a_device_that_is_not_here(system: str, device: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"The device '{device}' cannot be used here; there are auto, cpu"):
        RECIPES[system].train(TrainingRun(tmp_path / "camus.npz", tmp_path / "run", 1, device=device))
    assert not (tmp_path / "run").exists()


def test_a_recipe_is_told_the_device_that_automatic_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr("EchoSynthLib.segmentation.unet.recipe.train", told.append)
    RECIPES["segmenter"].train(TrainingRun(Path("camus.npz"), Path("run"), 1, device="auto"))
    assert told[0].device in ("cpu", "cuda", "mps")


@pytest.mark.slow
@pytest.mark.parametrize("system", ["beam-flow", "edm-l64"])  # each trains two networks, one after the other
def test_a_model_trained_in_pieces_is_the_model_trained_in_one_go(system: str, data: Path, tmp_path: Path) -> None:
    recipe = RECIPES[system]
    recipe.train(TrainingRun(data, tmp_path / "whole" / "run", 4))
    run = TrainingRun(data, tmp_path / "pieces" / "run", 4, minutes=1e-9)  # time for one iteration in each call
    with pytest.raises(Cancelled, match="minutes are over after 1 of"):
        recipe.train(run)
    done = False
    while not done:
        with suppress(Cancelled):
            recipe.train(run)
            done = True
    whole, pieces = (weights(tmp_path / name) for name in ("whole", "pieces"))
    assert whole.keys() == pieces.keys()
    assert all(torch.allclose(whole[name], pieces[name], atol=1e-5) for name in whole)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="speaks of POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_keeps_a_checkpoint_when_it_is_ended(number: signal.Signals, data: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "EchoSynthLib", "train", "gamma-l64", "--data", str(data)]
    with subprocess.Popen(
        [*command, "--output", str(tmp_path), "--minutes", "60"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what it puts in the background deaf to Ctrl-C, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as running:
        until = time.monotonic() + 100
        while not (tmp_path / "log.jsonl").exists() and running.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        running.send_signal(number)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "the same command goes on from there" in told.splitlines()[-1]
    assert (tmp_path / "checkpoint.pt").exists()

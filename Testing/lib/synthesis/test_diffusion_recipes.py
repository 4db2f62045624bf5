"""The recipes of the Gamma autoencoder and of the six diffusion models, on a few drawn frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_camus import SIDE, drawn_hearts, write_drawn_camus

for package in ("torch", "monai", "diffusers", "safetensors"):
    pytest.importorskip(package, reason=f"{package} is not installed")

import torch  # noqa: E402

from EchoSynthLib import zoo  # noqa: E402
from EchoSynthLib.anatomy.heart2d.parametric import HeartMap  # noqa: E402
from EchoSynthLib.anatomy.labels import CONDITIONING, conditioning_map  # noqa: E402
from EchoSynthLib.errors import Cancelled, InputError  # noqa: E402
from EchoSynthLib.networks.diffusion.solvers.registry import find_solver  # noqa: E402
from EchoSynthLib.networks.semantic.presets import PAPER  # noqa: E402
from EchoSynthLib.synthesis.diffusion.diffusers_pipeline import SemanticDiffusionPipeline  # noqa: E402
from EchoSynthLib.synthesis.diffusion.recipe import DenoisingLoss, untrained  # noqa: E402
from EchoSynthLib.synthesis.diffusion.training_configs import training_config  # noqa: E402
from EchoSynthLib.synthesis.gamma_latent import presets as gamma_presets  # noqa: E402
from EchoSynthLib.synthesis.gamma_latent.recipe import AutoencoderLoss, validate  # noqa: E402
from EchoSynthLib.systems import RECIPES  # noqa: E402
from EchoSynthLib.tasks import find_task  # noqa: E402
from EchoSynthLib.tasks.task import Context  # noqa: E402
from EchoSynthLib.training.beam_data import BeamData, load_beam_data  # noqa: E402
from EchoSynthLib.training.frame_batches import FrameBatches  # noqa: E402
from EchoSynthLib.training.loop import Moment  # noqa: E402
from EchoSynthLib.training.loop import train as run_loop  # noqa: E402
from EchoSynthLib.training.run import TrainingRun  # noqa: E402
from EchoSynthLib.training.settings import Settings  # noqa: E402

GRID = (64, 64)


@pytest.fixture(scope="module")
def hearts() -> list[HeartMap]:
    return drawn_hearts()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, hearts: list[HeartMap]) -> Path:
    return write_drawn_camus(tmp_path_factory.mktemp("camus"), hearts)


@pytest.fixture(scope="module")
def frames(data: Path, tmp_path_factory: pytest.TempPathFactory) -> BeamData:
    return load_beam_data(data, tmp_path_factory.mktemp("cache") / "beam_data.npz")


def moment(seed: int, spent: float = 0.5) -> Moment:
    return Moment(torch.Generator().manual_seed(seed), torch.nn.Identity(), spent)


def descend(network: torch.nn.Module, loss, steps: int, rate: float = 3e-3) -> list[float]:
    """The losses of one batch, noise and all, as AdamW goes down it."""
    optimizer = torch.optim.AdamW(network.parameters(), rate)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(network, moment(0))
        value.backward()
        optimizer.step()
        losses.append(float(value.detach()))
    return losses


def tiny(model: str) -> SemanticDiffusionPipeline:
    """A pipeline like the recipe's, with fewer channels."""
    chosen = training_config(model, "small")
    chosen = replace(chosen, changes={**chosen.changes, "width": 8})
    pipeline = untrained(model, "small", chosen, None, seed=0)
    if chosen.latent:
        torch.manual_seed(0)
        pipeline.register_modules(autoencoder=gamma_presets.build("small" if chosen.latent == "L64" else "small-L128"))
    pipeline.register_to_config(rows=GRID[0], columns=GRID[1])
    return pipeline


def test_frames_that_are_not_moved_are_the_data_s_own_with_their_conditioning_maps(
    frames: BeamData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("EchoSynthLib.training.frame_batches.MOVED", 0.0)
    batch = FrameBatches(frames, (SIDE, SIDE)).draw(12, torch.Generator().manual_seed(0))
    masks = [frames.sector(i).mask((SIDE, SIDE)) for i in range(len(frames.image))]
    expected = [conditioning_map(label, mask) for label, mask in zip(frames.label, masks, strict=True)]
    for image, codes in zip(batch.image[:, 0].numpy(), batch.codes.numpy(), strict=True):
        index = next(i for i, one in enumerate(expected) if np.array_equal(one, codes))
        assert np.allclose(255 * image, frames.image[index] * masks[index], atol=0.01)


def test_a_moved_image_is_dark_outside_its_moved_sector_and_in_range(frames: BeamData) -> None:
    batch = FrameBatches(frames, GRID, classes=10).draw(32, torch.Generator().manual_seed(1))
    assert torch.all(batch.image[batch.mask == 0] == 0)
    assert float(batch.image.min()) >= 0
    assert float(batch.image.max()) <= 1
    outside = batch.codes % len(CONDITIONING) == CONDITIONING["outside sector"]
    assert torch.equal(outside, batch.mask[:, 0] == 0)
    assert len({image.numpy().tobytes() for image in batch.image}) > len(frames.image)


def test_ten_classes_tell_the_view(frames: BeamData) -> None:
    for view in (0, 1):
        chosen = BeamData(*(getattr(frames, name)[frames.view == view] for name in frames.__dataclass_fields__))
        batch = FrameBatches(chosen, GRID, classes=10).draw(4, torch.Generator().manual_seed(0))
        assert torch.all((batch.codes >= len(CONDITIONING)) == (view == 0))


@pytest.mark.parametrize("model", PAPER)
@pytest.mark.parametrize("preset", ["small", "paper"])
def test_every_model_has_a_plan_whose_sampling_fits_its_process(model: str, preset: str) -> None:
    from EchoSynthLib.networks.diffusion.processes.registry import make_process

    chosen = training_config(model, preset)
    process = make_process(chosen.process)
    find_solver(chosen.solver, process)
    assert len(process.sigmas(chosen.steps, chosen.discretization)) == chosen.steps + 1
    assert (chosen.latent is not None) == ("-L" in model)


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="EDM-L64"):
        training_config("EDM-L32", "small")


@pytest.mark.slow
@pytest.mark.parametrize("model", PAPER)
def test_the_loss_of_a_repeated_batch_falls(model: str, frames: BeamData) -> None:
    pipeline = tiny(model)
    loss = DenoisingLoss(pipeline, FrameBatches(frames, GRID), count=4)
    losses = descend(pipeline.network.train(), loss, steps=30)
    assert max(losses[-3:]) < 0.9 * losses[0]


@pytest.mark.slow
@pytest.mark.parametrize("size", ["small", "small-L128"])
def test_the_autoencoder_soon_reconstructs_better_than_the_mean_image(frames: BeamData, size: str) -> None:
    torch.manual_seed(0)
    network, batches = gamma_presets.build(size), FrameBatches(frames.part("train"), GRID)
    descend(network.train(), AutoencoderLoss(batches, 4), steps=60, rate=5e-3)
    found = validate(network.eval(), batches)["reconstruction error"]
    batch = batches.draw(32, torch.Generator().manual_seed(0))
    spread = (batch.image - batch.image.mean(dim=0)) * batch.mask
    mean_image = 255 * float((spread.square().sum() / batch.mask.sum()).sqrt())
    assert found < mean_image


def weights_after(iterations: int, folder: Path, frames: BeamData) -> dict[str, torch.Tensor]:
    """The averaged weights when a run is stopped after so many iterations; one found in the folder is gone on with."""
    pipeline = tiny("EDM-L64")
    loss = DenoisingLoss(pipeline, FrameBatches(frames, GRID), count=2)
    left = iterations

    def counted(network: torch.nn.Module, moment: Moment) -> torch.Tensor:
        nonlocal left
        if left == 0:
            raise Cancelled("enough")
        left -= 1
        return loss(network, moment)

    # A long budget whose first part has a constant learning rate: nothing depends on the clock.
    with pytest.raises(Cancelled):
        run_loop(pipeline.network, counted, Settings(minutes=60, save_every=0.0, constant=0.9), folder)
    saved: dict[str, torch.Tensor] = torch.load(folder / "checkpoint.pt", weights_only=True)["average"]
    return saved


@pytest.mark.slow
def test_a_resumed_run_is_the_uninterrupted_one(frames: BeamData, tmp_path: Path) -> None:
    whole = weights_after(6, tmp_path / "whole", frames)
    begun = weights_after(2, tmp_path / "parts", frames)
    parts = weights_after(4, tmp_path / "parts", frames)
    # But for rounding, which Adam makes a whole step of where a gradient is nothing else.
    assert apart(whole, parts) < 0.05 * apart(whole, begun)
    generators = [
        torch.load(tmp_path / run / "checkpoint.pt", weights_only=True)["generator"] for run in ("whole", "parts")
    ]
    assert torch.equal(*generators)


def apart(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """The length of the difference of all weights."""
    assert one.keys() == other.keys()
    return float(sum((one[name] - other[name]).double().square().sum() for name in one)) ** 0.5


@pytest.mark.slow
@pytest.mark.parametrize("model", ["sdm", "edm-l64", "edm-l128"])
def test_training_makes_a_model_folder_that_reads_back_and_draws(
    model: str, data: Path, hearts: list[HeartMap], tmp_path: Path
) -> None:
    told = {"system": model, "data": data, "output": tmp_path, "iterations": 4, "preset": "small"}
    record = find_task("train").build(told).run(Context())
    folder = tmp_path / model
    assert record["outputs"]["model"] == str(folder)
    zoo.verify(folder)
    pipeline = SemanticDiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    label_map = hearts[0].label_map
    mask = hearts[0].sector.mask((SIDE, SIDE))
    images = pipeline(
        label_map, mask, hearts[0].view, num_inference_steps=2, generator=torch.Generator().manual_seed(0)
    ).images
    assert images.shape == (1, SIDE, SIDE)
    assert np.all(images[0][~mask] == 0)
    assert images[0][mask].std() > 0


@pytest.mark.slow
def test_an_autoencoder_that_is_given_is_not_trained_again(data: Path, tmp_path: Path) -> None:
    given = RECIPES["gamma-l64"].train(TrainingRun(data, tmp_path / "given", iterations=1))
    run = TrainingRun(data, tmp_path / "model", iterations=1)
    folder = RECIPES["edm-l64"].train(run, autoencoder_folder=given)
    assert not (tmp_path / "model" / "autoencoder").exists()
    kept = RECIPES["gamma-l64"].system.load().from_pretrained(given).state_dict()
    exported = SemanticDiffusionPipeline.from_pretrained(folder).autoencoder.state_dict()
    assert all(torch.allclose(exported[name], kept[name], atol=1e-3) for name in kept)


def test_a_system_of_one_size_refuses_a_preset(data: Path, tmp_path: Path) -> None:
    task = find_task("train").build({"system": "segmenter", "data": data, "output": tmp_path, "preset": "paper"})
    with pytest.raises(InputError, match=r"segmenter has one size.*edm-l64"):
        task.run(Context())


def test_a_system_for_one_process_refuses_a_launcher(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    task = find_task("train").build({"system": "beam-flow", "data": data, "output": tmp_path})
    with pytest.raises(InputError, match="in one process, and there are 2"):
        task.run(Context())

"""An exported diffusion model is a model folder like the others, and `es.synthesize` draws with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

from safetensors.torch import load_file  # noqa: E402

import EchoSynthLib as es  # noqa: E402
from EchoSynthLib import zoo  # noqa: E402
from EchoSynthLib.anatomy.heart2d.parametric import HeartMap, heart_cycle, parametric_heart  # noqa: E402
from EchoSynthLib.capabilities import Capabilities  # noqa: E402
from EchoSynthLib.errors import Cancelled, InputError  # noqa: E402
from EchoSynthLib.images.write import write_label_map  # noqa: E402
from EchoSynthLib.networks.diffusion.processes.registry import make_process  # noqa: E402
from EchoSynthLib.networks.semantic.presets import build  # noqa: E402
from EchoSynthLib.synthesis.diffusion.diffusers_pipeline import SemanticDiffusionPipeline  # noqa: E402
from EchoSynthLib.synthesis.diffusion.export import export  # noqa: E402
from EchoSynthLib.synthesis.gamma_latent import presets as gamma_latent  # noqa: E402
from EchoSynthLib.tasks import Context, Dataset, Synthesize  # noqa: E402
from EchoSynthLib.training.card import Made, missing  # noqa: E402
from EchoSynthLib.training.settings import State  # noqa: E402
from EchoSynthLib.training.terms import UNKNOWN  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
SHAPE = (48, 56)


def exported(folder: Path, name: str) -> tuple[SemanticDiffusionPipeline, Path]:
    """An untrained model: a latent one by EDM, or one in pixel space by VE."""
    torch.manual_seed(0)
    latent = name == "edm-l64"
    model = name.upper()
    pipeline = SemanticDiffusionPipeline(
        build(model, "small", width=8, hidden=8, classes=5).eval(),
        make_process("edm" if latent else "ve"),
        gamma_latent.build("small", channels=(8, 8, 8)).eval() if latent else None,
        rows=64,
        columns=64,
        default_solver="ddim",
        default_steps=2,
    )
    state = State(iteration=7, seconds=90.0)
    command = f"echosynth train {name} --data drawn.npz --output runs --minutes 1.5 --seed 0 --device cpu"
    made = Made("drawn hearts, split train: 3 patients", UNKNOWN, command, measured_on="drawn hearts, split val")
    told = {"model": model, "preset": "small", "figures": {"loss": 0.5}}
    return pipeline, export(pipeline, folder / name, state=state, made=made, **told)


@pytest.fixture(scope="module", params=["edm-l64", "ve"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return exported(tmp_path_factory.mktemp("models"), request.param)


@pytest.fixture(scope="module")
def latent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("models"), "edm-l64")[1]


@pytest.fixture
def installed(latent: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the latent model, to be found among the user's."""
    monkeypatch.setenv("ECHOSYNTH_MODELS", str(latent.parent))
    return latent.name


@pytest.fixture(scope="module")
def heart() -> HeartMap:
    return parametric_heart("4CH", shape=SHAPE)


def test_the_folder_is_one_of_the_zoo_whose_config_tells_process_solvers_and_training(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline, folder = model
    monkeypatch.setenv("ECHOSYNTH_MODELS", str(folder.parent))
    config = zoo.find(folder.name).config
    assert Capabilities.of(zoo.find(folder.name)).kind == "synthesis"
    assert (config["system"], config["process"]) == ("synthesis.diffusion", pipeline.process.name)
    assert {"heun", "ddim"} <= set(config["solvers"])
    assert "ancestral-gamma" not in config["solvers"]
    assert (config["default_solver"], config["default_steps"], config["grid"]) == ("ddim", 2, [64, 64])
    assert (config["iterations"], config["minutes"], config["figures"]) == (7, 1.5, {"loss": 0.5})
    assert config["latent"] == (pipeline.autoencoder is not None)
    assert config["parameters"] == sum(p.numel() for p in pipeline.network.parameters())


def test_the_card_begins_with_the_models_name_and_tells_data_recipe_and_terms(model: Any) -> None:
    card = (model[1] / "README.md").read_text()
    assert card.startswith(f"# {model[1].name}\n")
    assert all(word in card for word in ("drawn hearts", "recipe", "7 iterations", "## Terms", "echosynth[full]"))
    assert missing(card) == []


def test_weights_are_stored_in_half_the_bits_but_for_the_frequencies_and_biases(model: Any) -> None:
    pipeline, folder = model
    stored = load_file(folder / "network" / "diffusion_pytorch_model.safetensors")
    assert {v.dtype for v in stored.values() if v.ndim > 1} == {torch.float16}
    trained = pipeline.network.state_dict()
    assert all(torch.equal(v, trained[k]) for k, v in stored.items() if v.ndim == 1)
    assert {p.dtype for p in pipeline.network.parameters()} == {torch.float32}


def test_the_folder_is_read_as_a_diffusers_pipeline_that_computes_in_float32_and_draws_the_same(
    model: Any, heart: HeartMap
) -> None:
    pipeline, folder = model
    loaded = SemanticDiffusionPipeline.from_pretrained(folder)
    assert {p.dtype for p in loaded.network.parameters()} == {torch.float32}
    images = []
    for each in (pipeline, loaded):
        each.set_progress_bar_config(disable=True)
        generator = torch.Generator().manual_seed(1)
        images.append(each(heart.label_map, heart.sector.mask(SHAPE), generator=generator).images)
    np.testing.assert_allclose(*images, atol=2e-2)


def test_images_depend_on_seed_and_number_alone_and_stay_in_the_sector(installed: str, heart: HeartMap) -> None:
    options: dict[str, Any] = {"model": installed, "sector": heart.sector, "seed": 3}
    two, record = es.synthesize(heart.label_map, 2, **options)
    one, _ = es.synthesize(heart.label_map, 1, **options)
    assert two.shape == (2, *SHAPE)
    assert two.dtype == np.uint8
    np.testing.assert_array_equal(two[:1], one)
    assert (two[0] != two[1]).any()
    assert not two[:, ~heart.sector.mask(SHAPE)].any()
    assert record["model_sha256"] == zoo.find(installed).sha256


@pytest.mark.parametrize(("solver", "steps", "evaluations"), [(None, None, 2), ("heun", 3, 5), ("euler", 3, 3)])
def test_the_record_tells_process_solver_steps_and_evaluations(
    installed: str, heart: HeartMap, solver: str | None, steps: int | None, evaluations: int
) -> None:
    _, record = es.synthesize(heart.label_map, model=installed, solver=solver, steps=steps)
    told = json.loads(json.dumps(record))
    assert (told["process"], told["solver"]) == ("edm", solver or "ddim")
    assert (told["steps"], told["network_evaluations"]) == (steps or 2, evaluations)
    assert (told["model"], told["synthetic"]) == (installed, True)


def test_frames_of_a_cine_share_the_noise(installed: str) -> None:
    hearts = heart_cycle(3, "4CH", shape=SHAPE)
    beat = np.stack([hearts[0].label_map, hearts[1].label_map, hearts[0].label_map])
    cines, _ = es.synthesize(beat, 2, model=installed, sector=hearts[0].sector)
    assert cines.shape == (2, 3, *SHAPE)
    np.testing.assert_array_equal(cines[:, 0], cines[:, 2])


def test_progress_counts_the_steps_and_can_cancel(installed: str, heart: HeartMap) -> None:
    told: list[tuple[int, int]] = []

    def stop(done: int, total: int, message: str) -> None:
        told.append((done, total))
        if done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        es.synthesize(heart.label_map, 2, model=installed, progress=stop)
    assert told == [(1, 4), (2, 4), (3, 4)]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"solver": "ancestral-gamma"}, "does not fit the process 'edm'.*heun"),
        ({"solver": "magic"}, "'magic' is not known.*heun"),
        ({"steps": 0}, "at least one step"),
        ({"count": 0}, "count"),
        ({"quality": "good"}, "has no choice of quality.*'good'"),
    ],
)
def test_what_the_model_cannot_do_is_refused_with_what_it_can(
    installed: str, heart: HeartMap, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        es.synthesize(heart.label_map, model=installed, **options)


def test_tasks_take_model_and_solver(installed: str, heart: HeartMap, tmp_path: Path) -> None:
    label_map = write_label_map(tmp_path / "heart.nii.gz", heart.label_map, spacing=heart.spacing)
    options: dict[str, Any] = {"model": installed, "solver": "euler", "steps": 3}
    record = Synthesize(label_map=label_map, output=tmp_path / "out", count=1, **options).run(Context())
    assert (record["process"], record["solver"], record["network_evaluations"]) == ("edm", "euler", 3)
    pairs = Dataset(source=label_map, output=tmp_path / "set", variations=1, **options).run(Context())
    assert (pairs["process"], pairs["solver"], pairs["network_evaluations"]) == ("edm", "euler", 3)


_WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
import EchoSynthLib as es
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
try:
    es.synthesize(parametric_heart(shape=(48, 56)).label_map, model="edm-l64")
except es.EchoSynthError as error:
    print(error)
"""


def test_without_torch_the_error_names_what_to_install(latent: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ECHOSYNTH_MODELS": str(latent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_TORCH], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert "needs torch, which is not installed" in done.stdout
    assert "pip install 'echosynth[full]'" in done.stdout

"""Generators of both kinds with the real worker: what their folders tell, what they draw, and when torch is loaded."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drawn_nodes import pixels_of

from EchoSynthJobs.data_set import DataSetTarget, save_variations
from EchoSynthJobs.job import finish
from EchoSynthJobs.models import time_one_image
from EchoSynthJobs.synthesize import SynthesisRequest, synthesize
from EchoSynthLib import zoo
from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.capabilities import Capabilities, capabilities
from EchoSynthLib.client import Client
from EchoSynthLib.errors import InputError
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.label_maps import new_segmentation
from EchoSynthMRML.provenance import stamps_of
from EchoSynthMRML.volumes import add_to_scene

SHAPE = (48, 56)
MODEL = "edm-tiny"
SHIPPED = [model.name for model in zoo.list_models() if model.shipped]
PUBLISH = Path(__file__).resolve().parents[1] / "slicer" / "tiny_diffusion.py"

pytestmark = pytest.mark.skipif("beam-flow" not in SHIPPED, reason="the model beam-flow is not in Resources/Models")
needs_torch = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("torch", "diffusers", "monai"))), reason="the full path is not installed"
)

tells_what_is_loaded = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="which libraries a process has loaded is told by /proc"
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an untrained diffusion model, made by a process of its own, so that torch stays out of this one."""
    folder = tmp_path_factory.mktemp("models")
    subprocess.run([sys.executable, str(PUBLISH), str(folder / MODEL)], check=True, timeout=300)
    return folder


@pytest.fixture
def diffusion(models: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The diffusion model's name, to be found among the user's."""
    monkeypatch.setenv("ECHOSYNTH_MODELS", str(models))
    return MODEL


@pytest.fixture(scope="module")
def client_with_models(models: Path) -> Iterator[Client]:
    with Client(sys.executable, grace=4.0, environment={**os.environ, "ECHOSYNTH_MODELS": str(models)}) as client:
        yield client


@pytest.fixture
def heart(scene: Any) -> Any:
    drawn = parametric_heart("4CH", shape=SHAPE)
    row, column = drawn.spacing
    matrix = (-column, 0, 0, 4, 0, -row, 0, 7, 0, 0, 1, 0, 0, 0, 0, 1)
    return add_to_scene(scene, new_segmentation(drawn.label_map, Grid(SHAPE, tuple(map(float, matrix))), "heart"))


def run(job: Any) -> Any:
    return finish(job, lambda report: time.sleep(0.002))


def has_loaded_torch(client: Client) -> bool:
    return "libtorch" in Path(f"/proc/{client.pid}/maps").read_text()


def test_the_fast_generator_is_a_flow_map_that_takes_its_steps_without_a_solver() -> None:
    found = capabilities("beam-flow")
    assert (found.kind, found.needs_full, found.live, found.knows_quality) == ("synthesis", False, True, True)
    assert found.solvers == ()
    assert found.default_steps > 0


def test_a_name_without_a_generator_has_no_process() -> None:
    # A segmenter is none, and nor is what a scene from elsewhere names.
    assert capabilities("segmenter").process == ""
    assert capabilities("no-such-model") == Capabilities("no-such-model")


@pytest.mark.parametrize("config", [{}, {"process": "ve", "solvers": ["heun"]}])
def test_a_config_that_tells_little_is_still_one_of_a_diffusion_model(config: dict[str, Any]) -> None:
    folder = zoo.ModelFolder(Path(), "m", {"system": "synthesis.diffusion", **config}, "", shipped=False)
    found = Capabilities.of(folder)
    assert (found.needs_full, found.live, found.knows_quality) == (True, False, False)


@pytest.mark.parametrize("model", SHIPPED)
@pytest.mark.slow
def test_a_model_of_each_kind_can_be_timed(client, model) -> None:
    assert run(time_one_image(client, capabilities(model), SHAPE)) > 0


@needs_torch
@pytest.mark.slow
class TestDiffusion:
    def test_its_folder_tells_process_solvers_and_steps(self, diffusion):
        found = capabilities(diffusion)
        assert (found.process, found.default_solver, found.default_steps, found.latent) == ("edm", "heun", 3, True)
        assert {"euler", "heun", "ddim"} <= set(found.solvers)

    def test_it_draws_with_the_solver_and_the_steps_that_are_chosen(self, scene, client_with_models, heart):
        wish = SynthesisRequest(model=MODEL, solver="euler", steps=2)
        (image,) = run(synthesize(scene, client_with_models, heart, wish)).volumes
        stamps = stamps_of(image)
        assert [stamps[key] for key in ("model", "process", "solver", "steps")] == [MODEL, "edm", "euler", 2]
        (other,) = run(synthesize(scene, client_with_models, heart, SynthesisRequest(model=MODEL))).volumes
        assert [stamps_of(other)[key] for key in ("solver", "steps")] == ["heun", 3]
        assert (pixels_of(image) != pixels_of(other)).any()

    @tells_what_is_loaded
    def test_the_worker_loads_torch_at_its_first_image(self, scene, heart, models):
        environment = {**os.environ, "ECHOSYNTH_MODELS": str(models)}
        with Client(sys.executable, grace=4.0, environment=environment) as client:
            run(synthesize(scene, client, heart, SynthesisRequest()))
            assert not has_loaded_torch(client)
            run(synthesize(scene, client, heart, SynthesisRequest(model=MODEL)))
            assert has_loaded_torch(client)

    def test_a_solver_that_does_not_fit_is_refused_with_those_that_do(self, scene, client_with_models, heart):
        with pytest.raises(InputError, match=r"does not fit the process 'edm'.*heun"):
            run(synthesize(scene, client_with_models, heart, SynthesisRequest(model=MODEL, solver="ancestral-gamma")))

    def test_a_data_set_is_drawn_with_the_same_choice(self, client_with_models, heart, tmp_path):
        wish = SynthesisRequest(model=MODEL, solver="ddim", steps=2)
        place = DataSetTarget(tmp_path / "set", "nifti")
        record = run(save_variations(client_with_models, heart, wish, place, variations=0, strength=1.0))
        assert [record[key] for key in ("model", "solver", "steps")] == [MODEL, "ddim", 2]

    def test_it_is_timed_in_its_own_steps(self, client_with_models, diffusion):
        assert run(time_one_image(client_with_models, capabilities(diffusion), SHAPE)) > 0

    def test_a_cancelled_drawing_leaves_nothing(self, scene, client_with_models, heart):
        before = scene.GetNumberOfNodes()
        job = synthesize(scene, client_with_models, heart, SynthesisRequest(count=50, model=MODEL))
        while not next(job).done:
            time.sleep(0.01)
        job.close()
        assert scene.GetNumberOfNodes() == before
        assert run(synthesize(scene, client_with_models, heart, SynthesisRequest(model=MODEL))).volumes

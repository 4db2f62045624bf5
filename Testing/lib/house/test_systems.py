"""The table of systems: what its rows say of models, and how pipelines are loaded by them."""

from __future__ import annotations

import ast
import inspect
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shipped import needs_contour, needs_generator, needs_segmenter

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.capabilities import Capabilities, capabilities
from EchoSynthLib.errors import EchoSynthError, InputError, ModelError, needs
from EchoSynthLib.systems import (
    RECIPES,
    SYSTEMS,
    System,
    find_model,
    load_pipeline,
    load_torch_pipeline,
    models_of,
    offered,
)

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = [model for model in zoo.list_models() if model.shipped]


def folder_of(system: str, **config: Any) -> zoo.ModelFolder:
    return zoo.ModelFolder(Path(), "m", {"system": system, **config}, "", shipped=False)


@pytest.mark.parametrize("model", SHIPPED, ids=lambda model: model.name)
def test_every_shipped_model_is_of_a_kind_and_runs_without_torch(model: zoo.ModelFolder) -> None:
    can = Capabilities.of(model)
    assert can.kind
    assert can.title
    assert not can.needs_full
    assert model.name in [other.name for other in models_of(can.kind)]


def test_a_diffusion_model_can_do_what_its_config_says() -> None:
    can = Capabilities.of(folder_of("synthesis.diffusion", process="ve", solvers=["heun"], default_solver="heun"))
    assert (can.kind, can.process, can.solvers, can.default_solver) == ("synthesis", "ve", ("heun",), "heun")
    assert (can.needs_full, can.live, can.knows_quality) == (True, False, False)


@pytest.mark.parametrize("odd", [{"solvers": None, "default_steps": "x"}, {"solvers": 3, "default_steps": [4]}])
def test_an_odd_config_tells_nothing_and_hurts_nobody(odd: dict[str, Any]) -> None:
    can = Capabilities.of(folder_of("synthesis.diffusion", **odd))
    assert (can.kind, can.solvers, can.default_steps) == ("synthesis", (), 0)


@pytest.mark.parametrize("config", [{}, {"system": None}, {"system": ["x"]}, {"system": "astrology.sun"}])
def test_a_model_of_no_known_system_can_do_nothing(config: dict[str, Any]) -> None:
    model = zoo.ModelFolder(Path(), "m", config, "", shipped=False)
    assert Capabilities.of(model) == Capabilities("m")
    with pytest.raises(ModelError, match=r"does not know; it knows .*segmentation\.unet"):
        load_pipeline(model)


@pytest.mark.parametrize("name", ["no-such-model", "", "../segmenter", "a/b"])
def test_a_name_without_a_model_can_do_nothing(name: str) -> None:
    assert capabilities(name) == Capabilities(name)


@needs_generator
@needs_segmenter
def test_a_model_of_another_kind_is_refused_with_those_that_serve() -> None:
    with pytest.raises(InputError, match=r"Segmenting needs a model for segmentation.*'beam-flow'.*segmenter"):
        find_model("beam-flow", "segmentation", "Segmenting")


def test_an_option_that_a_model_does_not_have_is_refused_and_none_is_no_option() -> None:
    can = Capabilities.of(folder_of("synthesis.beam_flow"))
    assert can.chosen(steps=3, quality=None, solver=None) == {"steps": 3}
    with pytest.raises(InputError, match="no choice of solver; given was 'heun'"):
        can.chosen(solver="heun")


def test_a_model_that_torch_cannot_run_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [replace(system, torch_pipeline="") for system in SYSTEMS]
    monkeypatch.setattr("EchoSynthLib.systems.SYSTEMS", tuple(rows))
    with pytest.raises(ModelError, match=r"run by onnxruntime alone: its system motion\.fourier has no"):
        load_torch_pipeline(folder_of("motion.fourier"))


def test_names_are_given_once() -> None:
    assert len({system.name for system in SYSTEMS}) == len(SYSTEMS)
    assert len(RECIPES) == sum(len(system.trains) for system in SYSTEMS)


@needs_segmenter
def test_a_pipeline_is_loaded_once_also_by_several_threads_and_anew_when_its_folder_changes(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(zoo.find("segmenter").path, folder)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: load_pipeline(folder, threads=1), range(4)))
    assert all(pipeline is found[0] for pipeline in found)
    assert load_pipeline(folder) is not found[0]
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"grid": [96, 96]}))
    zoo.write_checksums(folder)
    assert load_pipeline(folder, threads=1).grid == (96, 96)


def with_config(name: str, folder: Path, **changes: Any) -> Path:
    """A copy of a shipped model with other fields in config.json, its checksums right; ... leaves a field out."""
    shutil.copytree(zoo.find(name).path, folder)
    config = json.loads((folder / "config.json").read_text()) | changes
    config = {key: value for key, value in config.items() if value is not Ellipsis}
    (folder / "config.json").write_text(json.dumps(config))
    zoo.write_checksums(folder)
    return folder


@needs_segmenter
@needs_contour
@needs_generator
@pytest.mark.parametrize("odd", [..., None, "x", [], [1, "2"], -1, float("nan"), {}], ids=repr)
@pytest.mark.parametrize(
    ("name", "field"),
    [
        *((name, "grid") for name in ("segmenter", "contour")),
        *(("contour", field) for field in ("farthest", "sigma")),
        *(("beam-flow", field) for field in ("default_steps", "spread", "blur", "structure_scale")),
    ],
)
def test_a_sound_folder_whose_config_no_system_can_use_is_refused_by_its_name_and_field(
    tmp_path: Path, name: str, field: str, odd: Any
) -> None:
    folder = with_config(name, tmp_path / "mine", **{field: odd})
    with pytest.raises(ModelError, match=rf"model folder .*mine is none that .*`{field}` is .*; found was"):
        load_pipeline(folder)


@needs_segmenter
def test_a_network_that_is_asked_for_another_grid_than_its_own_is_named(tmp_path: Path) -> None:
    pipeline = load_pipeline(with_config("segmenter", tmp_path / "mine", grid=[7, 5]))
    with pytest.raises(ModelError, match=r"segmenter\.onnx cannot be run on arrays of the shapes \(1, 1, 7, 5\)"):
        pipeline(np.zeros((20, 20), np.uint8))


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_every_pipeline_is_made_of_a_folder_as_its_run_time_asks(system: System) -> None:
    if system.runtime == "torch":
        pytest.importorskip("diffusers")
    taken = list(inspect.signature(system.load().from_folder).parameters)
    assert taken == ["folder", "config", "threads" if system.runtime == "onnx" else "device"]


@needs_segmenter
def test_a_pipeline_is_loaded_by_name_folder_or_what_the_zoo_tells() -> None:
    model = zoo.find("segmenter")
    assert es.load_pipeline("segmenter") is es.load_pipeline(model.path) is es.load_pipeline(model)
    assert es.load_pipeline(str(model.path)) is es.load_pipeline(model)


def test_what_the_full_installation_brings_is_missed_in_one_sentence() -> None:
    told = r"^Drawing needs no_such_package, .* pip install 'echosynth\[full\]'$"
    with pytest.raises(EchoSynthError, match=told), needs("full", "Drawing"):
        import no_such_package  # noqa: F401
    with pytest.raises(ModuleNotFoundError), needs("full", "Drawing"):
        import EchoSynthLib.no_such_module  # noqa: F401


def test_that_sentence_is_written_once() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "EchoSynthLib").rglob("*.py")}
    told = [path.name for path, text in sources.items() if "which is not installed; it comes with" in text]
    assert told == ["errors.py"]


def test_the_public_functions_are_those_that_type_checkers_see() -> None:
    tree = ast.parse((ROOT / "EchoSynthLib" / "__init__.py").read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.name: node.module for node in imports for alias in node.names}
    assert es._PUBLIC.items() <= seen.items() <= (es._PUBLIC | offered()).items()
    assert set(es.__all__) <= set(dir(es))
    assert all(f"{getattr(es, name).__module__}.".startswith(f"{module}.") for name, module in seen.items())


def test_systems_are_known_without_a_package_that_is_not_pythons() -> None:
    probe = "import sys; from EchoSynthLib.systems import SYSTEMS; print('numpy' in sys.modules)"
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, env=surroundings, check=True)
    assert done.stdout.strip() == "False"

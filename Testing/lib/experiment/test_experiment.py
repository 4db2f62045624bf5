"""A whole experiment through the command line, as small as it can be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from experiment_data import write_small_camus
from shipped import needs_generator, needs_segmenter

from EchoSynthLib.cli import main
from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthLib.evaluation.segmentation_metrics import STRUCTURE_CODES
from EchoSynthLib.tasks import find_task
from EchoSynthLib.tasks.task import Context

for package in ("torch", "monai", "onnx", "onnxscript", "safetensors", "matplotlib"):
    pytest.importorskip(package, reason=f"{package} is not installed")

# Three trainings and their exports take minutes where other work shares the cores.
pytestmark = pytest.mark.timeout(900)

SHORTEST = {
    "experiment": "synthetic-training",
    "minutes": "0.01",
    "variations": "2",
    "frames": "2",
    "solvers": "flow-map:1",
    "solver_images": "3",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_camus(tmp_path_factory.mktemp("camus"))


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of an experiment that was interrupted at its first training and then finished."""
    output = tmp_path_factory.mktemp("experiment") / "out"

    def interrupt(done: int, total: int, message: str) -> None:
        if message.startswith("training on real"):
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        find_task("experiment").build({**SHORTEST, "data": data, "output": output}).run(Context(interrupt))
    before = times(output)
    assert {name.split("-")[0] for name in before} == {"maps", "reference", "realism"}
    command(data, output)
    after = times(output)
    assert before.items() <= after.items()
    return output


def command(data: Path, output: Path, **changed: str) -> None:
    told = {**SHORTEST, "data": str(data), "output": str(output), **changed}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in told.items() if name != "experiment"]
    assert main(["experiment", told["experiment"], "--quiet", *options]) == 0


def times(output: Path) -> dict[str, int]:
    """When the record of each stage that is made was written."""
    return {path.parent.name: path.stat().st_mtime_ns for path in (output / "stages").glob("*/stage.json")}


def results(output: Path) -> dict:
    return json.loads((output / "results.json").read_text(encoding="utf-8"))


@pytest.mark.slow
@needs_generator
@needs_segmenter
def test_report_results_and_plots_tell_of_every_network_and_generator(finished: Path) -> None:
    found = results(finished)
    assert [(row["trained_on"], row["model"]) for row in found["networks"]] == [
        ("real", None),
        ("synthetic", "beam-flow"),
        ("real + synthetic", "beam-flow"),
    ]
    assert [(row["real_frames"], row["synthetic_frames"]) for row in found["networks"]] == [(6, 0), (0, 4), (6, 4)]
    for row in found["networks"]:
        for name in STRUCTURE_CODES:
            assert 0 <= row["dice"][name]["low"] <= row["dice"][name]["mean"] <= row["dice"][name]["high"] <= 1
    (drawn,) = found["generators"]
    assert drawn["parameters"] > 0
    assert drawn["seconds"] > 0
    assert drawn["minutes"] > 0
    default, one_step = found["samplers"]
    assert default["multiply_accumulates"] == drawn["multiply_accumulates"] > one_step["multiply_accumulates"]
    assert (one_step["steps"], one_step["images"]) == (1, 3)
    assert found["about"]["stages"] == found["about"]["stages_made"]
    text = (finished / "report.md").read_text(encoding="utf-8")
    for word in ("0.01 minutes", "seed | 0", "cpu", "beam-flow", "arXiv 2409.19371", "dice_against_cost.png"):
        assert word in text
    pictures = {"dice_against_cost.png", "dice_against_frechet.png", "images.jpg"}
    assert {path.name for path in finished.iterdir() if path.suffix in (".png", ".jpg")} == pictures


@pytest.mark.slow
@needs_generator
@needs_segmenter
def test_a_second_run_makes_nothing_again(finished: Path, data: Path) -> None:
    before, figures = times(finished), results(finished)
    command(data, finished)
    assert times(finished) == before
    assert results(finished) == figures
    assert not (finished / "stages" / "unfinished").exists()


@pytest.mark.slow
@needs_generator
@needs_segmenter
def test_a_changed_parameter_redoes_only_what_depends_on_it(finished: Path, data: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    shutil.copytree(finished, output)
    before = times(output)
    command(data, output, solvers="flow-map:2")
    added = sorted(name.split("-")[0] for name in times(output).keys() - before.keys())
    assert before.items() <= times(output).items()
    assert added == ["cost", "images", "realism"]


def test_keys_change_with_what_a_stage_depends_on_alone(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("diffusers", reason="diffusers is not installed")
    from EchoSynthLib.experiment.frames import load_frames
    from EchoSynthLib.experiment.plan import Experiment

    frames = load_frames(data)

    def keys(**changed: str) -> dict[str, set[str]]:
        given = {
            **SHORTEST,
            "data": data,
            "output": tmp_path,
            "models": "beam-flow,edm-l64",
            "solvers": None,
            **changed,
        }
        found: dict[str, set[str]] = {}
        for stage in Experiment(find_task("experiment").build(given)._settings(), frames).stages():
            found.setdefault(stage.kind, set()).add(stage.key)
        return found

    def changed(**parameters: str) -> set[str]:
        now = keys(**parameters)
        return {kind for kind in before if not before[kind] <= now[kind]}

    before = keys()
    assert changed(workers="2") == set()
    assert changed(models="beam-flow,edm-l64,vp") == set()
    assert changed(segmenter_minutes="3") == {"network", "judged"}
    learned = {"generator-edm-l64", "images-edm-l64", "realism", "cost", "network", "judged"}
    assert changed(generator_minutes="3") == learned
    everything = set(before)
    assert changed(variations="3") == everything - {"reference", "generator-edm-l64"}
    assert changed(seed="1") == everything - {"reference"}


def test_what_cannot_be_measured_is_told_before_anything_is_made(data: Path, tmp_path: Path) -> None:
    def refused(match: str, **changed: str) -> None:
        given = {**SHORTEST, "data": data, "output": tmp_path / "out", **changed}
        with pytest.raises(InputError, match=match):
            find_task("experiment").build(given).run(Context())

    refused("not known", models="nothing")
    refused("fits none of the models", solvers="heun:3")
    refused("One image", frames="1", variations="1")
    refused("no data", data=str(tmp_path / "none.npz"))
    refused("Both workers", workers="2", cluster="local:2")
    assert not (tmp_path / "out").exists()

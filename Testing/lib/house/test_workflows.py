"""The public workflows can be read by GitHub, and name only what is there; they cannot run here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / ".github/workflows").glob("*.yml")}
every_workflow = pytest.mark.parametrize("name", sorted(WORKFLOWS))

CONTEXTS = {"github", "matrix", "runner", "inputs"}


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def commands(workflow: dict[str, Any]) -> str:
    return "\n".join(step["run"] for step in steps(workflow) if "run" in step)


def test_there_are_three() -> None:
    assert set(WORKFLOWS) == {"tests", "package", "slicer"}


@every_workflow
def test_a_workflow_says_when_where_and_what(name: str) -> None:
    workflow = WORKFLOWS[name]
    # YAML 1.1 takes the key `on` for true.
    events = workflow.get("on", workflow.get(True))
    assert "workflow_dispatch" in events
    assert ("push" in events) == (name != "slicer")
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["runs-on"] in ("ubuntu-latest", "${{ matrix.os }}")
        assert 0 < job["timeout-minutes"] <= 120
        assert job.get("needs", "build") in workflow["jobs"] or "needs" not in job
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/checkout@v4"))


@every_workflow
def test_what_a_workflow_fills_in_is_known_to_it(name: str) -> None:
    workflow = WORKFLOWS[name]
    text = (ROOT / f".github/workflows/{name}.yml").read_text("utf-8")
    variables = re.findall(r"\b(\w+)\.(\w+)", " ".join(re.findall(r"\$\{\{(.*?)\}\}", text)))
    assert {context for context, _ in variables} <= CONTEXTS
    matrices = [job.get("strategy", {}).get("matrix", {}) for job in workflow["jobs"].values()]
    declared = {key for matrix in matrices for key in matrix}
    assert {key for context, key in variables if context == "matrix"} <= declared


@every_workflow
def test_paths_of_a_workflow_are_there(name: str) -> None:
    named = re.findall(
        r"(?<![\w/.-])(?:Testing|EchoSynth|EchoSynthLib|Resources|Docs)/[\w./-]+", commands(WORKFLOWS[name])
    )
    named += re.findall(r"--constraint (\S+)", commands(WORKFLOWS[name]))
    named += [
        step["with"]["cache-dependency-path"] for step in steps(WORKFLOWS[name]) if "cache" in step.get("with", {})
    ]
    assert [path for path in named if not (ROOT / path).exists()] == []


@every_workflow
def test_extras_that_a_workflow_installs_are_declared(name: str) -> None:
    import tomllib

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for extras in re.findall(r"\.\[([a-z,]+)\]", commands(WORKFLOWS[name])):
        assert set(extras.split(",")) <= set(declared)


def test_the_core_is_tested_where_it_says_that_it_runs() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {line.rpartition(":: ")[2] for line in project["classifiers"] if re.search(r"Python :: 3\.\d", line)}
    matrix = WORKFLOWS["tests"]["jobs"]["core"]["strategy"]["matrix"]
    assert set(matrix["python"]) == declared
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "windows", "macos"}


def test_nothing_but_linux_needs_make() -> None:
    assert not re.search(r"\bmake\b", "".join(commands(workflow) for workflow in WORKFLOWS.values()))


def test_torch_is_the_version_that_the_constraints_name() -> None:
    pinned = re.search(r"^torch==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.M)
    assert pinned
    assert set(re.findall(r"torch==(\S+)", commands(WORKFLOWS["tests"]))) == {pinned[1]}

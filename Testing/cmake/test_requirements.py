"""What the module asks Slicer to install is what the Python package asks for, less what Slicer brings along."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

IN_SLICER = {"numpy", "scipy", "SimpleITK", "pydicom", "pillow"}
FOR_PUBLISHING = {"onnx", "onnxscript"}  # a trained model becomes a model folder on the command line
FOR_PLOTS = {"matplotlib"}  # of an experiment's report; experiments run on the command line
FOR_SEVERAL_GPUS = {"accelerate"}  # `accelerate launch` starts trainings on the command line
FROM_THE_PYTORCH_EXTENSION = {"torch"}


def asked_in(file: str) -> list[str]:
    lines = (ROOT / "EchoSynth" / "Resources" / file).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def without(requirements: list[str], names: set[str]) -> list[str]:
    return sorted(line for line in requirements if re.split(r"[^A-Za-z0-9_.-]", line)[0] not in names)


def test_the_fast_path_asks_for_what_slicer_lacks() -> None:
    assert asked_in("requirements.txt") == without(PROJECT["dependencies"], IN_SLICER)


def test_the_full_path_asks_for_the_same_versions_and_leaves_torch_to_its_extension() -> None:
    full = PROJECT["optional-dependencies"]["full"]
    elsewhere = FROM_THE_PYTORCH_EXTENSION | FOR_PUBLISHING | FOR_PLOTS | FOR_SEVERAL_GPUS
    assert asked_in("requirements-full.txt") == without(full, elsewhere)

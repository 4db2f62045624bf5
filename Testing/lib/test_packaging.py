"""What is installed is what is in the tree: modules, models, one version."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import EchoSynthLib

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FAST_PATH = {"numpy", "scipy", "simpleitk", "pydicom", "av", "pillow", "onnxruntime"}


def requirement_name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9_.-]", requirement)[0].lower()


def test_the_version_is_the_same_everywhere() -> None:
    version = PROJECT["version"]
    citation = re.search(r"^version: \"?([^\"\n]+)", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.M)
    change = re.search(r"^## \[?([0-9][^\] ]*)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert EchoSynthLib.__version__ == version
    assert citation is not None
    assert citation[1] == version
    assert change is not None
    assert change[1] == version


def test_the_fast_path_installs_no_torch() -> None:
    assert {requirement_name(r) for r in PROJECT["dependencies"]} == FAST_PATH


def test_the_constraints_are_plain_pins_of_all_we_ask_for() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[a-z0-9._-]+==[0-9][A-Za-z0-9.]*", line) for line in lines)
    pinned = {line.split("==")[0] for line in lines}
    extras = PROJECT["optional-dependencies"]
    asked = {
        requirement_name(r) for r in [*PROJECT["dependencies"], *extras["full"], *extras["cluster"], *extras["dev"]]
    }
    assert asked <= pinned
    assert "torch==2.13.0" in lines


@pytest.mark.slow
def test_the_wheel_carries_every_module_and_every_model(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run(
        [*build, "--no-build-isolation", "--wheel-dir", str(tmp_path), str(source_copy(tmp_path))], check=True
    )
    (wheel,) = tmp_path.glob("echosynth-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "EchoSynthLib").rglob("*.py")}
    resources = {f"EchoSynthLib/{file}" for file in tracked_resources()}
    assert modules <= packed
    assert resources <= packed
    assert not [file for file in packed if file.startswith(("Testing/", "runs/", "demo/"))]


def tracked_resources() -> list[str]:
    folders = (ROOT / "Resources" / "Models", ROOT / "Resources" / "LabelMaps")
    files = (path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.is_file())
    return [path.relative_to(ROOT).as_posix() for path in files if not path.name.startswith(".")]


def source_copy(folder: Path) -> Path:
    """A copy of what the build reads, so that it leaves nothing in the tree."""
    import shutil

    copy = folder / "source"
    copy.mkdir()
    for file in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy2(ROOT / file, copy)
    for tree in ("EchoSynthLib", "Resources"):
        shutil.copytree(ROOT / tree, copy / tree, ignore=shutil.ignore_patterns("__pycache__"))
    return copy

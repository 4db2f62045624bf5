"""What is installed is what is in the tree: modules, models, one version."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import EchoSynthLib

ROOT = Path(__file__).resolve().parents[3]
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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*build, "--no-build-isolation", "--wheel-dir", str(folder), str(source_copy(folder))], check=True)
    (made,) = folder.glob("echosynth-*.whl")
    return made


@pytest.mark.slow
def test_the_wheel_carries_every_module_and_every_model(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "EchoSynthLib").rglob("*.py")}
    resources = {f"EchoSynthLib/{file}" for file in tracked_resources()}
    assert modules <= packed
    assert resources <= packed
    assert not [file for file in packed if file.startswith(("Testing/", "Docs/", "runs/", "demo/"))]


@pytest.mark.slow
def test_what_the_wheel_carries_runs_without_the_source_tree(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    environment = {**os.environ, "PYTHONPATH": str(installed), "ECHOSYNTH_MODELS": str(tmp_path / "none")}
    for words in (["models", "verify"], ["demo", "--output", str(tmp_path / "demo")]):
        command = [sys.executable, "-m", "EchoSynthLib", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert str(ROOT) not in done.stdout + done.stderr
    assert (tmp_path / "demo" / "sheet.png").exists()


def test_the_source_archive_carries_the_documents_and_the_tests() -> None:
    manifest = (ROOT / "MANIFEST.in").read_text(encoding="utf-8")
    listed = [
        name for line in manifest.splitlines() if not line.startswith(("#", "global-")) for name in line.split()[1:]
    ]
    assert {"Docs", "Testing", "Makefile", "constraints.txt"} <= set(listed)
    assert [name for name in listed if not (ROOT / name).exists()] == []


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

"""A developer adds a system to a copy of the tree, by CONTRIBUTING's steps, and finds it wherever systems are found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
NEW = Path(__file__).resolve().parents[1] / "new_systems"
COPIED = ("EchoSynthLib", "Resources/LabelMaps", "CHANGELOG.md", "CITATION.cff")
TABLE = "SYSTEMS: tuple[System, ...] = (\n"

ROW_OF_A_NEW_KIND = """    System(
        name="brightness.levels",
        kind="brightness",
        title="Light meter",
        pipeline="EchoSynthLib.brightness.levels.pipeline:BrightnessPipeline",
        runtime="onnx",
        task="brightness",
        recipe="EchoSynthLib.brightness.levels.recipe:train",
        trains={"brightness": {}},
        offers=("how_bright",),
    ),
"""
ROW_OF_A_GENERATOR = """    System(
        name="synthesis.flat",
        kind="synthesis",
        title="Generator, flat",
        pipeline="EchoSynthLib.synthesis.flat.pipeline:FlatPipeline",
        runtime="onnx",
        task="synthesize",
    ),
"""

INDEX = """name,patient,view,phase,split,native_width,native_height,spacing_x_mm,spacing_y_mm,image_quality
a,1,4CH,ED,train,8,8,,,
b,2,4CH,ED,val,8,8,,,
"""


class House:
    """A copy of the tree, in which processes are started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(ROOT / name, folder / name)

    def add_row(self, row: str) -> None:
        table = self.folder / "EchoSynthLib" / "systems.py"
        text = table.read_text(encoding="utf-8")
        assert TABLE in text
        table.write_text(text.replace(TABLE, TABLE + row), encoding="utf-8")

    def add_line(self, name: str, line: str) -> None:
        (self.folder / name).parent.mkdir(exist_ok=True)
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def changed(self) -> set[str]:
        """The files that are not as they were, or were not there."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        names = {path.relative_to(self.folder).as_posix() for path in files}
        return {name for name in names if not same(self.folder / name, ROOT / name)}

    @property
    def here(self) -> dict[str, Any]:
        """Where its processes are started."""
        models = self.folder / "models"
        added = {"PYTHONPATH": str(self.folder), "ECHOSYNTH_MODELS": str(models), "OMP_NUM_THREADS": "1"}
        return {"env": {**os.environ, **added}, "cwd": self.folder, "text": True}

    def run(self, *arguments: object) -> str:
        """What `python ARGUMENTS` prints."""
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, timeout=240, check=False, **self.here)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask_worker(self, task: str, parameters: dict[str, object]) -> dict[str, Any]:
        """The record of a task that a worker runs."""
        command = [sys.executable, "-m", "EchoSynthLib.worker"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **self.here) as worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdin.write(json.dumps({"id": 1, "task": task, "parameters": parameters}) + "\n")
            worker.stdin.flush()
            replies = map(json.loads, worker.stdout)
            last = next(reply for reply in replies if reply.get("event") in ("result", "error"))
            worker.stdin.close()
        return last["record"]

    def echosynth(self, *arguments: object) -> str:
        return self.run("-m", "EchoSynthLib", *arguments)


def same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """The house with two systems more: one of a kind of its own, trained and imported, and a generator."""
    house = House(tmp_path_factory.mktemp("house"))
    shutil.copytree(NEW / "brightness", house.folder / "EchoSynthLib" / "brightness")
    shutil.copy2(NEW / "task.py", house.folder / "EchoSynthLib" / "tasks" / "brightness.py")
    house.add_row(ROW_OF_A_NEW_KIND)
    house.add_line("CHANGELOG.md", "- `echosynth brightness`.")
    house.add_line("Docs/brightness.md", "# Brightness")
    house.add_line("CITATION.cff", "# its paper")
    outside = {name for name in house.changed() if not name.startswith("EchoSynthLib/brightness/")}
    assert outside == {
        "EchoSynthLib/systems.py", "EchoSynthLib/tasks/brightness.py", "CHANGELOG.md", "Docs/brightness.md",
        "CITATION.cff",
    }  # fmt: skip
    # A generator has a task already.
    shutil.copytree(NEW / "synthesis" / "flat", house.folder / "EchoSynthLib" / "synthesis" / "flat")
    house.add_row(ROW_OF_A_GENERATOR)
    names, gray = np.array(["a", "b"]), np.full((2, 8, 8), 100, np.uint8)
    np.savez(house.folder / "data.npz", image=gray, label=gray // 100, name=names, split=np.array(["train", "val"]))
    (house.folder / "index.csv").write_text(INDEX, encoding="utf-8")
    house.echosynth("train", "brightness", "--data", "data.npz", "--output", "run", "--quiet")
    house.echosynth("models", "import", Path("run", "brightness"))
    np.save(house.folder / "bright.npy", np.arange(57, 185, dtype=np.uint8).reshape(8, 16))
    return house


@pytest.mark.slow
def test_it_is_trained_by_the_command_and_listed_among_the_models(house: House) -> None:
    assert "brightness" in house.echosynth("train", "--help")
    (row,) = [line for line in house.echosynth("models").splitlines() if line.startswith("brightness ")]
    assert row.split()[1:3] == ["imported", "brightness"]


@pytest.mark.slow
def test_its_task_is_a_command(house: House) -> None:
    assert "Tell how much brighter an echo frame is than usual." in " ".join(house.echosynth("--help").split())
    told = house.echosynth("brightness", "bright.npy", "--output", "told", "--quiet")
    assert told.splitlines()[0] == "+20.5 gray levels"
    assert json.loads((house.folder / "told" / "record.json").read_text())["model"] == "brightness"


def test_its_task_is_one_of_the_workers(house: House) -> None:
    given = {"image": str(house.folder / "bright.npy"), "output": str(house.folder / "asked")}
    assert house.ask_worker("brightness", given)["brighter"] == 20.5


def test_its_function_and_its_pipelines_are_found_in_python(house: House) -> None:
    told = house.run(
        "-c",
        "import numpy as np, EchoSynthLib as es; from pathlib import Path; image = np.load('bright.npy'); "
        "one, other = es.load_pipeline('brightness'), es.load_pipeline(Path('run/brightness')); "
        "print(one(image)[0], other(image)[0], es.how_bright(image)[0], 'how_bright' in dir(es)); "
        "from EchoSynthLib.capabilities import capabilities; print(capabilities('brightness'))",
    )
    assert told.splitlines()[0] == "20.5 20.5 20.5 True"
    assert "title='Light meter'" in told


def test_a_new_generator_draws_by_its_row_alone(house: House) -> None:
    folder = house.folder / "models" / "flat"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"system": "synthesis.flat", "levels": [40, 10, 120, 20]}', encoding="utf-8")
    (folder / "model.safetensors").write_bytes(b"nothing")
    house.run("-c", f"from EchoSynthLib.zoo import write_checksums; write_checksums({str(folder)!r})")
    label_map = ROOT / "Resources" / "LabelMaps" / "parametric_4CH_ED.nii.gz"
    house.echosynth("synthesize", label_map, "--output", "drawn", "--model", "flat", "--count", 2, "--format", "npy")
    images = [np.load(house.folder / "drawn" / f"synthetic_00{index}.npy") for index in (0, 1)]
    assert set(np.unique(images[0])) == {0, 40, 10, 120, 20}
    assert images[1].max() == 60


def test_a_new_generator_refuses_what_its_row_does_not_name(house: House) -> None:
    label_map = ROOT / "Resources" / "LabelMaps" / "parametric_4CH_ED.nii.gz"
    with pytest.raises(AssertionError, match="has no choice of quality"):
        house.echosynth("synthesize", label_map, "--output", "no", "--model", "flat", "--quality", "good")


@pytest.mark.slow
def test_the_house_with_them_keeps_its_rules_and_tests_that_ask_every_task_are_content(house: House) -> None:
    tests = house.folder / "Testing" / "lib"
    shutil.copytree(Path(__file__).parents[1], tests, ignore=shutil.ignore_patterns("__pycache__", "new_systems"))
    for name in ("EchoSynth", "Resources"):
        shutil.copytree(ROOT / name, house.folder / name, dirs_exist_ok=True)
    for name in ("setup.py", "pyproject.toml"):
        shutil.copy2(ROOT / name, house.folder)
    names = ("house/test_architecture", "house/test_systems", "tasks/test_tasks", "tasks/test_words")
    asking = [tests / f"{name}.py" for name in (*names, "outputs/test_permissions")]
    chosen = "brightness or flat or row or floor or table or declares or train"
    house.run("-m", "pytest", "-q", "-x", "-m", "not slow", "-p", "no:cacheprovider", "-k", chosen, *asking)

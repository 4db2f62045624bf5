"""What Slicer's build makes of the extension: every module, model and resource lands where Slicer and the library look.

The build runs against Testing/cmake/Slicer, which stands in for Slicer's own CMake package.
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
MODULES = Path("lib/Slicer-5.13/qt-scripted-modules")

# The pip package of CMake puts its command beside the interpreter.
CMAKE = shutil.which("cmake") or shutil.which("cmake", path=str(Path(sys.executable).parent))
GENERATOR = next((name for name, tool in (("Unix Makefiles", "make"), ("Ninja", "ninja")) if shutil.which(tool)), None)

needs_cmake = pytest.mark.skipif(
    not (CMAKE and GENERATOR), reason="cmake is not here, or neither make nor ninja (pip install cmake)"
)


def files(folder: Path, *parts: str, pattern: str = "*") -> list[str]:
    """The files below folder/parts as paths from `folder`, sorted; caches and hidden files left out."""
    found = (path.relative_to(folder) for path in folder.joinpath(*parts).rglob(pattern) if path.is_file())
    return sorted(
        path.as_posix() for path in found if not any(part.startswith((".", "__pycache__")) for part in path.parts)
    )


MODULE_SCRIPTS = files(ROOT / "EchoSynth", pattern="*.py")
MODULE_RESOURCES = files(ROOT / "EchoSynth", "Resources")
LIBRARY_SCRIPTS = files(ROOT / "EchoSynthLib", pattern="*.py")
LIBRARY_RESOURCES = sorted(f for kind in ("LabelMaps", "Models", "SampleData") for f in files(ROOT / "Resources", kind))

# Where in Slicer's folder of scripted modules -> the file of the repository that lies there.
LAYOUT = {
    **{name: ROOT / "EchoSynth" / name for name in MODULE_SCRIPTS + MODULE_RESOURCES},
    **{f"EchoSynthLib/{name}": ROOT / "EchoSynthLib" / name for name in LIBRARY_SCRIPTS},
    **{f"EchoSynthLib/Resources/{name}": ROOT / "Resources" / name for name in LIBRARY_RESOURCES},
}


@dataclass(frozen=True)
class Extension:
    """The extension's build tree and install tree."""

    build: Path
    install: Path


def run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def configure(source: Path, build: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert CMAKE is not None
    assert GENERATOR is not None
    command = [CMAKE, "-S", str(source), "-B", str(build), "-G", GENERATOR, f"-DSlicer_DIR={HERE / 'Slicer'}"]
    command += [f"-DCMAKE_TOOLCHAIN_FILE={HERE / 'no_compiler.cmake'}", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Extension:
    folder = tmp_path_factory.mktemp("extension")
    tree = Extension(folder / "build", folder / "install")
    done = configure(ROOT, tree.build, "-DBUILD_TESTING=ON", f"-DCMAKE_INSTALL_PREFIX={tree.install}")
    assert done.returncode == 0, done.stdout + done.stderr
    run(CMAKE, "--build", tree.build)
    run(CMAKE, "--install", tree.build)
    return tree


@needs_cmake
@pytest.mark.parametrize("tree", ["build", "install"])
@pytest.mark.slow
def test_all_of_the_extension_and_nothing_else_lies_among_the_scripted_modules(extension: Extension, tree: str) -> None:
    modules = getattr(extension, tree) / MODULES
    assert set(files(modules)) == set(LAYOUT)
    changed = [name for name, source in LAYOUT.items() if not filecmp.cmp(modules / name, source, shallow=False)]
    assert not changed


NEW = ("EchoSynthLib/brightness/pipeline.py", "Resources/Models/brightness/SHA256SUMS")
FOREIGN = (
    "EchoSynthLib/.pipeline.py",
    "EchoSynthLib/.ipynb_checkpoints/pipeline.py",
    "EchoSynthLib/__pycache__/pipeline.cpython-312.pyc",
    "EchoSynthLib/notes.txt",
    "Resources/Models/.DS_Store",
    "Resources/Screenshots/own.png",
)


@needs_cmake
def test_a_new_file_is_found_by_the_next_build_and_what_is_foreign_is_not(tmp_path: Path) -> None:
    source, build = tmp_path / "source", tmp_path / "build"
    for folder in ("EchoSynthLib", "Resources"):
        (source / folder).mkdir(parents=True)
        shutil.copy2(ROOT / folder / "CMakeLists.txt", source / folder)
    (source / "EchoSynthLib" / "__init__.py").touch()
    (source / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16.3)\nproject(Copy)\nfind_package(Slicer REQUIRED)\n"
        "include(${Slicer_USE_FILE})\nadd_subdirectory(EchoSynthLib)\nadd_subdirectory(Resources)\n",
        encoding="utf-8",
    )
    done = configure(source, build)
    assert done.returncode == 0, done.stderr
    run(CMAKE, "--build", build)
    for name in (*NEW, *FOREIGN):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    run(CMAKE, "--build", build)
    library = build / MODULES / "EchoSynthLib"
    built = {path.relative_to(library).as_posix() for path in library.rglob("*") if path.is_file()}
    assert built == {"__init__.py", "brightness/pipeline.py", "Resources/Models/brightness/SHA256SUMS"}


@needs_cmake
def test_beside_the_modules_only_the_description_is_installed(extension: Extension) -> None:
    others = [name for name in files(extension.install) if not name.startswith(MODULES.as_posix())]
    assert others == ["share/Slicer-5.13/EchoSynth.s4ext"]
    assert "depends PyTorch" in (extension.install / others[0]).read_text(encoding="utf-8")


@needs_cmake
def test_each_modules_own_test_is_known_to_ctest(extension: Extension) -> None:
    known = (extension.build / "EchoSynth" / "CTestTestfile.cmake").read_text(encoding="utf-8")
    entries = [path.stem for path in (ROOT / "EchoSynth").glob("*.py")]
    assert entries
    assert all(f"py_{entry}" in known for entry in entries)


@needs_cmake
@pytest.mark.slow
def test_a_module_and_a_panel_are_found_without_an_edit_even_in_a_build_tree_that_is_there(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "EchoSynth", tmp_path / "EchoSynth", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16.3)\nproject(EchoSynth)\nfind_package(Slicer REQUIRED)\n"
        "include(${Slicer_USE_FILE})\nadd_subdirectory(EchoSynth)\n",
        encoding="utf-8",
    )
    assert configure(tmp_path, tmp_path / "build").returncode == 0
    run(CMAKE, "--build", tmp_path / "build")
    new = ["EchoToy.py", "EchoSynthPanels/toy/toy_panel.py", "Resources/UI/Toy.ui", "Resources/Icons/EchoToy.png"]
    for name in new:
        path = tmp_path / "EchoSynth" / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    run(CMAKE, "--build", tmp_path / "build")
    assert set(new) <= set(files(tmp_path / "build" / MODULES))


INSTALLED = """
import json, pkgutil, sys
from importlib import import_module
sys.modules.update(dict.fromkeys(["av", "diffusers", "einops", "monai", "onnx", "safetensors", "torch"]))
import EchoSynthLib.tasks
from EchoSynthLib import zoo
tasks = [task.name for task in pkgutil.walk_packages(EchoSynthLib.tasks.__path__, "EchoSynthLib.tasks.")]
for task in tasks:
    import_module(task)
models = {model.name: str(zoo.find(model.name).path) for model in zoo.list_models()}
print(json.dumps({"library": EchoSynthLib.__file__, "tasks": tasks, "models": models}))
"""


@needs_cmake
def test_the_installed_library_finds_its_tasks_and_its_verified_models_with_what_slicer_brings(
    extension: Extension, tmp_path: Path
) -> None:
    installed = extension.install / MODULES
    surroundings = {**os.environ, "PYTHONPATH": str(installed), "ECHOSYNTH_MODELS": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-B", "-c", INSTALLED],
        env=surroundings,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    models = sorted({name.split("/")[1] for name in LIBRARY_RESOURCES if name.startswith("Models/")})
    assert Path(found["library"]) == installed / "EchoSynthLib" / "__init__.py"
    assert {task.split(".")[-1] for task in found["tasks"]} >= {
        path.stem for path in (ROOT / "EchoSynthLib" / "tasks").rglob("[!_]*.py")
    }
    assert found["models"] == {name: str(installed / "EchoSynthLib" / "Resources" / "Models" / name) for name in models}


@needs_cmake
def test_a_listed_file_that_is_not_there_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "There.py").touch()
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16.3)\nproject(There)\nfind_package(Slicer REQUIRED)\n"
        "include(${Slicer_USE_FILE})\nslicerMacroBuildScriptedModule(NAME There SCRIPTS There.py RESOURCES Gone.ui)\n",
        encoding="utf-8",
    )
    done = configure(tmp_path, tmp_path / "build")
    assert done.returncode != 0
    assert "Gone.ui" in done.stderr

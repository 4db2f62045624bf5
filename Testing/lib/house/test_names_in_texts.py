"""Modules and files that docstrings, comments and documents name are there: a file that moves takes its name along."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("EchoSynthLib", "EchoSynth", "EchoSynth/EchoSynthPanels")
CODE = [path for room in ("EchoSynthLib", "EchoSynth", "Testing", "Resources") for path in (ROOT / room).rglob("*.py")]
# Those of a test's own systems live in a copy of the tree; what changed once may name what is no more.
PAGES = [p for p in [*ROOT.glob("*.md"), *(ROOT / "Docs").glob("*.md")] if p.name != "CHANGELOG.md"]
READ = sorted([*(path for path in CODE if "new_systems" not in path.parts), *PAGES])

DOTTED = re.compile(r"(?<!`)`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?:\([^`]*\))?`")
PYTHON_FILE = re.compile(r"[\w/]+\.py\b")
# The ends of all their paths: /EchoSynthLib/images/read.py, /images/read.py, /read.py.
PARTS = [path.relative_to(ROOT).parts for path in [*CODE, ROOT / "setup.py"]]
ENDS = {"/" + "/".join(parts[start:]) for parts in PARTS for start in range(len(parts))}
# `EchoX.py` stands for any module's file, `test_X.py` for any test's.
PLACEHOLDER = re.compile(r"(^|[a-z_/])X\.py$")

# Written so that it does not find itself; what is left out are functions of `scipy.ndimage`.
BRITISH = re.compile(
    "(?i)colo[u]r|gr[e]y(?!_erosion|_dilation)|cent[r]e[ds]?(?![a-z])|(?:neighb|behavi|fav)[o]ur|lab[e]lled|lea[r]nt(?![a-z])"
    "|(?:synthe|normal|optim|initial|parametr|raster|minim|maxim|visual|recogn|organ)i[s](?:e|ed|es|er|ing|ation)(?![a-z])"
)


@cache
def names_of(path: Path) -> set[str]:
    """What a file defines or brings in, at any depth: `Class.attribute` is not looked into."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def is_there(folder: Path, steps: list[str]) -> bool | None:
    """Whether `module.name` is there, begun in a folder; None where its first step is no module, but a variable."""
    for index, step in enumerate(steps):
        if (folder / step).is_dir() and any((folder / step).glob("*.py")):
            folder /= step
            continue
        is_module = (folder / f"{step}.py").is_file()
        if not is_module and index == 0:
            return None
        file = folder / (f"{step}.py" if is_module else "__init__.py")
        rest = steps[index + is_module :]
        return not rest or (file.is_file() and rest[0] in names_of(file))
    return True


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def modules_gone(path: Path) -> set[str]:
    begun = [folder for folder in path.parents if folder.is_relative_to(ROOT)] + [ROOT / room for room in ROOMS]
    gone = set()
    for dotted in DOTTED.findall(path.read_text(encoding="utf-8")):
        found = [is_there(folder, dotted.split(".")) for folder in begun]
        if False in found and True not in found and not dotted.endswith(".py"):
            gone.add(dotted)
    return gone


def files_gone(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    # In code what stands between backticks; the pages name files in their maps and links, too.
    named = PYTHON_FILE.findall(text if path.suffix == ".md" else " ".join(re.findall(r"(?<!`)`([^`\n]+)`", text)))
    return {file for file in named if not PLACEHOLDER.search(file) and f"/{file.strip('/')}" not in ENDS}


def test_modules_that_a_text_names_are_there() -> None:
    assert not {name(path): gone for path in READ if (gone := modules_gone(path))}


def test_files_that_a_text_names_are_there() -> None:
    assert not {name(path): gone for path in READ if (gone := files_gone(path))}


def test_names_and_texts_are_in_us_english() -> None:
    found = {name(path): set(BRITISH.findall(path.read_text(encoding="utf-8"))) for path in READ}
    assert not {path: words for path, words in found.items() if words}


def test_the_map_of_the_house_names_every_folder_of_code() -> None:
    plan = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = {path.parent for path in CODE if path.is_relative_to(ROOT / "EchoSynthLib")}
    rooms |= {path.parent for path in CODE if path.is_relative_to(ROOT / "EchoSynth")}
    rooms |= {folder for folder in (ROOT / "Testing").iterdir() if any(folder.glob("*.py"))}
    assert not {name(room) for room in rooms if not re.search(rf"\b{room.name}/", plan)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("images.read.read_image", True), ("images.read", True), ("images.gone", False), ("image.pixels", None)],
)
def test_a_name_is_looked_for_in_the_files(text: str, expected: bool | None) -> None:
    assert is_there(ROOT / "EchoSynthLib", text.split(".")) is expected

"""The tests that run inside Slicer: their names, read from the source, and the lines that tell their results."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path


def inner_tests(folder: Path) -> list[str]:
    """Names of all test methods in a folder's case_*.py, as "folder/case_file.Class.test_method", in their order.

    Every class at a file's top level with methods `test_*` counts; inside Slicer it has to be a unittest.TestCase.
    """
    return [f"{folder.name}/{name}" for path in sorted(folder.glob("case_*.py")) for name in _names(path)]


def _names(path: Path) -> list[str]:
    classes = (node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef))
    return [
        f"{path.stem}.{case.name}.{method.name}"
        for case in classes
        for method in case.body
        if isinstance(method, ast.FunctionDef) and method.name.startswith("test_")
    ]


@dataclass(frozen=True)
class Result:
    """How one inner test ended.

    Attributes:
        name: as `inner_tests` gives it.
        outcome: "passed", "failed" or "skipped".
        seconds: from its setUp to the end of its tearDown.
        details: the traceback with the local variables, or the reason why it was skipped.
        warnings: what Slicer and Python complained about meanwhile.
        picture: file with the main window as it was when the test failed; "" otherwise.
    """

    name: str
    outcome: str
    seconds: float
    details: str = ""
    warnings: tuple[str, ...] = ()
    picture: str = ""


@dataclass(frozen=True)
class Progress:
    """What the result lines say so far: results by name, and the test that was begun and has not ended (or None)."""

    results: dict[str, Result]
    running: str | None


def read_progress(path: Path) -> Progress:
    """Reads the lines {"started": name} and {"ended": Result}; a last line that is not complete is left for later."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    results: dict[str, Result] = {}
    running = None
    for line in text.rpartition("\n")[0].splitlines():
        said = json.loads(line)
        running = said.get("started")
        if ended := said.get("ended"):
            results[ended["name"]] = Result(**{**ended, "warnings": tuple(ended["warnings"])})
    return Progress(results, running)

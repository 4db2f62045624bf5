"""Every task is a file of this folder, found by what its class declares; and those that extensions add.

A file is read for `name` and `summary`, and imported when its task is wanted, so that a list of all costs little. An
extension adds tasks by a module that names them, `TASKS = (MyTask, ...)`. The module's name is given to the worker
(`--tasks my_module`), to `Client(tasks=["my_module"])`, or in the environment variable ECHOSYNTH_TASKS (with a comma
between several), which the command line reads too.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import EchoSynthError, InputError
from EchoSynthLib.tasks.parameter import Parameter
from EchoSynthLib.tasks.task import Context, Task, parameter, parameters_of
from EchoSynthLib.types import Progress

__all__ = [
    "Context",
    "Parameter",
    "Progress",
    "Task",
    "all_tasks",
    "find_task",
    "load_tasks",
    "parameter",
    "parameters_of",
    "task_summaries",
]


@dataclass(frozen=True)
class _Declared:
    """A task that a file of this folder declares."""

    name: str
    summary: str
    module: str
    class_name: str

    def load(self) -> type[Task]:
        task: type[Task] = getattr(import_module(f"{__name__}.{self.module}"), self.class_name)
        return task


_added: dict[str, type[Task]] = {}


def task_summaries() -> dict[str, str]:
    """What each task does, by its name: those of EchoSynth, then those that extensions added."""
    own = {declared.name: declared.summary for declared in _declared().values()}
    return own | {name: task.summary for name, task in _added.items()}


def all_tasks() -> tuple[type[Task], ...]:
    """The tasks of EchoSynth, then those that extensions added."""
    return tuple(find_task(name) for name in task_summaries())


def find_task(name: str) -> type[Task]:
    """The task of that name.

    Raises:
        InputError: there is none.
    """
    if name in _added:
        return _added[name]
    if name not in _declared():
        raise InputError(f"There is no task {name!r}; there are {', '.join(task_summaries())}.")
    return _declared()[name].load()


def load_tasks(module: str) -> None:
    """Adds the tasks that a module names in its `TASKS`.

    Raises:
        EchoSynthError: the module cannot be imported, names no tasks, or one whose name is taken.
    """
    try:
        added = import_module(module).TASKS
    except (ImportError, AttributeError) as error:
        raise EchoSynthError(
            f"The module {module!r} gives no tasks ({error}); it must be importable and have TASKS."
        ) from error
    for task in added:
        if task.name in _declared() or _added.setdefault(task.name, task) is not task:
            raise EchoSynthError(
                f"The module {module!r} adds a task {task.name!r}, but there is one of that name; rename it."
            )


def load_tasks_of_environment() -> None:
    """Adds the tasks of every module that the environment variable ECHOSYNTH_TASKS names."""
    for module in os.environ.get("ECHOSYNTH_TASKS", "").split(","):
        if module.strip():
            load_tasks(module.strip())


@cache
def _declared() -> dict[str, _Declared]:
    """The tasks of this folder, sorted by name, without importing them."""
    files = sorted(Path(__file__).parent.glob("[!_]*.py"))
    found = {declared.name: declared for file in files for declared in _tasks_in(file)}
    return dict(sorted(found.items()))


def _tasks_in(file: Path) -> Iterator[_Declared]:
    text = file.read_text(encoding="utf-8")
    if "\n    summary = " not in text:
        return
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            told = {name: value for statement in node.body for name, value in _constant(statement)}
            if {"name", "summary"} <= told.keys():
                yield _Declared(told["name"], told["summary"], file.stem, node.name)


def _constant(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """Name and value of `name = "text"`."""
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, str(statement.value.value)


def __getattr__(name: str) -> Any:
    """The class of a task of this folder: `from EchoSynthLib.tasks import Segment`."""
    for declared in _declared().values():
        if declared.class_name == name:
            return declared.load()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

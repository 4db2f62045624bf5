"""Every task, declared once; and those that extensions add.

An extension adds tasks by a module that names them, `TASKS = (MyTask, ...)`. The module's name is given to the worker
(`--tasks my_module`), to `Client(tasks=["my_module"])`, or in the environment variable ECHOSYNTH_TASKS (with a comma
between several), which the command line reads too.
"""

from __future__ import annotations

import os
from importlib import import_module

from EchoSynthLib.errors import EchoSynthError, InputError
from EchoSynthLib.tasks.classify_view import ClassifyView
from EchoSynthLib.tasks.collect import Collect
from EchoSynthLib.tasks.contour import Contour
from EchoSynthLib.tasks.dataset import Dataset
from EchoSynthLib.tasks.evidence import FindEvidence
from EchoSynthLib.tasks.experiment import Experiment
from EchoSynthLib.tasks.measure import Measure
from EchoSynthLib.tasks.parameter import Parameter
from EchoSynthLib.tasks.read import Read
from EchoSynthLib.tasks.segment import Segment
from EchoSynthLib.tasks.synthesize import Synthesize
from EchoSynthLib.tasks.task import Context, Task, parameter, parameters_of
from EchoSynthLib.tasks.train import Train
from EchoSynthLib.tasks.variations import Variations
from EchoSynthLib.types import Progress

__all__ = [
    "ClassifyView",
    "Collect",
    "Context",
    "Contour",
    "Dataset",
    "Experiment",
    "FindEvidence",
    "Measure",
    "Parameter",
    "Progress",
    "Read",
    "Segment",
    "Synthesize",
    "Task",
    "Train",
    "Variations",
    "all_tasks",
    "find_task",
    "load_tasks",
    "parameter",
    "parameters_of",
]

_tasks: dict[str, type[Task]] = {
    task.name: task
    for task in (
        Segment,
        ClassifyView,
        Contour,
        Measure,
        Synthesize,
        Variations,
        Dataset,
        Collect,
        Read,
        Train,
        Experiment,
        FindEvidence,
    )
}


def all_tasks() -> tuple[type[Task], ...]:
    """The tasks of EchoSynth, then those that extensions added."""
    return tuple(_tasks.values())


def find_task(name: str) -> type[Task]:
    """The task of that name.

    Raises:
        InputError: there is none.
    """
    if name not in _tasks:
        raise InputError(f"There is no task {name!r}; there are {', '.join(_tasks)}.")
    return _tasks[name]


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
        if _tasks.setdefault(task.name, task) is not task:
            raise EchoSynthError(
                f"The module {module!r} adds a task {task.name!r}, but there is one of that name; rename it."
            )


def load_tasks_of_environment() -> None:
    """Adds the tasks of every module that the environment variable ECHOSYNTH_TASKS names."""
    for module in os.environ.get("ECHOSYNTH_TASKS", "").split(","):
        if module.strip():
            load_tasks(module.strip())

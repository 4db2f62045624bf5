"""How a task is declared: a frozen dataclass of parameters, and `run`.

    @dataclass(frozen=True, kw_only=True)
    class Invert(Task):
        name = "invert"
        summary = "Turns black into white."

        image: Path = parameter(main=True, help="the image to turn")
        strength: float = parameter(1.0, minimum=0, maximum=1, help="how far")

        def run(self, context: Context) -> dict[str, Any]: ...

The worker, the command line, a panel's limits and the documentation all read this declaration and nothing else.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self

from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthLib.progress import part
from EchoSynthLib.tasks.parameter import Parameter
from EchoSynthLib.types import Progress


def parameter(
    default: Any = dataclasses.MISSING,
    *,
    help: str,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] = (),
    spelling: Callable[[str], str] | None = None,
    unit: str = "",
    main: bool = False,
) -> Any:
    """A dataclass field that is a task's parameter, see `Parameter`; without a default it has to be given."""
    limits = {"minimum": minimum, "maximum": maximum, "choices": tuple(choices), "spelling": spelling}
    return dataclasses.field(default=default, metadata={"help": help, "unit": unit, "main": main, **limits})


class Context:
    """What a running task knows of its caller: where to report progress, and whether it should stop."""

    def __init__(self, progress: Progress | None = None, cancelled: Callable[[], bool] = lambda: False) -> None:
        self._report = progress
        self.cancelled = cancelled

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Reports a step, `done` of `total`.

        Raises:
            Cancelled: the caller asked the task to stop.
        """
        if self.cancelled():
            raise Cancelled("The task was cancelled; nothing was changed.")
        if self._report is not None:
            self._report(done, total, message)

    def part(self, index: int, count: int, label: str) -> Progress:
        """A progress function for part `index` of `count` equal parts; see `progress.part`."""
        return part(self.progress, index, count, label)


class Task(ABC):
    """Base of all tasks; making one checks its parameters and turns each into its declared type.

    Raises:
        InputError: a parameter is not what its declaration allows.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    def __post_init__(self) -> None:
        for declared in parameters_of(type(self)):
            object.__setattr__(self, declared.name, declared.convert(getattr(self, declared.name)))

    @abstractmethod
    def run(self, context: Context) -> dict[str, Any]:
        """Does the work; returns the record, whose `outputs` name the files that were written.

        Its `warnings`, where there are any, are texts for the user on what is doubtful in a result; of a folder of
        files each text begins with the file's name and a colon.
        """

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """Lines that the command line prints above the names of the files: results that are told in a few words."""
        return []

    @classmethod
    def build(cls, parameters: Mapping[str, Any]) -> Self:
        """The task with parameters given by name, as texts or JSON values.

        Raises:
            InputError: a name is unknown, a required parameter is missing, or a value is not allowed.
        """
        declared = {item.name: item for item in parameters_of(cls)}
        unknown = [name for name in parameters if name not in declared]
        if unknown:
            raise InputError(f"{cls.name} has no parameter {', '.join(unknown)}; it has {', '.join(declared)}.")
        missing = [item for item in declared.values() if item.required and parameters.get(item.name) is None]
        if missing:
            wanted = "; ".join(f"{item.name} ({item.help})" for item in missing)
            raise InputError(f"{cls.name} needs {wanted}.")
        return cls(**parameters)

    @classmethod
    def describe(cls) -> dict[str, Any]:
        """Name, summary and parameters as JSON-able values."""
        return {
            "name": cls.name,
            "summary": cls.summary,
            "parameters": [item.describe() for item in parameters_of(cls)],
        }


@cache
def parameters_of(task: type[Task]) -> tuple[Parameter, ...]:
    """The declared parameters of a task, its own before those of its mixins, each in their order."""
    hints = typing.get_type_hints(task)
    fields = dataclasses.fields(task)  # type: ignore[arg-type]  # every task is a dataclass; ABC cannot say so
    declared_in = [inspect.get_annotations(kind) for kind in task.__mro__]

    def distance(field: dataclasses.Field[Any]) -> int:
        return next(index for index, names in enumerate(declared_in) if field.name in names)

    return tuple(_parameter(field, hints[field.name]) for field in sorted(fields, key=distance))


def _parameter(field: dataclasses.Field[Any], hint: Any) -> Parameter:
    kind, optional = _kind_of(hint)
    if kind not in (bool, int, float, str, Path):
        raise TypeError(
            f"The parameter {field.name} is declared as {hint}; a task takes bool, int, float, str or Path."
        )
    required = field.default is dataclasses.MISSING
    default = None if required else field.default
    return Parameter(field.name, kind, optional, required, default, **field.metadata)


def _kind_of(hint: Any) -> tuple[Any, bool]:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        kinds = [item for item in typing.get_args(hint) if item is not type(None)]
        return (kinds[0] if len(kinds) == 1 else hint), True
    return hint, False

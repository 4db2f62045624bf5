"""One parameter of a task: what it may be, and turning what was typed, or came as JSON, into it."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import InputError

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


@dataclass(frozen=True)
class Parameter:
    """A parameter as its task declares it.

    Attributes:
        kind: bool, int, float, str or pathlib.Path.
        optional: whether None (typed as an empty text or `none`) is a value.
        required: whether it must be given; else `default` holds.
        minimum, maximum: limits of a number, both allowed values; None where there is none.
        choices: the allowed texts, compared without regard to case; empty where any text will do.
        spelling: finds the choice that another text stands for; an `InputError` of its says why that is none.
        unit: of the number, for people.
        main: the task's main input, which the command line takes without an option name.
    """

    name: str
    kind: type
    optional: bool
    required: bool
    default: Any
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    spelling: Callable[[str], str] | None = None
    unit: str = ""
    main: bool = False

    @property
    def allowed(self) -> str:
        """What may be given, in words."""
        text = self._allowed_value() + (f" {self.unit}" if self.unit else "")
        return text + (", or none" if self.optional else "")

    def convert(self, value: object) -> Any:
        """The typed value of what was given.

        Raises:
            InputError: names the parameter, what was given and what is allowed.
        """
        if self._means_none(value):
            if self.optional:
                return None
            raise self._refusal(value)
        converted = _CONVERTERS[self.kind](self, value)
        if isinstance(converted, int | float) and not self._within_limits(converted):
            raise self._refusal(value)
        return converted

    def describe(self) -> dict[str, Any]:
        """The declaration as JSON-able values, for panels and the documentation."""
        default = str(self.default) if isinstance(self.default, Path) else self.default
        return {
            "name": self.name,
            "kind": {"Path": "path", "str": "text"}.get(self.kind.__name__, self.kind.__name__),
            "optional": self.optional,
            "required": self.required,
            "default": default,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "choices": list(self.choices),
            "unit": self.unit,
            "help": self.help,
            "main": self.main,
        }

    def _allowed_value(self) -> str:
        if self.choices:
            return "one of " + ", ".join(self.choices)
        name = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path"}[
            self.kind
        ]
        if self.minimum is not None and self.maximum is not None:
            return f"{name} from {self.minimum:.15g} to {self.maximum:.15g}"
        if self.minimum is not None:
            return f"{name} of at least {self.minimum:.15g}"
        return name if self.maximum is None else f"{name} of at most {self.maximum:.15g}"

    def _within_limits(self, number: float) -> bool:
        return (self.minimum is None or number >= self.minimum) and (self.maximum is None or number <= self.maximum)

    def _means_none(self, value: object) -> bool:
        if not isinstance(value, str):
            return value is None
        # A file may well be called `none`.
        return not value.strip() or (self.optional and self.kind is not Path and value.strip().lower() == "none")

    def _refusal(self, value: object) -> InputError:
        given = "nothing" if value is None or value == "" else f"{value!r:.120}"
        hint = " (with a point, as in 0.5, not a comma)" if self.kind is float and "," in str(value) else ""
        hint = hint or self._as_share(value)
        return InputError(f"The parameter {self.name} was given {given}; allowed is {self.allowed}{hint}.")

    def _as_share(self, value: object) -> str:
        """What a percentage is as a share, where one was given for a share."""
        if (
            self.kind is not float
            or self.maximum is None
            or self.maximum > 1
            or not isinstance(value, str | int | float)
        ):
            return ""
        try:
            percent = float(str(value).rstrip("% "))
        except ValueError:
            return ""
        return f" ({percent / 100:g} means {percent:g} %)" if 1 < percent <= 100 * self.maximum else ""

    def _to_bool(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        text = str(value).strip().lower()
        if text in _TRUE:
            return True
        if text in _FALSE:
            return False
        raise self._refusal(value)

    def _to_int(self, value: object) -> int:
        if isinstance(value, str):
            try:
                return int(value)
            except ValueError:
                value = self._to_float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refusal(value)
        if isinstance(value, float) and not value.is_integer():
            raise self._refusal(value)
        return int(value)

    def _to_float(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise self._refusal(value)
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise self._refusal(value) from None
        if not math.isfinite(number):
            raise self._refusal(value)
        return number

    def _to_text(self, value: object) -> str:
        if not isinstance(value, str):
            raise self._refusal(value)
        if not self.choices:
            return value
        for choice in self.choices:
            if choice.lower() == value.strip().lower():
                return choice
        if self.spelling is None:
            raise self._refusal(value)
        try:
            return self.spelling(value)
        except InputError as error:
            raise InputError(f"{self._refusal(value)} {error}") from error

    def _to_path(self, value: object) -> Path:
        if not isinstance(value, str | os.PathLike) or "\0" in os.fspath(value):
            raise self._refusal(value)
        text = os.fspath(value)
        try:
            path = Path(text).expanduser()
            path.lstat()
        except (RuntimeError, UnicodeError) as error:
            # Nobody has that home, or no file's name holds that character.
            raise InputError(f"The parameter {self.name} was given {text!r:.120}; no path is that: {error}") from error
        except OSError as error:
            if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
                reason = os.strerror(error.errno).lower()
                raise InputError(f"The parameter {self.name} was given {text!r:.120}: {reason}.") from error
        return path


_CONVERTERS: Mapping[type, Any] = {
    bool: Parameter._to_bool,
    int: Parameter._to_int,
    float: Parameter._to_float,
    str: Parameter._to_text,
    Path: Parameter._to_path,
}

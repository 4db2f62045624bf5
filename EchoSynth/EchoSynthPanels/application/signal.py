"""A signal in plain Python: listeners that are called when something changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Signal:
    """Calls each connected function with what it is called with."""

    def __init__(self) -> None:
        self._listeners: list[Callable[..., Any]] = []

    def connect(self, listener: Callable[..., Any]) -> None:
        """Adds a listener; adding it twice is as good as once."""
        if listener not in self._listeners:
            self._listeners.append(listener)

    def disconnect(self, listener: Callable[..., Any]) -> None:
        """Removes a listener, if it is one."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    @property
    def heard(self) -> bool:
        """Whether anyone listens."""
        return bool(self._listeners)

    def __call__(self, *values: Any) -> None:
        """Tells all listeners."""
        for listener in tuple(self._listeners):
            listener(*values)

"""Errors that say what was given, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class EchoSynthError(Exception):
    """Anything EchoSynth refuses or fails to do; the message is written for the user."""


class InputError(EchoSynthError, ValueError):
    """An image, label map or parameter cannot be used as it was given."""


class ModelError(EchoSynthError):
    """A model folder is missing, incomplete or not what its checksums say."""


class OutputError(EchoSynthError, OSError):
    """A result could not be written; nothing half-made was left behind."""


class Cancelled(EchoSynthError):
    """The caller asked the task to stop between two steps."""


@contextmanager
def needs(extra: str, what: str) -> Iterator[None]:
    """Around the import of packages that not everybody has: tells which is missing, what for, and how to get it.

    Args:
        extra: 'full', 'cluster' or another set of packages in pyproject.toml, which brings them.
        what: needs them, as the beginning of a sentence.

    Raises:
        EchoSynthError: one is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("EchoSynthLib"):
            raise
        raise EchoSynthError(
            f"{what} needs {error.name}, which is not installed; it comes with: pip install 'echosynth[{extra}]'"
        ) from error

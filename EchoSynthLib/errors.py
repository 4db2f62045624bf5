"""Errors that say what was given, what was expected and what to do."""

from __future__ import annotations


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

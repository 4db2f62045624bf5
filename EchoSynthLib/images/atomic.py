"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from EchoSynthLib.errors import EchoSynthError, OutputError
from EchoSynthLib.images.formats import first_line, suffix_of


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary name in the folder of `path` to write to; it becomes `path` when the body ends without an error.

    Raises:
        OutputError: the folder is missing or cannot be written, the disk is full, or `path` is a folder; what was at
            `path` before is still there, and nothing else is.
    """
    path = Path(path)
    _check_target(path)
    # The suffix stays last, because the writers choose the format by it.
    partial = path.with_name(f".{uuid.uuid4().hex[:12]}.partial{suffix_of(path)}")
    try:
        yield partial
        os.replace(partial, path)
    except EchoSynthError:
        raise
    except (OSError, RuntimeError) as error:
        text = getattr(error, "strerror", None) or first_line(error)
        raise OutputError(
            f"{path} could not be written ({text}). Free space or choose another folder, and try again."
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _check_target(path: Path) -> None:
    if not path.parent.is_dir():
        what = "is a file, not a folder" if path.parent.exists() else "does not exist"
        raise OutputError(f"{path} cannot be written: {path.parent} {what}. Create the folder or choose another one.")
    if path.is_dir():
        raise OutputError(f"{path} cannot be written: there is a folder of that name. Choose another name.")

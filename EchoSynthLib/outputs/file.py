"""Single files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from EchoSynthLib.errors import EchoSynthError, OutputError
from EchoSynthLib.outputs.hidden import live, new_name
from EchoSynthLib.outputs.renaming import replace
from EchoSynthLib.outputs.sweeping import sweep
from EchoSynthLib.outputs.trouble import output_error

# As much of a name's end as holds the suffix, by which writers choose the format.
_ENDING = 20


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary name in the folder of `path` to write to; it becomes `path` when the body ends without an error.

    Raises:
        OutputError: the folder is missing or cannot be written, the disk is full, or `path` is a folder; what was at
            `path` before is still there, and nothing else is.
    """
    path = Path(path)
    try:
        _check_target(path)
    except OSError as error:
        raise error if isinstance(error, OutputError) else output_error(path, error, "") from error
    _sweep_once(path.parent.absolute(), os.getpid())
    partial = path.with_name(new_name(ending=f".partial{path.name[-_ENDING:]}"))
    live.add(partial)
    try:
        yield partial
        replace(partial, path)
    except EchoSynthError:
        raise
    except (OSError, RuntimeError) as error:
        if _names_another(error, partial, path):
            raise
        # Some libraries name the file that they wrote to.
        raise OutputError(str(output_error(path, error, "")).replace(partial.name, path.name)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        live.discard(partial)


def _names_another(error: BaseException, partial: Path, path: Path) -> bool:
    """Whether an error tells of a file that was read, not of the one that was written."""
    named = getattr(error, "filename", None)
    return named is not None and Path(os.fsdecode(named)).name not in (partial.name, path.name)


def _check_target(path: Path) -> None:
    if not path.parent.is_dir():
        what = "is a file, not a folder" if path.parent.exists() else "does not exist"
        raise OutputError(f"{path} cannot be written: {path.parent} {what}. Create the folder or choose another one.")
    if path.is_dir():
        raise OutputError(f"{path} cannot be written: there is a folder of that name. Choose another name.")


@lru_cache(maxsize=256)
def _sweep_once(folder: Path, pid: int) -> None:
    # Once for each folder and process: a data set of a hundred thousand files is not listed for each of them.
    sweep(folder)

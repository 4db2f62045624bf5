"""The removal of what an ended process left under hidden names."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from EchoSynthLib.outputs.hidden import MAKING, hidden_in, remove
from EchoSynthLib.outputs.moving import put_back


def sweep(folder: Path) -> None:
    """Removes what processes of this machine that have surely ended were making in `folder`, and puts back what they
    were replacing. Never raises; what cannot be removed or put back now is left for the next time.
    """
    for hidden in hidden_in(folder):
        if not hidden.has_ended:
            continue
        if hidden.what == MAKING:
            remove(hidden.path, hidden.made)
        else:
            with suppress(OSError):
                put_back(hidden)

"""The task `brightness`: how bright is an echo frame?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.tasks.task import Context, Task, parameter


@dataclass(frozen=True, kw_only=True)
class Brightness(Task):
    """Tells how much brighter an image is than usual."""

    name = "brightness"
    summary = "Tell how much brighter an echo frame is than usual."

    image: Path = parameter(main=True, help="echo frame")
    model: str = parameter("brightness", help="name of the model, see `echosynth models`")

    def run(self, context: Context) -> dict[str, Any]:
        """Gives the difference in gray levels; see `Task.run`."""
        from EchoSynthLib.brightness import how_bright
        from EchoSynthLib.images.label_maps.file import read_echo

        _, record = how_bright(read_echo(self.image).pixels, model=self.model)
        context.progress(1, 1, "told")
        return {**record, "outputs": {}}

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """The difference in one line."""
        return [f"{record['brighter']:+.1f} gray levels"]

"""The task `brightness`: how bright is an echo frame?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import with_warnings
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import RECORD, check_exists, naming, write_records
from EchoSynthLib.tasks.task import Context, Task, parameter


@dataclass(frozen=True, kw_only=True)
class Brightness(Task):
    """Tells how much brighter an image is than usual."""

    name = "brightness"
    summary = "Tell how much brighter an echo frame is than usual."

    image: Path = parameter(main=True, help="echo frame")
    output: Path = parameter(help=f"folder for the record; {REPLACES}")
    model: str = parameter("brightness", help="name of the model, see `echosynth models`")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes record.json; see `Task.run`."""
        from EchoSynthLib.brightness import how_bright
        from EchoSynthLib.images.read_echo import read_echo

        check_exists(self.image, "image")
        output_folder(self.output)
        left = check_replaceable(self.output, RECORD, [], self.name, self.image)
        with OutputFolder(self.output) as hidden, naming(self.image):
            image = read_echo(self.image)
            _, record = how_bright(image.pixels, model=self.model)
            context.progress(1, 1, "told")
            record |= {"input": str(self.image.resolve()), "outputs": {}}
            return write_records(hidden, RECORD, self.output, with_warnings(record, [*image.remarks, *left]))

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """The difference in one line."""
        return [f"{record['brighter']:+.1f} gray levels"]

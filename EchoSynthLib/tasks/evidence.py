"""The task `evidence`: what networks see in an image, from which any label map on it can be judged without them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.images.result_names import result_stem
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common import inputs
from EchoSynthLib.tasks.common.options import PixelSize
from EchoSynthLib.tasks.common.output_places import check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import check_exists, write_records
from EchoSynthLib.tasks.task import Context, Task, parameter


@dataclass(frozen=True, kw_only=True)
class FindEvidence(PixelSize, Task):
    """What the models see in a frame, or in each frame of a cine."""

    name = "evidence"
    summary = "What the models see in an image, for the traffic light of any label map on it (3D Slicer asks for it)."

    image: Path = parameter(main=True, help="image or cine")
    output: Path = parameter(help="folder for an .npz file for each frame, see EchoSynthLib.measurement.Evidence")
    model: str = parameter("segmenter", help="name of the segmenter, see `echosynth models`")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes a file for each frame; see `Task.run`."""
        import numpy as np

        from EchoSynthLib.api.evidence import evidence_of_each
        from EchoSynthLib.images.contrast import has_contrast
        from EchoSynthLib.images.frame import EchoCine
        from EchoSynthLib.images.read_echo import read_echo
        from EchoSynthLib.measurement.given import Given

        started = time.perf_counter()
        image = read_echo(check_exists(self.image, "image"))
        spacing = inputs.spacing_of(image, self.pixel_size())
        frames = list(image.pixels) if isinstance(image, EchoCine) else [image.pixels]
        shown = [i for i, frame in enumerate(frames) if has_contrast(frame[image.tissue])]
        if not shown:
            raise InputError(f"{self.image} shows nothing; give an image with contrast.")
        stem = result_stem(stem_of(self.image))
        names = [f"{stem}_evidence_{index}.npz" for index in shown]
        check_replaceable(output_folder(self.output), f"{stem}_evidence.json", names, self.name, self.image)
        with OutputFolder(self.output) as hidden:
            asked = [Given(image=frames[index], spacing=spacing, region=image.region) for index in shown]
            context.progress(0, len(shown), f"frame {shown[0] + 1} of {len(frames)}")
            for number, found in enumerate(evidence_of_each(asked, self.model)):
                context.progress(number + 1, len(shown), f"frame {shown[number] + 1} of {len(frames)}")
                np.savez(hidden / names[number], allow_pickle=False, **found.to_arrays())
            told = {"model": self.model, "frames": shown, "outputs": {"evidence": names}}
            record = new_record(self.name, source=self.image, started=started) | told
            blank = [f"frame {index} shows nothing" for index in range(len(frames)) if index not in shown]
            record = with_warnings(record, [*image.remarks, *blank])
            return write_records(hidden, f"{stem}_evidence.json", self.output, record)

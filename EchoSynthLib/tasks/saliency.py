"""The task `saliency`: which places of a frame the view that a model tells rests on, as a map and as a picture."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from EchoSynthLib.images.formats import stem_of
from EchoSynthLib.images.result_names import result_stem
from EchoSynthLib.outputs import OutputFolder, replacing
from EchoSynthLib.records import new_record, with_warnings
from EchoSynthLib.tasks.common.output_places import REPLACES, check_replaceable, output_folder
from EchoSynthLib.tasks.common.results import check_exists, naming, write_records
from EchoSynthLib.tasks.task import Context, Task, parameter

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True)
class FindSaliency(Task):
    """Covers a frame piece by piece, and tells by how much the share of its view falls."""

    name = "saliency"
    summary = "Show where in an echo frame the view that a model tells rests on, by covering it piece by piece."

    image: Path = parameter(main=True, help="image or cine")
    output: Path = parameter(help=f"folder for a map of falls of the share (npy), a picture and a record; {REPLACES}")
    frame: int = parameter(0, minimum=0, maximum=99_999, help="number of a cine's frame, 0 is the first")
    view: str | None = parameter(None, help="class whose share is asked for; none takes the likeliest")
    model: str = parameter("views", help="name of a model that tells views, see `echosynth models`")

    def run(self, context: Context) -> dict[str, Any]:
        """Writes the map (H, W) float32, 0 beside the ultrasound, the picture and the record; see `Task.run`.

        Raises:
            InputError: there is no such frame, or it shows nothing; the model tells no views, or not this one.
        """
        import numpy as np

        import EchoSynthLib as es
        from EchoSynthLib.images.frame import EchoCine
        from EchoSynthLib.images.read_echo import read_echo
        from EchoSynthLib.images.writers.arrays import write_array
        from EchoSynthLib.tasks.common.shown import blank_frames

        started = time.perf_counter()
        read = read_echo(check_exists(self.image, "image"))
        image = read.frame(self.frame) if isinstance(read, EchoCine) else read
        blank_frames(image)
        stem = f"{result_stem(stem_of(self.image))}_saliency"
        outputs = {"saliency": f"{stem}.npy", "picture": f"{stem}.png"}
        check_replaceable(output_folder(self.output), f"{stem}.json", outputs.values(), self.name, self.image)
        with OutputFolder(self.output) as hidden:
            context.progress(0, 1, "covering the frame piece by piece")
            with naming(self.image):
                found, told = es.saliency(image.pixels[image.tissue], model=self.model, view=self.view)
            context.progress(1, 1, "told")
            whole = np.zeros(image.pixels.shape, np.float32)
            whole[image.tissue] = found
            write_array(hidden / outputs["saliency"], whole)
            _write_picture(hidden / outputs["picture"], image.pixels, whole)
            about = {key: told[key] for key in ("model", "model_sha256", "method", "view", "shares", "cells")}
            record = new_record(self.name, source=self.image, started=started) | about
            record |= {"frame": self.frame, "largest": float(found.max()), "outputs": outputs}
            return write_records(hidden, f"{stem}.json", self.output, with_warnings(record, read.remarks))

    @classmethod
    def findings(cls, record: Mapping[str, Any]) -> list[str]:
        """By how much the share falls where it falls most."""
        share, largest = record["shares"][record["view"]], record["largest"]
        return [f"{record['view']}: {100 * share:.1f} %, which falls by up to {100 * largest:.1f} points"]


def _write_picture(path: Path, pixels: np.ndarray, saliency: np.ndarray) -> None:
    """The frame, the redder the more the share falls there."""
    import numpy as np
    from PIL import Image

    red = np.maximum(pixels, 255 * saliency / max(float(saliency.max()), 1e-6)).astype(np.uint8)
    with replacing(path) as partial:
        Image.fromarray(np.stack([red, pixels, pixels], axis=-1)).save(partial)

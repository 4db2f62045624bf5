"""Reading what is to be analyzed as an ultrasound image: a label map given in its place is refused."""

from __future__ import annotations

from pathlib import Path

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import existing_file
from EchoSynthLib.images.frame import EchoCine, EchoFrame
from EchoSynthLib.images.label_maps.detection import refuse_drawing
from EchoSynthLib.images.label_maps.marks import is_marked_label_map, label_ending, refuse_slicer_segmentation
from EchoSynthLib.images.read import read_image


def read_echo(path: str | Path) -> EchoFrame | EchoCine:
    """An echo frame or cine as `read_image` gives it, of a file that a task takes for an ultrasound image.

    Raises:
        InputError: see `read_image`; also a label map or a segmentation, told by its name, its header or its content.
    """
    path = existing_file(path)
    refuse_slicer_segmentation(path)
    if is_marked_label_map(path):
        mark = f"name ({label_ending(path)})" if label_ending(path) else "header (intent)"
        raise InputError(
            f"{path} is a label map by its {mark}; expected was an ultrasound image. Give the image that it was drawn "
            f"on; if it is one itself, rename it."
        )
    image = read_image(path)
    refuse_drawing(image)
    return image

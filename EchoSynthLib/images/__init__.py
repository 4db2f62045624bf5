"""Echo frames and cines: reading, writing and the layouts of data sets; nothing heavy is imported before it is used."""

from EchoSynthLib.images.frame import EchoCine, EchoFrame, Geometry
from EchoSynthLib.images.gray import cine_to_gray8, to_gray8
from EchoSynthLib.images.label_maps.read import read_label_map
from EchoSynthLib.images.listing import list_images
from EchoSynthLib.images.read import read_image
from EchoSynthLib.images.write import write_image, write_label_map, write_map, write_record

__all__ = [
    "EchoCine",
    "EchoFrame",
    "Geometry",
    "cine_to_gray8",
    "list_images",
    "read_image",
    "read_label_map",
    "to_gray8",
    "write_image",
    "write_label_map",
    "write_map",
    "write_record",
]

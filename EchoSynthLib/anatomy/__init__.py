"""The heart and its picture as geometry: structures, the ultrasound sector, parametric hearts, contraction."""

from EchoSynthLib.anatomy.cine import check_label_maps
from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.anatomy.heart2d.contraction import contract
from EchoSynthLib.anatomy.heart2d.parametric import HeartMap, heart_cycle, parametric_heart, random_heart
from EchoSynthLib.anatomy.heart2d.shape import HeartShape, typical_heart
from EchoSynthLib.anatomy.labels import (
    CAMUS,
    CONDITIONING,
    camus_map,
    check_label_map,
    conditioning_map,
)
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.anatomy.structures import STRUCTURES, Structure
from EchoSynthLib.anatomy.views import VIEWS, View, view_of

__all__ = [
    "CAMUS",
    "CONDITIONING",
    "STRUCTURES",
    "VIEWS",
    "HeartMap",
    "HeartShape",
    "Sector",
    "Structure",
    "View",
    "camus_map",
    "check_label_map",
    "check_label_maps",
    "conditioning_map",
    "contract",
    "disc_volume",
    "heart_cycle",
    "parametric_heart",
    "random_heart",
    "typical_heart",
    "view_of",
]

"""Clinical measurements from label maps of apical views, and how far to rely on them."""

from EchoSynthLib.measurement.cavity import Cavity
from EchoSynthLib.measurement.contour_editing import with_endocardium, with_points
from EchoSynthLib.measurement.cycle import Cycle, find_cycle
from EchoSynthLib.measurement.frame import FrameMeasures, measure_frame
from EchoSynthLib.measurement.quantities import DEFINITIONS, Measurement
from EchoSynthLib.measurement.reliability.agreement import SecondContour, agreement, contour_agreement, expected_dice
from EchoSynthLib.measurement.reliability.evidence import Evidence
from EchoSynthLib.measurement.reliability.traffic_light import Light
from EchoSynthLib.measurement.report import write_report
from EchoSynthLib.measurement.study import (
    Study,
    places_to_rest_on,
    study_of_cine,
    study_of_frame,
    study_of_places,
    study_of_views,
)
from EchoSynthLib.measurement.table import rows_of, write_csv
from EchoSynthLib.measurement.texts import headline, headlines, lights_by_structure, reasons_of, told_lights, worded

__all__ = [
    "DEFINITIONS",
    "Cavity",
    "Cycle",
    "Evidence",
    "FrameMeasures",
    "Light",
    "Measurement",
    "SecondContour",
    "Study",
    "agreement",
    "contour_agreement",
    "expected_dice",
    "find_cycle",
    "headline",
    "headlines",
    "lights_by_structure",
    "measure_frame",
    "places_to_rest_on",
    "reasons_of",
    "rows_of",
    "study_of_cine",
    "study_of_frame",
    "study_of_places",
    "study_of_views",
    "told_lights",
    "with_endocardium",
    "with_points",
    "worded",
    "write_csv",
    "write_report",
]

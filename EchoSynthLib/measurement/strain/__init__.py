"""Strain of the left ventricle: how much its wall shortens and thickens, from where its points are in each frame."""

from EchoSynthLib.measurement.strain.curves import StrainCurve
from EchoSynthLib.measurement.strain.displacement import Displacement
from EchoSynthLib.measurement.strain.label_maps import strain_of_label_maps
from EchoSynthLib.measurement.strain.measure import measure_strain
from EchoSynthLib.measurement.strain.result import GLOBAL, StrainResult
from EchoSynthLib.measurement.strain.segments import SEGMENTS, Segment, segments_of
from EchoSynthLib.measurement.strain.table import curves_of, table_of, write_curves, write_table

__all__ = [
    "GLOBAL",
    "SEGMENTS",
    "Displacement",
    "Segment",
    "StrainCurve",
    "StrainResult",
    "curves_of",
    "measure_strain",
    "segments_of",
    "strain_of_label_maps",
    "table_of",
    "write_curves",
    "write_table",
]

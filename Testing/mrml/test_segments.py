"""Segments are told by terminology and name, never by value, id or order."""

from __future__ import annotations

import pytest
import slicer

from EchoSynthLib.anatomy.structures import STRUCTURES, structure
from EchoSynthMRML.structures import code_of, dress

TISSUE = (
    "Segmentation category and type - 3D Slicer General Anatomy list~SCT^85756007^Tissue~SCT^85756007^Tissue~^^"
    "~Anatomic codes - DICOM master list~^^~^^"
)


def named(name: str, terminology: str = "", value: int = 1) -> object:
    segment = slicer.vtkSegment()
    segment.SetName(name)
    segment.SetLabelValue(value)
    if terminology:
        segment.SetTag(segment.GetTerminologyEntryTagName(), terminology)
    return segment


def terminology_of(snomed_code: str) -> str:
    return f"Any context~SCT^123037004^Anatomical Structure~SCT^{snomed_code}^Any name~^^~Any~^^~^^"


@pytest.mark.parametrize("name", ["left ventricle", "Left Ventricle", " LEFT VENTRICLE "])
def test_a_name_tells_the_structure_in_any_case(name):
    assert code_of(named(name)) == 1


@pytest.mark.parametrize("known", STRUCTURES, ids=lambda s: s.name)
def test_a_terminology_tells_the_structure_whatever_the_name(known):
    assert code_of(named("Segment_1", terminology_of(known.snomed_code))) == known.camus_code


def test_the_terminology_wins_over_the_name():
    assert code_of(named("left ventricle", terminology_of("82471001"))) == 3
    assert code_of(named("left ventricle", terminology_of("53085002"))) is None


def test_a_terminology_that_names_no_structure_leaves_it_to_the_name():
    assert code_of(named("myocardium", TISSUE)) == 2
    assert code_of(named("Segment_1", TISSUE)) is None


@pytest.mark.parametrize("nonsense", ["~", "a~b~c", "~~SCT^82471001", "~~LOINC^82471001^x~~~~"])
def test_a_broken_terminology_tells_nothing(nonsense):
    assert code_of(named("Segment_1", nonsense)) is None


def test_label_values_tell_nothing():
    assert [code_of(named("Segment_1", value=value)) for value in (1, 2, 3)] == [None] * 3


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_dressed_segment_has_name_color_and_terminology_of_its_structure(code):
    segment = slicer.vtkSegment()
    dress(segment, code)
    known = structure(segment.GetName())
    assert known.camus_code == code
    assert [round(255 * value) for value in segment.GetColor()] == list(known.color)
    segment.SetName("renamed")
    assert code_of(segment) == code


@pytest.mark.parametrize("code", [1, 2, 3])
def test_slicer_reads_the_terminology_of_a_dressed_segment(code):
    segment, entry = slicer.vtkSegment(), slicer.vtkSlicerTerminologyEntry()
    dress(segment, code)
    logic = slicer.vtkSlicerTerminologiesModuleLogic
    assert logic.DeserializeTerminologyEntry(segment.GetTerminology(), entry)
    assert entry.GetCategoryObject().GetCodeMeaning() == "Anatomical Structure"
    assert entry.GetTypeObject().GetCodingSchemeDesignator() == "SCT"
    assert entry.GetTypeObject().GetCodeMeaning().lower() == segment.GetName()
    assert entry.GetTypeObject().GetCodeValue() == structure(segment.GetName()).snomed_code

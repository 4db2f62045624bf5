"""What the tests in this folder run on."""

from __future__ import annotations

import importlib.util

import pytest


@pytest.mark.skipif(
    importlib.util.find_spec("slicer") is None,
    reason="The tests of EchoSynthMRML need Slicer's nodes: "
    "pip install --constraint constraints.txt slicer-core vtk (800 MB)",
)
def test_slicers_nodes_are_there_without_slicer():
    import slicer

    assert slicer.vtkMRMLScene().AddNewNodeByClass("vtkMRMLSegmentationNode")
    assert not hasattr(slicer, "app")

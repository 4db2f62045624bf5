"""Results lie where their sources lie, voxel for voxel, whatever the source's orientation, spacing and colors."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import numpy as np
import slicer
import vtk

from drawn_echo import drawn_echo, drawn_heart
from EchoSynthMRML.grid import Grid, same_place
from EchoSynthMRML.label_maps import new_segmentation, read_label_map
from EchoSynthMRML.volumes import add_to_scene
from the_module import open_module

TURNED = np.array([[0.36, 0.48, -0.8, 5], [-0.8, 0.6, 0, -7], [0.48, 0.64, 0.6, 11], [0, 0, 0, 1]], float)


class Places(unittest.TestCase):
    def setUp(self):
        self.logic = open_module().logic
        self.heart = drawn_heart()
        self.picture = drawn_echo(self.heart)

    def test_a_color_png(self):
        writer, image = vtk.vtkPNGWriter(), vtk.vtkImageData()
        rows, columns = self.picture.shape
        image.SetDimensions(columns, rows, 1)
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
        colors = vtk.util.numpy_support.vtk_to_numpy(image.GetPointData().GetScalars())
        # VTK's first row is the lowest.
        colors[:] = self.picture[::-1].reshape(-1, 1)
        path = Path(tempfile.mkdtemp()) / "echo.png"
        writer.SetFileName(str(path))
        writer.SetInputData(image)
        writer.Write()
        volume = slicer.util.loadVolume(str(path), {"singleFile": True})
        assert volume.GetImageData().GetNumberOfScalarComponents() == 3
        self._check(volume)

    def test_a_turned_volume_with_oblong_pixels(self):
        self.heart = drawn_heart(shape=(200, 120))
        self.picture = drawn_echo(self.heart)
        row, column = self.heart.spacing
        assert row / column < 0.8
        matrix = TURNED.copy()
        matrix[:3, :3] = matrix[:3, :3] * [column, row, 1.0]
        self._check(slicer.util.addVolumeFromArray(self.picture[None], ijkToRAS=matrix, name="turned"))

    def _check(self, volume):
        grid = Grid.of_volume(volume)
        assert same_place(read_label_map(self.logic.segment(volume)).grid, grid)
        rows, columns = np.indices(grid.shape)
        board = (1 + (rows // 8 + columns // 8) % 3).astype(np.uint8)
        node = add_to_scene(slicer.mrmlScene, new_segmentation(board, grid, "board"))
        assert np.array_equal(read_label_map(node, volume).codes, board)
        (drawn,) = self.logic.synthesize(node, reference=volume)
        assert same_place(Grid.of_volume(drawn), grid)
        inside = self.heart.sector.mask(grid.shape)
        pixels = slicer.util.arrayFromVolume(drawn)[0]
        assert (pixels[inside] > 0).mean() > 0.9
        assert (pixels[~inside] > 0).mean() < 0.05

"""The frames that a job works on, looked at once: where pixels and tissue lie, and which cine they are of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.errors import InputError
from EchoSynthLib.types import Spacing
from EchoSynthMRML.cines import Cine, cine_of
from EchoSynthMRML.grid import Grid
from EchoSynthMRML.volumes import check_frame, frame_array, tissue_of, trusted_spacing


class FrameStack:
    """Frame volumes of one size, those of a cine or a single one.

    Attributes:
        nodes: the volumes, at least one.
        cine: whose frames they are, all of them; None for single volumes.
        number: of the only frame of a cine that this is; None where it is none.
    """

    def __init__(self, nodes: Sequence[Any], cine: Cine | None = None, number: int | None = None) -> None:
        self.nodes, self.cine, self.number = tuple(nodes), cine, number

    @classmethod
    def of_volume(cls, volume: Any, all_frames: bool = False) -> FrameStack:
        """The frame that a volume shows, or all frames of the cine it belongs to.

        Raises:
            InputError: the volume is no echo frame, or of no cine where all frames are asked for.
        """
        check_frame(volume)
        cine = cine_of(volume)
        if not all_frames:
            return cls([volume], number=None if cine is None else cine.shown)
        if cine is None:
            raise InputError(f"{volume.GetName()} belongs to no sequence; load a cine, or segment the single frame.")
        return cls(list(cine), cine)

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def name(self) -> str:
        """Of the first volume."""
        return str(self.nodes[0].GetName())

    @cached_property
    def grids(self) -> tuple[Grid, ...]:
        """Where the pixels of each frame lie."""
        return tuple(Grid.of_volume(node) for node in self.nodes)

    @cached_property
    def tissue(self) -> tuple[slice, slice]:
        """Rows and columns of the ultrasound in each frame; beside it a scanner draws scales and text."""
        return tissue_of(self.nodes[0])

    @property
    def corner(self) -> tuple[int, int]:
        """(row, column) of the tissue's first pixel."""
        rows, columns = self.tissue
        return rows.start, columns.start

    @cached_property
    def spacing(self) -> Spacing | None:
        """(row, column) mm, or None where they are not known to be real."""
        return trusted_spacing(self.nodes[0])

    def tissues(self) -> Iterator[NDArray]:
        """The tissue of each frame, (h, w) or (h, w, 3) in color, in its own type.

        Raises:
            InputError: a frame cannot be used, or they differ in size or type.
        """
        first = frame_array(self.nodes[0])
        for index, node in enumerate(self.nodes):
            pixels = frame_array(node)
            if (pixels.shape, pixels.dtype) != (first.shape, first.dtype):
                raise InputError(
                    f"Frame {index + 1} is {_kind(pixels)} and the first one {_kind(first)}; all frames of a cine are "
                    "of one kind. Crop or cast them alike, or segment single frames."
                )
            yield pixels[self.tissue]

    def whole(self, found: NDArray) -> NDArray:
        """What was found in the tissue, (h, w) or (T, h, w), in whole frames (T, H, W); beside it there is nothing."""
        whole = np.zeros((len(self), *self.grids[0].shape), found.dtype)
        whole[:, *self.tissue] = found
        return whole

    def whole_displacement(self, found: NDArray[np.floating]) -> NDArray[np.float32]:
        """A displacement (2, h, w) of the tissue in the whole frame (2, H, W); beside it goes on as at its border."""
        rows, columns = self.tissue
        height, width = self.grids[0].shape
        beside = ((0, 0), (rows.start, height - rows.stop), (columns.start, width - columns.stop))
        return np.pad(np.asarray(found, np.float32), beside, mode="edge")


def _kind(pixels: NDArray) -> str:
    rows, columns, *colors = pixels.shape
    return f"{columns} x {rows} {'color' if colors else 'gray'} pixels of {pixels.dtype}"

"""The frame that a beating heart is made of: image and label map of one moment, and which moment of the beat it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthJobs.frames import spacing_parameters
from EchoSynthJobs.track import label_map_of
from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.anatomy.heart3d.volume_curve import Beat
from EchoSynthLib.anatomy.views import FOUR_CHAMBER
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.clip_names import told_by_name
from EchoSynthLib.images.writers.arrays import write_array
from EchoSynthLib.types import Spacing
from EchoSynthMRML.beating import beating_of
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.frame_stack import FrameStack
from EchoSynthMRML.grid import same_place
from EchoSynthMRML.label_maps import LabelMap, read_label_map
from EchoSynthMRML.phases import phases_of
from EchoSynthMRML.provenance import stamps_of
from EchoSynthMRML.study_folder import facts_of
from EchoSynthMRML.volumes import check_frame, frame_array

DIASTOLE, SYSTOLE, AUTO = "ED", "ES", "auto"
_MM3_IN_ML = 1000.0


@dataclass(frozen=True, eq=False)
class StartFrame:
    """One moment of a heart.

    Attributes:
        image: node of the picture, in a sequence or in the scene; None where only a label map is given.
        shown: node of the scene that shows the picture, or its cine.
        label_map: node of the scene that the label map is of.
        read: the label map, on the image's pixels.
        frame: number of the frame of a cine; None where it is of none.
        phase: of the beat: 'ED', 'ES', a number from 0 to 1, or 'auto' where nothing tells.
        edited: whether it is a frame of a made cine whose label map was changed since, so that its picture shows
            another heart.
    """

    image: Any
    shown: Any
    label_map: Any
    read: LabelMap
    frame: int | None = None
    phase: str | float = AUTO
    edited: bool = False

    @classmethod
    def of(cls, image: Any, label_map: Any, frame: int | None = None) -> StartFrame:
        """What an image and its label map show; of a cine the shown frame, or the one of this number.

        A frame of a made cine stands for the frame that the cine was made of, as long as its label map is as it was
        made and that frame is there.

        Raises:
            InputError: one of them cannot be used, or they do not fit.
        """
        if image is None:
            read = _with_a_ventricle(read_label_map(label_map), label_map)
            return cls(None, None, label_map, read, phase=_phase_told(label_map))
        check_frame(image)
        made = beating_of(image)
        if made is not None and frame is None and label_map is made.label_map:
            edited = made.is_edited()
            first_image, first_labels, first_frame = made.source
            if not edited and first_labels is not None:
                return cls.of(first_image, first_labels, first_frame)
            read = _with_a_ventricle(read_label_map(label_map), label_map)
            return cls(image, image, label_map, read, made.cine.shown, made.shown_phase, edited)
        cine = cine_of(image)
        number = None if cine is None else cine.shown if frame is None else frame
        if cine is None or number is None:
            read, node, phase = read_label_map(label_map), image, _phase_told(image)
        else:
            node = image if cine.shown == number else cine.node(number)
            read = label_map_of(label_map, cine, number)
            phase = next((phase for phase, frames in phases_of(cine).items() if number in frames), AUTO)
        if not same_place(read.grid, FrameStack([node]).grids[0]):
            raise InputError(
                f"'{label_map.GetName()}' lies on other pixels than '{image.GetName()}'. Choose the label map of this "
                "image, or none."
            )
        return cls(node, image, label_map, _with_a_ventricle(read, label_map), number, phase)

    @property
    def name(self) -> str:
        """Of what it is a frame of."""
        if self.shown is None:
            return str(self.label_map.GetName())
        cine = cine_of(self.shown)
        return str((self.shown if cine is None else cine.sequence).GetName())

    @property
    def view(self) -> str:
        """'2CH' or '4CH', as label map or image are known to show; the latter where nothing tells."""
        nodes = [node for node in (self.label_map, self.shown) if node is not None]
        told = [stamps_of(self.label_map).get("view"), *(facts_of(node).get("view") for node in nodes)]
        told += [told_by_name(node.GetName()).view for node in nodes]
        return str(next(filter(None, told), FOUR_CHAMBER.name))

    @property
    def spacing(self) -> Spacing | None:
        """(row, column) mm; None where they are not known to be real."""
        if self.image is not None:
            return FrameStack([self.image]).spacing
        return None if self.read.grid.spacing == (1.0, 1.0) else self.read.grid.spacing

    @property
    def tissue(self) -> tuple[slice, slice]:
        """Rows and columns of the ultrasound."""
        return (slice(None), slice(None)) if self.image is None else FrameStack([self.image]).tissue

    def whole(self, found: NDArray) -> NDArray:
        """What was made of the tissue, (T, h, w), in whole frames (T, H, W); beside it there is nothing."""
        whole = np.zeros((len(found), *self.read.grid.shape), found.dtype)
        whole[:, *self.tissue] = found
        return whole

    def write(self, folder: Path, drawn: NDArray[np.uint8] | None = None) -> dict[str, Any]:
        """Writes its tissue for the worker; the task's parameters that tell of it.

        Args:
            folder: of the job.
            drawn: (H, W), in place of its own picture.

        Raises:
            InputError: it has no picture, and none is given.
        """
        if drawn is None and self.image is None:
            raise InputError(f"'{self.name}' has no image; draw one of its label map first.")
        rows, columns = self.tissue
        picture = frame_array(self.image) if drawn is None else drawn
        return {
            "image": write_array(folder / "image.npy", picture[rows, columns]),
            "label_map": write_array(folder / "labels.npy", self.read.codes[rows, columns]),
            **spacing_parameters(self.spacing),
        }

    def volumes(self, percent: float, heart_rate: float, phase: str | float) -> tuple[float, float]:
        """Volumes (EDV, ESV) by discs that an ejection fraction means for this heart, in ml.

        The cavity of the frame holds V = EDV (1 - EF e), where e is the part of the stroke volume that is out of it at
        the frame's phase. Without a pixel size they are in thousands of cubic pixels.

        Args:
            percent: ejection fraction.
            heart_rate: beats per minute.
            phase: of the frame, see `phase`; 'auto' stands for end-diastole.
        """
        beat = Beat.at(heart_rate)
        at = {DIASTOLE: 0.0, AUTO: 0.0, SYSTOLE: beat.aortic_closing}
        emptied = float(beat.emptied(at[phase] if isinstance(phase, str) else phase))
        now = disc_volume(self.read.codes, self.spacing) / _MM3_IN_ML
        full = now / (1 - percent / 100 * emptied)
        return full, full * (1 - percent / 100)


def _phase_told(node: Any) -> str:
    """The phase of a single frame, as a user has set it or its name tells it; 'auto' where nothing does."""
    told = facts_of(node).get("phase") or told_by_name(node.GetName()).phase
    return told if told in (DIASTOLE, SYSTOLE) else AUTO


def _with_a_ventricle(read: LabelMap, node: Any) -> LabelMap:
    if not (read.codes == 1).any() or not (read.codes == 2).any():
        raise InputError(
            f"'{node.GetName()}' has no left ventricle with a wall in the shown frame, and a heart needs both to beat. "
            "Draw them, or segment the image."
        )
    return read

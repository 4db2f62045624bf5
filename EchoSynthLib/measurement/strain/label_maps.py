"""Strain between two label maps of one heart: of their contours' lengths, without any tracking."""

from __future__ import annotations

from numpy.typing import ArrayLike

from EchoSynthLib.anatomy.labels import check_spacing
from EchoSynthLib.measurement.strain.lengths import contour_length
from EchoSynthLib.measurement.strain.wall import Wall
from EchoSynthLib.types import Spacing


def strain_of_label_maps(diastole: ArrayLike, systole: ArrayLike, spacing: Spacing | None = None) -> float:
    """Global longitudinal strain in %, (L_ES - L_ED) / L_ED of the endocardial contour of either label map.

    The contour is the one that `strain` follows, from mitral hinge over apex to mitral hinge, so that what was tracked
    can be compared with what was drawn in both frames. Nothing is known of where a segment went.

    Args:
        diastole, systole: (H, W) in CAMUS codes, of one size of pixels, whatever they cover.
        spacing: (row, column) pixel size in mm; of pixels that are not square at least their ratio is needed.

    Raises:
        InputError: see `endocardium_of_mask`, and of the spacing `check_spacing`.
    """
    spacing = check_spacing(spacing)
    then, now = (contour_length(Wall.of(labels, spacing).endocardium, spacing) for labels in (diastole, systole))
    return 100 * (now / then - 1)

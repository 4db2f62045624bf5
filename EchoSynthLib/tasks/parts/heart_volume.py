"""A reconstructed heart as a label volume that any viewer lays where hearts lie in a patient."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])


def write_heart(path: Path, labels: NDArray[np.uint8], affine_ras_mm: Sequence[Sequence[float]]) -> None:
    """Write labels (D, H, W), `reconstruction.volume.VoxelCode`; the suffix chooses the format.

    Args:
        path: of the file.
        labels: codes.
        affine_ras_mm: (4, 4), index (d, h, w, 1) to RAS in mm.
    """
    matrix = np.array(affine_ras_mm)
    # ITK counts the last axis of an array first, and its patient looks the other way along the first two axes.
    axes = _RAS_TO_LPS @ matrix[:3, 2::-1]
    spacing = np.linalg.norm(axes, axis=0)
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((axes / spacing).ravel().tolist())
    image.SetOrigin((_RAS_TO_LPS @ matrix[:3, 3]).tolist())
    sitk.WriteImage(image, str(path), useCompression=True)

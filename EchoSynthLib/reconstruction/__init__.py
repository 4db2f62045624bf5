"""Views of one heart to the heart: one folder for each system of the kind `reconstruction`, and what they share.

Label maps of standard views go in; voxels in the axes of the left ventricle, where each picture lies among them, and
volumes come out.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from EchoSynthLib.anatomy.labels import check_label_map, check_spacing
from EchoSynthLib.anatomy.views import view_of
from EchoSynthLib.errors import InputError
from EchoSynthLib.reconstruction.results import Reconstruction, summary
from EchoSynthLib.records import new_record
from EchoSynthLib.systems import find_model, load_pipeline
from EchoSynthLib.types import LabelMap, Progress, Record, Spacing


class Reconstructor(Protocol):
    """A pipeline of the kind `reconstruction`; calls may run side by side."""

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views that it takes; the first two are needed."""

    def __call__(self, label_maps: Mapping[str, LabelMap], spacing: Mapping[str, Spacing]) -> Reconstruction:
        """The heart of these pictures.

        Args:
            label_maps: (H, W) in CAMUS codes, by name of the view.
            spacing: (row, column) in mm, by name of the view.
        """
        ...


def reconstruct(
    label_maps: Mapping[str, ArrayLike],
    spacing: Spacing | Mapping[str, Spacing],
    *,
    model: str,
    progress: Progress | None = None,
) -> tuple[NDArray[np.uint8], Record]:
    """Find the heart that label maps of standard views at one moment of the beat show.

    Args:
        label_maps: (H, W) in CAMUS codes, by view: {"4CH": ..., "2CH": ...}.
        spacing: (row, column) in mm, of all, or of each by view. A heart has a size, so it has to be known.
        model: name of the model folder.
        progress: called when done.

    Returns:
        labels (D, H, W) uint8, `volume.VoxelCode`; and the record, with the affine from index to mm, volumes of the
        chambers in ml, the plane of each picture, how well each agrees with the heart, and `trust`, the worst of these
        agreements: 1 where the heart is what every picture shows.

    Raises:
        InputError: a view that is not known, one that is needed and missing, or a label map or spacing that cannot be
            used.
        ModelError: the model is missing or damaged.
    """
    started = time.perf_counter()
    folder = find_model(model, "reconstruction", "Reconstructing")
    reconstructor: Reconstructor = load_pipeline(folder)
    maps, steps = check_views(label_maps, spacing, reconstructor.views)
    heart = reconstructor(maps, steps)
    if progress is not None:
        progress(1, 1, "reconstructing")
    record = new_record("reconstruct", model=folder, started=started)
    return heart.labels, record | summary(heart, maps, steps)


def check_views(
    label_maps: Mapping[str, ArrayLike], spacing: Spacing | Mapping[str, Spacing], taken: tuple[str, ...]
) -> tuple[dict[str, LabelMap], dict[str, Spacing]]:
    """Label maps and spacing by the names of `anatomy.views`, in the order of `taken`.

    Raises:
        InputError: see `reconstruct`.
    """
    named = {view_of(view).name: check_label_map(label_map) for view, label_map in label_maps.items()}
    if len(named) < len(label_maps):
        raise InputError(f"A view was given twice, by two of its names: {', '.join(label_maps)}; give each once.")
    missing, unknown = [view for view in taken[:2] if view not in named], [view for view in named if view not in taken]
    if missing or unknown:
        raise InputError(
            f"This model takes the views {', '.join(taken)}, the first two of them at least; given were "
            f"{', '.join(named) or 'none'}."
        )
    steps = {view_of(view).name: step for view, step in spacing.items()} if isinstance(spacing, Mapping) else {}
    kept: dict[str, Spacing] = {}
    for view in named:
        step = steps.get(view) if isinstance(spacing, Mapping) else spacing
        if step is None:
            raise InputError(
                f"A heart is reconstructed in millimeters, so the pixel size of each view is needed; that of {view} "
                "is missing. Give spacing as (row, column) in mm, of all views or by view."
            )
        check_spacing(step)
        kept[view] = (float(step[0]), float(step[1]))
    order = [view for view in taken if view in named]
    return {view: named[view] for view in order}, {view: kept[view] for view in order}

"""Views of one heart to the heart: one folder for each system of the kind `reconstruction`, and what they share.

Label maps of standard views go in; voxels in the axes of the left ventricle, where each picture lies among them, and
volumes come out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from numpy.typing import ArrayLike

from EchoSynthLib.anatomy.labels import check_spacing
from EchoSynthLib.anatomy.structures import AORTA, RIGHT_ATRIUM, RIGHT_VENTRICLE
from EchoSynthLib.anatomy.views import view_of
from EchoSynthLib.errors import InputError
from EchoSynthLib.reconstruction.picture import OwnAxes
from EchoSynthLib.reconstruction.results import Reconstruction
from EchoSynthLib.systems import find_model, load_pipeline
from EchoSynthLib.types import LabelMap, Spacing
from EchoSynthLib.zoo import ModelFolder

PRIOR_ONLY = (RIGHT_VENTRICLE.name, RIGHT_ATRIUM.name, AORTA.name)
"""What label maps of CAMUS do not mark: in every heart it is what hearts with such a left heart mostly have."""


PLANE_ANGLE = (30.0, 120.0)
"""Degrees between the four- and the two-chamber view that may be asked for."""


class Reconstructor(Protocol):
    """A pipeline of the kind `reconstruction`; calls may run side by side."""

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views that it takes; the first two are needed."""

    def __call__(
        self,
        label_maps: Mapping[str, LabelMap],
        spacing: Mapping[str, Spacing],
        plane_angle: float | None = None,
        axes: Mapping[str, OwnAxes] | None = None,
    ) -> Reconstruction:
        """The heart of these pictures.

        Args:
            label_maps: (H, W) in CAMUS codes, by name of the view.
            spacing: (row, column) in mm, by name of the view.
            plane_angle: degrees between the four- and the two-chamber view, where it is known; None as views stand.
            axes: by view, where somebody told where the long axis lies; None takes those of the label maps.

        Raises:
            InputError: an angle is given, and the model cannot be told.
        """
        ...


def reconstructor_of(model: str) -> tuple[ModelFolder, Reconstructor]:
    """A model of this kind by its name, and its pipeline.

    Raises:
        InputError: the model is of another kind.
        ModelError: the model is missing or damaged.
    """
    folder = find_model(model, "reconstruction", "Reconstructing")
    return folder, load_pipeline(folder)


def check_views(
    pictures: Mapping[str, ArrayLike], spacing: Spacing | Mapping[str, Spacing], taken: tuple[str, ...]
) -> tuple[dict[str, ArrayLike], dict[str, Spacing]]:
    """Pictures and spacing by the names of `anatomy.views`, in the order of `taken`.

    Raises:
        InputError: no mapping of views, one that is not known, given twice, or missing among the first two; or a
            spacing that is missing or none.
    """
    if not isinstance(pictures, Mapping):
        raise InputError(
            f"Views are given by their names, such as {{'4CH': ..., '2CH': ...}}; given was {type(pictures).__name__}."
        )
    named = {view_of(view).name: picture for view, picture in pictures.items()}
    if len(named) < len(pictures):
        raise InputError(f"A view was given twice, by two of its names: {', '.join(pictures)}; give each once.")
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

"""Hearts of a cohort as they are seen: the label maps of their views at each moment, beside what they are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.cut import Cut
from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.reconstruction.picture import APICAL
from EchoSynthLib.types import LabelMap, Spacing


@dataclass(frozen=True, eq=False)
class DrawnMoment:
    """A drawn heart at one phase of its beat.

    Attributes:
        heart: what is seen.
        phase: of its beat.
        cuts: by view: where each picture lies.
        label_maps: (H, W) in CAMUS codes, by view; as an observer traced them, or as the heart is.
    """

    heart: Heart
    phase: float
    cuts: Mapping[str, Cut]
    label_maps: Mapping[str, LabelMap]

    @property
    def spacing(self) -> dict[str, Spacing]:
        """(row, column) in mm, by view."""
        return {view: self.cuts[view].spacing for view in self.label_maps}


def drawn_moments(
    cohort: Cohort,
    index: int,
    views: Sequence[str],
    traced: Collection[int] = (),
    needed: Collection[str] | None = None,
) -> Iterator[DrawnMoment]:
    """A heart of a cohort at all phases of its frames.

    A hand may miss the cavity of a small heart at end-systole, and nobody would take that for an apical view: where it
    is needed, the moment is left out, else the view.

    Args:
        cohort: the hearts, and how well they are looked at.
        index: number of the heart.
        views: names of those that are cut.
        traced: numbers of the moments whose apical views are as an observer would trace them.
        needed: views without which there is no moment; None are all.
    """
    heart = cohort.heart(index)
    cuts = {view: cohort.cuts(index, view) for view in views}
    for moment, phase in enumerate(cohort.phases(heart)):
        frames = {view: of_view[moment] for view, of_view in cuts.items()}
        maps = {
            view: frame.traced(cohort.tracing(index, view)) if view in APICAL and moment in traced else frame.label_map
            for view, frame in frames.items()
        }
        shown = {v: m for v, m in maps.items() if v not in APICAL or (m == CamusCode.LV_CAVITY).any()}
        if set(views if needed is None else needed) <= set(shown):
            yield DrawnMoment(heart, phase, {view: frames[view] for view in shown}, shown)

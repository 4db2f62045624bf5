"""Whether an ejection fraction can be one: of a size that hearts have, from enough frames, all of one view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from EchoSynthLib.measurement.frame import FrameMeasures
from EchoSynthLib.measurement.reliability.traffic_light import Finding

EJECTION = (0.10, 0.85)
"""Of the volume. A convention: CAMUS' patients lie between, and what is outside is rather two frames of one phase, or
frames that do not belong together, than a heart."""
FEWEST_FRAMES = 5
"""Of a cine. A convention: at the usual 25 frames a second and more, a beat has 15 or more."""

_BY_VOLUME = ("EF, discs", "EF, area-length", "EF, biplane discs")


def fraction_findings(ratios: Mapping[str, float], where: str) -> list[Finding]:
    """What an ejection fraction says that hardly any heart has.

    Args:
        ratios: by name, as in the table, each 0 to 1; the first of an ejection fraction is judged.
        where: the view, or 'the cine'.
    """
    value = next((ratios[name] for name in _BY_VOLUME if name in ratios), None)
    low, high = EJECTION
    if value is None or low <= value <= high:
        return []
    reason = (
        f"{where}: an ejection fraction of {100 * value:.0f} % is hardly a heart's (usual are {100 * low:.0f} to "
        f"{100 * high:.0f} %); are the two frames ED and ES of one view?"
    )
    return [Finding("yellow", reason, "LV")]


def cine_findings(frames: Sequence[FrameMeasures], ends: Sequence[FrameMeasures]) -> list[Finding]:
    """What speaks against frames being those of a beat in one view: there are few, or a model sees two views.

    Args:
        frames: all of the cine.
        ends: of its beats, in which models look for the view.
    """
    shown = [frame for frame in frames if frame.labels.any()]
    found = []
    if len(shown) < FEWEST_FRAMES:
        reason = (
            f"{len(shown)} frames are few for a beat: end-diastole and end-systole may lie between them (from "
            f"{FEWEST_FRAMES} on they are taken for a cine)"
        )
        found.append(Finding("yellow", reason))
    seen = {frame.seen_view: frame.number for frame in ends if frame.seen_view is not None}
    if len(seen) > 1:
        each = ", ".join(f"{view} in frame {number}" for view, number in seen.items())
        found.append(Finding("yellow", f"a model sees different views ({each}); are these the frames of one cine?"))
    return found

"""End-diastole and end-systole of a cine, as they were found in it; kept by its sequence, and saved with the scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from EchoSynthMRML.cines import Cine

PHASES = ("ED", "ES")
_PREFIX = "EchoSynth."


def stamp_phases(cine: Cine, frames: Mapping[str, Sequence[int]]) -> None:
    """Keeps the frames of the phases, numbered from 0, of each beat: {'ED': [0, 18], 'ES': [8]}; none forgets them."""
    for phase in PHASES:
        text = " ".join(map(str, sorted(set(frames.get(phase, ())))))
        # Unchanged, it is no change of the cine.
        if (cine.sequence.GetAttribute(_PREFIX + phase) or "") != text:
            cine.sequence.SetAttribute(_PREFIX + phase, text or None)


def phases_of(cine: Cine) -> dict[str, list[int]]:
    """The frames of each phase that were found, in their order; an empty list where none is known."""
    texts = {phase: cine.sequence.GetAttribute(_PREFIX + phase) or "" for phase in PHASES}
    return {phase: [int(word) for word in text.split() if int(word) < len(cine)] for phase, text in texts.items()}

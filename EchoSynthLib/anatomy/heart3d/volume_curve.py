"""How full the chambers are through a beat: systolic time intervals from the heart rate, filling in two waves.

Phase 0 is end-diastole, where the mitral valve closes. Ejection time follows Weissler et al. (Circulation 37:149-159,
1968): LVET = 413 - 1.7 HR ms and PEP = 131 - 0.4 HR ms, as they found in men, of which some 50 ms pass before the
mitral valve closes (chosen). Isovolumic relaxation, E wave and atrial kick last as in healthy adults of 41 to 60 years
(Nagueh et al., Eur J Echocardiogr 10:165-193, 2009: relaxation 74 +- 7 ms, deceleration of the E wave 181 +- 19 ms, to
which its rise comes, A wave 133 +- 13 ms); diastasis is what is left, and where nothing is left, the waves share the
time. Failing hearts eject for a shorter time than healthy ones of the same rate (Weissler et al.); here they do not.
How much of the volume passes in each wave was chosen, with an E wave of more than three times the kick.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_ELECTROMECHANICAL_MS = 50.0
_RELAXATION_MS = 75.0
_E_WAVE_MS = 250.0
_KICK_MS = 140.0
_SHARE_OF_KICK = 0.22  # of the stroke volume
_SHARE_OF_DIASTASIS = 0.06
_ATRIAL_SHARE_OF_KICK = 0.42  # of what the atrium empties


@dataclass(frozen=True)
class Beat:
    """Phases in [0, 1) at which something begins or ends.

    Attributes:
        aortic_opening, aortic_closing: of ejection; the closing is end-systole.
        mitral_opening: end of isovolumic relaxation.
        early_end: end of the E wave.
        kick: begin of atrial contraction, which ends with the beat.
    """

    aortic_opening: float
    aortic_closing: float
    mitral_opening: float
    early_end: float
    kick: float

    @classmethod
    def at(cls, heart_rate: float) -> Beat:
        """The beat at this rate (1/min)."""
        cycle = 60_000 / heart_rate
        opening = max(131 - 0.4 * heart_rate - _ELECTROMECHANICAL_MS, 20.0)
        closing = opening + max(413 - 1.7 * heart_rate, 120.0)
        scale = min(1.0, 0.95 * (cycle - closing) / (_RELAXATION_MS + _E_WAVE_MS + _KICK_MS))
        filling = closing + scale * _RELAXATION_MS
        times = np.array([opening, closing, filling, filling + scale * _E_WAVE_MS, cycle - scale * _KICK_MS]) / cycle
        return cls(*times.tolist())

    def emptied(self, phase: ArrayLike) -> NDArray[np.float64]:
        """Part of the stroke volume that is out of the ventricles, 0 at end-diastole and 1 at end-systole."""
        t = np.asarray(phase, dtype=np.float64) % 1.0
        early = 1 - _SHARE_OF_KICK - _SHARE_OF_DIASTASIS
        return (
            _wave(t, self.aortic_opening, self.aortic_closing, 0.85)
            - early * _wave(t, self.mitral_opening, self.early_end, 0.8)
            - _SHARE_OF_DIASTASIS * _wave(t, self.early_end - 0.05, self.kick + 0.03)
            - _SHARE_OF_KICK * _wave(t, self.kick, 1.0)
        )

    def filled(self, phase: ArrayLike) -> NDArray[np.float64]:
        """Part of their emptying volume that is in the atria, 1 as the mitral valve opens and 0 at end-diastole."""
        t = np.asarray(phase, dtype=np.float64) % 1.0
        return (
            _wave(t, 0.0, self.mitral_opening, 0.9)
            - (1 - _ATRIAL_SHARE_OF_KICK) * _wave(t, self.mitral_opening, self.early_end, 0.8)
            - _ATRIAL_SHARE_OF_KICK * _wave(t, self.kick, 1.0)
        )

    def mitral_open(self, phase: ArrayLike) -> NDArray[np.float64]:
        """How far the mitral and tricuspid valves are open, 0 to 1: wide in both waves, half closed between them."""
        t = np.asarray(phase, dtype=np.float64) % 1.0
        quick = 0.25 * (self.early_end - self.mitral_opening)
        opening = _wave(t, self.mitral_opening, self.mitral_opening + quick)
        drift = _wave(t, self.mitral_opening + 2 * quick, self.early_end) - _wave(t, self.kick - 0.02, self.kick + 0.06)
        return opening - 0.6 * np.maximum(drift, 0.0) - _wave(t, 0.975, 1.0) * (opening - 0.6 * np.maximum(drift, 0.0))

    def aortic_open(self, phase: ArrayLike) -> NDArray[np.float64]:
        """How far the aortic valve is open, 0 to 1."""
        t = np.asarray(phase, dtype=np.float64) % 1.0
        quick = 0.12 * (self.aortic_closing - self.aortic_opening)
        return _wave(t, self.aortic_opening, self.aortic_opening + quick) - _wave(
            t, self.aortic_closing - quick, self.aortic_closing
        )


def _wave(t: NDArray[np.float64], start: float, end: float, early: float = 1.0) -> NDArray[np.float64]:
    """0 until the start, 1 from the end on, smooth between; the smaller `early`, the sooner its steepest part."""
    x = np.clip((t - start) / (end - start), 0.0, 1.0) ** early
    return x * x * (3 - 2 * x)

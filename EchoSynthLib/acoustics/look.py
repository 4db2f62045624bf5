"""How a patient and a machine make the same plane look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from EchoSynthLib.anatomy.heart3d.probe import Machine

APERTURE_MM = 16.0
"""Width of an adult cardiac phased array; those in use measure some 15 to 25 mm."""
SPEED_OF_SOUND = 1.54
"""mm per microsecond in soft tissue, as every scanner takes it."""


@dataclass(frozen=True)
class Look:
    """What an image depends on beside anatomy and speckle. Levels are in dB; ranges are chosen, such that they look
    like routine echocardiograms, unless a source is named.

    Attributes:
        frequency_mhz: of the probe.
        gain_db: brightness, about the usual one.
        blood_db: mean echo of blood, with what clutter is in it, below that of muscle.
        pericardium_db, valve_db, soft_db, fat_db, lung_db: mean echo over that of muscle.
        unevenness_db: by which muscle differs from place to place.
        specular_db: most that an interface square to the beam gains.
        anisotropy_db: most that a wall along the beam loses; muscle scatters back least along its fibers, by 14.5 dB in
            fixed human myocardium (Hoffmeister et al., J Acoust Soc Am 97:1307-1313, 1995).
        outside_fade_db: by which tissue around the heart is weaker at the bottom of the picture.
        loss_db: left of attenuation at the bottom of the picture, once time-gain compensation has made up for most.
        sides_db: by which the outermost beams are weaker.
        rib_db: depth of the shadows of ribs.
        rib_left, rib_right: how far each reaches into the sector, as a part of its width; 0 for no rib.
        clutter_db: of the near field's reverberations, over muscle.
        clutter_mm: depth over which they fade.
        haze_db: of reverberation and aberration, which fill the cavities; over what is around.
        side_lobes_db: of what is heard beside the beam.
        noise_db: of the electronics at the bottom.
        compounding: from 0 (full speckle) to 1 (none).
        dynamic_range_db: between black and white.
        gamma: of the gray map.
    """

    frequency_mhz: float = 2.5
    gain_db: float = 0.0
    blood_db: float = -30.0
    pericardium_db: float = 10.0
    valve_db: float = 5.0
    soft_db: float = -8.0
    fat_db: float = -2.0
    lung_db: float = 8.0
    unevenness_db: float = 5.0
    specular_db: float = 9.0
    anisotropy_db: float = 12.0
    outside_fade_db: float = 6.0
    loss_db: float = 5.0
    sides_db: float = 4.0
    rib_db: float = 0.0
    rib_left: float = 0.0
    rib_right: float = 0.0
    clutter_db: float = -6.0
    clutter_mm: float = 9.0
    haze_db: float = -22.0
    side_lobes_db: float = -26.0
    noise_db: float = -42.0
    compounding: float = 0.4
    dynamic_range_db: float = 56.0
    gamma: float = 1.2

    @classmethod
    def drawn(cls, generator: np.random.Generator, machine: Machine | None = None, spread: float = 1.0) -> Look:
        """One patient on one machine; frequency and gain are those of the machine, where one is given.

        With a `spread` of 2 all ranges are twice as wide, so that pictures differ more than those of any laboratory.
        """
        machine = machine or Machine.drawn(generator)
        low, high = np.array(list(_RANGES.values())).T
        if spread != 1.0:
            wider = (spread - 1) / 2 * (high - low)
            lowest, highest = np.array([_LIMITS.get(name, (-np.inf, np.inf)) for name in _RANGES]).T
            low, high = np.clip(low - wider, lowest, highest), np.clip(high + wider, lowest, highest)
        values = dict(zip(_RANGES, generator.uniform(low, high).tolist(), strict=True))
        # A third of the pictures has a rib at one side, a tenth at both.
        for side, chance in zip(("rib_left", "rib_right"), generator.random(2), strict=True):
            values[side] = values[side] if chance < _SHARE_OF_RIBS else 0.0
        return cls(frequency_mhz=machine.frequency_mhz, gain_db=machine.gain_db, **values)

    @property
    def beam_width(self) -> float:
        """Standard deviation of the beam in radians.

        The main lobe of an aperture D is some lambda / D wide (full width at half maximum), there and back sqrt(2)
        narrower (Szabo, Diagnostic Ultrasound Imaging, 2nd ed., 2014, chapter 6).
        """
        return SPEED_OF_SOUND / self.frequency_mhz / APERTURE_MM / np.sqrt(2) / 2.355

    @property
    def pulse_mm(self) -> float:
        """Standard deviation of a pulse of three periods in depth, there and back."""
        return 3 * SPEED_OF_SOUND / self.frequency_mhz / 2 / 2.355


_SHARE_OF_RIBS = 0.25
_RANGES = {
    "blood_db": (-38, -22),
    "pericardium_db": (5, 14),
    "valve_db": (0, 9),
    "soft_db": (-12, -1),
    "fat_db": (-6, 2),
    "lung_db": (4, 12),
    "unevenness_db": (3, 8),
    "specular_db": (5, 13),
    "anisotropy_db": (6, 20),
    "outside_fade_db": (-2, 14),
    "loss_db": (-2, 10),
    "sides_db": (0, 9),
    "rib_db": (10, 28),
    "rib_left": (0.05, 0.25),
    "rib_right": (0.05, 0.25),
    "clutter_db": (-16, 2),
    "clutter_mm": (4, 14),
    "haze_db": (-28, -13),
    "side_lobes_db": (-34, -20),
    "noise_db": (-48, -30),
    "compounding": (0.1, 0.6),
    "dynamic_range_db": (48, 67),
    "gamma": (0.9, 1.5),
}
_LIMITS = {
    "rib_left": (0.02, 0.45),
    "rib_right": (0.02, 0.45),
    "clutter_mm": (2, 40),
    "compounding": (0, 0.9),
    "dynamic_range_db": (30, 90),
    "gamma": (0.6, 2.5),
    "specular_db": (0, 25),
    "anisotropy_db": (0, 30),
    "unevenness_db": (0, 14),
}
"""That wider ranges keep to."""

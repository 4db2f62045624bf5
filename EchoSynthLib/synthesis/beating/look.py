"""What drawing rests on besides the frame: how speckle ages, and how systole looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from EchoSynthLib.errors import ModelError
from EchoSynthLib.synthesis.beating.aging import Aging

TYPICAL_EJECTION = 0.5
"""Part of its volume that leaves the ventricle where `Look.systole` holds."""

# Fitted to three real cines by `Testing/benchmarks/beating_aging.py`: what lasts of a wall is structure.
_TISSUE = Aging(time_ms=40.0, lasting=0.0)
_BLOOD = Aging(time_ms=8.0, lasting=0.1)
_FINE = Aging(time_ms=25.0, lasting=0.0)


@dataclass(frozen=True)
class Look:
    """How speckle ages is as real cines show it, and systole as the frames of CAMUS' training patients; config.json may
    tell others.

    Attributes:
        tissue, blood: aging of the speckle that the beams resolve.
        fine: aging of what is finer than that.
        systole: part of its gray level by which what has each CAMUS code, 0 to 3, is brighter at end-systole than the
            same tissue at end-diastole, where the ventricle loses half of its volume.
        clearing: part of the way by which an atrium that is brighter than the ventricle's blood comes to be like that
            as it fills with blood.
    """

    tissue: Aging = _TISSUE
    blood: Aging = _BLOOD
    fine: Aging = _FINE
    systole: tuple[float, float, float, float] = (-0.08, 0.04, 0.0, 0.0)
    clearing: float = 0.8

    def to_config(self) -> dict[str, Any]:
        """What `from_config` reads."""
        agings = {name: getattr(self, name) for name in ("tissue", "blood", "fine")}
        told: dict[str, Any] = {name: [one.time_ms, one.lasting] for name, one in agings.items()}
        return told | {"systole": [round(one, 4) for one in self.systole], "clearing": round(self.clearing, 3)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Look:
        """The look that a model's config.json has; the default where it has none.

        Raises:
            ModelError: its field `look` is none.
        """
        told = config.get("look")
        if told is None:
            return cls()
        try:
            tissue, blood, fine = (Aging(*map(float, told[name])) for name in ("tissue", "blood", "fine"))
            background, cavity, wall, atrium = map(float, told["systole"])
            return cls(tissue, blood, fine, (background, cavity, wall, atrium), float(told["clearing"]))
        except (TypeError, ValueError, KeyError) as error:
            raise ModelError(
                f"config.json of the model has a field `look` that nothing can be made of ({error}); get it anew."
            ) from error

"""What a reconstructed heart holds, beside biplane discs, and how sure it is; what is not right about its phases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from EchoSynthLib.anatomy.structures import LEFT_ATRIUM, LEFT_VENTRICLE, RIGHT_ATRIUM, RIGHT_VENTRICLE
from EchoSynthLib.measurement.chambers import ejected
from EchoSynthLib.measurement.reliability.traffic_light import Light, worst
from EchoSynthLib.reconstruction.ejection import ejection_interval

Records = Mapping[str, Mapping[str, Any]]
"""By phase, 'ED' and 'ES', as the task `reconstruct` writes them."""

CHAMBERS = {
    LEFT_VENTRICLE.name: "LV",
    LEFT_ATRIUM.name: "LA",
    RIGHT_VENTRICLE.name: "RV",
    RIGHT_ATRIUM.name: "RA",
}


@dataclass(frozen=True)
class Number:
    """A number of a heart.

    Attributes:
        name: 'EDV' ...
        value: in 3D; of fractions percent, of volumes ml.
        unit: of it.
        interval: (low, high) that nine hearts of ten lie within; None where it is not told.
        discs: by biplane discs; None where that is no measure of it.
        seen: whether pictures show the chamber.
    """

    name: str
    value: float
    unit: str = "ml"
    interval: tuple[float, float] | None = None
    discs: float | None = None
    seen: bool = True

    @property
    def shown_interval(self) -> str:
        """'98 to 124'; '' where there is none."""
        return "" if self.interval is None else f"{self.interval[0]:.0f} to {self.interval[1]:.0f}"


def numbers_of(records: Records) -> list[Number]:
    """The left ventricle's first, then the other chambers', each at the phases that there are."""
    found = []
    for name, short in CHAMBERS.items():
        for phase, record in records.items():
            if name not in record["volumes_ml"]:
                continue
            is_lv = name == LEFT_VENTRICLE.name
            called = {"ED": "EDV", "ES": "ESV"}[phase] if is_lv else f"{short} at {phase}"
            interval = record["intervals_ml"].get(name)
            found.append(
                Number(
                    called,
                    record["volumes_ml"][name],
                    interval=None if interval is None else (interval[0], interval[1]),
                    discs=record["biplane_discs_ml"] if is_lv else None,
                    seen=name not in record["prior_only"],
                )
            )
        if name == LEFT_VENTRICLE.name and _is_beat(records):
            found.append(_ejection_fraction(records))
    return found


def table_rows(records: Records) -> list[tuple[str, ...]]:
    """Texts of the table: measurement, in 3D, interval, by discs, unit, what it rests on."""
    return [
        (
            number.name,
            f"{number.value:.1f}",
            number.shown_interval,
            "" if number.discs is None else f"{number.discs:.1f}",
            number.unit,
            "pictures" if number.seen else "prior only: no picture shows it",
        )
        for number in numbers_of(records)
    ]


def light_of_heart(records: Records) -> Light:
    """The worst light of the phases, each reason told once, with its phase where it is one's alone."""
    lights = {
        phase: Light(record["light"]["color"], tuple(record["light"]["reasons"])) for phase, record in records.items()
    }
    color = worst(lights.values()).color
    reasons: dict[str, list[str]] = {}
    for phase, light in lights.items():
        for reason in light.reasons if light.color == color or light.color != "green" else ():
            reasons.setdefault(reason, []).append(phase)
    told = [
        reason if len(phases) == len(lights) else f"{', '.join(phases)}: {reason}" for reason, phases in reasons.items()
    ]
    if _is_beat(records) and not records["ES"]["volumes_ml"][_LV] < records["ED"]["volumes_ml"][_LV]:
        return Light("red", ("the heart at ES is larger than at ED; exchanged?", *told))
    return Light(color, tuple(told))


_LV = LEFT_VENTRICLE.name


def _is_beat(records: Records) -> bool:
    return {"ED", "ES"} <= set(records)


def _ejection_fraction(records: Records) -> Number:
    full, empty = (records[phase]["volumes_ml"][_LV] for phase in ("ED", "ES"))
    discs: Sequence[float] = [records[phase]["biplane_discs_ml"] for phase in ("ED", "ES")]
    intervals = [records[phase]["intervals_ml"].get(_LV) for phase in ("ED", "ES")]
    return Number(
        "EF",
        100 * ejected(full, empty),
        "%",
        ejection_interval(*intervals) if all(intervals) else None,
        100 * ejected(*discs),
    )

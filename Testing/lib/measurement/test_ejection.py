"""Ejection fractions that are none: two frames of one phase, frames of two views, too few for a beat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from EchoSynthLib.anatomy import parametric_heart
from EchoSynthLib.measurement import FrameMeasures, measure_frame, study_of_views
from EchoSynthLib.measurement.reliability.ejection import FEWEST_FRAMES, fraction_findings
from EchoSynthLib.measurement.study import study_of_cine

SHAPE = (128, 160)
BEAT = [
    measure_frame(heart.label_map, heart.spacing, number=number)
    for number, phase in enumerate((0.0, 0.25, 0.6, 1.0, 0.6, 0.2))
    for heart in [parametric_heart("4CH", phase, shape=SHAPE)]
]


def of_cine(frames: list[FrameMeasures]) -> tuple[str, str]:
    study = study_of_cine(frames)
    return study.lights["cine"].color, "; ".join(study.lights["cine"].reasons)


def test_a_beat_of_one_view_is_green() -> None:
    assert of_cine(BEAT)[0] == "green"


def test_one_frame_for_both_phases_is_no_ejection_fraction_of_a_heart() -> None:
    study = study_of_views({"4CH": {"ED": BEAT[0], "ES": BEAT[0]}})
    assert study.value("EF, discs", "4CH") == 0
    assert study.lights["4CH"].color == study.structure_lights["LV"].color == "yellow"
    assert "ejection fraction of 0 %" in "; ".join(study.light.reasons)


def test_so_is_the_biplane_one() -> None:
    views = {view: {"ED": BEAT[0], "ES": BEAT[0]} for view in ("2CH", "4CH")}
    assert study_of_views(views).lights["2CH + 4CH"].color == "yellow"


@pytest.mark.parametrize(("value", "told"), [(0.02, True), (0.1, False), (0.6, False), (0.9, True)])
def test_what_hardly_any_heart_ejects_is_told(value: float, told: bool) -> None:
    assert bool(fraction_findings({"EF, discs": value, "FAC": 0.5}, "4CH")) is told


def test_without_an_ejection_fraction_nothing_is_told() -> None:
    assert not fraction_findings({"FAC": 0.0}, "4CH")


def test_a_cine_of_few_frames_is_not_green_and_black_frames_do_not_count() -> None:
    color, reasons = of_cine(BEAT[: FEWEST_FRAMES - 1])
    assert (color, "frames are few for a beat" in reasons) == ("yellow", True)
    black = measure_frame(np.zeros(SHAPE, np.uint8))
    assert "4 frames are few" in of_cine([*BEAT[: FEWEST_FRAMES - 1], black, black])[1]


def test_ends_in_which_a_model_sees_different_views_are_no_cine() -> None:
    mixed = [replace(frame, seen_view="2CH" if frame.number == 3 else "4CH") for frame in BEAT]
    color, reasons = of_cine(mixed)
    assert color == "yellow"
    assert "4CH in frame 0, 2CH in frame 3" in reasons
    assert study_of_cine(mixed).structure_lights["LV"].color == "yellow"
    assert of_cine([replace(frame, seen_view="4CH") for frame in BEAT])[0] == "green"

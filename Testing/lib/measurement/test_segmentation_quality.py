"""The traffic light: never silent about what is wrong, green where nothing is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from EchoSynthLib.anatomy import parametric_heart, random_heart
from EchoSynthLib.anatomy.heart2d.endocardium import endocardium_of_mask
from EchoSynthLib.errors import InputError
from EchoSynthLib.measurement import (
    DEFINITIONS,
    Evidence,
    agreement,
    contour_agreement,
    expected_dice,
    measure_frame,
    study_of_frame,
    study_of_views,
    told_lights,
    with_points,
)
from EchoSynthLib.measurement.reliability.agreement import EXPOSURES, confident_overlap, laid_back, retaken
from EchoSynthLib.measurement.reliability.traffic_light import Finding, light_of, worst

HEART = parametric_heart("4CH")
LABELS = HEART.label_map
SURE = np.full(LABELS.shape, 0.999)


def color(labels: np.ndarray, **given) -> str:
    return measure_frame(labels, HEART.spacing, **given).light.color


def reasons(labels: np.ndarray, **given) -> str:
    return "; ".join(measure_frame(labels, HEART.spacing, **given).light.reasons)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["2CH", "4CH"]), st.floats(0, 1))
@pytest.mark.slow
def test_hearts_are_green(seed, view, phase) -> None:
    heart = random_heart(seed, view, phase)
    light = measure_frame(heart.label_map, heart.spacing).light
    assert light.color == "green", light.reasons


def test_a_green_light_says_what_it_rests_on() -> None:
    assert "by its shape" in reasons(LABELS)
    assert "segmenter's confidence" in reasons(LABELS, confidence=SURE)


def test_no_ventricle_is_red_and_no_atrium_yellow() -> None:
    assert color(np.where(LABELS == 1, 0, LABELS)) == "red"
    assert color(np.where(LABELS == 3, 0, LABELS)) == "yellow"
    assert "no left atrium" in reasons(np.where(LABELS == 3, 0, LABELS))


def test_nothing_found_is_red() -> None:
    light = measure_frame(np.zeros((64, 64), np.uint8)).light
    assert light.color == "red"
    assert "no left ventricle" in light.reasons[0]


def test_a_second_piece_is_told() -> None:
    labels = LABELS.copy()
    labels[5:12, 5:12] = 3
    assert color(labels) == "yellow"
    assert "left atrium is in 2 pieces" in reasons(labels)


def test_a_hole_in_the_cavity_is_told() -> None:
    labels = LABELS.copy()
    row, column = (int(x) for x in ndimage.center_of_mass(LABELS == 1))
    labels[row - 4 : row + 4, column - 4 : column + 4] = 2
    assert "left ventricle has a hole" in reasons(labels)


def test_a_cavity_outside_its_wall_is_told() -> None:
    labels = LABELS.copy()
    labels[(LABELS == 2) & (np.indices(LABELS.shape)[1] > 112)] = 0
    assert "neither wall nor atrium" in reasons(labels)


def test_an_atrium_that_does_not_adjoin_is_red() -> None:
    labels = np.where(LABELS == 3, 0, LABELS)
    labels[200:220, 90:130] = 3
    assert "does not adjoin" in reasons(labels)
    assert color(labels) == "red"


def test_sizes_are_judged_only_where_millimeters_are_known() -> None:
    tiny = (0.2, 0.2 * HEART.spacing[1] / HEART.spacing[0])
    light = measure_frame(LABELS, tiny).light
    assert any("left ventricle's length is" in reason and "mm" in reason for reason in light.reasons)
    assert measure_frame(LABELS).light.color == "green"


def test_an_unsure_segmenter_turns_the_light_yellow_then_red() -> None:
    border = ndimage.gaussian_filter((ndimage.morphological_gradient(LABELS, 3) > 0).astype(float), 2)
    colors = [color(LABELS, confidence=np.clip(1 - doubt * border / border.max(), 0, 1)) for doubt in (0.1, 0.75, 1.0)]
    assert colors[0] == "green"
    assert "green" not in colors[1:]
    assert color(LABELS, confidence=np.full(LABELS.shape, 0.6)) == "red"
    assert "unsure" in reasons(LABELS, confidence=np.full(LABELS.shape, 0.6))


@settings(max_examples=20, deadline=None)
@given(st.floats(0.3, 1), st.floats(0.3, 1))
def test_less_confidence_never_raises_the_expected_dice(one, other) -> None:
    low, high = sorted((one, other))
    less, more = (expected_dice(LABELS, np.full(LABELS.shape, sure)) for sure in (low, high))
    assert all(less[name] <= more[name] + 1e-9 for name in less)
    assert all(0 <= value <= 1 for value in less.values())


@pytest.mark.parametrize("sure", [0.7, 0.95, 0.999])
def test_the_formula_of_the_expected_dice_gives_its_value(sure) -> None:
    confidence = np.full(LABELS.shape, sure)
    values = measure_frame(LABELS, confidence=confidence).values
    for name, promised in confident_overlap(LABELS, confidence).items():
        formula = DEFINITIONS[f"expected Dice, {name}"].formula.split(", E = ")[0]
        value = eval(formula.replace("^", "**").replace(" (", " * ("), {"exp": np.exp, "E": promised})
        assert values[f"expected Dice, {name}"] == pytest.approx(np.clip(value, 0, 1))


def test_a_segmentation_that_moves_with_the_picture_agrees_with_itself() -> None:
    image = (60 * LABELS).astype(np.uint8)
    steady = lambda picture: LABELS if picture is image else np.zeros_like(LABELS)  # noqa: E731
    assert agreement(image, LABELS, steady) == 0
    following = iter([_moved(exposure) for exposure in EXPOSURES])
    assert agreement(image, LABELS, lambda _: next(following)) > 0.97


def _moved(exposure) -> np.ndarray:
    """The label map as it lies in the picture taken otherwise."""
    middle = (np.array(LABELS.shape) - 1) / 2
    moved = np.array(LABELS.shape) * exposure.moved
    return ndimage.affine_transform(
        LABELS, np.eye(2) / exposure.scale, middle - (middle + moved) / exposure.scale, order=0
    )


def test_an_exposure_and_the_way_back_lie_on_each_other() -> None:
    image = ndimage.gaussian_filter(np.where(LABELS > 0, 200.0, 0.0), 1).astype(np.uint8)
    for exposure in EXPOSURES:
        back = laid_back((retaken(image, exposure) > 100).astype(np.uint8), exposure) > 0
        assert 2 * (back & (image > 100)).sum() / (back.sum() + (image > 100).sum()) > 0.95


def test_a_disagreeing_segmentation_is_not_green() -> None:
    assert color(LABELS, confidence=SURE, agreement=0.99) == "green"
    assert color(LABELS, confidence=SURE, agreement=0.9) == "yellow"


@dataclass
class Drawn:
    """What the contour model may have drawn."""

    curve: np.ndarray
    spread: np.ndarray


def second(moved: tuple[float, float] = (0, 0), spread: float = 1.0) -> Drawn:
    """The heart's own endocardium, elsewhere."""
    return Drawn(endocardium_of_mask(LABELS).curve + np.array(moved), np.full(7, spread))


def test_a_second_contour_around_the_same_cavity_agrees_and_changes_no_measurement() -> None:
    assert contour_agreement(LABELS, second()) > 0.97
    alone, both = (measure_frame(LABELS, confidence=SURE, second_contour=it) for it in (None, second()))
    assert both.light.color == "green"
    assert "the contour model" in both.light.reasons[0]
    added = {"contour agreement", "landmark spread"}
    assert set(both.values) - set(alone.values) == added
    assert all(both.values[name] == value for name, value in alone.values.items())


@settings(max_examples=15, deadline=None)
@given(st.floats(0, 60), st.floats(0, 60))
def test_the_farther_off_the_second_contour_the_less_it_agrees(one, other) -> None:
    near, far = (contour_agreement(LABELS, second((-by, 0))) for by in sorted((one, other)))
    assert near >= far


def test_a_second_contour_elsewhere_is_told() -> None:
    assert color(LABELS, confidence=SURE, second_contour=second((0, 12))) != "green"
    assert "draws the endocardium elsewhere" in reasons(LABELS, second_contour=second((0, 12)))
    assert contour_agreement(LABELS, second((500, 0))) == 0


def test_landmarks_that_may_lie_far_off_are_told() -> None:
    assert "landmarks are uncertain" in reasons(LABELS, second_contour=second(spread=20))


def test_without_a_ventricle_no_second_contour_is_compared() -> None:
    light = measure_frame(np.where(LABELS == 1, 0, LABELS), second_contour=second()).light
    assert light.color == "red"


def test_the_worst_finding_gives_the_color_and_all_give_reasons() -> None:
    light = light_of([Finding("yellow", "a"), Finding("red", "b")], "eye")
    assert (light.color, light.reasons) == ("red", ("b", "a"))
    both = worst([light, light_of([], "eye"), light_of([Finding("yellow", "c")], "eye")])
    assert (both.color, both.reasons) == ("red", ("b", "a", "c"))


def test_a_view_that_is_much_shorter_than_the_other_may_be_foreshortened() -> None:
    short = parametric_heart("2CH", length_mm=68, apex_depth_mm=40)
    views = {"2CH": {"ED": measure_frame(short.label_map, short.spacing)}}
    views["4CH"] = {"ED": measure_frame(LABELS, HEART.spacing)}
    light = study_of_views(views).lights["2CH + 4CH ED"]
    assert light.color == "yellow"
    assert "2CH may be foreshortened at ED" in light.reasons[0]


def test_a_long_axis_that_does_not_shorten_may_be_foreshortened() -> None:
    frame = measure_frame(LABELS, HEART.spacing)
    light = study_of_views({"4CH": {"ED": frame, "ES": frame}}).lights["4CH"]
    assert "4CH may be foreshortened at ED" in light.reasons[0]


def test_a_confidence_of_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match="share one grid"):
        measure_frame(LABELS, confidence=np.ones((8, 8)))


def seen(**given) -> Evidence:
    return Evidence(LABELS, SURE.astype(np.float32), 0.99, {"2CH": 0.1, "4CH": 0.9}, **given)


def test_a_map_by_another_hand_may_differ_as_experts_do_and_not_more() -> None:
    colors = [color(np.roll(LABELS, by, axis=1), evidence=seen()) for by in (0, 3, 12, 40)]
    assert colors == ["green", "green", "yellow", "red"]
    values = measure_frame(np.roll(LABELS, 12, axis=1), evidence=seen()).values
    assert values["segmenter agreement"] < 0.9


def test_a_corrected_map_is_not_blamed_for_a_contour_model_that_differs_as_hands_do() -> None:
    by_hand = np.roll(LABELS, 3, axis=1)
    assert contour_agreement(by_hand, second()) < 0.95
    assert color(by_hand, evidence=seen(second_contour=second())) == "green"
    assert color(by_hand, confidence=SURE, second_contour=second()) == "yellow"


def dragged(by: float) -> Any:
    """The heart's endocardium, one of whose points was pulled sideways."""
    drawn = endocardium_of_mask(LABELS)
    points = drawn.points.copy()
    points[4] += (0, by)
    return with_points(drawn, points)


def test_a_dragged_contour_is_judged_anew_and_a_green_light_says_that_a_hand_changed_it() -> None:
    evidence = seen(second_contour=second())
    agreed = [
        measure_frame(LABELS, HEART.spacing, contour=dragged(by), evidence=evidence).values["contour agreement"]
        for by in (0, 8, 25)
    ]
    assert agreed[0] > agreed[1] > agreed[2]
    light = measure_frame(LABELS, HEART.spacing, contour=dragged(4), evidence=evidence).light
    assert light.color == "green"
    assert "endocardium was changed by hand" in light.reasons[0]
    for far in (25, 45, 60):
        assert "contour model draws the endocardium elsewhere" in reasons(
            LABELS, contour=dragged(far), evidence=evidence
        )
    of_the_model = replace(dragged(0))
    own = Drawn(of_the_model.curve, np.ones(7))
    assert "by hand" not in reasons(LABELS, contour=of_the_model, second_contour=own)


def test_an_edited_map_that_stays_green_says_that_it_is_not_the_segmenters() -> None:
    assert "changed by hand" in reasons(np.roll(LABELS, 3, axis=1), evidence=seen())
    assert "by hand" not in reasons(LABELS, evidence=seen())


def test_of_several_green_lights_the_one_of_a_hand_is_told() -> None:
    hand = light_of([], "its shape; its endocardium was changed by hand")
    assert worst([light_of([], "its shape"), hand]) == hand


def test_an_endocardium_alone_is_judged_by_itself_and_misses_neither_wall_nor_atrium() -> None:
    nothing, drawn = np.zeros_like(LABELS), endocardium_of_mask(LABELS)
    assert color(nothing, contour=drawn, evidence=seen(second_contour=second())) == "green"
    assert color(nothing, contour=drawn) == "green"
    aside = np.array((0, 60))
    elsewhere = replace(drawn, points=drawn.points + aside, curve=drawn.curve + aside)
    found = measure_frame(nothing, contour=elsewhere, evidence=seen())
    assert found.light.color == "red"
    assert "the segmenter draws it otherwise" in "; ".join(found.light.reasons)
    # What is not there has no light.
    assert [structure for structure, _ in told_lights(study_of_frame(found))] == [""]

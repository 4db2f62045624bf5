"""`es.animate`: what a heart that was made to beat shows, what its record tells, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shipped import needs_beating, needs_generator, needs_segmenter

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.anatomy.deformation import folding_share
from EchoSynthLib.api import animate as door
from EchoSynthLib.api.analysis import segmented
from EchoSynthLib.api.animate import animate_detailed, ejection_fraction_of
from EchoSynthLib.capabilities import Capabilities
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.label_maps.read import read_label_map
from EchoSynthLib.images.read import read_image
from EchoSynthLib.records import DERIVED, SYNTHETIC, stamp_of
from EchoSynthLib.synthesis.animation import Animation, check_phase

ROOT = Path(__file__).resolve().parents[3] / "Resources"
pytestmark = needs_beating
SHIPPED = zoo.look("beating")
FITTED = SHIPPED is not None and "seen" in SHIPPED.config


@cache
def frame() -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """An echocardiogram, its label map, and the pixel size."""
    image = read_image(ROOT / "SampleData" / "synthetic_4CH_ED.nii.gz")
    labels, _ = read_label_map(ROOT / "LabelMaps" / "parametric_4CH_ED.nii.gz")
    assert image.pixels.shape == labels.shape
    return image.pixels, labels, image.spacing


class Still:
    """A heart that does not beat, and what it was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.step_ms = 40.0

    def __call__(self, image: Any, label_map: np.ndarray, **asked: Any) -> Animation:
        self.asked = {"image": image, **asked}
        count = asked["frames"]
        maps = np.stack([label_map] * count)
        return Animation(maps * 60, maps, None, self.step_ms * np.arange(count), 0, count - 1, {"steps": 3})


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> Still:
    heart = Still()
    monkeypatch.setattr(door, "load_pipeline", lambda *_, **__: heart)
    return heart


@pytest.mark.slow
@pytest.mark.parametrize("wish", [20.0, 45.0, 65.0])
def test_the_labels_have_the_ejection_fraction_that_was_asked_for(wish: float) -> None:
    image, labels, spacing = frame()
    cine, label_maps, record = es.animate(image, labels, ejection_fraction=wish, frames=24, spacing=spacing)
    assert cine.shape == label_maps.shape == (24, *image.shape)
    assert cine.dtype == label_maps.dtype == np.uint8
    fractions = record["ejection_fraction"]
    assert fractions["asked"] == wish
    assert abs(fractions["labels"] - wish) <= 1
    assert record["reached"] is (abs(fractions["labels"] - wish) <= 0.5)
    assert fractions["segmented"] is None
    ends = label_maps[record["end_diastole"]], label_maps[record["end_systole"]]
    assert ejection_fraction_of(*ends, spacing) == fractions["labels"]
    volumes = record["volumes_ml"]
    assert 100 * (1 - volumes["ESV"] / volumes["EDV"]) == pytest.approx(fractions["labels"], abs=0.1)
    table, _ = es.measure(label_maps, spacing=spacing)
    (measured,) = [entry.value for entry in table if entry.name == "EF, discs"]
    assert measured == pytest.approx(fractions["labels"], abs=2)


@needs_segmenter
@pytest.mark.slow
def test_an_image_alone_is_segmented_and_what_is_seen_in_the_cine_is_told_apart() -> None:
    image, _, _ = frame()
    _, label_maps, record = es.animate(image, ejection_fraction=40, frames=16, check=True, view="auto")
    assert (record["label_map"], record["segmenter"], record["view_source"]) == ("segmented", "segmenter", "model")
    assert record["view"] == "4CH"
    assert record["volumes_ml"] is None
    assert abs(record["ejection_fraction"]["segmented"] - 40) < 12
    assert (label_maps == 1).any(axis=(1, 2)).all()


@needs_generator
@pytest.mark.slow
def test_of_a_label_map_alone_the_heart_is_drawn_and_is_synthetic() -> None:
    _, labels, spacing = frame()
    cine, _, record = es.animate(label_map=labels, ejection_fraction=50, frames=8, spacing=spacing)
    again, _, _ = es.animate(label_map=labels, ejection_fraction=50, frames=8, spacing=spacing)
    other, _, _ = es.animate(label_map=labels, ejection_fraction=50, frames=8, spacing=spacing, seed=1)
    np.testing.assert_array_equal(cine, again)
    assert (cine != other).mean() > 0.1
    assert (record["origin"], record["image"]) == (SYNTHETIC, "drawn")


@pytest.mark.slow
def test_the_motion_leads_from_each_frame_into_the_given_one_and_does_not_fold() -> None:
    image, labels, spacing = frame()
    how = dict(door.animate.__kwdefaults__) | {"ejection_fraction": 55, "frames": 12, "spacing": spacing}
    animation, _ = animate_detailed(image, labels, **how)
    assert animation.displacement is not None
    fields = [animation.displacement(frame) for frame in range(12)]
    assert {field.shape for field in fields} == {(2, *image.shape)}
    assert max(folding_share(field) for field in fields) < 0.001
    assert np.abs(fields[animation.es]).max() > 3
    assert np.diff(animation.times_ms) == pytest.approx(60_000 / 70 / 12)


def test_what_is_made_of_a_patients_image_says_so_and_not_that_it_is_synthetic_alone(still: Still) -> None:
    image, labels, _ = frame()
    _, _, record = es.animate(image, labels, frames=4)
    assert stamp_of(record)["origin"] == DERIVED == "derived from a patient's image"
    assert record["synthetic"] is True
    _, _, record = es.animate(image, labels, frames=4, synthetic_image=True)
    assert record["origin"] == SYNTHETIC
    _, _, record = es.animate(label_map=labels, frames=4)
    assert record["origin"] == SYNTHETIC
    assert still.asked["image"] is None


def test_what_was_not_reached_and_what_the_frames_cannot_show_is_warned_of(still: Still) -> None:
    _, labels, _ = frame()
    _, _, record = es.animate(label_map=labels, frames=4, ejection_fraction=30)
    assert record["reached"] is False
    assert record["steps"] == 3
    told = " ".join(record["warnings"])
    assert record["not_reached"] in record["warnings"]
    assert "30 % was asked for, and the labels have 0.0 %, the nearest" in told
    assert "the cine lasts 160 ms and a beat 857 ms" in told
    _, _, record = es.animate(label_map=labels, frames=4, heart_rate=240)
    assert "a beat has 6.2 frames" in record["warnings"][0]
    assert record["reached"] is None
    assert record["not_reached"] is None


@pytest.mark.parametrize(("step_ms", "told"), [(60_000 / 70 / 8, None), (60_000 / 70 / 7.97, "a beat has 7.9 frames")])
def test_eight_frames_in_a_beat_are_enough_and_a_little_fewer_are_not_rounded_up_to_eight(
    still: Still, step_ms: float, told: str | None
) -> None:
    _, labels, _ = frame()
    still.step_ms = step_ms
    _, _, record = es.animate(label_map=labels, frames=16)
    texts = [text for text in record.get("warnings", []) if "a beat has" in text]
    assert [text.split(",")[0] for text in texts] == ([] if told is None else [told])


def test_the_pipeline_is_asked_in_its_own_terms(still: Still) -> None:
    _, labels, _ = frame()
    es.animate(label_map=labels, frames=4, phase="es", view="apical two-chamber", frame_rate=30, seed=7)
    assert {**still.asked, "progress": 0} == {
        "image": None, "view": "2CH", "spacing": None, "ejection_fraction": None, "frames": 4, "beats": 1,
        "heart_rate": 70.0, "frame_rate": 30.0, "phase": "ES", "seed": 7, "progress": 0,
    }  # fmt: skip


def test_a_correction_is_asked_of_the_model_and_what_it_asks_of_the_labels_counts(still: Still) -> None:
    _, labels, _ = frame()
    es.animate(label_map=labels, frames=4, ejection_fraction=30, correct=True)
    assert still.asked["correct"] is True


@pytest.mark.slow
@pytest.mark.skipif(not FITTED, reason="the model has no line of what is seen")
def test_a_corrected_heart_has_more_in_its_labels_than_was_asked_for() -> None:
    image, labels, spacing = frame()
    _, _, record = es.animate(image, labels, ejection_fraction=60, frames=24, spacing=spacing, correct=True)
    line = record["correction"]
    wanted = line["labels_asked"]
    assert line["slope"] * wanted + line["constant"] == pytest.approx(60)
    assert wanted > 60
    assert record["ejection_fraction"]["labels"] == pytest.approx(wanted, abs=1)
    assert record["ejection_fraction"]["asked"] == 60


@pytest.mark.parametrize(
    ("given", "found"), [("ed", "ED"), (" Auto ", "auto"), (0, 0.0), (0.25, 0.25), (1, 0.0), (1.0, 0.0)]
)
def test_a_phase_has_a_name_or_is_a_part_of_the_beat(given: Any, found: Any) -> None:
    assert check_phase(given) == found


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"label_map": None}, "Neither an image nor a label map is given"),
        ({"image": np.zeros((8, 9), np.uint8)}, "no contrast"),
        (
            {"image": np.arange(8 * 9, dtype=np.uint8).reshape(8, 9) * 3},
            "lies on its image's grid; given were an image",
        ),
        ({"view": "PLAX"}, "PLAX .* is known by name alone here"),
        ({"view": "auto"}, "told by nothing; give 2CH or 4CH"),
        ({"ejection_fraction": 95}, "from 1 to 90, or None; given was 95"),
        ({"ejection_fraction": 0}, "given was 0"),
        ({"frames": 1}, "frames is a whole number from 2 to 1000; given was 1"),
        ({"beats": 21}, "beats is a whole number from 1 to 20; given was 21"),
        ({"heart_rate": 10}, "from 20 to 250; given was 10"),
        ({"heart_rate": None}, "given was None"),
        ({"frame_rate": 0}, "frames per second from 1 to 1000, or None; given was 0"),
        ({"phase": "systole"}, "phase is ED, ES, auto, or a part of the beat .* given was 'systole'"),
        ({"phase": 1.5}, "given was 1.5"),
        ({"model": "segmenter"}, "needs a model for animation"),
        ({"label_map": "atrium"}, "a left ventricle of 0 pixels"),
        ({"label_map": "no wall"}, "with a wall of 0; expected were a cavity"),
    ],
)
def test_what_cannot_beat_is_refused_in_words(given: dict[str, Any], message: str) -> None:
    _, labels, _ = frame()
    of_name = {"atrium": np.where(labels == 3, 3, 0), "no wall": np.where(labels == 2, 0, labels)}
    label_map = given.get("label_map", labels)
    label_map = of_name.get(label_map, label_map) if isinstance(label_map, str) else label_map
    with pytest.raises(InputError, match=message):
        es.animate(**{"frames": 4, **given, "label_map": label_map})


@needs_segmenter
def test_an_image_without_a_heart_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    image, _, _ = frame()
    found = segmented(image, None, "4CH", "segmenter", blank=True)
    monkeypatch.setattr(door, "segmented", lambda *_, **__: found)
    with pytest.raises(InputError, match=r"In the image a left ventricle of 0 pixels .*which cannot beat"):
        es.animate(image, frames=4)


def test_what_nobody_has_fitted_is_not_corrected(monkeypatch: pytest.MonkeyPatch) -> None:
    image, labels, _ = frame()
    pipeline = es.load_pipeline("beating")
    monkeypatch.setattr(pipeline, "seen", None)
    with pytest.raises(InputError, match="no line from the ejection fraction of the labels to the one that is seen"):
        es.animate(image, labels, frames=4, correct=True)


def test_the_choice_of_several_cines_is_that_of_models_which_draw_by_chance(
    still: Still, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, labels, _ = frame()
    with pytest.raises(InputError, match="'beating' has no choice of best_of; given was 3"):
        es.animate(label_map=labels, frames=4, best_of=3)
    system = replace(Capabilities.of(zoo.find("beating")), options=("best_of",))
    monkeypatch.setattr(Capabilities, "of", lambda folder: system)
    es.animate(label_map=labels, frames=4, best_of=3)
    assert still.asked["best_of"] == 3
    es.animate(label_map=labels, frames=4)
    assert "best_of" not in still.asked

"""The functions that a Python user calls, on the shipped models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_apart import assert_same_picture
from shipped import needs_generator, needs_segmenter

import EchoSynthLib as es
from EchoSynthLib.anatomy.heart2d.parametric import HeartMap, parametric_heart
from EchoSynthLib.api.analysis import segment_detailed
from EchoSynthLib.api.frames import segment_frames
from EchoSynthLib.errors import Cancelled, InputError

ROOT = Path(__file__).resolve().parents[3]
SHAPE = (96, 112)


@pytest.fixture(scope="module")
def heart() -> HeartMap:
    return parametric_heart("4CH", shape=SHAPE)


@pytest.fixture(scope="module")
def picture(heart: HeartMap) -> np.ndarray:
    """The heart as a plain echocardiogram (H, W) uint8 that uses all gray levels."""
    echogenicity = np.array([70.0, 25.0, 150.0, 30.0])[heart.label_map]
    amplitude = np.hypot(*np.random.default_rng(0).standard_normal((2, *SHAPE)))
    gray = np.clip(echogenicity * (0.7 + 0.4 * amplitude), 8, 255) * heart.sector.mask(SHAPE)
    gray[:2, :2] = 255
    return gray.astype(np.uint8)


def drawn(heart: HeartMap, **options: Any) -> np.ndarray:
    return es.synthesize(heart.label_map, **{"steps": 1, "sector": heart.sector, **options})[0]


# Synthesis: reproducible.


@needs_generator
@pytest.mark.slow
def test_an_image_depends_on_the_seed_and_its_number_alone(heart: HeartMap) -> None:
    three, one = drawn(heart, count=3, seed=5), drawn(heart, count=1, seed=5)
    assert three.shape == (3, *SHAPE)
    assert three.dtype == np.uint8
    # A lone image is drawn by all cores, several by one each: by sessions made apart.
    assert_same_picture(three[:1], one)
    np.testing.assert_array_equal(three, drawn(heart, count=3, seed=5))
    np.testing.assert_array_equal(three[:2], drawn(heart, count=2, seed=5))


@needs_generator
def test_seeds_and_numbers_give_different_images(heart: HeartMap) -> None:
    images = [*drawn(heart, count=2, seed=0), *drawn(heart, count=2, seed=1)]
    for i, one in enumerate(images):
        assert all((one != other).mean() > 0.1 for other in images[:i])


_ELSEWHERE = """
import sys, numpy as np, EchoSynthLib as es
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
heart = parametric_heart("4CH", shape=(96, 112))
images, _ = es.synthesize(heart.label_map, seed=5, steps=1, sector=heart.sector)
es.segment(images[0])
np.save(sys.argv[1], images)
print(*sorted({name.split(".")[0] for name in sys.modules} & {"torch", "monai", "diffusers", "onnx"}))
"""


@needs_generator
@needs_segmenter
@pytest.mark.slow
def test_another_process_draws_the_same_image_and_never_imports_torch(heart: HeartMap, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(tmp_path / "images.npy")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == ""
    assert_same_picture(np.load(tmp_path / "images.npy"), drawn(heart, seed=5))


# Synthesis: on the user's grid, in the user's sector.


@needs_generator
@pytest.mark.parametrize("as_mask", [False, True], ids=["sector as geometry", "sector as mask"])
def test_nothing_is_drawn_outside_the_sector(heart: HeartMap, as_mask: bool) -> None:
    mask = heart.sector.mask(SHAPE)
    images = drawn(heart, count=2, sector=mask if as_mask else heart.sector)
    assert not images[:, ~mask].any()
    assert images[:, mask].mean() > 5


@needs_generator
def test_a_sector_is_found_for_a_label_map_that_comes_without_one(heart: HeartMap) -> None:
    images, record = es.synthesize(heart.label_map, steps=1)
    assert images.shape == (1, *SHAPE)
    assert images[0][heart.label_map > 0].mean() > 5
    assert "fitted" in record["sector_source"]


@needs_generator
@pytest.mark.parametrize("shape", [(33, 47), (131, 97), (590, 490)])
def test_images_come_on_the_label_maps_own_grid(shape: tuple[int, int]) -> None:
    label_map = np.zeros(shape, np.uint8)
    rows, columns = (np.indices(shape).T / shape).T
    label_map[np.hypot(rows - 0.45, columns - 0.5) < 0.15] = 1
    assert es.synthesize(label_map, steps=1)[0].shape == (1, *shape)


@needs_generator
@pytest.mark.parametrize("steps", [1, 4, 50])
@pytest.mark.slow
def test_any_number_of_steps_draws_an_image(heart: HeartMap, steps: int) -> None:
    images, record = es.synthesize(heart.label_map, steps=steps, sector=heart.sector)
    assert record["steps"] == steps
    assert images[0].std() > 5


@needs_generator
def test_the_model_has_a_default_number_of_steps(heart: HeartMap) -> None:
    images, record = es.synthesize(heart.label_map, sector=heart.sector)
    assert 1 <= record["steps"] <= 8
    np.testing.assert_array_equal(images, drawn(heart, steps=record["steps"]))


@needs_generator
@pytest.mark.parametrize("told", [{"view": "2CH"}, {"quality": "poor"}, {"spacing": (0.9, 0.9)}])
def test_view_quality_and_depth_are_listened_to(heart: HeartMap, told: dict[str, Any]) -> None:
    assert (drawn(heart, **told) != drawn(heart)).any()


@needs_generator
def test_a_label_map_of_any_number_type_is_the_same_label_map(heart: HeartMap) -> None:
    expected = drawn(heart)
    for kind in (np.int64, np.float32):
        images, _ = es.synthesize(heart.label_map.astype(kind), steps=1, sector=heart.sector)
        np.testing.assert_array_equal(images, expected)


@needs_generator
def test_records_tell_how_the_images_were_made(heart: HeartMap) -> None:
    _, record = es.synthesize(heart.label_map, count=2, seed=np.int64(7), view="2CH", steps=1, quality="good")
    told = json.loads(json.dumps(record))
    assert told["synthetic"] is True
    assert (told["task"], told["model"]) == ("synthesize", "beam-flow")
    assert (told["seed"], told["count"], told["view"], told["quality"]) == (7, 2, "2CH", "good")
    assert told["echosynth_version"] == es.__version__
    assert len(told["model_sha256"]) == 64
    assert told["seconds"] > 0


@needs_generator
def test_progress_counts_to_its_total_and_can_cancel_between_steps(heart: HeartMap) -> None:
    told: list[tuple[int, int]] = []
    drawn(heart, count=2, steps=3, progress=lambda done, total, message: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))
    assert len(told) >= 6

    def stop(done: int, total: int, message: str) -> None:
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        drawn(heart, steps=50, progress=stop)
    assert drawn(heart).any()


# Synthesis: bad input.


def _filled(value: float, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.full(shape, value)


@pytest.mark.parametrize(
    ("label_map", "told"),
    [
        (_filled(0), "empty"),
        (_filled(7), "7"),
        (_filled(1.5), "1.5"),
        (_filled(np.nan), "NaN"),
        (_filled(-1), "-1"),
        (_filled(1, (2, 2, *SHAPE)), r"\(2, 2, 96, 112\)"),
        (_filled(1, (96,)), r"\(96,\)"),
        (_filled(1, (1, 1)), "1 x 1"),
        (np.zeros((0, 5)), "0 x 5"),
        (np.full(SHAPE, "a"), "whole numbers"),
    ],
    ids=["empty", "unknown", "fraction", "nan", "negative", "cines", "row", "1x1", "no pixels", "text"],
)
def test_a_label_map_that_is_none_is_refused(label_map: np.ndarray, told: str) -> None:
    with pytest.raises(InputError, match=told):
        es.synthesize(label_map)


@needs_generator
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"view": "3CH"}, "3CH"),
        ({"quality": "excellent"}, "excellent"),
        ({"count": 0}, "count.*0"),
        ({"count": -3}, "count.*-3"),
        ({"count": 2.5}, r"count.*2\.5"),
        ({"steps": 0}, "steps.*0"),
        ({"steps": 1001}, "steps.*1001"),
        ({"steps": "4"}, "steps.*'4'"),
        ({"seed": -1}, "seed.*-1"),
        ({"seed": 2**63}, f"seed.*{2**63}"),
        ({"seed": 1.0}, r"seed.*1\.0"),
        ({"sector": np.ones((5, 5))}, r"\(96, 112\).*\(5, 5\)"),
        ({"sector": np.zeros(SHAPE)}, "sector"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(f"{k}" for k in value),
)
def test_a_parameter_out_of_range_is_named_with_its_value(heart: HeartMap, options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        es.synthesize(heart.label_map, **options)


@needs_generator
@pytest.mark.parametrize(
    "spacing",
    [(0.0, 0.5), (0.5, 0.0), (0.5, -0.5), (float("nan"), 0.5)],
)
def test_a_spacing_that_is_not_positive_is_refused(heart: HeartMap, spacing: tuple[float, float]) -> None:
    with pytest.raises(InputError, match=r"spacing|aspect|finite"):
        es.synthesize(heart.label_map, spacing=spacing)


# Segmentation.


@needs_segmenter
def test_the_same_picture_in_any_number_type_gives_the_same_label_map(picture: np.ndarray) -> None:
    expected, _ = es.segment(picture)
    assert expected.dtype == np.uint8
    same: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "16 bits": lambda p: p.astype(np.uint16) * 257,
        "64 bits": lambda p: p.astype(np.int64),
        "float": lambda p: p / 255,
        "single float": lambda p: (p / 255).astype(np.float32),
        "float to 255": lambda p: p.astype(np.float64),
        "color": lambda p: np.repeat(p[..., None], 3, axis=2),
        "one channel": lambda p: p[..., None],
        "another layout in memory": np.asfortranarray,
    }
    for name, converted in same.items():
        found, _ = es.segment(converted(picture))
        assert (found == expected).mean() > 0.999, name


@needs_segmenter
@pytest.mark.parametrize("shape", [(97, 131), (112, 112), (45, 200), (600, 801)])
def test_a_label_map_has_the_shape_of_its_image(shape: tuple[int, int]) -> None:
    from PIL import Image

    heart = parametric_heart("2CH", shape=SHAPE).label_map
    gray = np.asarray(Image.fromarray(heart * 80).resize((shape[1], shape[0])))
    found = segment_detailed(gray)
    assert found.label_map.shape == found.confidence.shape == shape
    assert set(np.unique(found.label_map)) <= {0, 1, 2, 3}


@needs_segmenter
def test_confidence_and_views_are_probabilities(picture: np.ndarray) -> None:
    found = segment_detailed(picture)
    assert found.confidence.dtype == np.float32
    assert found.confidence.min() >= 0
    assert found.confidence.max() <= 1
    assert set(found.view_probabilities) == {"2CH", "4CH"}
    assert sum(found.view_probabilities.values()) == pytest.approx(1)


@needs_segmenter
def test_segmenting_twice_gives_the_same_bits(picture: np.ndarray) -> None:
    one, two = segment_detailed(picture), segment_detailed(picture)
    np.testing.assert_array_equal(one.label_map, two.label_map)
    np.testing.assert_array_equal(one.confidence, two.confidence)


@needs_segmenter
@pytest.mark.parametrize("ask", [es.segment, es.segment_detailed, es.contour, es.classify_view])
@pytest.mark.parametrize("gray", [0, 128, 255])
def test_an_image_without_contrast_is_no_heart(picture: np.ndarray, ask: Callable[..., object], gray: int) -> None:
    with pytest.raises(InputError, match="no contrast"):
        ask(np.full_like(picture, gray))


@needs_segmenter
def test_frames_side_by_side_are_segmented_as_single_ones(picture: np.ndarray) -> None:
    frames = np.stack([picture, picture[:, ::-1], picture // 2])
    for frame, found in zip(frames, segment_frames(frames, (0.5, 0.4)), strict=True):
        alone = es.segment_detailed(frame, (0.5, 0.4))
        assert (alone.label_map != found.label_map).mean() < 1e-4
        np.testing.assert_allclose(alone.confidence, found.confidence, atol=1e-3)
        assert found.record["view"] == alone.record["view"]
        assert found.record["mean_confidence"] == pytest.approx(alone.record["mean_confidence"], abs=1e-3)


@needs_segmenter
def test_a_frame_without_contrast_is_left_empty_and_the_others_are_segmented(picture: np.ndarray) -> None:
    first, blank, last = segment_frames(np.stack([picture, np.zeros_like(picture), picture]))
    assert first.label_map.any()
    np.testing.assert_array_equal(first.label_map, last.label_map)
    assert not blank.label_map.any()
    assert not blank.confidence.any()
    assert [one.record["blank"] for one in (first, blank, last)] == [False, True, False]


@needs_segmenter
def test_a_cine_has_one_record_with_the_means_of_its_frames(picture: np.ndarray) -> None:
    cine = np.stack([picture, np.zeros_like(picture), picture // 2])
    shown = [es.segment_detailed(frame) for frame in cine[[0, 2]]]
    numbers: list[int] = []
    maps, record = es.segment_cine(cine, (0.5, 0.4), 20.0, each=lambda index, found: numbers.append(index))
    assert (maps.shape, maps.dtype, numbers) == (cine.shape, np.uint8, [0, 1, 2])
    assert maps[0].any()
    assert not maps[1].any()
    assert (record["frames"], record["blank_frames"], record["frame_time_ms"]) == (3, [1], 20.0)
    assert record["warnings"] == ["frames without contrast show nothing and were left empty: 1"]
    assert record["mean_confidence"] == pytest.approx(np.mean([one.mean_confidence for one in shown]), abs=1e-3)
    expected = np.mean([one.view_probabilities["4CH"] for one in shown])
    assert record["view_probabilities"]["4CH"] == pytest.approx(expected, abs=1e-3)
    assert json.loads(json.dumps(record)) == record
    colored = np.repeat(cine[..., None], 3, axis=3)
    np.testing.assert_array_equal(es.segment_cine(colored, frame_time=20.0)[0], maps)


@pytest.mark.parametrize("shape", [(96, 112), (2, 3, 96, 112)])
def test_what_is_no_cine_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="A cine is"):
        es.segment_cine(np.zeros(shape, np.uint8))


def test_a_cine_of_blank_frames_alone_is_no_heart(picture: np.ndarray) -> None:
    with pytest.raises(InputError, match="no contrast"):
        list(segment_frames(np.zeros((3, *picture.shape), np.uint8)))


@needs_segmenter
def test_the_view_is_the_users_where_the_user_tells_it(picture: np.ndarray) -> None:
    _, told = es.segment(picture, view="2CH", spacing=(0.5, 0.4))
    _, seen = es.segment(picture)
    assert (told["view"], told["view_source"]) == ("2CH", "user")
    assert seen["view_source"] == "model"
    assert seen["view"] == max(seen["view_probabilities"], key=seen["view_probabilities"].get)
    assert json.loads(json.dumps(told))["spacing_mm"] == [0.5, 0.4]


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (_filled(np.nan), "NaN"),
        (_filled(np.inf), "infinite"),
        (_filled(0.5, (1, 1)), "1 x 1"),
        (_filled(0.5, (4, *SHAPE)), r"\(4, 96, 112\)"),
        (_filled(0.5, (96,)), r"\(96,\)"),
        (np.zeros((0, 0)), "0 x 0"),
        (np.full(SHAPE, "a"), "numbers"),
    ],
    ids=["nan", "infinite", "1x1", "cine", "row", "no pixels", "text"],
)
def test_an_image_that_is_none_is_refused(image: np.ndarray, told: str) -> None:
    with pytest.raises(InputError, match=told):
        es.segment(image)


def test_an_unknown_view_is_refused_and_named(picture: np.ndarray) -> None:
    with pytest.raises(InputError, match="3CH"):
        es.segment(picture, view="3CH")


@needs_generator
def test_a_device_that_has_no_effect_is_told_and_changes_nothing(heart: HeartMap) -> None:
    usual, silent = es.synthesize(heart.label_map, steps=1)
    images, record = es.synthesize(heart.label_map, steps=1, device="cuda")
    assert np.array_equal(images, usual)
    assert "warnings" not in silent
    assert record["warnings"] == [
        "the device 'cuda' has no effect: the model 'beam-flow' runs in onnxruntime, on the CPU"
    ]
    with pytest.warns(UserWarning, match="'cuda' has no effect"):
        es.load_pipeline("beam-flow", device="cuda")

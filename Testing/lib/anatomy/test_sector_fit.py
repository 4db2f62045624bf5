"""The fit of the sector to images, masks and label maps."""

from __future__ import annotations

import csv

import drawn_sectors as drawn
import numpy as np
import pytest
from drawn_sectors import drawn_sector, overlap, speckled
from hypothesis import given, settings
from hypothesis import strategies as st

from EchoSynthLib.anatomy.sector.fit import default_sector, fit_sector, fit_sector_mask
from EchoSynthLib.errors import InputError
from EchoSynthLib.images import read_image
from EchoSynthLib.images.datasets.camus import find_camus

SQUARE, CLIP, NATIVE = (224, 224), (112, 112), (590, 490)
CAMUS = find_camus()
needs_camus = pytest.mark.skipif(CAMUS is None, reason="CAMUS is not here (set ECHOSYNTH_DATA)")
few = settings(max_examples=12, derandomize=True, deadline=None)


@few
@given(st.floats(22, 31), st.floats(-5, 5), st.floats(0, 0.2), st.integers(0, 99))
def test_a_plain_sector_is_found_with_its_parameters(half, tilt, near, seed):
    true = drawn_sector(SQUARE, half, tilt, near=near)
    found = fit_sector(speckled(true, SQUARE, seed))
    assert overlap(found, true, SQUARE) > 0.99
    assert found.apex_row == pytest.approx(true.apex_row, abs=2.5)
    assert found.apex_column == pytest.approx(true.apex_column, abs=1)
    assert found.aspect == pytest.approx(1, abs=0.03)
    assert np.degrees([found.angle_left, found.angle_right]) == pytest.approx([tilt - half, tilt + half], abs=1)


@pytest.mark.parametrize("shape", [SQUARE, CLIP])
@pytest.mark.parametrize(
    "disturb",
    [drawn.dimmed, drawn.rib_shadow, drawn.faint_beams, drawn.faint_far_field, drawn.logo, drawn.video_noise],
)
def test_the_sector_is_found_in_a_bad_window(shape, disturb):
    true = drawn_sector(shape, 30)
    assert overlap(fit_sector(disturb(speckled(true, shape), true)), true, shape) > 0.97


@pytest.mark.parametrize("shape", [SQUARE, CLIP])
@pytest.mark.parametrize(
    "disturb",
    [
        drawn.low_gain,
        drawn.side_shadow,
        drawn.jpeg,
        drawn.blur_and_noise,
        drawn.overlays,
        drawn.touching_overlays,
    ],
)
def test_the_sector_is_found_where_its_edge_is_hidden_or_touched(shape, disturb):
    true = drawn_sector(shape, 29)
    assert overlap(fit_sector(disturb(speckled(true, shape), true)), true, shape) > 0.95


@pytest.mark.parametrize("shape", [SQUARE, CLIP])
@pytest.mark.parametrize(
    "geometry",
    [
        {"half_degrees": 48},
        {"half_degrees": 30, "bottom": -0.06},
        {"half_degrees": 30, "top": -0.04},
        {"half_degrees": 24, "near": 0.3},
        {"half_degrees": 36, "aspect": 1.3},
    ],
    ids=["cropped sides", "cropped bottom", "cropped top", "convex probe", "oblong pixels"],
)
def test_a_cropped_or_curved_sector_is_found(shape, geometry):
    true = drawn_sector(shape, **geometry)
    found = fit_sector(speckled(true, shape))
    assert overlap(found, true, shape) > 0.97
    assert found.radius_near == pytest.approx(true.radius_near, abs=0.02 * shape[0])


def test_a_native_frame_is_fitted_as_well_as_a_small_one():
    true = drawn_sector(NATIVE, 22)
    image = drawn.overlays(speckled(true, NATIVE), true)
    assert overlap(fit_sector(image, (0.308, 0.308)), true, NATIVE) > 0.99


def test_a_sector_cut_off_above_its_whole_arc_holds_all_that_is_seen():
    true = drawn_sector(SQUARE, 18, bottom=-0.5)
    image = speckled(true, SQUARE)
    found = fit_sector(image)
    assert found.aspect == 1
    assert found.mask(SQUARE)[image > 0].mean() > 0.99


def test_the_spacing_fixes_the_aspect():
    true = drawn_sector(SQUARE, 34, aspect=1.25)
    assert fit_sector(speckled(true, SQUARE), (0.4, 0.5)).aspect == 1.25


@few
@given(st.floats(0.004, 300))
def test_the_range_of_gray_levels_does_not_matter(factor):
    true = drawn_sector(CLIP, 30)
    image = speckled(true, CLIP)
    assert fit_sector(image * np.float32(factor)).to_dict() == pytest.approx(fit_sector(image).to_dict(), abs=0.05)


def _not_sectors():
    rng = np.random.default_rng(0)
    row, column = np.indices(SQUARE)
    texture = np.cumsum(np.cumsum(rng.normal(size=SQUARE), 0), 1)
    black = np.zeros(SQUARE, np.uint8)
    return {
        "black": black,
        "uniform": np.full(SQUARE, 90, np.uint8),
        "noise": rng.integers(0, 256, SQUARE).astype(np.uint8),
        "faint noise": rng.integers(0, 11, SQUARE).astype(np.uint8),
        "photo": (255 * (texture - texture.min()) / np.ptp(texture)).astype(np.uint8),
        "gradient": column.astype(np.uint8),
        "disc": np.where(np.hypot(row - 112, column - 112) < 80, 150, 0),
        "ellipse": np.where(np.hypot((row - 112) / 80, (column - 112) / 50) < 1, 150, 0),
        "rectangle": np.pad(np.full((150, 150), 120), 37),
        "text alone": drawn.overlays(black, None),
    }


@pytest.mark.parametrize("name", list(_not_sectors()))
def test_an_image_without_a_sector_is_refused(name):
    with pytest.raises(InputError, match="No ultrasound sector was found"):
        fit_sector(_not_sectors()[name])


@pytest.mark.parametrize("image", [np.zeros((1, 1)), np.zeros((64, 64, 3)), np.zeros(64)])
def test_what_is_no_single_image_is_refused(image):
    with pytest.raises(InputError, match="at least 16 x 16"):
        fit_sector(image)


def test_an_image_with_nan_is_refused():
    image = speckled(drawn_sector(CLIP), CLIP).astype(float)
    image[3, 4] = np.nan
    with pytest.raises(InputError, match="NaN"):
        fit_sector(image)


@few
@given(st.floats(20, 45), st.floats(0, 0.25), st.floats(0.7, 1.4))
def test_a_mask_gives_its_sector_back(half, near, aspect):
    true = drawn_sector(SQUARE, half, near=near, aspect=aspect)
    assert overlap(fit_sector_mask(true.mask(SQUARE), (1.0, aspect)), true, SQUARE) > 0.99


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros(SQUARE), "at least 5 %"),
        (np.ones(SQUARE), "sides"),
        (np.pad(np.ones((150, 150)), 37), "sector"),
    ],
)
def test_a_mask_that_is_no_sector_is_refused(mask, message):
    with pytest.raises(InputError, match=message):
        fit_sector_mask(mask)


@few
@given(st.tuples(st.integers(40, 150), st.integers(40, 150)), st.floats(0.5, 2), st.randoms(use_true_random=False))
def test_the_default_sector_holds_every_labeled_pixel(shape, aspect, random):
    labels = np.zeros(shape, np.uint8)
    row, column = random.randrange(shape[0] - 8), random.randrange(shape[1] - 8)
    labels[row : row + 8, column : column + 8] = 1
    labels[0, 0] = random.randrange(2)
    for spacing in (None, (1.0, aspect)):
        assert default_sector(shape, labels, spacing).mask(shape)[labels > 0].all()


def test_without_labels_the_default_sector_fills_the_frame():
    mask = default_sector(SQUARE).mask(SQUARE)
    assert mask[-1].any()
    assert mask.any(axis=0).all()
    assert 0.4 < mask.mean() < 0.7


@pytest.mark.slow
@needs_camus
def test_camus_sectors_are_found_to_a_few_pixels():
    with np.load(CAMUS / "camus_224.npz", allow_pickle=False) as arrays:
        images = arrays["image"][::90]
    mismatch = [np.mean(fit_sector(image).mask(SQUARE) != (image > 0)) for image in images]
    assert len(mismatch) == 20
    assert np.mean(mismatch) <= 0.002
    assert np.max(mismatch) <= 0.003


@needs_camus
@pytest.mark.slow
def test_the_aspect_of_camus_is_found_without_its_spacing():
    with (CAMUS / "index.csv").open() as file:
        rows = list(csv.DictReader(file))
    with np.load(CAMUS / "camus_224.npz", allow_pickle=False) as arrays:
        images = arrays["image"][40::180]
    for image, row in zip(images, rows[40::180], strict=True):
        width, height = (float(v) for v in _native_size(row))
        assert fit_sector(image).aspect == pytest.approx(width / height, rel=0.02)


def _native_size(row):
    names = sorted(name for name in row if "native" in name)
    return [row[next(n for n in names if part in n)] for part in ("width", "height")]


@pytest.mark.slow
@needs_camus
@pytest.mark.parametrize("layout", ["original_mhd", "native_4ch"])
def test_native_frames_with_their_true_spacing_are_fitted_to_a_pixel(layout):
    files = sorted((CAMUS / layout).glob("**/*_E[DS].mhd" if layout == "original_mhd" else "*_E[DS].nii.gz"))[:3]
    if not files:
        pytest.skip(f"CAMUS {layout} is not here")
    for file in files:
        frame = read_image(file)
        found = fit_sector(frame.pixels, frame.spacing)
        assert np.mean(found.mask(frame.pixels.shape) != (frame.pixels > 0)) <= 0.001
        assert found.aspect == pytest.approx(fit_sector(frame.pixels).aspect, rel=0.01)

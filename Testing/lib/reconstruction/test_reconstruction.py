"""A heart from its label maps: axes, millimeters, planes and volumes, with a network that knows the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ellipsoid_hearts import AZIMUTH, SHAPE, SPACING, EllipsoidHeart
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib import reconstruction, zoo
from EchoSynthLib.errors import InputError
from EchoSynthLib.evaluation.voxel_metrics import volume_ml
from EchoSynthLib.reconstruction import check_views
from EchoSynthLib.reconstruction.picture import PICTURE_MM, OwnAxes, aligned, plane_at
from EchoSynthLib.reconstruction.pix2vox.data import Hearts
from EchoSynthLib.reconstruction.pix2vox.pipeline import Pix2VoxPipeline
from EchoSynthLib.reconstruction.results import Reconstruction, summary, view_agreement
from EchoSynthLib.reconstruction.volume import CLASSES, CODES, VolumeGrid, VoxelCode

HEART = EllipsoidHeart()
GRID = VolumeGrid.of(64)


def config(**changes: Any) -> dict[str, Any]:
    return {
        "views": ["4CH", "2CH"],
        "picture": 96,
        "volume": GRID.to_dict(),
        "azimuth_deg": {"4CH": 0.0, "2CH": -60.0},
        "head": "structures",
    } | changes


def one_that_knows(heart: EllipsoidHeart = HEART) -> Pix2VoxPipeline:
    """A pipeline whose network answers with the heart, for sure."""

    def network(*views: NDArray[np.generic]) -> list[NDArray[np.float32]]:
        (pictures,) = views
        assert pictures.shape == (1, 2, 3, 96, 96)
        assert 0 <= pictures.min() < pictures.max() <= 1
        labels = heart.labels(GRID.places()).reshape(GRID.shape)
        return [np.stack([labels == code for code in range(CLASSES)])[None].astype(np.float32)]

    return Pix2VoxPipeline(network, config())


def test_the_middle_of_each_voxel_is_where_the_affine_says() -> None:
    grid = VolumeGrid(4, 2.5, (-1.0, 2.0, 5.0))
    index = np.indices(grid.shape).reshape(3, -1).T
    told = np.c_[index, np.ones(len(index))] @ grid.affine.T
    np.testing.assert_allclose(told[:, :3], grid.places())
    np.testing.assert_allclose(grid.places()[0], [0.25, 3.25, 6.25])
    labels = np.arange(64, dtype=np.uint8).reshape(grid.shape)
    np.testing.assert_array_equal(grid.read(labels, grid.places()), np.arange(64))
    assert grid.read(labels + 1, np.array([[100.0, 0, 0]])) == 0
    assert VolumeGrid.from_dict(grid.to_dict()) == grid


def test_a_volume_is_what_its_voxels_hold_and_not_what_all_others_might() -> None:
    grid = VolumeGrid(32, 2.0, (0.0, 0.0, 0.0))
    away = np.linalg.norm(grid.places() - 32.3, axis=1).reshape(grid.shape)
    ball = np.clip(0.5 + (20.4 - away) / 2.0, 0.01, 1)  # a border that is not sure, and a little doubt everywhere
    expected = 4 / 3 * np.pi * 20.4**3 / 1000
    assert grid.expected_ml(ball, ball > 0.5) == pytest.approx(expected, rel=0.01)
    assert ball.sum() * 8 / 1000 > 1.05 * expected


def test_the_first_codes_are_those_of_camus_and_all_are_counted() -> None:
    assert (VoxelCode.LV_CAVITY, VoxelCode.MYOCARDIUM, VoxelCode.LEFT_ATRIUM) == (1, 2, 3)
    assert sorted(CODES.values()) == list(range(1, CLASSES))


@pytest.mark.parametrize(("lean", "place"), [(0, (130, 30)), (14, (150, 25)), (-20, (100, 40))])
def test_where_a_heart_lies_in_its_picture_does_not_matter(lean: float, place: tuple[float, float]) -> None:
    label_map = HEART.view("4CH", lean, place)
    axes = OwnAxes.of(label_map, SPACING, "4CH")
    assert axes.length_mm == pytest.approx(HEART.length, abs=2)
    np.testing.assert_allclose(axes.origin, [place[1], place[0]], atol=2)
    expected = aligned(HEART.view("4CH"), OwnAxes.of(HEART.view("4CH"), SPACING, "4CH"), 96)
    assert np.abs(aligned(label_map, axes, 96).astype(int) - expected).mean() < 3


def test_an_aligned_picture_keeps_areas_in_millimeters() -> None:
    label_map = HEART.view("4CH", 9)
    shares = aligned(label_map, OwnAxes.of(label_map, SPACING, "4CH"), 96) / 255
    pixel = (PICTURE_MM / 96) ** 2
    for code, share in zip((1, 2, 3), shares, strict=True):
        assert share.sum() * pixel == pytest.approx((label_map == code).sum() * np.prod(SPACING), rel=0.02)


def test_own_axes_lead_to_pixels_and_back() -> None:
    axes = OwnAxes.of(HEART.view("2CH", 12), SPACING, "2CH")
    pixels = np.random.default_rng(0).uniform(0, 200, (50, 2))
    own = axes.to_own(pixels)
    np.testing.assert_allclose(axes.to_pixels(own[:, 0], own[:, 1]), pixels)


def test_a_short_axis_is_centered_and_keeps_its_direction() -> None:
    row, column = np.indices((120, 120))
    wall = np.hypot(row - 70, column - 40)
    label_map = np.where(wall < 20, 1, np.where(wall < 30, 2, 0)).astype(np.uint8)
    axes = OwnAxes.of(label_map, (1.0, 1.0), "PSAX-PM")
    np.testing.assert_allclose(axes.origin, [70, 40])
    assert axes.length_mm == 0
    places = np.argwhere(aligned(label_map, axes, 96)[1] > 127)
    np.testing.assert_allclose(places.mean(axis=0), 47.5, atol=0.6)


@pytest.mark.parametrize("view", ["4CH", "2CH"])
def test_an_exact_picture_lies_where_its_plane_says(view: str) -> None:
    label_map = HEART.view(view, 11, (140, 28))
    plane = plane_at(OwnAxes.of(label_map, SPACING, view), AZIMUTH[view])
    row, column = np.indices(SHAPE)
    places = np.stack([row, column, 0 * row, 0 * row + 1], axis=-1) @ plane.T
    cut = HEART.labels(places[..., :3])
    assert (cut != label_map)[label_map > 0].mean() < 0.08  # the axis is found to a pixel or so
    # Pixels have their size in the heart, and the third column stands square on the picture.
    np.testing.assert_allclose(np.linalg.norm(plane[:3, :3], axis=0), [*SPACING, 1.0])
    assert abs(plane[:3, 2] @ plane[:3, :2]).max() < 1e-9


def test_the_heart_comes_back_in_milliliters_and_agrees_with_its_pictures() -> None:
    maps = {"4CH": HEART.view("4CH", 6), "2CH": HEART.view("2CH", -9, (120, 35))}
    steps = dict.fromkeys(maps, SPACING)
    heart = one_that_knows()(maps, steps)
    assert heart.volumes_ml["left ventricle"] == pytest.approx(HEART.volume_ml, rel=0.02)
    assert heart.volumes_ml["right ventricle"] == 0
    assert volume_ml(heart.labels, (1,), heart.grid.voxel_mm) == pytest.approx(HEART.volume_ml, rel=0.02)
    told = summary(heart, maps, steps)
    assert told["trust"] > 0.9
    assert set(told["agreement"]) == set(told["planes"]) == {"4CH", "2CH"}
    np.testing.assert_allclose(told["affine_mm"], GRID.affine)


def test_a_picture_of_another_heart_is_not_trusted() -> None:
    maps = {"4CH": HEART.view("4CH"), "2CH": EllipsoidHeart(radius=33, wall=5).view("2CH")}
    told = summary(one_that_knows()(maps, dict.fromkeys(maps, SPACING)), maps, dict.fromkeys(maps, SPACING))
    assert told["agreement"]["2CH"]["LV cavity"] < 0.9 < told["agreement"]["4CH"]["LV cavity"]
    assert told["trust"] < 0.9


def test_agreement_tells_nothing_of_an_atrium_that_the_picture_does_not_show() -> None:
    label_map = HEART.view("4CH")
    labels = HEART.labels(GRID.places()).reshape(GRID.shape)
    heart = Reconstruction(labels, GRID, {}, {})
    without = np.where(label_map == 3, 0, label_map)
    plane = plane_at(OwnAxes.of(label_map, SPACING, "4CH"), 0.0)
    assert set(view_agreement(heart, without, SPACING, plane)) == {"LV cavity", "LV cavity+myocardium"}
    assert "left atrium" in view_agreement(heart, label_map, SPACING, plane)


def test_tissue_in_the_hearts_own_cube_has_the_size_that_its_length_tells() -> None:
    def network(*_: NDArray[np.generic]) -> list[NDArray[np.float32]]:
        return [np.full((1, 1, *GRID.shape), 0.4, np.float32)]

    own = config(head="tissue", side_over_length=1.5, threshold=0.3)
    short, long = (
        Pix2VoxPipeline(network, own)(
            {view: EllipsoidHeart(length=length).view(view) for view in ("4CH", "2CH")},
            dict.fromkeys(("4CH", "2CH"), SPACING),
        )
        for length in (70, 105)
    )
    assert short.grid.voxel_mm * 64 == pytest.approx(1.5 * 70, rel=0.03)
    assert long.grid.voxel_mm / short.grid.voxel_mm == pytest.approx(1.5, rel=0.03)
    assert set(np.unique(short.labels)) == {VoxelCode.OTHER_WALLS}
    assert not short.volumes_ml


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"head": "what"}, "'structures' or 'tissue'"),
        ({"picture": 0}, "from 16 to 1024"),
        ({"head": "tissue"}, "side_over_length"),
        ({"volume": {"side": 0, "voxel_mm": 3, "corner_mm": [0, 0, 0]}}, "above 0 mm"),
    ],
)
def test_a_config_of_no_such_model_is_told_in_words(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Pix2VoxPipeline(lambda *_: [], config(**changes))


TAKEN = ("4CH", "2CH", "3CH")


def test_views_are_taken_by_any_of_their_names_and_in_the_models_order() -> None:
    maps, steps = check_views(
        {"A2C": HEART.view("2CH"), "A4C": HEART.view("4CH")}, {"2CH": (1, 1), "4CH": (2, 3)}, TAKEN
    )
    assert list(maps) == ["4CH", "2CH"]
    assert steps == {"4CH": (2.0, 3.0), "2CH": (1.0, 1.0)}


@pytest.mark.parametrize(
    ("views", "spacing", "told"),
    [
        (["4CH"], (1, 1), "first two of them at least; given were 4CH"),
        (["4CH", "2CH", "PLAX"], (1, 1), "takes the views 4CH, 2CH, 3CH"),
        (["4CH", "A4C"], (1, 1), "given twice"),
        (["4CH", "2CH"], {"4CH": (1, 1)}, "that of 2CH is missing"),
        (["4CH", "2CH"], (1, -1), "spacing|pixel"),
        (["4CH", "nonsense"], (1, 1), "not known"),
    ],
)
def test_views_that_cannot_be_used_are_refused_in_words(views: list[str], spacing: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        check_views(dict.fromkeys(views, HEART.view("4CH")), spacing, TAKEN)


def test_a_view_without_a_cavity_is_refused() -> None:
    with pytest.raises(InputError, match="4CH has no left ventricular cavity"):
        OwnAxes.of(np.full((20, 20), 2, np.uint8), (1, 1), "4CH")


def test_python_users_get_labels_and_a_record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = zoo.ModelFolder(tmp_path, "hearts", {"system": "reconstruction.pix2vox"}, "", False)
    monkeypatch.setattr(reconstruction, "find_model", lambda *_: folder)
    monkeypatch.setattr(reconstruction, "load_pipeline", lambda _: one_that_knows())
    told: list[tuple[Any, ...]] = []
    maps = {"A4C": HEART.view("4CH"), "A2C": HEART.view("2CH")}
    labels, record = es.reconstruct(maps, SPACING, model="hearts", progress=lambda *step: told.append(step))
    assert labels.shape == GRID.shape
    assert labels.dtype == np.uint8
    assert (record["task"], record["model"]) == ("reconstruct", "hearts")
    assert record["volumes_ml"]["left ventricle"] == pytest.approx(HEART.volume_ml, rel=0.02)
    assert told[-1][:2] == (1, 1)


def test_hearts_to_learn_from_are_told_apart_from_none() -> None:
    hearts = Hearts.of((EllipsoidHeart.drawn(seed).example(16, seed=seed) for seed in range(3)), TAKEN, 48)
    assert hearts.pictures.shape == (3, 3, 3, 48, 48)
    assert not hearts.pictures[:, 2].any()  # the third view was not given
    assert hearts.volumes.shape == (3, 16, 16, 16)
    assert hearts.grid == VolumeGrid.of(16)
    with pytest.raises(InputError, match="no hearts"):
        Hearts.of([], TAKEN, 48)
    with pytest.raises(InputError, match="has the views 4CH, 2CH"):
        Hearts.of([HEART.example(16, ("4CH",))], TAKEN, 48)
    with pytest.raises(InputError, match="volume of one size"):
        Hearts.of([HEART.example(16), HEART.example(8)], TAKEN, 48)

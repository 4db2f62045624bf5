"""The task `variations`: reshaped and deformed label maps, of frames and of cines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from task_files import SHAPE, SPACING, heart, names, write_beat, write_heart

from EchoSynthLib.anatomy import contract, disc_volume
from EchoSynthLib.anatomy.heart2d.reshaping import change_wall_thickness
from EchoSynthLib.errors import Cancelled, InputError
from EchoSynthLib.images.label_maps.read import read_label_map
from EchoSynthLib.tasks import Context, Synthesize, Task, Variations


@pytest.fixture
def label_file(tmp_path: Path) -> Path:
    return write_heart(tmp_path / "heart.nii.gz")


def made(label_file: Path, folder: Path, **options: Any) -> list[np.ndarray]:
    record = Variations(label_map=label_file, output=folder, **options).run(Context())
    return [read_label_map(path)[0] for path in record["outputs"]["label_maps"]]


def test_variations_are_label_maps_on_the_same_grid_that_the_seed_decides(tmp_path: Path, label_file: Path) -> None:
    three, two = (made(label_file, tmp_path / str(n), count=n, seed=7) for n in (3, 2))
    assert names(tmp_path / "3") == ["record.json", *(f"variation_{i:03d}.nii.gz" for i in range(3))]
    np.testing.assert_array_equal(three[:2], two)
    assert three[0].shape == SHAPE
    assert read_label_map(tmp_path / "3" / "variation_000.nii.gz")[1].spacing == pytest.approx(SPACING)


def test_the_record_on_disk_names_files_so_that_the_folder_can_be_moved(tmp_path: Path, label_file: Path) -> None:
    Variations(label_map=label_file, output=tmp_path / "a", count=1, format="npy").run(Context())
    record = json.loads((tmp_path / "a" / "record.json").read_text())
    assert record["outputs"] == {"label_maps": ["variation_000.npy"], "record": "record.json"}
    assert record["synthetic"] is True
    assert record["seed"] == 0


def test_cancelled_variations_leave_nothing(tmp_path: Path, label_file: Path) -> None:
    steps: list[int] = []
    context = Context(lambda *step: steps.append(step[0]), cancelled=lambda: len(steps) == 2)
    with pytest.raises(Cancelled):
        Variations(label_map=label_file, output=tmp_path / "a").run(context)
    assert not (tmp_path / "a").exists()


def test_without_strength_only_the_reshaping_shows(tmp_path: Path, label_file: Path) -> None:
    given, spacing = read_label_map(label_file)[0], read_label_map(label_file)[1].spacing
    (same,) = made(label_file, tmp_path / "same", count=1, strength=0)
    np.testing.assert_array_equal(same, given)
    (changed,) = made(label_file, tmp_path / "changed", count=1, strength=0, ejection_fraction=0.4, wall_thickness=0.7)
    np.testing.assert_array_equal(changed, change_wall_thickness(contract(given, 0.4, spacing), 0.7, spacing))


def test_an_ejection_fraction_below_zero_dilates_the_cavity(tmp_path: Path, label_file: Path) -> None:
    (dilated,) = made(label_file, tmp_path / "out", count=1, strength=0, ejection_fraction=-0.2)
    assert disc_volume(dilated, SPACING) == pytest.approx(1.2 * disc_volume(heart().label_map, SPACING), rel=0.02)


def test_all_frames_of_a_cine_are_deformed_alike(tmp_path: Path) -> None:
    beat = write_beat(tmp_path / "beat.npy", frames=3)
    (cine,) = made(beat, tmp_path / "cine", count=1, seed=4, format="npy", ejection_fraction=0.2)
    assert cine.shape == (3, *SHAPE)
    for index, frame in enumerate(np.load(beat)):
        np.save(tmp_path / "frame.npy", frame)
        (alone,) = made(tmp_path / "frame.npy", tmp_path / f"{index}", count=1, seed=4, ejection_fraction=0.2)
        np.testing.assert_array_equal(cine[index], alone)


def test_nothing_is_labeled_outside_a_given_sector(tmp_path: Path, label_file: Path) -> None:
    sector = heart().sector
    options = {"sector": json.dumps(sector.to_dict()), "strength": 1.5, "wall_thickness": 2}
    for varied in made(label_file, tmp_path / "out", count=3, **options):
        assert varied.any()
        assert not varied[~sector.mask(SHAPE)].any()


def test_a_pixel_size_is_taken_where_the_file_carries_none(tmp_path: Path, label_file: Path) -> None:
    np.save(tmp_path / "bare.npy", heart().label_map)
    given = {"row_spacing": SPACING[0], "column_spacing": SPACING[1], "count": 1, "strength": 0}
    bare, full = made(tmp_path / "bare.npy", tmp_path / "a", **given), made(label_file, tmp_path / "b", **given)
    np.testing.assert_array_equal(bare, full)
    assert read_label_map(tmp_path / "a" / "variation_000.nii.gz")[1].spacing == pytest.approx(SPACING)
    with pytest.raises(InputError, match=r"heart\.nii\.gz says that a pixel is 0\.9 x 0\.8 mm"):
        made(label_file, tmp_path / "c", count=1, row_spacing=0.1, column_spacing=0.1)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"row_spacing": 0.3}, "without column_spacing"),
        ({"column_spacing": 0.3}, "without row_spacing"),
        ({"sector": "{"}, "no JSON"),
        ({"sector": "[1, 2]"}, "an object with apex_row"),
        ({"sector": '{"apex_row": 1}'}, "lacks angle_left, "),
        ({"sector": json.dumps({**heart().sector.to_dict(), "angle": 1})}, "has the unknown angle"),
        ({"sector": json.dumps({**heart().sector.to_dict(), "aspect": "wide"})}, "aspect is 'wide', not a number"),
        ({"sector": json.dumps({**heart().sector.to_dict(), "aspect": -1})}, "positive aspect"),
        ({"sector": json.dumps({**heart().sector.to_dict(), "apex_row": 1e4})}, "outside the label map of 112 x 120"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_is_written(
    tmp_path: Path, label_file: Path, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        Variations.build({"label_map": label_file, "output": tmp_path / "out", **options}).run(Context())
    assert names(tmp_path) == ["heart.nii.gz"]


@pytest.mark.parametrize(
    ("codes", "complaint"),
    [
        (np.zeros((32, 32), np.uint8), "empty"),
        (np.full((32, 32), 9, np.uint8), "9"),
        (np.stack([np.ones((32, 32), np.uint8), np.zeros((32, 32), np.uint8)]), "frame 2 of 2: .*empty"),
        (np.ones((1, 1), np.uint8), "8 x 8"),
        (np.full((32, 32), np.nan, np.float32), "nan"),
    ],
)
@pytest.mark.parametrize("task", [Variations, Synthesize])
def test_a_label_map_that_is_none_is_refused_before_anything_is_written(
    tmp_path: Path, task: type[Task], codes: np.ndarray, complaint: str
) -> None:
    np.save(tmp_path / "map.npy", codes)
    with pytest.raises(InputError, match=f"(?i){complaint}"):
        task.build({"label_map": tmp_path / "map.npy", "output": tmp_path / "out"}).run(Context())
    assert names(tmp_path) == ["map.npy"]


def test_a_wall_too_thin_to_dilate_into_is_told_with_its_frame_and_leaves_nothing(tmp_path: Path) -> None:
    thin = change_wall_thickness(heart().label_map, 0.4, SPACING)
    np.save(tmp_path / "cine.npy", np.stack([heart().label_map, thin]))
    with pytest.raises(InputError, match=r"Frame 2 of 2: .*the wall is too thin; the lowest here is -0\."):
        made(tmp_path / "cine.npy", tmp_path / "out", ejection_fraction=-1.0)
    assert names(tmp_path) == ["cine.npy"]


@pytest.mark.parametrize("task", [Variations, Synthesize])
def test_a_cine_does_not_go_into_a_png(tmp_path: Path, task: type[Task]) -> None:
    given = {"label_map": write_beat(tmp_path / "beat.npy"), "output": tmp_path / "out", "format": "png"}
    with pytest.raises(InputError, match="3 frames and PNG holds one"):
        task.build(given).run(Context())
    assert names(tmp_path) == ["beat.npy"]


@pytest.mark.parametrize("given", ["30", "30%", 30])
def test_a_percentage_is_told_as_the_share_that_it_means(tmp_path: Path, given: str | int) -> None:
    with pytest.raises(InputError, match=r"0\.3 means 30 %"):
        Variations.build({"label_map": tmp_path / "heart.nii.gz", "output": tmp_path, "ejection_fraction": given})

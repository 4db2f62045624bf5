"""The demo: its sheet shows what it says, its table adds up, and the whole of it runs on the fast path."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.structures import LEFT_ATRIUM, LEFT_VENTRICLE
from EchoSynthLib.demo import run_demo
from EchoSynthLib.demo_results import STRUCTURES, DemoResult, DemoSource, format_csv, format_table
from EchoSynthLib.errors import OutputError
from EchoSynthLib.images.overlay import pixel_aspect
from EchoSynthLib.images.picture_sheet import (
    CAPTION_HEIGHT,
    MARGIN,
    TILE_HEIGHT,
    TITLE_HEIGHT,
    Section,
    Tile,
    colored,
    draw_sheet,
    gray,
)


def a_ventricle_over_an_atrium() -> np.ndarray:
    label_map = np.zeros((100, 100), np.uint8)
    label_map[20:60, 30:70] = 1
    label_map[60:80, 40:60] = 3
    return label_map


def a_result(*scores: tuple[float, float, float]) -> DemoResult:
    source = DemoSource("parametric_4CH", "a heart", "4CH", a_ventricle_over_an_atrium(), None, None)
    return DemoResult(source, scores=[dict(zip(STRUCTURES, score, strict=True)) for score in scores])


def first_tile(tile: Tile) -> np.ndarray:
    sheet = np.asarray(draw_sheet([Section("title", [[tile]])]))
    top = MARGIN + TITLE_HEIGHT
    return sheet[top : top + TILE_HEIGHT, MARGIN:-MARGIN]


def test_a_structure_has_its_own_color_and_the_rest_is_black() -> None:
    picture = colored(a_ventricle_over_an_atrium())
    assert tuple(picture[40, 50]) == LEFT_VENTRICLE.color
    assert tuple(picture[70, 50]) == LEFT_ATRIUM.color
    assert not picture[5, 5].any()


def test_an_outline_marks_the_border_and_leaves_the_inside_as_it_was() -> None:
    image = np.full((100, 100), 40, np.uint8)
    plain = first_tile(Tile(gray(image)))
    drawn = first_tile(Tile(gray(image), outline=a_ventricle_over_an_atrium()))
    changed = (plain != drawn).any(axis=-1)
    scale = TILE_HEIGHT / 100
    assert changed[round(20 * scale), round(50 * scale)]
    assert not changed[round(40 * scale), round(50 * scale)]
    assert not changed[round(5 * scale), round(5 * scale)]


def test_the_sheet_shows_millimeters_and_not_pixels() -> None:
    tall_pixels = Tile(gray(np.zeros((100, 100), np.uint8)), aspect=pixel_aspect((0.4, 0.2)))
    assert first_tile(tall_pixels).shape == (TILE_HEIGHT, TILE_HEIGHT // 2, 3)
    assert pixel_aspect(None) == 1.0


def test_the_sheet_holds_every_row_and_column() -> None:
    tile = Tile(gray(np.zeros((10, 10), np.uint8)), "caption")
    sheet = draw_sheet([Section("one", [[tile, tile], [tile]]), Section("two", [[tile]])])
    assert sheet.width == MARGIN + 2 * (TILE_HEIGHT + MARGIN)
    assert sheet.height == MARGIN + 2 * TITLE_HEIGHT + 3 * (TILE_HEIGHT + CAPTION_HEIGHT + MARGIN)


def test_the_mean_row_is_the_mean_of_the_rows_above_it() -> None:
    rows = list(csv.reader(io.StringIO(format_csv([a_result((0.9, 0.8, 0.7), (0.7, 0.6, 0.5))]))))
    assert [float(value) for value in rows[-1][2:]] == pytest.approx([0.8, 0.7, 0.6])
    assert "80.0" in format_table([a_result((0.9, 0.8, 0.7), (0.7, 0.6, 0.5))]).splitlines()[-1]


@pytest.mark.slow
def test_the_demo_runs_without_data_and_without_torch(tmp_path: Path) -> None:
    if not {"segmenter", "beam-flow"} <= {model.name for model in zoo.list_models()}:
        pytest.skip("the models 'segmenter' and 'beam-flow' are not in Resources/Models")
    program = (
        "import json, sys; from EchoSynthLib.demo import run_demo; "
        "report = run_demo(sys.argv[1], seed=3); "
        "heavy = [name for name in ('torch', 'monai', 'diffusers') if name in sys.modules]; "
        "print(json.dumps([report['dice'], heavy]))"
    )
    output = tmp_path / "demo"
    finished = subprocess.run(
        [sys.executable, "-c", program, str(output)],
        capture_output=True,
        text=True,
        check=True,
        env={"ECHOSYNTH_DATA": str(tmp_path / "none"), "PATH": "", "HOME": str(tmp_path)},
        cwd=Path(__file__).resolve().parents[3],
    )
    dice, heavy = json.loads(finished.stdout.splitlines()[-1])
    assert not heavy
    assert set(dice) == {"parametric_4CH", "parametric_2CH"}
    assert {path.name for path in output.iterdir()} == {*dice, "sheet.png", "table.txt", "table.csv"}
    for name in dice:
        assert len(list((output / name).glob("synthetic_?.nii.gz"))) == 8
        record = json.loads((output / name / "synthetic_5.json").read_text(encoding="utf-8"))
        assert record["synthesis"]["synthetic"] is True
        assert record["synthesis"]["index"] == 5


@pytest.mark.parametrize("name", ["sheet.png", "parametric_4CH"])
def test_a_file_of_the_users_own_is_not_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("drawn by hand")
    with pytest.raises(OutputError, match=f"{name} is there already, and of no demo"):
        run_demo(tmp_path)
    assert (tmp_path / name).read_text() == "drawn by hand"

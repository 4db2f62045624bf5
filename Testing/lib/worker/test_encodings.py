"""Names that not every system can write or show: they cost no result, and no message either."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from task_files import names, write_echo, write_heart

from EchoSynthLib.client import Client
from EchoSynthLib.images.read import read_image
from EchoSynthLib.images.write import write_image
from EchoSynthLib.progress import on_one_line
from EchoSynthLib.tasks import (
    ClassifyView,
    Collect,
    Context,
    Contour,
    Dataset,
    Measure,
    Segment,
    Synthesize,
    Variations,
)

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = Path(__file__).resolve().parents[3] / "Resources" / "SampleData" / "synthetic_4CH_ED.nii.gz"
"""A frame of which no doubt is told."""
RAW = os.fsdecode(b"M\xfcller") if sys.platform == "linux" else "Müller"
needs_bytes = pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode here")
ODD_NAMES = [RAW, "-v it's a,b;c 100% $HOME #{0} ❤ 心", '"two"\nlines <b>&amp;?']


def echosynth(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "EchoSynthLib", *map(str, arguments)]
    given = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(command, env=given, capture_output=True, timeout=120, check=False)


@needs_bytes
@pytest.mark.parametrize("suffix", [".png", ".nii.gz", ".nii", ".nrrd", ".mha", ".npy", ".avi", ".mp4"])
def test_every_format_is_read_and_written_under_a_name_that_is_not_utf_8(tmp_path: Path, suffix: str) -> None:
    sound = write_echo(tmp_path / f"sound{suffix}", frames=8 if suffix in (".avi", ".mp4") else 0)
    folder = tmp_path / RAW
    folder.mkdir()
    shutil.copy(sound, folder / f"{RAW}{suffix}")
    expected = read_image(sound)
    assert np.array_equal(read_image(folder / f"{RAW}{suffix}").pixels, expected.pixels)
    said = {"synthetic": True, "source_label_map": RAW}
    written = write_image(folder / f"{RAW}_again{suffix}", expected.pixels, like=expected, attributes=said)
    assert read_image(written).pixels.shape == expected.pixels.shape
    assert len(names(folder)) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="the system's encoding cannot be chosen here")
@pytest.mark.slow
def test_a_record_names_its_input_rightly_where_the_systems_encoding_is_ascii(tmp_path: Path) -> None:
    image = write_echo(tmp_path / "Müller.png")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for environment in (ascii_only, {"PYTHONUTF8": "1"}, ascii_only):
        done = echosynth("classify-view", image, "--output", tmp_path / "out", "--quiet", **environment)
        assert done.returncode == 0, done.stderr
        record = json.loads((tmp_path / "out" / "views.json").read_text(encoding="utf-8"))
        assert record["input"] == str(image)


@pytest.mark.skipif(sys.platform != "linux", reason="streams are closed in another way here")
@pytest.mark.parametrize(("streams", "code"), [("2>&-", 0), (">&-", 0), (">/dev/full", 4)])
def test_a_stream_that_takes_nothing_costs_no_result(tmp_path: Path, streams: str, code: int) -> None:
    image = write_echo(tmp_path / "a.png")
    command = f'"$0" -m EchoSynthLib classify-view "{image}" --output "{tmp_path / "out"}" {streams}'
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["sh", "-c", command, sys.executable], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code
    assert (tmp_path / "out" / "views.json").exists()
    assert "unexpected" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD_NAMES)
def test_every_task_works_with_an_odd_name_and_tells_it(tmp_path: Path, name: str) -> None:
    try:
        (tmp_path / name / "pairs").mkdir(parents=True)
    except OSError:
        pytest.skip("this system has no such names")
    image, labels = write_echo(tmp_path / name / f"{name}.png"), write_heart(tmp_path / name / "in" / f"{name}.png")
    write_echo(tmp_path / name / "pairs" / "images" / f"{name}.png")
    write_heart(tmp_path / name / "pairs" / "labels" / f"{name}.png")
    out = tmp_path / name / "out"
    one = {"steps": 1, "count": 1}
    for task in (
        Segment(image=image, output=out / "1"),
        Contour(image=image, output=out / "2"),
        ClassifyView(image=image, output=out / "3"),
        Measure(image=labels, output=out / "4"),
        Synthesize(label_map=labels, output=out / "5", **one),
        Synthesize(label_map=labels, output=out / "6", format="png", **one),
        Variations(label_map=labels, output=out / "7", count=1),
        Dataset(source=labels.parent, output=out / "8", layout="shards", variations=0, steps=1),
        Dataset(source=labels.parent, output=out / "9", layout="nnunet", variations=0, steps=1),
        Collect(source=tmp_path / name / "pairs", output=out / "10"),
    ):
        record = task.run(Context())
        on_disk = json.loads(Path(record["outputs"]["record"]).read_text(encoding="utf-8"))
        source = on_disk.get("input") or on_disk.get("source_label_map") or on_disk["source"]
        assert Path(source).exists()  # the very name comes back
    with (out / "3" / "views.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["file"].encode() == image.name.encode(errors="backslashreplace")
    page = next((out / "4").glob("*.html")).read_text(encoding="utf-8")
    assert "<b>&amp;" not in page


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "cp1252"},
    ],
    ids=["ascii", "C", "cp1252"],
)
def test_a_terminal_that_cannot_show_a_name_gets_it_escaped(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "❤"
    folder.mkdir()
    for name in ("心.png", f"{RAW}.png"):
        if name == "心.png":
            write_image(folder / name, read_image(SAMPLE).pixels)
        else:
            shutil.copy(folder / "心.png", folder / name)
    (folder / "ü.png").write_bytes(b"damaged")
    for task, each in (("segment", 3), ("measure", 1)):
        done = echosynth(task, folder, "--output", tmp_path / "ö" / task, "--quiet", **environment)
        lines = done.stderr.decode(
            "ascii" if environment.get("PYTHONIOENCODING") != "cp1252" else "cp1252"
        ).splitlines()
        assert (done.returncode, len(lines)) == (1, 1), lines
        assert len(list((tmp_path / "ö" / task).iterdir())) >= 2 * each + 1
    told = echosynth("classify-view", folder, "--json", **environment)
    assert len(json.loads(told.stdout)["results"]) == 2
    missing = echosynth("segment", folder / "nowhere ♥.png", "--output", tmp_path / "out", **environment)
    assert (missing.returncode, missing.stderr.count(b"\n")) == (2, 1)


@needs_bytes
@pytest.mark.slow
def test_the_worker_takes_and_tells_names_that_are_not_utf_8(tmp_path: Path) -> None:
    image = write_echo(tmp_path / RAW / f"{RAW}.png")
    with Client() as client:
        record = client.run("segment", {"image": image, "output": tmp_path / RAW / "out"}, lambda *step: None)
    assert Path(record["input"]) == image
    assert Path(record["outputs"]["segmentation"]).is_file()


def test_nothing_in_a_name_steers_the_terminal_or_breaks_its_line() -> None:
    assert on_one_line("a\x1b[31m\r\nb\udcfc ❤") == "a\\x1b[31m b\\udcfc ❤"

"""Folders in the layout of EchoNet-Dynamic: written, read again, and what is wrong in them told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from EchoSynthLib.anatomy.chords import cavity_of, traced, volume_of
from EchoSynthLib.anatomy.discs import disc_volume
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.evaluation.segmentation_metrics import dice
from EchoSynthLib.images.datasets.echonet import EchoNetVideo, read_echonet, write_tables
from EchoSynthLib.images.frame import EchoCine
from EchoSynthLib.images.write import write_image

SIDE = 112


def heart(length: float, tilt: float = 0.0) -> np.ndarray:
    """A half ellipse with its base on an atrium, wall around it, perhaps turned by some degrees."""
    rows, columns = np.indices((SIDE, SIDE), dtype=np.float64)
    turn = np.deg2rad(tilt)
    down, across = rows - 70, columns - 56
    along, aside = down * np.cos(turn) - across * np.sin(turn), down * np.sin(turn) + across * np.cos(turn)
    labels = np.zeros((SIDE, SIDE), np.uint8)
    for code, more in ((CamusCode.MYOCARDIUM, 7.0), (CamusCode.LV_CAVITY, 0.0)):
        inside = (along / (length + more)) ** 2 + (aside / (0.45 * length + more)) ** 2 < 1
        labels[inside & (along < 0)] = code
    labels[(along >= 0) & (along < 18) & (np.abs(aside) < 15)] = CamusCode.LEFT_ATRIUM
    return labels


def video(name: str = "heart00000_4CH", split: str = "train") -> EchoNetVideo:
    diastole, systole = heart(50), heart(42)
    volumes = [disc_volume(labels, (1.2, 1.2)) / 1000 for labels in (diastole, systole)]
    fraction = 100 * (1 - volumes[1] / volumes[0])
    tracings = {0: traced(diastole), 2: traced(systole)}
    return EchoNetVideo(name, fraction, volumes[1], volumes[0], (SIDE, SIDE), 32.0, 4, split, tracings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Videos").mkdir()
    gray = np.stack([heart(length) * np.uint8(60) for length in (50, 45, 42, 46)])
    for name in ("heart00000_4CH", "heart00001_4CH"):
        write_image(tmp_path / "Videos" / f"{name}.avi", gray, EchoCine(gray, frame_time_ms=1000 / 32))
    write_tables(tmp_path, [video(), video("heart00001_4CH", "test")])
    return tmp_path


@pytest.mark.parametrize("tilt", [0, 12, -25])
@pytest.mark.parametrize("spacing", [None, (0.5, 0.8)])
def test_the_lines_of_a_label_map_have_its_volume_and_enclose_its_cavity(tilt, spacing) -> None:
    labels = heart(50, tilt)
    lines = traced(labels, spacing)
    assert lines.shape == (21, 4)
    assert volume_of(lines, spacing) == pytest.approx(disc_volume(labels, spacing), rel=1e-6)
    assert dice(cavity_of(lines, labels.shape), labels == CamusCode.LV_CAVITY) > 0.96
    assert lines[0, 1] < lines[0, 3]  # from the apex on
    assert lines[1, 1] < lines[-1, 1]
    assert (lines[1:, 0] < lines[1:, 2]).all()
    ends = lines.reshape(-1, 2, 2) * ((spacing or (1, 1))[1], (spacing or (1, 1))[0])
    along, across = ends[0, 1] - ends[0, 0], ends[10, 1] - ends[10, 0]
    assert along @ across == pytest.approx(0, abs=1e-6)


def test_a_cavity_of_a_few_pixels_has_lines_too_and_none_is_refused() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[5:8, 9:11] = CamusCode.LV_CAVITY
    assert np.isfinite(traced(labels)).all()
    with pytest.raises(InputError, match="no left ventricle"):
        traced(np.full((20, 20), CamusCode.LEFT_ATRIUM, np.uint8))
    with pytest.raises(InputError, match=r"\(n, 4\) finite numbers; given was an array of shape \(2, 4\)"):
        volume_of(np.zeros((2, 4)))


def test_what_is_written_is_read_again(folder) -> None:
    first, second = read_echonet(folder)
    wanted = video()
    assert (first.name, first.split, second.split) == ("heart00000_4CH", "train", "test")
    assert first.ejection_fraction == pytest.approx(wanted.ejection_fraction, abs=1e-4)
    assert first.end_diastolic_volume == pytest.approx(wanted.end_diastolic_volume, abs=1e-4)
    assert first.ends == (0, 2)
    np.testing.assert_allclose(first.tracings[2], wanted.tracings[2], atol=1e-4)
    assert dice(first.label_map(0) == CamusCode.LV_CAVITY, heart(50) == CamusCode.LV_CAVITY) > 0.96
    cine = first.cine()
    assert cine.pixels.shape == (4, SIDE, SIDE)
    assert cine.frame_time_ms == pytest.approx(1000 / 32, rel=1e-3)
    assert np.abs(cine.pixels[0].astype(int) - heart(50) * 60).mean() < 3


def test_tables_are_laid_out_as_those_of_echonet_are(folder) -> None:
    listed = (folder / "FileList.csv").read_text().splitlines()
    assert listed[0] == "FileName,EF,ESV,EDV,FrameHeight,FrameWidth,FPS,NumberOfFrames,Split"
    assert listed[1].startswith("heart00000_4CH,")
    assert listed[1].endswith(",112,112,32.0,4,TRAIN")
    lines = (folder / "VolumeTracings.csv").read_text().splitlines()
    assert lines[0] == "FileName,X1,Y1,X2,Y2,Frame"
    assert len(lines) == 1 + 2 * 2 * 21
    # Of the two frames of a cine the smaller one comes first.
    assert [line.rsplit(",", 1)[1] for line in (lines[1], lines[22])] == ["2", "0"]
    assert lines[1].startswith("heart00000_4CH.avi,")


def test_a_cine_without_tracings_and_tracings_without_a_cine_are_passed_over(folder) -> None:
    table = folder / "VolumeTracings.csv"
    table.write_text(table.read_text().replace("heart00001_4CH", "elsewhere"))
    second = read_echonet(folder)[1]
    assert (second.tracings, second.ends) == ({}, None)
    with pytest.raises(InputError, match="Frame 0 of heart00001_4CH is not traced; traced are: none"):
        second.label_map(0)


def change(old: str, new: str, table: str = "FileList.csv") -> Callable[[Path], object]:
    def changed(folder: Path) -> None:
        text = (folder / table).read_text()
        assert old in text
        (folder / table).write_text(text.replace(old, new, 1))

    return changed


LINE = "a.avi,1,2,3,4,0\n"
WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no videos": (lambda folder: (folder / "Videos").rename(folder / "videos of mine"), "has no Videos; give one with"),
    "no list": (lambda folder: (folder / "FileList.csv").unlink(), "has no FileList.csv"),
    "no tracings": (lambda folder: (folder / "VolumeTracings.csv").unlink(), "has no VolumeTracings.csv"),
    "an empty list": (lambda folder: (folder / "FileList.csv").write_text(""), "is empty"),
    "a line cut in two": (change("_4CH", "\n"), "line 2: Split is empty; each row has FileName, EF"),
    "a column less": (change("EDV", "Volume"), "has no column EDV; expected was a table with the columns FileName, EF"),
    "a picture": (lambda folder: (folder / "FileList.csv").write_bytes(b"\x89PNG\xff\xfe"), "cannot be read"),
    "no number": (change("heart00000_4CH,", "heart00000_4CH,x"), r"line 2: EF is 'x.*expected was a number from 0 to"),
    "not a number": (change("32.0", "nan"), r"line 2: FPS is 'nan'; expected was a number from 0.001 on"),
    "half a frame": (change(",4,TRAIN", ",4.5,TRAIN"), r"line 2: NumberOfFrames is 4.5; expected was a whole number"),
    "another split": (change("TRAIN", "MINE"), r"line 2: Split is 'mine'; expected was one of TRAIN, VAL, TEST"),
    "no split": (change("TRAIN", ""), r"line 2: Split is empty; each row has"),
    "a name twice": (change("heart00001_4CH", "heart00000_4CH"), r"line 3: heart00000_4CH is there twice"),
    "a folder in a name": (change("heart00000_4CH", "../x"), r"line 2: FileName is '../x'.*without folders"),
    "a video less": (lambda folder: (folder / "Videos/heart00001_4CH.avi").unlink(), "line 3: there is no Videos/hea"),
    "a late frame": (change(",4,TRAIN", ",2,TRAIN"), r"has 2 frames, and VolumeTracings.csv tells of frame 2"),
    "two lines": (
        lambda folder: (folder / "VolumeTracings.csv").write_text(f"FileName,X1,Y1,X2,Y2,Frame\n{LINE}{LINE}"),
        r"frame 0 of a has 2 lines; expected were a long axis and at least 3 chords",
    ),
    "a short line": (change("heart00000_4CH.avi,", "heart00000_4CH.avi\nx,", "VolumeTracings.csv"), "X1 is empty"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_in_a_folder_is_told_with_its_place(folder, case) -> None:
    spoil, told = WRONG[case]
    spoil(folder)
    with pytest.raises(InputError, match=told):
        read_echonet(folder)


def test_no_folder_and_no_rows_are_told(folder, tmp_path) -> None:
    with pytest.raises(InputError, match=r"There is no folder .*; give one with Videos, FileList.csv and"):
        read_echonet(tmp_path / "none")
    with pytest.raises(InputError, match="is a file; give one with"):
        read_echonet(folder / "FileList.csv")
    (folder / "FileList.csv").write_text((folder / "FileList.csv").read_text().splitlines()[0] + "\n")
    with pytest.raises(InputError, match="has no row"):
        read_echonet(folder)


def test_a_video_of_another_size_than_told_is_refused_when_it_is_read(folder) -> None:
    change(",4,TRAIN", ",5,TRAIN")(folder)
    with pytest.raises(InputError, match=r"has the shape \(4, 112, 112\), and FileList.csv tells 5 frames of 112 x"):
        read_echonet(folder)[0].cine()
    with pytest.raises(InputError, match="was not read from a folder"):
        video().cine()


def test_names_are_given_once_and_without_folders(tmp_path) -> None:
    for videos in ([video(), video()], [video("a/b")], [video(split="mine")]):
        with pytest.raises(InputError, match="name of its own without folders, and a split of train, val, test"):
            write_tables(tmp_path, videos)
    assert not list(tmp_path.iterdir())

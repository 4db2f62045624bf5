"""What results are called: no input's results take the place of another's."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from task_files import names, write_echo, write_heart

from EchoSynthLib.errors import InputError, OutputError
from EchoSynthLib.images import read_image, write_image
from EchoSynthLib.images.result_names import distinct_stems, folded, result_stem
from EchoSynthLib.tasks import (
    ClassifyView,
    Collect,
    Context,
    Contour,
    Dataset,
    Measure,
    Segment,
    Synthesize,
    Task,
    Variations,
)
from EchoSynthLib.tasks.parts.measure_cases import cases_in

SAMPLE = Path(__file__).resolve().parents[3] / "Resources" / "SampleData" / "synthetic_4CH_ED.nii.gz"
FILES = st.lists(
    st.builds(
        lambda stem, suffix: Path(stem + suffix),
        st.text("aA_.\u00e4\u0308ß1", min_size=1, max_size=4),
        st.sampled_from([".png", ".PNG", ".dcm", ".nii.gz", ""]),
    ),
    unique_by=lambda path: path.name,
    max_size=8,
)


@given(FILES)
def test_no_two_files_of_a_folder_have_results_of_one_name_on_any_file_system(files: list[Path]) -> None:
    found = distinct_stems(files)
    assert len({folded(name) for name in found}) == len(files)


def test_a_file_that_is_alone_of_its_name_gives_it_to_its_results() -> None:
    files = [Path(name) for name in ("a.nii.gz", "b.c.png", "1.2.840.113619.2.1", "1.2.840.113619.2.2")]
    assert distinct_stems(files) == ["a", "b.c", "1.2.840.113619.2.1", "1.2.840.113619.2.2"]


def test_files_of_one_name_keep_their_suffix_and_take_nobodys_name() -> None:
    assert distinct_stems([Path("a.png"), Path("a.dcm")]) == ["a_png", "a_dcm"]
    assert distinct_stems([Path("a.png"), Path("a.dcm"), Path("a_png.png")]) == ["a_png_2", "a_dcm", "a_png"]


@pytest.mark.parametrize("one", ["A", "ä", "ß"])
def test_names_that_are_one_on_windows_or_macos_count_as_one(one: str) -> None:
    other = {"A": "a", "ä": unicodedata.normalize("NFD", "ä"), "ß": "ss"}[one]
    first, second = distinct_stems([Path(f"{one}.png"), Path(f"{other}.png")])
    assert folded(first) != folded(second)


@pytest.mark.skipif(os.name != "posix", reason="names are in UTF-16 here")
def test_a_name_that_is_not_utf_8_is_read_as_latin_1() -> None:
    assert result_stem(os.fsdecode(b"M\xfcller_4CH")) == "Müller_4CH"
    assert result_stem("Müller 心 ❤") == "Müller 心 ❤"


def test_a_name_leaves_room_for_the_ending_of_a_result() -> None:
    first, second = (result_stem("ä" * 120 + end) for end in ("1", "2"))
    assert first != second
    assert len(first.encode()) <= 200


@pytest.mark.slow
def test_every_image_of_a_folder_has_its_results(tmp_path: Path) -> None:
    for name in ("a.png", "a.nrrd", "a_png.png", f"{'b' * 240}.png"):
        write_echo(tmp_path / "in" / name)
    if sys.platform == "linux":
        (tmp_path / "in" / os.fsdecode(b"M\xfcller.png")).write_bytes((tmp_path / "in" / "a.png").read_bytes())
    count = len(names(tmp_path / "in"))
    for task, each in ((Segment, 3), (Contour, 4)):
        record = task(image=tmp_path / "in", output=tmp_path / task.name).run(Context())
        assert (record["images"], record["failures"]) == (count, [])
        assert len(names(tmp_path / task.name)) == each * count + 1
    assert "Müller_segmentation.nii.gz" in names(tmp_path / "segment") or sys.platform != "linux"


def test_cases_of_one_name_are_measured_each(tmp_path: Path) -> None:
    files = ("a.png", "a.nrrd", "a_png.png", "p1.png", "p1_4CH_ED.png", "p1_4ch_ed.nrrd", "p1_4CH_ES.png")
    for name in files:
        write_echo(tmp_path / name)
    cases = cases_in(tmp_path)
    assert len({folded(case.name) for case in cases}) == len(cases)
    found = [path.name for case in cases for source in case.sources.values() for path in (source.image,) if path]
    assert sorted(found) == sorted(files)
    assert {len(case.sources) for case in cases} == {1, 2}


def test_label_maps_whose_names_become_alike_are_each_in_the_data_set(tmp_path: Path) -> None:
    for name in ("a.b.png", "a_b.png", "A_b.png"):
        write_heart(tmp_path / "in" / name)
    record = Dataset(source=tmp_path / "in", output=tmp_path / "set", variations=0, steps=1).run(Context())
    assert record["pairs"] == len(names(tmp_path / "set" / "images")) == 3


def test_pairs_whose_names_are_one_on_windows_are_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.png", "A.png"):
        write_echo(tmp_path / "in" / "images" / name)
        write_heart(tmp_path / "in" / "labels" / name)
    if len(names(tmp_path / "in" / "images")) == 1:
        pytest.skip("this file system takes both names for one")
    with pytest.raises(InputError, match="Two pairs would be called a"):
        Collect(source=tmp_path / "in", output=tmp_path / "set").run(Context())
    assert not (tmp_path / "set").exists()


OF_IMAGES = [
    lambda source, output: Segment(image=source, output=output),
    lambda source, output: Contour(image=source, output=output),
    lambda source, output: ClassifyView(image=source, output=output),
    lambda source, output: Measure(image=source, output=output),
]
OF_LABEL_MAPS = [
    lambda source, output: Synthesize(label_map=source, output=output, count=2, steps=1),
    lambda source, output: Variations(label_map=source, output=output, count=2),
    lambda source, output: Measure(image=source, output=output),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("write", "task"), [*((write_echo, task) for task in OF_IMAGES), *((write_heart, task) for task in OF_LABEL_MAPS)]
)
def test_results_replace_those_of_the_same_input_and_never_anothers(
    tmp_path: Path, write: Callable[[Path], Path], task: Callable[[Path, Path], Task]
) -> None:
    one, other = (write(tmp_path / place / "heart.png") for place in ("one", "other"))
    output = tmp_path / "out"
    for _ in range(2):
        task(one, output).run(Context())
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    with pytest.raises(OutputError, match=rf"is a result of .* for another input, {re.escape(str(one))}; choose"):
        task(other, output).run(Context())
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before


@pytest.mark.parametrize(
    ("write", "task", "name"),
    [
        (write_echo, OF_IMAGES[0], "heart_segmentation.nii.gz"),
        (write_echo, OF_IMAGES[1], "heart_contour.csv"),
        (write_echo, OF_IMAGES[2], "views.csv"),
        (write_echo, OF_IMAGES[3], "heart_report.html"),
        (write_heart, OF_LABEL_MAPS[0], "label_map.nii.gz"),
        (write_heart, OF_LABEL_MAPS[1], "variation_001.nii.gz"),
    ],
)
def test_a_file_of_the_users_own_is_not_replaced(
    tmp_path: Path, write: Callable[[Path], Path], task: Callable[[Path, Path], Task], name: str
) -> None:
    source = write(tmp_path / "in" / "heart.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("drawn by hand")
    with pytest.raises(OutputError, match="is there already, and no record beside it says that it was made of"):
        task(source, tmp_path / "out").run(Context())
    assert names(tmp_path / "out") == [name]
    assert (tmp_path / "out" / name).read_text() == "drawn by hand"


@pytest.mark.slow
def test_label_maps_and_contours_of_a_folder_may_lie_in_one_folder(tmp_path: Path) -> None:
    write_echo(tmp_path / "in" / "a.png")
    for _ in range(2):
        for task in OF_IMAGES:
            task(tmp_path / "in", tmp_path / "out").run(Context())
    write_echo(tmp_path / "in" / "b.png")
    record = Segment(image=tmp_path / "in", output=tmp_path / "out").run(Context())
    assert record["images"] == 2


def write_trusted(path: Path) -> None:
    """The shipped frame, of which no doubt is told."""
    write_image(path, read_image(SAMPLE).pixels)


def test_an_image_that_is_called_as_a_result_is_not_left_out_in_silence(tmp_path: Path) -> None:
    for name in ("a.png", "a_contour.png", "b_confidence.png"):
        write_trusted(tmp_path / name)
    (tmp_path / "b_record.json").write_text("{}")
    record = ClassifyView(image=tmp_path).run(Context())
    assert [row["file"] for row in record["results"]] == ["a.png"]
    assert [text.split(":")[0] for text in record["warnings"]] == ["a_contour.png"]


@pytest.mark.slow
def test_results_may_lie_beside_their_images_and_are_no_images_of_the_next_run(tmp_path: Path) -> None:
    write_trusted(tmp_path / "a.png")
    for _ in range(2):
        for task in OF_IMAGES[:3]:
            task(tmp_path, tmp_path).run(Context())
            written = names(tmp_path)
            assert "warnings" not in task(tmp_path, tmp_path).run(Context())
            assert names(tmp_path) == written


def test_what_an_earlier_run_left_is_told(tmp_path: Path) -> None:
    source = write_heart(tmp_path / "heart.png")
    for count, warnings in ((3, None), (1, 1), (1, None)):
        record = Variations(label_map=source, output=tmp_path / "out", count=count).run(Context())
        assert len(record.get("warnings", [])) == (warnings or 0)
        if warnings:
            assert record["warnings"][0].startswith("variation_001.nii.gz and 1 more in ")


def test_a_data_set_takes_no_other_results_place(tmp_path: Path) -> None:
    source = write_heart(tmp_path / "heart.png")
    record = Variations(label_map=source, output=tmp_path / "out", count=1).run(Context())
    before = Path(record["outputs"]["record"]).read_bytes()
    with pytest.raises(OutputError, match=r"record\.json is a result of variations"):
        Dataset(source=source, output=tmp_path / "out", variations=0, steps=1).run(Context())
    assert Path(record["outputs"]["record"]).read_bytes() == before

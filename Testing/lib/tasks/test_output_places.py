"""Where results go: an output that is a folder, and one that is a file."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from EchoSynthLib.errors import InputError, OutputError
from EchoSynthLib.tasks.common.output_places import in_words, names_file, output_folder


@pytest.mark.parametrize("name", ["out", "results_2024.11.28", "v1.2", "Dr. Smith", ".hidden", "1.2.840.113619.2.1"])
def test_a_dot_in_its_name_makes_no_file_of_a_folder(tmp_path: Path, name: str) -> None:
    assert output_folder(tmp_path / name) == tmp_path / name
    assert not names_file(tmp_path / name)


@pytest.mark.parametrize("name", ["views.csv", "map.nii.gz", "MAP.NII.GZ", "a.2024.png", "report.html", "cine.MP4"])
def test_a_files_name_is_no_folder_for_several_results(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"names a file.*give a folder"):
        output_folder(tmp_path / name)


def test_a_folder_that_is_there_is_one_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "views.csv").mkdir()
    assert output_folder(tmp_path / "views.csv") == tmp_path / "views.csv"


def test_a_file_that_is_there_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(OutputError, match=r"is a file.*give a folder"):
        output_folder(tmp_path / "notes")


def test_a_file_in_the_output_that_cannot_be_written_is_of_the_output(tmp_path: Path) -> None:
    for output, kind in ((tmp_path, OutputError), (str(tmp_path), OutputError), (tmp_path / "other", InputError)):
        with pytest.raises(kind, match=r"a\.png cannot be .*"), in_words(output):
            raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "a.png"))
    with pytest.raises(OSError, match="no file at all"), in_words(tmp_path):
        raise OSError("no file at all")

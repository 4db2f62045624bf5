"""Which files are read, and what their results are called."""

from __future__ import annotations

import pytest

from EchoSynthLib.images.formats import kind_of, stem_of, suffix_of


@pytest.mark.parametrize(
    ("name", "stem", "suffix"),
    [
        ("a.nii.gz", "a", ".nii.gz"),
        ("A4C.Nii.GZ", "A4C", ".nii.gz"),
        ("a.v2.PNG", "a.v2", ".png"),
        ("1.2.840.113619.2.1", "1.2.840.113619.2.1", ""),
        ("patient.v2", "patient.v2", ""),
        ("IM_0001", "IM_0001", ""),
        (".png", ".png", ""),
        ("notes.tar.gz", "notes.tar.gz", ""),
        ("a.IMG", "a", ".img"),
    ],
)
def test_results_are_named_after_all_of_a_name_but_a_known_suffix(name, stem, suffix):
    assert (stem_of(f"folder.dcm/{name}"), suffix_of(f"folder.dcm/{name}")) == (stem, suffix)


def test_a_file_named_img_is_dicom_where_it_says_so_and_else_half_of_a_pair(tmp_path):
    (tmp_path / "a.img").write_bytes(bytes(128) + b"DICM")
    (tmp_path / "b.img").write_bytes(bytes(200))
    assert [kind_of(tmp_path / name) for name in ("a.img", "b.img", "b.hdr")] == ["dicom", "itk", "itk"]

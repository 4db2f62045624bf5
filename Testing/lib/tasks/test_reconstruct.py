"""`echosynth reconstruct`: files or a patient's folder in, label volumes in the patient's axes out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.write import write_label_map
from EchoSynthLib.tasks.parts.heart_volume import write_heart
from EchoSynthLib.tasks.reconstruct import Reconstruct
from EchoSynthLib.tasks.task import Context

COHORT = Cohort(5, rows=120, skill=0.0)


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both views at both ends of the beat."""
    folder = tmp_path_factory.mktemp("patient0001")
    for view in ("4CH", "2CH"):
        for phase, cut in zip(("ED", "ES"), COHORT.cuts(1, view), strict=True):
            write_label_map(folder / f"patient0001_{view}_{phase}.nii.gz", cut.label_map, spacing=cut.spacing)
    return folder


def test_a_patients_folder_becomes_a_heart_at_both_ends_of_the_beat(patient: Path, tmp_path: Path) -> None:
    record = Reconstruct(image=patient, output=tmp_path / "out").run(Context())
    heart = COHORT.heart(1)
    full, empty = heart.volumes(0.0)["LV"], heart.volumes(heart.end_systole)["LV"]
    assert record["EF_percent"] == pytest.approx(100 * (1 - empty / full), abs=6)
    (line,) = Reconstruct.findings(record)
    assert "EF" in line
    assert "biplane discs" in line
    for phase in ("ED", "ES"):
        volume = sitk.ReadImage(str(tmp_path / "out" / f"patient0001_heart_{phase}.nii.gz"))
        labels = sitk.GetArrayFromImage(volume)
        assert set(np.unique(labels)) == set(range(8))
        # The file's own axes, left, back and up, lead to where the record says.
        d, h, w = (int(i) for i in np.argwhere(labels == 1)[0])
        left, back, up = volume.TransformIndexToPhysicalPoint((w, h, d))
        np.testing.assert_allclose(
            (np.array(record["affine_ras_mm"]) @ [d, h, w, 1])[:3], [-left, -back, up], atol=0.01
        )
    kept = json.loads((tmp_path / "out" / "patient0001_heart_record.json").read_text())
    assert kept["outputs"]["heart ES"] == "patient0001_heart_ES.nii.gz"


def test_two_files_become_one_heart(patient: Path, tmp_path: Path) -> None:
    four, two = (patient / f"patient0001_{view}_ED.nii.gz" for view in ("4CH", "2CH"))
    record = Reconstruct(image=four, two_chamber=two, output=tmp_path).run(Context())
    assert record["volumes_ml"]["left ventricle"] == pytest.approx(COHORT.heart(1).volumes(0.0)["LV"], rel=0.08)
    assert (tmp_path / "patient0001_4CH_ED_heart.nii.gz").is_file()
    assert "(" in Reconstruct.findings(record)[0]


def test_a_folders_third_view_is_used_too(patient: Path, tmp_path: Path) -> None:
    folder = tmp_path / "patient0001"
    shutil.copytree(patient, folder)
    full, empty = COHORT.cuts(1, "3CH")
    write_label_map(folder / "patient0001_3CH_ED.nii.gz", full.label_map, spacing=full.spacing)
    with pytest.raises(InputError, match="3CH at ED alone"):
        Reconstruct(image=folder, output=tmp_path / "out").run(Context())
    write_label_map(folder / "patient0001_A3C_ES.nii.gz", empty.label_map, spacing=empty.spacing)
    record = Reconstruct(image=folder, output=tmp_path / "out").run(Context())
    assert set(record["planes"][0]) == set(record["spacing_mm"]) == {"4CH", "2CH", "3CH"}


def test_files_that_make_no_heart_are_refused_in_words(patient: Path, tmp_path: Path) -> None:
    four, two = (patient / f"patient0001_{view}_ED.nii.gz" for view in ("4CH", "2CH"))
    for given, told in (
        ({"image": four}, "a heart takes two"),
        ({"image": two, "two_chamber": four}, "exchange them"),
        ({"image": patient, "two_chamber": two}, "whose files tell the views"),
        ({"image": four, "two_chamber": patient}, "is a folder"),
        ({"image": four, "two_chamber": patient / "patient0001_2CH_ES.nii.gz"}, r"4CH_ED.* \(ED\) and .*\(ES\)"),
        ({"image": four, "two_chamber": tmp_path / "none.nii.gz"}, "There is no image"),
    ):
        with pytest.raises(InputError, match=told):
            Reconstruct(output=tmp_path / "out", **given).run(Context())
    lone = tmp_path / "lone"
    lone.mkdir()
    shutil.copy(four, lone)
    with pytest.raises(InputError, match="patients with both views: none"):
        Reconstruct(image=lone, output=tmp_path / "out").run(Context())


def test_a_picture_without_a_pixel_size_makes_no_heart(tmp_path: Path) -> None:
    for view in ("4CH", "2CH"):
        np.save(tmp_path / f"{view}.npy", COHORT.cuts(1, view)[0].label_map)
    given = {"image": tmp_path / "4CH.npy", "two_chamber": tmp_path / "2CH.npy", "output": tmp_path / "out"}
    with pytest.raises(InputError, match=r"pixel size of 4CH is not known"):
        Reconstruct(**given).run(Context())
    record = Reconstruct(**given, row_spacing=1.0, column_spacing=1.0).run(Context())
    assert record["spacing_mm"] == {"4CH": [1.0, 1.0], "2CH": [1.0, 1.0]}


def test_a_volume_is_written_where_its_affine_says(tmp_path: Path) -> None:
    labels = np.zeros((4, 5, 6), np.uint8)
    labels[1, 2, 3] = 7
    affine = np.array([[0, 0, 2.0, 10], [0, 3.0, 0, 20], [4.0, 0, 0, 30], [0, 0, 0, 1]])
    write_heart(tmp_path / "a.nrrd", labels, affine.tolist())
    image = sitk.ReadImage(str(tmp_path / "a.nrrd"))
    np.testing.assert_allclose(image.TransformIndexToPhysicalPoint((3, 2, 1)), [-16, -26, 34])
    assert image[3, 2, 1] == 7
    assert image.GetSpacing() == pytest.approx((2, 3, 4))

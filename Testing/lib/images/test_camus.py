"""CAMUS in its layouts, and pairs as an nnU-Net data set."""

from __future__ import annotations

import json

import numpy as np
import pytest

from EchoSynthLib.errors import InputError, OutputError
from EchoSynthLib.images import read_image, read_label_map, write_image, write_label_map
from EchoSynthLib.images.datasets.camus import CamusFrame, find_camus, iterate_camus, load_camus_npz
from EchoSynthLib.images.datasets.labeled_image import LabeledImage
from EchoSynthLib.images.datasets.nnunet import write_nnunet

CAMUS = find_camus()
needs_camus = pytest.mark.skipif(CAMUS is None, reason="CAMUS is not here (set ECHOSYNTH_DATA)")
INFO = "ED: 1\nES: 20\nNbFrame: 20\nSex: F\nAge: 56\nImageQuality: Good\n"


def new_layout(folder, labels, patient="patient0001", suffix=".nii.gz", fraction="EF: 54"):
    home = folder / patient
    home.mkdir(parents=True)
    for view in ("4CH", "2CH"):
        (home / f"Info_{view}.cfg").write_text(INFO + fraction)
        for phase in ("ES", "ED"):
            write_image(home / f"{patient}_{view}_{phase}{suffix}", labels * 60, spacing=(0.2, 0.3))
            write_label_map(home / f"{patient}_{view}_{phase}_gt{suffix}", labels, spacing=(0.2, 0.3))
        write_image(home / f"{patient}_{view}_half_sequence{suffix}", np.stack([labels, labels]))
    return folder


def test_the_patient_folders_give_frames_by_patient_view_and_phase(tmp_path, labels):
    frames = list(iterate_camus(new_layout(tmp_path, labels)))
    assert [frame.name for frame in frames] == [
        f"patient0001_{end}" for end in ("2CH_ED", "2CH_ES", "4CH_ED", "4CH_ES")
    ]
    frame = frames[0]
    assert np.array_equal(frame.label_map, labels)
    assert np.array_equal(frame.image, labels * 60)
    assert frame.spacing == pytest.approx((0.2, 0.3))
    assert frame.spacing_trusted
    assert (frame.quality, frame.ejection_fraction, frame.native_size) == ("good", pytest.approx(0.54), (20, 30))


def test_the_older_information_files_are_read_too(tmp_path, labels):
    frame = next(iterate_camus(new_layout(tmp_path, labels, suffix=".mha", fraction="LVedv: 94.0\nLVef: 63.2")))
    assert frame.ejection_fraction == pytest.approx(0.632)


def test_a_test_patient_has_no_label_map(tmp_path, labels):
    write_image(tmp_path / "patient0500_4CH_ED.nii.gz", labels * 60)
    frame = next(iterate_camus(tmp_path))
    assert (frame.label_map, frame.quality, frame.ejection_fraction, frame.split) == (None, None, None, None)


def test_the_published_split_is_found_beside_the_patients(tmp_path, labels):
    new_layout(tmp_path / "database_nifti", labels)
    (tmp_path / "database_split").mkdir()
    (tmp_path / "database_split" / "subgroup_testing.txt").write_text("patient0001\npatient0002\n")
    assert next(iterate_camus(tmp_path / "database_nifti")).split == "test"


def test_a_label_map_of_another_size_is_refused(tmp_path, labels):
    write_image(tmp_path / "patient0001_4CH_ED.nii.gz", labels * 60)
    write_label_map(tmp_path / "patient0001_4CH_ED_gt.nii.gz", labels[:10])
    with pytest.raises(InputError, match="_gt"):
        next(iterate_camus(tmp_path))


def test_a_folder_without_camus_is_refused(tmp_path):
    with pytest.raises(InputError, match="no CAMUS frames"):
        next(iterate_camus(tmp_path))
    with pytest.raises(InputError, match="not a folder"):
        next(iterate_camus(tmp_path / "nowhere"))


def arrays_in(folder, labels, rows=None):
    names = ["patient0001_2CH_ED", "patient0001_4CH_ED"]
    np.savez(folder / "camus_224.npz", image=np.stack([labels] * 2) * 60, label=np.stack([labels] * 2), name=names)
    head = "row,name,patient,view,phase,split,native_width,native_height,spacing_x_mm,spacing_y_mm,spacing_basis"
    rows = rows or [
        "0,patient0001_2CH_ED,patient0001,2CH,ED,train,,,,,unknown,,",
        "1,patient0001_4CH_ED,patient0001,4CH,ED,val,549,389,0.75,0.53,4CH_nifti,54,Poor",
    ]
    (folder / "index.csv").write_text("\n".join([head + ",ef_percent,image_quality", *rows]))
    return folder / "camus_224.npz"


def test_the_arrays_come_with_their_index(tmp_path, labels):
    arrays = load_camus_npz(arrays_in(tmp_path, labels))
    assert arrays.split.tolist() == ["train", "val"]
    assert arrays.quality.tolist() == ["", "poor"]
    assert arrays.spacing_trusted.tolist() == [False, True]
    assert arrays.native_size.tolist() == [[0, 0], [389, 549]]
    assert np.isnan(arrays.spacing[0]).all()
    assert arrays.spacing[1].tolist() == [0.53, 0.75]


def test_an_array_frame_is_the_same_kind_of_frame(tmp_path, labels):
    unknown, known = iterate_camus(arrays_in(tmp_path, labels))
    assert (unknown.spacing, unknown.native_size, unknown.ejection_fraction) == (None, None, None)
    assert (known.spacing, known.native_size, known.ejection_fraction) == ((0.53, 0.75), (389, 549), 0.54)
    assert np.array_equal(known.label_map, labels)


def test_frames_are_selected_by_mask(tmp_path, labels):
    arrays = load_camus_npz(arrays_in(tmp_path, labels))
    assert arrays.select(arrays.split == "val").name.tolist() == ["patient0001_4CH_ED"]


def test_an_index_of_other_frames_is_refused(tmp_path, labels):
    path = arrays_in(tmp_path, labels, ["0,patient0002_2CH_ED,patient0002,2CH,ED,train,,,,,unknown,,"])
    with pytest.raises(InputError, match="do not belong together"):
        load_camus_npz(path)


def test_the_data_are_found_where_the_environment_says(tmp_path, labels, monkeypatch):
    monkeypatch.setenv("ECHOSYNTH_DATA", str(tmp_path))
    assert find_camus() is None
    (tmp_path / "camus").mkdir()
    arrays_in(tmp_path / "camus", labels)
    assert find_camus() == tmp_path / "camus"


@needs_camus
@pytest.mark.slow
def test_the_native_frames_have_the_transducer_at_row_0():
    """The sector is narrow at its top: the upper tenth holds few lit pixels, the widest row lies in the lower half."""
    for frame in list(iterate_camus(CAMUS / "native_4ch"))[::20] + list(iterate_camus(CAMUS / "original_mhd")):
        lit = (frame.image > 0).sum(axis=1)
        assert lit[: len(lit) // 10].max() < 0.3 * lit.max(), frame.name
        assert lit.argmax() > len(lit) // 2, frame.name
        assert np.mean(np.nonzero(frame.label_map == 3)[0]) > np.mean(np.nonzero(frame.label_map == 1)[0]), frame.name


@needs_camus
@pytest.mark.slow
def test_both_releases_of_a_patient_agree_with_the_arrays():
    arrays = load_camus_npz(CAMUS / "camus_224.npz")
    assert arrays.image.shape == arrays.label.shape == (1800, 224, 224)
    assert not set(arrays.patient[arrays.split == "train"]) & set(arrays.patient[arrays.split == "val"])
    by_name = {name: position for position, name in enumerate(arrays.name.tolist())}
    for frame in [next(iterate_camus(CAMUS / "native_4ch")), *iterate_camus(CAMUS / "original_mhd")]:
        assert frame.spacing_trusted
        assert frame.split == arrays.split[by_name[frame.name]]
        small = nearest(frame.image, 224).astype(float)
        same = arrays.image[by_name[frame.name]].astype(float)
        assert np.corrcoef(small.ravel(), same.ravel())[0, 1] > 0.9, frame.name


@needs_camus
def test_the_spacing_of_the_anisotropic_release_is_finer_in_depth():
    frame = next(iterate_camus(CAMUS / "original_mhd"))
    assert frame.spacing == pytest.approx((0.154, 0.308))
    assert frame.geometry.dimension == 3


def nearest(image, side):
    rows, columns = ((np.arange(side) + 0.5) * size / side for size in image.shape)
    return image[rows.astype(int)[:, np.newaxis], columns.astype(int)]


def cases(labels, count=2, **changes):
    for i in range(count):
        given = {"name": f"case{i}", "image": labels * 60, "label_map": labels, "spacing": (0.2, 0.3)}
        yield LabeledImage(**(given | changes))


def test_a_data_set_of_synthetic_cases_tells_their_terms(tmp_path, labels):
    synthetic = write_nnunet(cases(labels, attributes={"synthetic": True}), tmp_path, "Fakes", 8)
    own = write_nnunet(cases(labels), tmp_path, "Own", 9)
    told = [json.loads((place / "dataset.json").read_text())["licence"] for place in (synthetic, own)]
    assert "CC BY-NC-SA 4.0" in told[0]
    assert told[1] == ""


def test_pairs_become_an_nnunet_data_set(tmp_path, labels):
    frame = CamusFrame(labels * 60, labels, "patient0001", "4CH", "ED", (0.2, 0.3), True)
    synthetic = LabeledImage("fake", labels * 60, labels, attributes={"synthetic": True})
    unlabeled = LabeledImage("test0", labels * 60, None)
    target = write_nnunet([LabeledImage.of_camus(frame), synthetic, unlabeled], tmp_path, "Echo", 7, licence="none")
    about = json.loads((target / "dataset.json").read_text())
    assert target.name == "Dataset007_Echo"
    assert about["numTraining"] == 2
    assert sorted(about["labels"].values()) == [0, 1, 2, 3]
    assert about["labels"]["background"] == 0
    assert (about["channel_names"], about["file_ending"]) == ({"0": "ultrasound"}, ".nii.gz")
    assert (about["synthetic_cases"], about["licence"]) == (["fake"], "none")
    codes, source = read_label_map(target / "labelsTr" / "patient0001_4CH_ED.nii.gz")
    assert np.array_equal(codes, labels)
    assert source.spacing == pytest.approx((0.2, 0.3))
    assert np.array_equal(read_image(target / "imagesTr" / "fake_0000.nii.gz").pixels, labels * 60)
    assert [path.name for path in (target / "imagesTs").iterdir()] == ["test0_0000.nii.gz"]
    assert list(tmp_path.iterdir()) == [target]


def test_a_data_set_that_cannot_be_made_leaves_nothing(tmp_path, labels):
    bad = {
        "name of its own": cases(labels, name="same"),
        "differ in shape": cases(labels, label_map=labels[:10]),
        "holds the codes": cases(labels, label_map=labels + 1),
        "at least one": cases(labels, label_map=None),
    }
    for words, pairs in bad.items():
        with pytest.raises(InputError, match=words):
            write_nnunet(pairs, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_data_set_is_never_overwritten(tmp_path, labels):
    write_nnunet(cases(labels), tmp_path)
    with pytest.raises(OutputError, match="exists already"):
        write_nnunet(cases(labels), tmp_path)


def test_a_data_set_in_a_missing_folder_or_a_file_is_an_output_error(tmp_path, labels):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(OutputError, match="Dataset001"):
            write_nnunet(cases(labels), folder)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_bad_name_or_number_of_a_data_set_is_refused(tmp_path, labels):
    for name, number in (("a/b", 1), ("Echo", 1000)):
        with pytest.raises(InputError, match=r"1\.\.999"):
            write_nnunet(cases(labels), tmp_path, name, number)

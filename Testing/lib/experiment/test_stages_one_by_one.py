"""What an experiment varies, draws and trains on, and how it is judged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiment_data import write_small_camus

from EchoSynthLib.errors import Cancelled, InputError, ModelError
from EchoSynthLib.evaluation.segmentation_metrics import STRUCTURE_CODES
from EchoSynthLib.experiment import checkpointed_map, evaluate, images, label_maps
from EchoSynthLib.experiment.frames import Frames, load_frames
from EchoSynthLib.experiment.generators import GeneratorTraining, find_generators
from EchoSynthLib.experiment.sampling import ImagePlan, Sampling
from EchoSynthLib.experiment.settings import parse_solvers
from EchoSynthLib.experiment.stages import Progress, Workplace
from EchoSynthLib.experiment.training_data import write_pairs
from EchoSynthLib.images.datasets.camus import load_camus_npz
from EchoSynthLib.zoo import shipped_models

VARIATIONS = 3
HERE = {"workers": 1, "cluster": None}


def quiet(done: int, total: int, message: str = "") -> None:
    """Progress that nobody watches."""


def place(folder: Path, progress: Progress = quiet) -> Workplace:
    for name in ("result", "scratch"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return Workplace(folder / "result", folder / "scratch", progress)


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    return load_frames(write_small_camus(tmp_path_factory.mktemp("camus")))


@pytest.fixture(scope="module")
def varied(frames: Frames, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = place(tmp_path_factory.mktemp("maps"))
    label_maps.make(frames, None, VARIATIONS, 0, HERE, work)
    return work.result


def drawn(
    frames: Frames,
    varied: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    calls: list[ImagePlan],
    progress: Progress = quiet,
) -> Path:
    """The folder of images that a generator without a network draws: its seed's noise in the sector."""

    def one(sampling: Sampling, plan: ImagePlan) -> np.ndarray:
        calls.append(plan)
        noise = np.random.default_rng(plan.seed).integers(1, 255, plan.label_map.shape, dtype=np.uint8)
        return noise * plan.sector.mask(plan.label_map.shape)

    monkeypatch.setattr(images, "draw", one)
    monkeypatch.setattr(images, "draw_and_tell", lambda sampling, plan: (one(sampling, plan), {"solver": "noise"}))
    work = place(folder, progress)
    images.make(frames, varied, None, Sampling(Path("none"), "key"), 0, HERE, work)
    return work.result


def test_the_first_map_is_the_frames_own_and_is_not_cut_at_the_sector(frames: Frames, varied: Path) -> None:
    found = label_maps.load(varied)
    assert len(found) == VARIATIONS * len(frames.train)
    own = np.flatnonzero(found.variation == 0)
    np.testing.assert_array_equal(found.row[own], frames.train)
    np.testing.assert_array_equal(found.label_map[own], frames.arrays.label[frames.train])


def test_maps_differ_from_each_other_and_hold_every_structure(varied: Path) -> None:
    loaded = label_maps.load(varied).label_map
    assert len({label_map.tobytes() for label_map in loaded}) == len(loaded)
    assert all(set(np.unique(label_map)) == {0, 1, 2, 3} for label_map in loaded)


def test_a_frames_maps_do_not_depend_on_the_other_frames(frames: Frames, varied: Path, tmp_path: Path) -> None:
    work = place(tmp_path)
    label_maps.make(frames, 2, VARIATIONS, 0, HERE, work)
    few, all_of_them = label_maps.load(work.result), label_maps.load(varied)
    assert len(few) == 2 * VARIATIONS
    same = np.isin(all_of_them.row, few.row)
    np.testing.assert_array_equal(few.label_map, all_of_them.label_map[same])


@pytest.mark.slow
def test_any_number_of_workers_makes_the_same_maps(frames: Frames, varied: Path, tmp_path: Path) -> None:
    work = place(tmp_path)
    label_maps.make(frames, None, VARIATIONS, 0, {"workers": 2, "cluster": None}, work)
    np.testing.assert_array_equal(label_maps.load(work.result).label_map, label_maps.load(varied).label_map)


def test_interrupted_drawing_goes_on_with_what_is_missing(
    frames: Frames, varied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointed_map, "PART", 4)
    whole: list[ImagePlan] = []
    expected, _ = images.load(drawn(frames, varied, tmp_path / "whole", monkeypatch, whole))

    interrupted: list[ImagePlan] = []

    def impatient(done: int, total: int, message: str = "") -> None:
        if len(interrupted) == 6:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        drawn(frames, varied, tmp_path / "parts", monkeypatch, interrupted, impatient)
    rest: list[ImagePlan] = []
    found, numbers = images.load(drawn(frames, varied, tmp_path / "parts", monkeypatch, rest))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(numbers, np.arange(len(expected)))
    # The four of the first part were kept; one more call tells how images are sampled.
    assert len(rest) == len(whole) - 4


def test_every_image_has_a_seed_of_its_own(frames: Frames, varied: Path) -> None:
    found = label_maps.load(varied)
    plans = [images.plan_of(frames, found, number, 0) for number in range(len(found))]
    assert len({plan.seed for plan in plans}) == len(plans)
    assert {plan.view for plan in plans} == {"2CH", "4CH"}
    assert images.plan_of(frames, found, 0, 1).seed != plans[0].seed


@pytest.mark.parametrize("real", [False, True])
def test_pairs_are_the_train_rows_wanted_and_the_val_frames_untouched(
    frames: Frames, varied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real: bool
) -> None:
    folder = drawn(frames, varied, tmp_path / "images", monkeypatch, [])
    found = load_camus_npz(write_pairs(frames, real, (varied, folder), tmp_path))
    val = found.select(found.split == "val")
    np.testing.assert_array_equal(val.image, frames.arrays.image[frames.val])
    np.testing.assert_array_equal(val.label, frames.arrays.label[frames.val])
    train = found.select(found.split == "train")
    assert len(train) == VARIATIONS * len(frames.train) + real * len(frames.train)
    assert not set(train.patient) & set(val.patient)
    synthetic = np.char.find(train.name, "_synthetic") > 0
    assert synthetic.sum() == VARIATIONS * len(frames.train)
    np.testing.assert_array_equal(train.label[synthetic], label_maps.load(varied).label_map)
    np.testing.assert_array_equal(train.image[synthetic], images.load(folder)[0])
    assert set(train.name[~synthetic]) == (set(frames.arrays.name[frames.train]) if real else set())


def test_pairs_keep_the_terms_of_their_frames_and_of_the_model_that_drew_them(
    frames: Frames, varied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = drawn(frames, varied, tmp_path / "images", monkeypatch, [])
    (folder / "TERMS.md").write_text("Trained on drawn hearts, CC0.")
    write_pairs(frames, True, (varied, folder), tmp_path)
    told = (tmp_path / "TERMS.md").read_text()
    assert "as told by whoever trained it" in told
    assert told.endswith("drawn by a model of these terms:\n\nTrained on drawn hearts, CC0.")


def test_a_perfect_network_is_judged_perfect(frames: Frames) -> None:
    for number in frames.val:
        frame = frames.arrays.frame(int(number))
        row = evaluate.judged_frame(frame, frames.arrays.label[number], frame.view)
        assert set(row["dice"].values()) == {1.0}
        assert row["hausdorff_px"] == row["hd95_px"] == 0
        assert row["view_right"]
        assert (row["hausdorff_mm"] is None) == (frame.view == "2CH")


def test_a_ventricle_that_was_not_found_is_a_diagonal_away(frames: Frames) -> None:
    frame = frames.arrays.frame(int(frames.val[0]))
    row = evaluate.judged_frame(frame, np.zeros_like(frames.arrays.label[0]), "4CH")
    assert row["hausdorff_px"] == row["hd95_px"] == pytest.approx(np.hypot(*frame.image.shape))
    assert row["dice"]["LV cavity"] == 0


def test_a_difference_is_taken_image_by_image() -> None:
    def rows(less: float) -> list[dict[str, Any]]:
        return [
            {
                "patient": f"p{i}",
                "dice": dict.fromkeys(STRUCTURE_CODES, 0.05 * i - less),
                "hausdorff_px": 3.0,
                "hausdorff_mm": None,
                "hd95_px": 2.0,
                "hd95_mm": None,
                "view_right": i % 2 == 0,
            }
            for i in range(10)
        ]

    told = evaluate.summary(rows(0.01), rows(0.0))
    for name in STRUCTURE_CODES:
        low, mean, high = (told["difference"][name][key] for key in ("low", "mean", "high"))
        assert (low, mean, high) == pytest.approx((-0.01,) * 3)
        assert told["dice"][name]["high"] - told["dice"][name]["low"] > 0.1
    assert told["view"]["mean"] == 0.5
    assert told["LV endo HD95, px"]["mean"] == 2.0
    assert "LV endo Hausdorff, mm" not in told


def test_solvers_are_told_with_their_steps() -> None:
    assert parse_solvers("heun:10, dpm-solver++:5,") == [("heun", 10), ("dpm-solver++", 5)]
    assert parse_solvers("") == []
    for wrong in ("heun", "heun:0", ":5", "heun:x"):
        with pytest.raises(InputError, match="SOLVER:STEPS"):
            parse_solvers(wrong)


def test_models_are_found_in_the_zoo_and_by_path_and_unknown_ones_are_named(frames: Frames, tmp_path: Path) -> None:
    how = GeneratorTraining("small", 1.0, "cpu", 0)
    if not (shipped_models() / "beam-flow").is_dir():
        pytest.skip("the model beam-flow is not in Resources/Models")
    shutil.copytree(shipped_models() / "beam-flow", tmp_path / "mine")
    shipped, mine = find_generators(["beam-flow", str(tmp_path / "mine")], frames, how, tmp_path)
    assert (shipped.name, mine.name) == ("beam-flow", "mine")
    assert shipped.key == mine.key
    with pytest.raises(InputError, match=r"'nothing' is not known.*beam-flow"):
        find_generators(["nothing"], frames, how, tmp_path)
    with pytest.raises(InputError, match="given twice"):
        find_generators(["beam-flow", "zoo:beam-flow"], frames, how, tmp_path)
    with pytest.raises(InputError, match="No model was given"):
        find_generators([], frames, how, tmp_path)
    with pytest.raises(ModelError, match="draws no images"):
        find_generators(["segmenter"], frames, how, tmp_path)


def test_data_without_a_split_or_with_a_patient_in_both_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="0 of val"):
        load_frames(write_small_camus(tmp_path / "a", val=0))
    with pytest.raises(InputError, match="0 rows of the split train"):
        load_frames(write_small_camus(tmp_path / "b", train=0))
    mixed = write_small_camus(tmp_path / "c")
    index = mixed.with_name("index.csv")
    index.write_text(index.read_text().replace(",patient0004,", ",patient0000,"))
    with pytest.raises(InputError, match="patient0000"):
        load_frames(mixed)
    with pytest.raises(InputError, match="100 train frames were asked for"):
        load_frames(write_small_camus(tmp_path / "d")).evenly(100)

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnxscript", reason="onnxscript is not installed")

from EchoSynthLib import zoo  # noqa: E402
from EchoSynthLib.classification.backmix.recipe import with_masks  # noqa: E402
from EchoSynthLib.errors import InputError, ModelError  # noqa: E402
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames, joined, load_labeled_frames  # noqa: E402
from EchoSynthLib.systems import RECIPES, load_pipeline, load_torch_pipeline  # noqa: E402
from EchoSynthLib.training.card import missing  # noqa: E402
from EchoSynthLib.training.run import TrainingRun  # noqa: E402


def frames(split: str, count: int, seed: int) -> LabeledFrames:
    """A dark or a bright box in a sector on a screen."""
    rng = np.random.default_rng(seed)
    label = np.arange(count) % 2
    image = rng.integers(0, 60, (count, 32, 32)).astype(np.uint8)
    mask = np.zeros(image.shape, bool)
    mask[:, 6:26, 6:26] = True
    image[:, 10:20, 10:20] += (label * 150).astype(np.uint8)[:, None, None]
    names = np.array([f"{split}{i}" for i in range(count)])
    known = np.ones(count, bool)
    return LabeledFrames(image, label, ("dark", "bright"), mask, known, names, np.array([split] * count), "boxes")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    both = joined([frames("train", 40, 0), frames("val", 10, 1)], "boxes")
    return both.save(tmp_path_factory.mktemp("frames") / "frames.npz")


@pytest.fixture(scope="module")
def model(data: Path, tmp_path_factory: pytest.TempPathFactory) -> zoo.ModelFolder:
    run = TrainingRun(data, tmp_path_factory.mktemp("run"), 12)
    return zoo.open_folder(RECIPES["wbackmix"].train(run))


def test_a_trained_classifier_is_a_model_whose_card_tells_all(model: zoo.ModelFolder) -> None:
    assert missing((model.path / zoo.CARD).read_text(encoding="utf-8")) == []
    told = {name: model.config[name] for name in ("classes", "grid", "preset", "background", "mu", "masked")}
    assert told == {
        "classes": ["dark", "bright"],
        "grid": [32, 32],
        "preset": "small",
        "background": "backmix",
        "mu": "2",
        "masked": "0.05",
    }
    assert 0 <= model.config["figures"]["balanced accuracy"] <= 1


def test_both_run_times_tell_the_same_and_no_mask_is_asked_for(model: zoo.ModelFolder, data: Path) -> None:
    fast, full = load_pipeline(model, threads=1), load_torch_pipeline(model)
    for image in load_labeled_frames(data).part("val").image[:3]:
        shares = fast(image)
        assert sum(shares.values()) == pytest.approx(1)
        assert shares == pytest.approx(full(image), abs=2e-3)
    assert fast(np.repeat(np.repeat(image, 3, 0), 2, 1)).keys() == {"dark", "bright"}


def test_a_config_without_names_of_classes_is_refused(model: zoo.ModelFolder) -> None:
    pipeline = load_pipeline(model, threads=1)
    for odd in (None, [], ["a", "a"], [1], "ab"):
        with pytest.raises(ValueError, match="`classes`"):
            type(pipeline)(pipeline.network, {**model.config, "classes": odd})


def test_of_a_few_masks_every_so_many_th_is_used() -> None:
    train = with_masks(frames("train", 40, 0), 0.1)
    assert np.flatnonzero(train.is_masked).tolist() == [0, 10, 20, 30]


def test_labeled_frames_come_back_from_their_file_as_they_were(data: Path) -> None:
    kept, again = joined([frames("train", 40, 0), frames("val", 10, 1)], "boxes"), load_labeled_frames(data)
    for name in ("image", "label", "mask", "is_masked", "group", "split"):
        assert np.array_equal(getattr(kept, name), getattr(again, name)), name
    assert (again.classes, again.site) == (kept.classes, "boxes")


def test_sets_of_frames_are_joined_by_the_names_of_their_classes() -> None:
    one, other = frames("train", 4, 0), frames("val", 4, 1)
    renamed = LabeledFrames(**{**other.__dict__, "classes": ("bright", "odd")})
    both = joined([one, renamed])
    assert both.classes == ("dark", "bright", "odd")
    assert both.label.tolist() == [0, 1, 0, 1, 1, 2, 1, 2]


def test_what_holds_no_labeled_frames_and_a_split_that_is_not_there_are_told(tmp_path: Path, data: Path) -> None:
    np.savez(tmp_path / "other.npz", image=np.zeros((2, 4, 4), np.uint8))
    for path in (tmp_path / "other.npz", tmp_path / "none.npz"):
        with pytest.raises(InputError, match=path.name):
            load_labeled_frames(path)
    with pytest.raises(InputError, match=r"'test'; there are train, val"):
        load_labeled_frames(data).part("test")


@pytest.mark.parametrize("odd", ["label", "image"])
def test_frames_that_do_not_belong_together_are_refused(odd: str) -> None:
    fields = dict(frames("train", 4, 0).__dict__)
    fields[odd] = fields[odd] + 7 if odd == "label" else fields[odd].astype(np.float32)
    with pytest.raises(InputError):
        LabeledFrames(**fields)


def test_the_pipeline_refuses_a_folder_of_another_system(model: zoo.ModelFolder, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        load_pipeline(tmp_path / "none")

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from experiment_data import write_small_camus
from PIL import Image

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnxscript", reason="onnxscript is not installed")

from EchoSynthLib.anatomy.sector.fit import default_sector
from EchoSynthLib.errors import InputError
from EchoSynthLib.experiment.backmix import frames as drawn
from EchoSynthLib.experiment.backmix.arms import BACKMIX, PLAIN
from EchoSynthLib.experiment.backmix.overlays import real_overlays
from EchoSynthLib.experiment.backmix.report import report
from EchoSynthLib.experiment.backmix.run import BackMixExperiment, BackMixSettings, run
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames, load_labeled_frames
from EchoSynthLib.images.screens import KINDS, layout, on_screen, tag
from EchoSynthLib.progress import part
from EchoSynthLib.tasks import find_task
from EchoSynthLib.tasks.task import Context

SIDE = 64


def sector(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A picture of a sector (90, 100) and its mask."""
    inside = default_sector((90, 100)).mask((90, 100))
    image = np.random.default_rng(seed).integers(60, 255, inside.shape).astype(np.uint8)
    return np.where(inside, image, 0).astype(np.uint8), inside


def free(count: int = 40) -> LabeledFrames:
    """Frames without overlays."""
    rng = np.random.default_rng(1)
    screens = [on_screen(*sector(i), SIDE, rng) for i in range(count)]
    image, mask = np.stack([screen.image for screen in screens]), np.stack([screen.inside for screen in screens])
    names, split = np.array([f"p{i}" for i in range(count)]), np.array(["train"] * count)
    return LabeledFrames(image, np.arange(count) % 2, ("A2C", "A4C"), mask, np.ones(count, bool), names, split)


def test_a_sector_on_a_screen_is_black_beside_it_and_an_overlay_leaves_it_alone() -> None:
    screen = on_screen(*sector(), SIDE, np.random.default_rng(0))
    assert (screen.image[~screen.inside] == 0).all()
    assert 0.15 < screen.inside.mean() < 0.6
    under = screen.under(np.full((SIDE, SIDE), 77, np.uint8))
    assert np.array_equal(under.image[screen.inside], screen.image[screen.inside])
    assert (under.image[~screen.inside] == 77).all()


@pytest.mark.parametrize("kind", KINDS)
def test_each_layout_has_its_own_place_and_other_words_each_time(kind: str) -> None:
    one, other = (layout(kind, SIDE, np.random.default_rng(seed)) for seed in (0, 1))
    assert 0.01 < (one > 0).mean() < 0.4
    assert not np.array_equal(one, other)


def test_tags_differ_and_name_the_class_as_often_as_asked() -> None:
    assert not np.array_equal(tag("A2C", SIDE), tag("A4C", SIDE))
    plain = free()
    all_right, none_right = (drawn.tagged(plain, "train", "train", right, 0) for right in (1.0, 0.0))
    for number, text in enumerate(("A2C", "A4C")):
        own = all_right.label == number
        for found, wanted in ((all_right, text), (none_right, {"A2C": "A4C", "A4C": "A2C"}[text])):
            beside = np.where(found.mask, 0, tag(wanted, SIDE))
            assert np.array_equal(found.image[own], np.maximum(plain.image, beside)[own])


def test_a_laboratorys_overlays_go_with_the_class_and_those_of_others_do_not() -> None:
    plain = free()
    overlays = [np.full((SIDE, SIDE), 50 + i, np.uint8) for i in range(5)]
    own = drawn.worn(plain, "train", "train", overlays, 1.0, 0)
    for number in (0, 1):
        beside = own.image[own.label == number][~own.mask[own.label == number]]
        assert set(beside.tolist()) == {50 + i for i in range(number, 5, 2)}
    mixed = drawn.worn(plain, "train", "train", overlays, 0.0, 0)
    assert set(mixed.image[mixed.label == 0][~mixed.mask[mixed.label == 0]].tolist()) == {50, 51, 52, 53, 54}
    other = drawn.elsewhere(plain, "train", "test", 0)
    assert set(other.split.tolist()) == {"test"}
    assert np.array_equal(other.image[other.mask], plain.image[plain.mask])
    assert not np.array_equal(other.image, plain.image)


def test_overlays_of_real_screens_hold_nothing_of_the_sector(tmp_path: Path) -> None:
    for seed in (0, 1):
        image, _ = sector(seed)
        screen = np.zeros((200, 260), np.uint8)
        screen[60:150, 80:180] = image
        screen[10:20, 10:60] = 200
        Image.fromarray(screen).save(tmp_path / f"{seed}.png")
    Image.fromarray(np.zeros((40, 40), np.uint8)).save(tmp_path / "black.png")
    overlays = real_overlays(tmp_path, SIDE)
    assert len(overlays) == 2
    assert overlays[0][3:6, 4:14].min() > 150
    assert overlays[0][20:48, 25:40].max() == 0
    (tmp_path / "0.png").unlink()
    with pytest.raises(InputError, match="1 pictures of screens"):
        real_overlays(tmp_path, SIDE)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_experiment_makes_both_tables_and_its_picture_and_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TAG_ARMS", "REAL_ARMS"):
        monkeypatch.setattr(f"EchoSynthLib.experiment.backmix.run.{name}", (PLAIN, BACKMIX))
    settings = BackMixSettings(
        write_small_camus(tmp_path / "camus"),
        tmp_path / "out",
        None,
        1,
        (("train", 4), ("val", 1), ("test", 1)),
        seed=3,
    )

    def progress(index: int, count: int, title: str):  # type: ignore[no-untyped-def]
        return part(lambda *told: None, index, count, title)

    assert run(settings, progress) == {"report": "report.md", "results": "results.json", "plots": ["focus.png"]}
    told = (tmp_path / "out" / "report.md").read_text()
    assert told.count("\n| plain |") == told.count("\n| BackMix |") == 2
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert set(results["judged"]) == {"tagged", "tag-free", "real"}
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "stages").rglob("stage.json")}
    run(settings, progress)
    assert made == {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "stages").rglob("stage.json")}
    frames = load_labeled_frames(BackMixExperiment(settings).frames_of("tagged"))
    splits = {name: set(frames.group[frames.split == name].tolist()) for name in ("train", "val", "test")}
    assert not splits["train"] & (splits["val"] | splits["test"])


def judged(accuracy: float, focus: float) -> dict[str, float]:
    told = {"frames": 10, "accuracy": accuracy, "accuracy, masked": accuracy, "sector's share of the frame": 0.25}
    for kind in ("occlusion", "input gradient", "Grad-CAM"):
        told |= {f"focus, {kind}": focus, f"pointing game, {kind}": focus}
    return told


def test_the_report_relates_each_accuracy_to_the_one_without_tags_and_gains_to_the_plain_classifier() -> None:
    def arm(accuracy: float) -> dict[str, object]:
        return {name: judged(accuracy, 0.9) for name in ("val", "test", "test without tags")}

    about = {
        "iterations": 1,
        "real_iterations": 3,
        "side": 64,
        "seed": 0,
        "overlays": "imitated",
        "frames": {"tagged": {"train": 4}},
    }
    all_of = {
        "tag-free": {"plain": arm(0.8)},
        "tagged": {"plain": arm(0.3), "BackMix": arm(0.79)},
        "real": {"plain": arm(0.7), "BackMix": arm(0.75)},
    }
    told = report({"about": about, "judged": all_of})
    assert "| plain | 30.0 | 0.375 |" in told
    assert "| BackMix | 79.0 | 0.988 |" in told
    assert "| BackMix | 75.0 | +5.0 |" in told


def test_an_option_of_the_other_experiment_is_refused(tmp_path: Path) -> None:
    for name, option in (("backmix", {"variations": 2}), ("synthetic-training", {"iterations": 3})):
        task = find_task("experiment").build({"experiment": name, "data": tmp_path, "output": tmp_path / "o", **option})
        with pytest.raises(InputError, match=f"{name} has no {next(iter(option))}"):
            task.run(Context())

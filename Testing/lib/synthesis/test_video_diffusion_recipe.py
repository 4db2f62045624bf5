"""A cascade is trained on a folder of cines with their records, and makes a frame beat."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contracting_ellipses import contracting_ellipses

for package in ("torch", "diffusers", "safetensors"):
    pytest.importorskip(package, reason=f"{package} is not installed")

from EchoSynthLib import zoo  # noqa: E402
from EchoSynthLib.anatomy.structures import CamusCode  # noqa: E402
from EchoSynthLib.errors import InputError  # noqa: E402
from EchoSynthLib.images.between_frames import at_times  # noqa: E402
from EchoSynthLib.images.write import write_image  # noqa: E402
from EchoSynthLib.synthesis.drawn_cines import ejection_of, nearest  # noqa: E402
from EchoSynthLib.synthesis.video_diffusion.clips import read_clips  # noqa: E402
from EchoSynthLib.synthesis.video_diffusion.network import VideoUNet  # noqa: E402
from EchoSynthLib.synthesis.video_diffusion.pipeline import CascadePipeline  # noqa: E402
from EchoSynthLib.synthesis.video_diffusion.presets import Cascade, Stage  # noqa: E402
from EchoSynthLib.systems import RECIPES  # noqa: E402
from EchoSynthLib.training.card import missing  # noqa: E402
from EchoSynthLib.training.run import TrainingRun  # noqa: E402

FRAMES, SIDE, COUNT = 8, 32, 8
ASKED: dict[str, Any] = {
    "view": "4CH", "spacing": None, "frames": 12, "beats": 2, "heart_rate": 60.0, "frame_rate": None, "phase": "ED",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("cines")
    cines, fractions = contracting_ellipses(COUNT, FRAMES, SIDE, seed=0)
    for i, (cine, fraction) in enumerate(zip(cines, fractions, strict=True)):
        write_image(place / f"heart{i}_beating.npy", cine)
        write_record(place, i, 100 * float(fraction))
    return place


def write_record(place: Path, number: int, percent: float) -> None:
    record = {
        "outputs": {"cine": f"heart{number}_beating.npy"},
        "ejection_fraction": {"asked": None, "labels": percent, "segmented": None},
        "frame_time_ms": 125.0,
        "heart_rate": 60.0,
        "end_diastole": 0,
        "origin": "synthetic",
    }
    (place / f"heart{number}_beating_record.json").write_text(json.dumps(record))


def bright(image: np.ndarray) -> np.ndarray:
    return np.where(image > 128, CamusCode.LV_CAVITY, 0).astype(np.uint8)


def pipeline(**changes: Any) -> CascadePipeline:
    import torch

    cascade = Cascade(FRAMES, None, (Stage(16, 1, 2, 4),), {"width": 8, "multipliers": (1, 2), "blocks": 1})
    torch.manual_seed(0)
    network = cascade.build(0).eval()
    with torch.no_grad():
        network.head[-1].bias.add_(0.1)
    return CascadePipeline([network], replace(cascade, **changes), bright)


def frame() -> np.ndarray:
    return contracting_ellipses(1, FRAMES, SIDE, seed=4)[0][0, 0]


def beat(animator: CascadePipeline, fraction: float | None = 40.0, seed: int = 3, **changes: Any) -> Any:
    image = frame()
    told = {**ASKED, "ejection_fraction": fraction, "seed": seed, **changes}
    return animator(image, bright(image), **told)


def test_clips_are_beats_from_end_diastole_on_with_their_ejection_fraction(folder: Path) -> None:
    clips = read_clips(folder, SIDE, FRAMES, None)
    cines, fractions = contracting_ellipses(COUNT, FRAMES, SIDE, seed=0)
    np.testing.assert_array_equal(clips.pixels, cines)
    np.testing.assert_allclose(clips.ejection_fraction, fractions, atol=1e-6)
    assert not clips.derived
    assert len(clips.part(True)) + len(clips.part(False)) == COUNT


def test_clips_of_seconds_are_black_after_the_cines_end(folder: Path) -> None:
    clips = read_clips(folder, SIDE, 16, 2.0)
    cines, _ = contracting_ellipses(COUNT, FRAMES, SIDE, seed=0)
    np.testing.assert_array_equal(clips.pixels[:, :8], cines)
    assert not clips.pixels[:, 8:].any()


def test_frames_of_any_time_are_mixed_of_two_and_a_beat_begins_again() -> None:
    cine = np.arange(4, dtype=np.float32)[:, None, None]
    told = np.array([0.5, 3.5, 4.25])
    assert at_times(cine, told, endless=True).ravel().tolist() == [0.5, 1.5, 0.25]
    assert at_times(cine, told, endless=False).ravel().tolist() == [0.5, 3.0, 0.0]


@pytest.mark.parametrize("damage", ["none", "empty", "no cines", "not json", "no ejection fraction"])
def test_a_folder_that_is_none_of_cines_is_told_what_is_expected(damage: str, folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "cines"
    if damage != "none":
        place.mkdir()
    if damage == "no cines":
        (place / "x_record.json").write_text("{}")
    if damage == "not json":
        (place / "x_record.json").write_text("no")
    if damage == "no ejection fraction":
        write_image(place / "heart0_beating.npy", np.load(folder / "heart0_beating.npy"))
        (place / "x_record.json").write_text(json.dumps({"outputs": {"cine": "heart0_beating.npy"}}))
    with pytest.raises(InputError, match="echosynth animate"):
        read_clips(place, SIDE, FRAMES, None)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cascade-1scm", "cascade-4scm"])
def test_a_trained_cascade_is_a_sound_model_that_makes_a_frame_beat(name: str, folder: Path, tmp_path: Path) -> None:
    made = RECIPES[name].train(TrainingRun(folder, tmp_path, iterations=4))
    zoo.verify(made)
    assert missing((made / "README.md").read_text(encoding="utf-8")) == []
    model = zoo.folders.read(made)
    assert model.config["system"] == "synthesis.video_diffusion"
    networks = [VideoUNet.from_pretrained(made / f"stage{i + 1}") for i in range(len(model.config["iterations"]))]
    from EchoSynthLib.synthesis.video_diffusion.presets import SMALL

    animation = beat(CascadePipeline(networks, SMALL[model.config["cascade"]], bright), steps=1)
    assert animation.cine.shape == (12, SIDE, SIDE)
    assert animation.made["network_evaluations"] == 2 * len(networks)


def test_a_cine_has_the_frames_and_times_asked_for_and_labels_that_are_seen_in_it() -> None:
    found = beat(pipeline())
    assert found.cine.shape == found.label_maps.shape == (12, SIDE, SIDE)
    np.testing.assert_allclose(found.times_ms, np.arange(12) * 2000 / 12)
    np.testing.assert_array_equal(found.label_maps, [bright(one) for one in found.cine])
    assert found.displacement is None
    np.testing.assert_array_equal(found.cine[:6], found.cine[6:])  # one beat, twice


def test_a_seed_is_one_cine_and_the_first_of_several_is_that_of_one_alone() -> None:
    animator = pipeline()
    one, again, other, three = (beat(animator, seed=s, best_of=b) for s, b in ((3, 1), (3, 1), (4, 1), (3, 3)))
    np.testing.assert_array_equal(one.cine, again.cine)
    assert (one.cine != other.cine).any()
    first, *rest = three.made["ejection_fraction_of_each_drawn"]
    assert [first] == one.made["ejection_fraction_of_each_drawn"]
    assert len(rest) == 2


def test_the_best_of_three_is_never_farther_from_what_is_asked_for_than_the_best_of_one() -> None:
    rng = np.random.default_rng(0)
    for asked, *seen in rng.uniform(10, 80, (200, 4)):
        shares = [one / 100 for one in seen]
        one, three = (abs(seen[nearest(shares[:count], asked)] - asked) for count in (1, 3))
        assert three <= one
    assert nearest([float("nan"), 0.5, 0.3], 35.0) == 2
    assert nearest([float("nan")], 35.0) == 0
    assert nearest([0.1, 0.9], None) == 0


def test_an_ejection_fraction_is_of_the_largest_and_smallest_ventricle_that_are_seen() -> None:
    assert ejection_of(np.array([100.0, 0.0, 40.0, 80.0])) == pytest.approx(0.6)
    assert np.isnan(ejection_of(np.zeros(3)))


def test_without_an_ejection_fraction_one_cine_is_drawn() -> None:
    assert len(beat(pipeline(), None, best_of=3).made["ejection_fraction_of_each_drawn"]) == 1


def test_a_cascade_of_seconds_draws_no_longer_than_they_last() -> None:
    animator = pipeline(seconds=2.0)
    assert beat(animator).cine.shape[0] == 12
    with pytest.raises(InputError, match="draws 2 seconds"):
        beat(animator, beats=3)


def test_a_label_map_alone_is_refused_with_what_to_do() -> None:
    animator = pipeline()
    with pytest.raises(InputError, match="echosynth synthesize"):
        animator(None, bright(frame()), **ASKED, ejection_fraction=40.0, seed=0)

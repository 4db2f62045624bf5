"""Ejection fractions by looking: beats, how they are played anew, windows, network, and what users call."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import EchoSynthLib as es
from EchoSynthLib.anatomy.chords import traced
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.between_frames import at_times
from EchoSynthLib.images.datasets.echonet import EchoNetVideo, write_tables
from EchoSynthLib.images.frame import EchoCine
from EchoSynthLib.images.write import write_image
from EchoSynthLib.networks.resnet import parameter_count
from EchoSynthLib.regression.ejection_fraction.batches import FractionLoss, cavity_loss
from EchoSynthLib.regression.ejection_fraction.clips import UNKNOWN, Beats, beat_rows, read_beats
from EchoSynthLib.regression.ejection_fraction.drawn import drawn_beats
from EchoSynthLib.regression.ejection_fraction.network import CELLS, EjectionNetwork, PaperNetwork, network_of
from EchoSynthLib.regression.ejection_fraction.pipeline import EjectionPipeline
from EchoSynthLib.regression.ejection_fraction.play import Curve, drawn_play
from EchoSynthLib.regression.ejection_fraction.presets import SAMPLINGS
from EchoSynthLib.regression.ejection_fraction.windows import Sampling, guessed_frame_time, to_and_fro
from EchoSynthLib.system import Recipe
from EchoSynthLib.systems import SYSTEMS
from EchoSynthLib.tasks import Context, find_task
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.run import TrainingRun

MODEL = "drawn-fractions"
SMALL = SAMPLINGS["small"]
SIDE = 112


def beating(fraction: float, frames: int = 16, beats: float = 1.0) -> np.ndarray:
    """A bright picture with a dark disc whose volume goes from all to 1 - fraction of it, (T, 112, 112) uint8."""
    times = beats * np.arange(frames) / frames
    volume = 1 - fraction * (1 - np.cos(2 * np.pi * times)) / 2
    rows, columns = np.indices((SIDE, SIDE)) - 56
    radius = 30 * np.cbrt(volume)[:, None, None]
    sector = np.abs(columns) < (rows + 56) * 0.9
    return np.where(np.hypot(rows, columns)[None] < radius, 20, 160 * sector[None]).astype(np.uint8)


def one_beat(fraction: float, split: str = "train") -> Beats:
    pixels = beating(fraction)
    rows = beat_rows(pixels, (pixels == 20).astype(np.uint8), np.arange(16) / 16, fraction, split, SMALL.side)
    return Beats(*(np.stack([one]) for one in rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cines in EchoNet-Dynamic's layout, of a drawn heart that contracts; both ends are traced."""
    place = tmp_path_factory.mktemp("echonet")
    (place / "Videos").mkdir()
    hearts = [parametric_heart("4CH", phase, shape=(SIDE, SIDE)) for phase in np.linspace(0, 1, 9)]
    pixels = np.stack([40 * (4 - heart.label_map) * heart.sector.mask((SIDE, SIDE)) for heart in hearts])
    videos = []
    for number, split in enumerate(("train", "train", "val", "test")):
        name = f"heart{number}"
        write_image(place / "Videos" / f"{name}.avi", pixels.astype(np.uint8), EchoCine(pixels.astype(np.uint8)))
        lines = {frame: traced(hearts[frame].label_map, None) for frame in (0, 8)}
        videos.append(EchoNetVideo(name, 55.0, 45, 100, (SIDE, SIDE), 30, 9, split, lines))
    write_tables(place, videos)
    return place


@pytest.fixture(scope="module")
def model(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    system = next(one for one in SYSTEMS if one.name == "regression.ejection_fraction")
    run = TrainingRun(folder, tmp_path_factory.mktemp("run"), iterations=2, device="cpu")
    return Recipe(MODEL, system, {}).train(run, drawn="0")


@pytest.fixture
def installed(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHOSYNTH_MODELS", str(model.parent))


def test_a_short_cine_is_played_to_and_fro_without_a_jump() -> None:
    assert to_and_fro(np.arange(9.0), 4).tolist() == [0, 1, 2, 3, 2, 1, 0, 1, 2]


@pytest.mark.parametrize("frame_time", [16.0, 50.0, 125.0])
def test_a_window_lasts_two_seconds_at_every_frame_rate(frame_time: float) -> None:
    count = round(3000 / frame_time)
    windows = SMALL.windows(count, frame_time)
    assert windows.shape[1] == SMALL.frames
    assert windows.min() >= 0
    assert windows.max() < count
    spans = (windows[:, -1] - windows[:, 0]) * frame_time
    assert np.abs(spans - 23 / 24 * 2000).max() <= frame_time
    assert len(windows) == 2


def test_sixteen_frames_in_two_seconds_are_all_shown_once_or_twice() -> None:
    counts = np.bincount(SMALL.windows(16, 125.0).ravel(), minlength=16)
    assert counts.min() >= 1
    assert counts.max() <= 2


def test_two_frames_are_shown_as_ends_of_beats_end_diastole_first() -> None:
    shown_frames = SMALL.ends()[0]
    assert shown_frames[0] == 0
    assert set(shown_frames.tolist()) == {0, 1}
    assert np.abs(np.diff(shown_frames)).sum() == 4  # two beats and a little more in two seconds


def test_an_unknown_frame_time_is_guessed_by_the_beats_that_the_pictures_show() -> None:
    assert guessed_frame_time(beating(0.6, frames=48, beats=3)) == pytest.approx(857 / 16, rel=0.02)


def test_a_beat_is_played_with_any_ejection_up_to_its_own() -> None:
    beats = one_beat(0.7)
    curve = Curve(beats, 0)
    assert curve.systole == pytest.approx(0.5)
    for fraction in (0.1, 0.4, 0.7):
        places = curve.places(np.linspace(0, 0.99, 40), fraction)
        volumes = np.interp(places, np.arange(17), np.append(beats.volume[0, :16], 1.0))
        assert 1 - volumes.min() == pytest.approx(fraction, abs=0.03)
        assert volumes.max() == pytest.approx(1, abs=0.01)


def test_plays_follow_their_generator_and_stay_within_the_beat() -> None:
    beats = one_beat(0.6)
    rng, again = np.random.default_rng(1), np.random.default_rng(1)
    for _ in range(30):
        play, same = drawn_play(beats, 0, SMALL, rng), drawn_play(beats, 0, SMALL, again)
        assert np.array_equal(play.places, same.places)
        assert play.places.min() >= 0
        assert play.places.max() <= 16
        assert 0 < play.fraction <= 0.6


def test_between_two_frames_both_are_seen() -> None:
    frames = np.array([np.zeros((2, 2)), np.full((2, 2), 100)], np.uint8)
    assert at_times(frames[:2], np.array([0.0, 0.25, 1.5]), endless=True)[:, 0, 0].tolist() == [0, 25, 50]


def test_a_folder_without_label_maps_gives_systoles_whose_cavities_are_known_at_both_ends(folder: Path) -> None:
    beats = read_beats(folder, 64)
    assert beats.count.tolist() == [16] * 4
    known = (beats.cavity[0] != UNKNOWN).all(axis=(1, 2))
    assert np.flatnonzero(known[:16]).tolist() == [0, 8]
    assert beats.volume[0, 8] == pytest.approx(0.45)
    assert beats.volume[0, 4] == pytest.approx(beats.volume[0, 12])
    assert beats.split.tolist() == ["train", "train", "val", "test"]
    assert len(beats.select(["val", "test"])) == 2
    with pytest.raises(InputError, match="FileList"):
        read_beats(folder / "Videos", 64)


@pytest.mark.slow
def test_drawn_beats_depend_on_seed_and_number_alone() -> None:
    one, two = drawn_beats(1, 32, 5), drawn_beats(2, 32, 5)
    assert np.array_equal(one.pixels[0], two.pixels[0])
    assert ((one.fraction > 0.2) & (one.fraction < 1)).all()
    # The plane's own volumes make the curve, whose smallest is what is not ejected.
    assert one.volume[0, : one.count[0]].min() == pytest.approx(1 - one.fraction[0], abs=1e-6)


def test_the_paper_s_network_is_that_of_torchvision_and_the_small_one_is_small() -> None:
    with torch.device("meta"):
        paper = network_of("paper")
    assert isinstance(paper, PaperNetwork)
    assert parameter_count(paper) == 31_505_325 - 399 * 513
    assert parameter_count(network_of("small")) < 400_000


def test_the_small_network_takes_any_number_of_frames_and_tells_where_the_cavity_is() -> None:
    network = EjectionNetwork().eval()
    for frames in (8, 24):
        fraction, cavity = network.observed(torch.zeros(2, frames, 64, 64))
        assert fraction.shape == (2,)
        assert cavity.shape == (2, frames, CELLS, CELLS)


def test_a_batch_has_cines_of_mean_zero_and_its_fractions_and_cavities() -> None:
    loss = FractionLoss(one_beat(0.6), SMALL, "cpu", 0)
    cines, cavities, fractions = loss.batch(torch.Generator().manual_seed(0))
    again = loss.batch(torch.Generator().manual_seed(0))
    assert torch.equal(cines, again[0])
    assert cines.shape == cavities.shape
    assert cines.mean(dim=(1, 2, 3)).abs().max() < 1e-4
    assert 0 < float(fractions.min()) <= float(fractions.max()) <= 0.6 + 1e-6
    assert 0 <= float(cavities.min()) < float(cavities.max()) <= 1 + 1e-5


def test_frames_whose_cavity_nobody_tells_cost_nothing() -> None:
    logits = torch.randn(1, 3, CELLS, CELLS)
    cavity = torch.zeros(1, 3, 64, 64)
    cavity[:, 1] = -1
    before = cavity_loss(logits, cavity)
    logits[:, 1] = 100
    assert torch.equal(cavity_loss(logits, cavity), before)


def test_the_loss_teaches_a_network_to_see_how_much_a_disc_shrinks() -> None:
    torch.manual_seed(0)
    loss = FractionLoss(one_beat(0.8), Sampling(12, 2.0, 32), "cpu", 0)
    loss.beats = Beats(
        **{
            **loss.beats.arrays(),
            "pixels": loss.beats.pixels[..., ::2, ::2],
            "cavity": loss.beats.cavity[..., ::2, ::2],
        }
    )
    network = EjectionNetwork((4, 8, 8, 8))
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    generator = torch.Generator().manual_seed(0)
    costs = []
    for _ in range(25):
        cost = loss(network, Moment(generator, network, 0.0))
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        costs.append(float(cost.detach()))
    assert np.mean(costs[-8:]) < 0.85 * np.mean(costs[:8])


class Emptied(nn.Module):
    """Tells the truth of `beating`: by how much its dark disc shrinks."""

    def __call__(self, cine: np.ndarray) -> list[np.ndarray]:
        # The frame is stretched to its box, and only the disc changes: what is dark within the middle.
        middle = cine[0, :, 12:52, 12:52]
        dark = (middle < middle.min() + 0.3 * (middle.max() - middle.min())).sum(axis=(1, 2)).astype(float)
        return [np.array([1 - (dark.min() / dark.max()) ** 1.5])]


def pipeline(residual: float = 5.0) -> EjectionPipeline:
    config = {"frames": SMALL.frames, "seconds": SMALL.seconds, "side": SMALL.side, "residual": residual}
    return EjectionPipeline(Emptied(), config)


def test_every_frame_rate_and_length_shows_the_same_ejection_and_doubts_are_told() -> None:
    whole = beating(0.6, frames=60, beats=2.4)
    known = pipeline()(whole, 33.3)
    assert known.doubts == ()
    for cine, frame_time in ((whole[::2], 66.6), (beating(0.6, 16, 2), 125.0), (beating(0.6, 20), 40.0)):
        told = pipeline()(cine, frame_time)
        assert told.percent == pytest.approx(known.percent, abs=6)
        assert told.doubts == ()
    assert "70 beats" in pipeline()(whole, None).doubts[0]
    assert "both ends" in pipeline()(whole[[0, 12]], None).doubts[0]
    assert "fewer than the 8" in pipeline()(whole[::5], 166.5).doubts[0]
    assert "lasts 300 ms" in pipeline()(whole[:11], 30.0).doubts[0]


def test_the_interval_holds_the_mean_and_grows_with_what_was_told_wrong() -> None:
    narrow, wide = (pipeline(residual)(beating(0.5, 48, 2), 42.0) for residual in (2.0, 8.0))
    for told in (narrow, wide):
        assert 0 <= told.interval[0] <= told.percent <= told.interval[1] <= 100
    assert wide.interval[1] - wide.interval[0] > narrow.interval[1] - narrow.interval[0]


def test_a_model_tells_percent_with_a_record(installed: None) -> None:
    cine = beating(0.6, 24, 2)
    percent, record = es.ejection_fraction(cine, 83.0, model=MODEL)
    assert 0 <= percent <= 100
    told = json.loads(json.dumps(record))
    assert told["task"] == "ejection-fraction"
    assert told["interval"][0] <= told["ejection_fraction"] <= told["interval"][1]
    assert np.mean(told["windows"]) == pytest.approx(percent, abs=0.01)
    assert "trust" in told
    black = np.zeros_like(cine[:1])
    same, record = es.ejection_fraction(np.concatenate([cine, black]), 83.0, model=MODEL)
    assert same == percent
    assert any("left out" in text for text in record["warnings"])


def test_what_is_no_cine_is_refused_in_words(installed: None) -> None:
    cine = beating(0.6)
    with pytest.raises(InputError, match="one frame"):
        es.ejection_fraction(cine[:1], model=MODEL)
    with pytest.raises(InputError, match="contrast"):
        es.ejection_fraction(np.zeros_like(cine), model=MODEL)
    with pytest.raises(InputError, match="frame_time"):
        es.ejection_fraction(cine, -3, model=MODEL)
    with pytest.raises(InputError, match="needs a model for regression"):
        es.ejection_fraction(cine, model="segmenter")
    with pytest.raises(InputError, match="cannot be trusted"):
        es.ejection_fraction(cine, 50.0, model=MODEL, strict=True)


def test_torch_and_onnxruntime_tell_the_same(model: Path) -> None:
    from EchoSynthLib.regression.ejection_fraction.export import torch_pipeline

    config = json.loads((model / "config.json").read_text())
    fast, slow = EjectionPipeline.from_folder(model, config), torch_pipeline(model, config)
    cine = beating(0.4, 30, 1)
    assert fast(cine, 30.0).percent == pytest.approx(slow(cine, 30.0).percent, abs=0.05)


def test_the_task_tells_each_cine_of_a_folder(installed: None, folder: Path, tmp_path: Path) -> None:
    task = find_task("ejection-fraction")
    record = task(image=folder / "Videos", output=tmp_path / "out", model=MODEL).run(Context())
    assert len(record["results"]) == 4
    table = (tmp_path / "out" / "ejection_fraction.csv").read_text().splitlines()
    assert table[0] == "file,frames,frame_time_ms,ejection_fraction,low,high,trust"
    assert len(table) == 5
    assert task.findings(record)[0].startswith("heart0.avi: ")
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    write_image(tmp_path / "frame.png", noise)
    with pytest.raises(InputError, match="single frame"):
        task(image=tmp_path / "frame.png", model=MODEL).run(Context())

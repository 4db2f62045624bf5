"""Hearts are known again: pairs, copies, threshold, and the check of a picture by a model trained on drawn hearts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_camus import picture
from torch import nn

import EchoSynthLib as es
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.echonet import EchoNetVideo, read_echonet, write_tables
from EchoSynthLib.images.frame import EchoCine
from EchoSynthLib.images.write import write_image
from EchoSynthLib.networks.resnet import parameter_count
from EchoSynthLib.privacy.reidentification.copies import COPIES, mirrored, respeckled, warped
from EchoSynthLib.privacy.reidentification.judge import Frames, Judge, threshold_of
from EchoSynthLib.privacy.reidentification.network import LENGTH, KnownHearts, Siamese, directions, network_of
from EchoSynthLib.privacy.reidentification.pairs import PairLoss, SiameseLoss, changed
from EchoSynthLib.privacy.reidentification.pipeline import ReidentificationPipeline
from EchoSynthLib.privacy.reidentification.sources import source_of
from EchoSynthLib.system import Recipe
from EchoSynthLib.systems import SYSTEMS
from EchoSynthLib.tasks import Context, find_task
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.run import TrainingRun

MODEL = "drawn-patients"
HEARTS = 12
SIDE = 96


def drawn(heart: int, phase: float) -> np.ndarray:
    """A heart whose shape and brightness are its own, at a phase of its beat."""
    view = ("2CH", "4CH")[heart % 2]
    base = picture(parametric_heart(view, phase, shape=(224, 224)), seed=100 * heart + int(phase))
    rng = np.random.default_rng(heart)
    pattern = np.kron(rng.uniform(0.3, 1.0, (7, 7)), np.ones((32, 32)))
    return np.clip(base * pattern, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set in CAMUS' layout: 8 patients to learn from, 4 others, each at both ends."""
    folder = tmp_path_factory.mktemp("hearts")
    images, names, splits, lines = [], [], [], ["name,patient,view,phase,split"]
    for heart in range(HEARTS):
        view, split = ("2CH", "4CH")[heart % 2], "train" if heart < 8 else "val"
        for phase, at in (("ED", 0.0), ("ES", 1.0)):
            name = f"patient{heart:04d}_{view}_{phase}"
            images.append(drawn(heart, at))
            names.append(name)
            splits.append(split)
            lines.append(f"{name},{name[:11]},{view},{phase},{split}")
    np.savez(
        folder / "camus_224.npz",
        image=np.stack(images),
        label=np.stack([np.zeros((224, 224), np.uint8)] * len(images)),
        name=np.array(names),
        split=np.array(splits),
    )
    (folder / "index.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "camus_224.npz"


@pytest.fixture(scope="module")
def model(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    system = next(one for one in SYSTEMS if one.name == "privacy.reidentification")
    run = TrainingRun(data, tmp_path_factory.mktemp("run"), iterations=6, device="cpu")
    return Recipe(MODEL, system, {}).train(run)


@pytest.fixture
def installed(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHOSYNTH_MODELS", str(model.parent))


def test_directions_make_products_pearsons_correlation() -> None:
    embeddings = torch.randn(5, 128, generator=torch.Generator().manual_seed(0)) * 3 + 1
    found = directions(embeddings)
    assert torch.allclose(found @ found.T, torch.corrcoef(embeddings), atol=1e-5)


def test_the_network_of_the_preset_small_is_small_and_tells_128_numbers() -> None:
    network = network_of("small").eval()
    assert network(torch.zeros(2, 1, 64, 64)).shape == (2, 128)
    assert parameter_count(network) < 500_000


def test_the_network_of_the_preset_paper_is_as_large_as_the_published_one() -> None:
    with torch.device("meta"):
        network = network_of("paper")
        assert parameter_count(network) == 23_773_569
        assert network(torch.zeros(2, 1, 112, 112)).shape == (2, LENGTH)


def test_a_siamese_network_is_asked_as_often_of_one_heart_as_of_two() -> None:
    """On embeddings that tell the heart, and a head that trusts them, nearly nothing is lost; reversed, much is."""

    class Telling(nn.Module):
        sign = 1.0

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            count = len(pictures) // 2
            return torch.eye(count).repeat(2, 1)

        def likeness(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
            return self.sign * (20 - 20 * (first - second).abs().sum(dim=1))

    pictures = torch.arange(20, dtype=torch.uint8)[:, None, None].repeat(1, 32, 32) * 12
    loss, network = SiameseLoss(pictures, [f"heart {i // 2}" for i in range(20)], "cpu"), Telling()
    right = float(loss(network, Moment(torch.Generator().manual_seed(1), network, 0.0)))
    network.sign = -1.0
    wrong = float(loss(network, Moment(torch.Generator().manual_seed(1), network, 0.0)))
    assert right < 1e-6
    assert wrong == pytest.approx(20, abs=1e-3)


def test_the_likeness_of_a_siamese_network_is_the_same_either_way() -> None:
    with torch.device("meta"):
        network = Siamese()
    network.head = nn.Linear(LENGTH, 1)
    first, second = torch.randn(2, 3, LENGTH)
    assert torch.equal(network.likeness(first, second), network.likeness(second, first))
    assert network.likeness(first, second).shape == (3,)


def test_hearts_of_a_folder_of_cines_are_known_by_both_ends_of_their_beats(tmp_path: Path) -> None:
    (tmp_path / "Videos").mkdir()
    videos = []
    for number, split in enumerate(("train", "train", "val")):
        cine = np.random.default_rng(number).integers(0, 256, (6, 32, 32), np.uint8)
        write_image(tmp_path / "Videos" / f"heart{number}.avi", cine, EchoCine(cine, None, frame_time_ms=40.0))
        ends = {1: chords(1.0), 4: chords(2.0)} if number == 0 else {}
        videos.append(EchoNetVideo(f"heart{number}", 50, 50, 100, (32, 32), 25.0, 6, split, ends))
    write_tables(tmp_path, videos)
    source = source_of(tmp_path)
    # The first is traced in frames 1 and 4, of which the second is the larger; nobody traced the other.
    assert source.known.name == ["heart0 frame 4", "heart0 frame 1", "heart1 frame 0", "heart1 frame 3"]
    assert source.known.heart == ["heart0", "heart0", "heart1", "heart1"]
    assert source.known.phase == source.others.phase * 2 == ["ED", "ES"] * 2
    np.testing.assert_array_equal(source.known.image[2], read_echonet(tmp_path)[1].cine().pixels[0])
    assert "came without a TERMS.md" in source.terms
    (tmp_path / "record.json").write_text(json.dumps({"task": "cine-dataset"}), encoding="utf-8")
    assert source_of(tmp_path).terms.startswith("Made from hearts that nobody has")
    (tmp_path / "TERMS.md").write_text("Mine.", encoding="utf-8")
    assert source_of(tmp_path).terms == "Mine.\n"


def test_a_folder_of_cines_of_one_split_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Videos").mkdir()
    cine = np.zeros((4, 32, 32), np.uint8)
    write_image(tmp_path / "Videos" / "heart.avi", cine, EchoCine(cine, None, frame_time_ms=40.0))
    write_tables(tmp_path, [EchoNetVideo("heart", 50, 50, 100, (32, 32), 25.0, 4, "train")])
    with pytest.raises(InputError, match="needs frames of both splits"):
        source_of(tmp_path)


def chords(scale: float) -> np.ndarray:
    """A long axis and 20 chords across it, as EchoNet-Dynamic has them, of a ventricle of a size."""
    rows = np.linspace(4, 24, 20)
    across = np.stack([np.full(20, 16 - 3 * scale), rows, np.full(20, 16 + 3 * scale), rows], axis=1)
    return np.concatenate([[[16.0, 4.0, 16.0, 24.0]], across])


def test_a_batch_has_two_pictures_of_each_heart_and_equal_embeddings_cost_the_logarithm_of_their_number() -> None:
    pictures = torch.arange(20, dtype=torch.uint8)[:, None, None].repeat(1, 32, 32) * 12
    hearts = [f"heart {i // 2}" for i in range(20)]
    loss = PairLoss(pictures, hearts, "cpu")
    first, second = loss.batch(torch.Generator().manual_seed(0))
    assert first.shape == second.shape == (10, 1, 32, 32)
    assert 0 <= float(first.min()) <= float(first.max()) <= 1

    class Same(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.arange(128.0).repeat(len(x), 1)

    value = loss(Same(), Moment(torch.Generator().manual_seed(1), Same(), 0.0))
    assert float(value) == pytest.approx(np.log(10), abs=1e-4)


def test_changes_follow_their_seed_and_keep_the_picture_recognizable() -> None:
    image = torch.from_numpy(drawn(0, 0.0))[None, None].float() / 255
    one, again, other = (changed(image, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("name", COPIES)
def test_planted_copies_keep_size_and_type_and_follow_their_generator(name: str) -> None:
    image = drawn(1, 0.0)
    one, again = (COPIES[name](image, np.random.default_rng(3)) for _ in range(2))
    assert one.shape == image.shape
    assert one.dtype == np.uint8
    assert np.array_equal(one, again)


def test_copies_change_what_they_say() -> None:
    image = drawn(1, 0.0)
    assert np.array_equal(mirrored(image, np.random.default_rng(0))[:, ::-1], image)
    moved, grained = (change(image, np.random.default_rng(0)) for change in (warped, respeckled))
    for copy in (moved, grained):
        assert 0.5 < np.corrcoef(copy.ravel(), image.ravel())[0, 1] < 0.999


def test_the_threshold_rises_with_the_percentile_and_a_known_frame_always_reaches_it() -> None:
    generator = torch.Generator().manual_seed(0)
    known, others = (directions(torch.randn(count, 128, generator=generator)) for count in (40, 30))
    found = [threshold_of(others, known, percentile) for percentile in (50, 80, 95, 100)]
    assert found == sorted(found)
    assert ((known @ known.T).amax(dim=1) >= found[-1]).all()


def test_a_perfect_network_finds_every_heart_again() -> None:
    def frames(hearts: range) -> Frames:
        images = np.stack([drawn(heart, 0.0) for heart in hearts for _ in range(2)])
        names = [f"heart {heart}" for heart in hearts for _ in range(2)]
        return Frames(images, names, names, ["ED", "ES"] * len(hearts))

    judge = Judge(frames(range(4)), frames(range(4, 8)), SIDE, seed=0)
    judge.planted = {"copies": judge.known}

    class Pixels(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return nn.functional.interpolate(x, size=(16, 8), mode="area").flatten(1)

    figures = judge.figures(Pixels(), "cpu")
    assert figures["ES found by ED, first of all"] == 1
    assert figures["same heart against others, area under the ROC"] == 1
    assert figures["planted train frames caught, copies"] == 1


def test_a_model_knows_its_frames_and_refuses_them(installed: None, data: Path) -> None:
    with np.load(data) as arrays:
        image, name = arrays["image"][2], str(arrays["name"][2])
    correlation, record = es.check_privacy(image, model=MODEL)
    assert correlation == pytest.approx(1, abs=1e-3)
    assert record["refused"]
    assert record["nearest"] == name
    assert json.loads(json.dumps(record))["task"] == "privacy"
    with pytest.raises(InputError, match=f"too near to a patient .* {name}"):
        es.check_privacy(image, model=MODEL, strict=True)


def test_a_cine_is_as_near_as_its_nearest_frame(installed: None, data: Path) -> None:
    with np.load(data) as arrays:
        image = arrays["image"][5]
    noise = np.random.default_rng(0).integers(0, 256, image.shape, dtype=np.uint8)
    correlation, record = es.check_privacy(np.stack([noise, image, np.zeros_like(image)]), model=MODEL)
    assert correlation == pytest.approx(1, abs=1e-3)
    assert record["nearest_at"] == 1
    assert "show nothing" in record["warnings"][0]


def test_a_picture_of_nothing_is_refused_in_words(installed: None) -> None:
    with pytest.raises(InputError, match="shows nothing"):
        es.check_privacy(np.full((80, 90), 7, np.uint8), model=MODEL)


def test_torch_and_onnxruntime_tell_the_same(model: Path) -> None:
    from EchoSynthLib.privacy.reidentification.export import torch_pipeline

    config = json.loads((model / "config.json").read_text())
    fast, slow = ReidentificationPipeline.from_folder(model, config), torch_pipeline(model, config)
    image = drawn(3, 0.5)
    assert fast.nearest(image)[0] == pytest.approx(slow.nearest(image)[0], abs=1e-4)
    assert fast.nearest(image)[1] == slow.nearest(image)[1]
    assert len(fast.names) == 16


def test_correlations_are_within_their_range(model: Path) -> None:
    known = directions(torch.randn(7, 128))
    found = KnownHearts(network_of("small").eval(), known)(torch.randn(2, 1, 64, 64))
    assert found.shape == (2, 7)
    assert float(found.abs().max()) <= 1 + 1e-5


def test_the_task_tells_each_file_of_a_folder(installed: None, data: Path, tmp_path: Path) -> None:
    with np.load(data) as arrays:
        image = arrays["image"][4]
    (tmp_path / "in").mkdir()
    write_image(tmp_path / "in" / "copy.png", image)
    write_image(tmp_path / "in" / "noise.png", np.random.default_rng(0).integers(0, 256, (90, 90), dtype=np.uint8))
    task = find_task("privacy")
    record = task(image=tmp_path / "in", output=tmp_path / "out", model=MODEL).run(Context())
    rows = {row["file"]: row for row in record["results"]}
    assert rows["copy.png"]["refused"]
    assert rows["copy.png"]["correlation"] > rows["noise.png"]["correlation"]
    table = (tmp_path / "out" / "privacy.csv").read_text().splitlines()
    assert table[0] == "file,refused,correlation,nearest,nearest_at"
    assert len(table) == 3
    assert task.findings(record)[-1].endswith("of 2 refused")


def test_what_is_shipped_refuses_no_drawn_heart_and_knows_no_noise() -> None:
    for image in (drawn(0, 0.0), np.random.default_rng(0).integers(0, 256, (120, 130), dtype=np.uint8)):
        correlation, record = es.check_privacy(image)
        assert correlation < record["threshold"]
        assert record["nearest"].startswith("patient")

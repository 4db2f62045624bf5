"""What latent video learns, and of what: windows of cines at one frame rate, in stages that can be cancelled."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

for package in ("torch", "diffusers", "safetensors", "monai", "onnx"):
    pytest.importorskip(package, reason=f"{package} is not installed")

import torch  # noqa: E402
from latent_video_runs import RATE, SIDE, TINY, echonet_folder, latent_cines, moment  # noqa: E402

from EchoSynthLib import zoo  # noqa: E402
from EchoSynthLib.errors import Cancelled, InputError  # noqa: E402
from EchoSynthLib.synthesis.latent_video import presets, recipe  # noqa: E402
from EchoSynthLib.synthesis.latent_video.cines import at_rate, read_splits, some_frames  # noqa: E402
from EchoSynthLib.synthesis.latent_video.latents import LatentCines, LatentSpace, to_gray, to_model  # noqa: E402
from EchoSynthLib.synthesis.latent_video.losses import ImageLoss, VideoLoss  # noqa: E402
from EchoSynthLib.synthesis.latent_video.presets import LatentVideo  # noqa: E402
from EchoSynthLib.systems import RECIPES, load_pipeline  # noqa: E402
from EchoSynthLib.training.run import TrainingRun  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return echonet_folder(tmp_path_factory.mktemp("echonet"))


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(presets.PRESETS, "small", TINY)


@pytest.mark.slow
def test_hearts_of_the_folder_are_known_by_the_model_that_was_trained_on_it(
    folder: Path, tmp_path: Path, tiny: None
) -> None:
    made = RECIPES["latent-video"].train(TrainingRun(folder, tmp_path))
    zoo.verify(made)
    known = load_pipeline(made).privacy
    assert known.names[:2] == ("heart0 frame 0", "heart0 frame 2")
    assert len(known.names) == 12
    frame = read_splits(folder)["train"][3].cine().pixels[0]
    correlation, name = known.nearest(frame)
    assert name == "heart3 frame 0"
    assert correlation > 0.99


def test_a_stage_that_was_cancelled_goes_on_to_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    cines = latent_cines([6, 6, 6])
    process = TINY.make_process()
    scaled = replace(cines, latents=cines.latents / 9 - 1)

    def stage(output: Path, minutes: float | None = None) -> torch.nn.Module:
        run = TrainingRun(tmp_path, output, iterations=3, minutes=minutes)
        return recipe.train_diffusion(
            run, TINY.build_image, 1e-3, {}, lambda split: ImageLoss(scaled, process, 4, "cpu")
        )[0]

    whole = stage(tmp_path / "whole")
    for _ in range(2):  # one iteration each
        with pytest.raises(Cancelled):
            stage(tmp_path / "parts", minutes=1e-6)
    resumed = stage(tmp_path / "parts", minutes=1e-6)
    for one, other in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_an_autoencoder_learns_frames_within_seconds(folder: Path, tmp_path: Path) -> None:
    splits = read_splits(folder)
    run = TrainingRun(folder, tmp_path, iterations=25)
    _, state = recipe.train_autoencoder(run, splits, TINY, {"data": "ellipses"})
    shown = some_frames(splits["val"], 8).astype(float)
    assert state.figures["reconstruction error"] < 0.8 * shown.std()


def test_latents_have_mean_0_and_deviation_1_and_frames_come_back_from_them() -> None:
    torch.manual_seed(0)
    frames = torch.randint(0, 256, (6, SIDE, SIDE), dtype=torch.uint8)
    space = LatentSpace.of(TINY.build_autoencoder().eval(), frames)
    latents = space.encode(frames)
    assert latents.shape == (6, 4, 14, 14)
    deviation, mean = torch.std_mean(latents, dim=(0, 2, 3))
    torch.testing.assert_close(mean, torch.zeros(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(deviation, torch.ones(4), atol=1e-4, rtol=0)
    with torch.no_grad():
        posterior = space.autoencoder.encode(to_model(frames, 1)).latent_dist
        expected = to_gray(space.autoencoder.decode(posterior.mean).sample)
    np.testing.assert_allclose(space.decode(latents), expected, atol=1e-2)
    torch.testing.assert_close(to_gray(to_model(frames, 3)), frames.float(), atol=1e-4, rtol=0)


def test_windows_lie_within_a_cine_and_what_is_repeated_after_its_end_does_not_count() -> None:
    seen: list[dict[str, Any]] = []

    class Watching:
        def loss(self, network: Any, x0: torch.Tensor, generator: Any, mask: torch.Tensor, **told: Any) -> torch.Tensor:
            seen.append({"x0": x0[:, :, 0, 0, 0], "mask": mask[:, :, 0, 0, 0], **told})
            return torch.zeros(len(x0))

    cines = latent_cines([4, 30])
    loss = VideoLoss(cines, Watching(), 8, 16, "cpu")  # type: ignore[arg-type]
    for seed in range(40):
        loss(torch.nn.Identity(), moment(seed))
    starts, told = set(), []
    for batch in seen:
        for window, inside, reference, fraction in zip(
            batch["x0"], batch["mask"], batch["reference"][:, 0, 0, 0, 0], batch["told"], strict=True
        ):
            short = float(window[0]) < 4
            told.append(float(fraction))
            assert float(fraction) in (-1, pytest.approx(0.2 if short else 0.8))
            if short:
                assert window.tolist() == [0, 1, 2, 3, 3, 3, 3, 3]
                assert inside.tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
            else:
                assert (window.diff() == 1).all()
                assert inside.all()
                starts.add(int(window[0]))
            assert float(reference) in window[inside > 0].tolist()
    assert starts == set(range(4, 4 + 30 - 8 + 1))
    assert np.mean(np.array(told) == -1) == pytest.approx(0.1, abs=0.03)


def test_the_network_of_cines_learns_from_its_reference() -> None:
    """Cines that stand still: what a frame was is told by the reference, which the network begins to copy."""
    torch.manual_seed(0)
    still = torch.randn(20, 4, 1, 1).expand(-1, 4, 14, 14).repeat_interleave(2, dim=0).half()
    cines = LatentCines(still, torch.full((20,), 2), torch.full((20,), 0.5))
    loss = VideoLoss(cines, TINY.make_process(), 2, 4, "cpu")
    network = TINY.build_video()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    with torch.no_grad():
        before = float(loss(network, moment(9)))
    for step in range(8):
        optimizer.zero_grad()
        loss(network, moment(step)).backward()
        optimizer.step()
    with torch.no_grad():
        after = float(loss(network, moment(9)))
    assert after < 0.8 * before


def test_a_cine_is_taken_at_the_frame_rate_and_split_that_are_learned(folder: Path) -> None:
    splits = read_splits(folder)
    assert {name: len(videos) for name, videos in splits.items()} == {"train": 6, "val": 2}
    video = splits["train"][1]
    assert at_rate(video, RATE / 2).shape == (6, SIDE, SIDE)
    np.testing.assert_array_equal(at_rate(video, RATE / 2), video.cine().pixels[::2])
    np.testing.assert_array_equal(at_rate(video, RATE), video.cine().pixels)
    assert len(some_frames(splits["train"], 18)) == 18
    assert len(some_frames(splits["train"], 1)) == 6


def damaged_list(place: Path, change: Callable[[list[list[str]]], list[list[str]]]) -> None:
    path = place / "FileList.csv"
    rows = list(csv.reader(path.open(encoding="utf-8")))
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(change(rows))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: rows[:4], "in .* are 3"),
        (lambda rows: rows[:7], "cines of the split VAL, 1 or more; in .* are 0"),
        (lambda rows: [*rows, ["no-such-heart", *rows[1][1:]]], r"no Videos/no-such-heart\.avi"),
        (lambda rows: [[*rows[0][:-1], "Part"], *rows[1:]], "Split"),
    ],
    ids=["few to learn from", "few to look at", "missing cine", "no splits"],
)
def test_a_folder_that_is_none_to_learn_from_is_refused_in_one_line(
    folder: Path, tmp_path: Path, change: Any, told: str
) -> None:
    place = tmp_path / "echonet"
    place.mkdir()
    (place / "Videos").symlink_to(folder / "Videos")
    for name in ("FileList.csv", "VolumeTracings.csv"):
        (place / name).write_bytes((folder / name).read_bytes())
    damaged_list(place, change)
    with pytest.raises(InputError, match=told) as error:
        RECIPES["latent-video"].train(TrainingRun(place, tmp_path / "run"))
    assert "\n" not in str(error.value)


def test_the_papers_size_has_no_usual_number_of_iterations_and_unknown_presets_are_told(folder: Path) -> None:
    with pytest.raises(InputError, match="no usual number of iterations"):
        RECIPES["latent-video"].train(TrainingRun(folder, folder / "run"), preset="paper")
    with pytest.raises(InputError, match="known are small, paper"):
        presets.preset_of("huge")


def test_the_papers_preset_is_as_published_and_the_small_one_small() -> None:
    paper = presets.PAPER
    with torch.device("meta"):
        counts = [sum(p.numel() for p in build().parameters()) for build in builds(paper)]
        small = sum(p.numel() for build in builds(presets.SMALL) for p in build().parameters())
    assert [round(count / 1e6, 2) for count in counts] == [62.41, 73.55, 143.83]
    assert small < 12e6
    assert (paper.frames, paper.overlap, paper.frame_rate, paper.steps, paper.guidance) == (64, 32, 32.0, 64, 1.0)
    assert (paper.process, presets.SMALL.process) == ("ddpm-v", "flow")


def builds(size: LatentVideo) -> tuple[Callable[[], Any], ...]:
    return size.build_autoencoder, size.build_image, size.build_video

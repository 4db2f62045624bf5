"""A trained run of latent video draws hearts that nobody has, refuses those it knows, and makes a frame beat."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from contracting_ellipses import contracting_ellipses

for package in ("torch", "diffusers", "safetensors", "monai", "onnx"):
    pytest.importorskip(package, reason=f"{package} is not installed")

import torch  # noqa: E402
from latent_video_runs import SIDE, TINY, echonet_folder  # noqa: E402

from EchoSynthLib import zoo  # noqa: E402
from EchoSynthLib.errors import InputError  # noqa: E402
from EchoSynthLib.networks.diffusion.generators import generator_of  # noqa: E402
from EchoSynthLib.synthesis.latent_video import presets, recipe  # noqa: E402
from EchoSynthLib.synthesis.latent_video.cines import read_splits  # noqa: E402
from EchoSynthLib.synthesis.latent_video.pipeline import ATTEMPTS, LatentVideoPipeline  # noqa: E402
from EchoSynthLib.synthesis.latent_video.sampler import draw_cines  # noqa: E402
from EchoSynthLib.systems import RECIPES, load_pipeline  # noqa: E402
from EchoSynthLib.training.card import missing  # noqa: E402
from EchoSynthLib.training.run import TrainingRun  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return echonet_folder(tmp_path_factory.mktemp("echonet"))


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(presets.PRESETS, "small", TINY)


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which the shipped model stands for the one that knows the hearts of this folder again."""
    judge = SimpleNamespace(train=lambda run, preset: zoo.find("reidentification").path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(presets.PRESETS, "small", TINY)
        patched.setattr(recipe, "RECIPES", {"reidentification": judge})
        return RECIPES["latent-video"].train(TrainingRun(folder, tmp_path_factory.mktemp("run")))


@pytest.fixture
def pipeline(trained: Path, tiny: None) -> LatentVideoPipeline:
    return load_pipeline(trained)


class Strangers:
    """Knows nobody, but finds the frames of the first attempts too near."""

    threshold = 0.5

    def __init__(self, frames_refused: int) -> None:
        self.left, self.asked = frames_refused, 0

    def nearest(self, image: np.ndarray) -> tuple[float, str]:
        assert image.shape == (SIDE, SIDE)
        assert image.dtype == np.uint8
        self.asked, self.left = self.asked + 1, self.left - 1
        return (0.9 if self.left >= 0 else 0.1), f"patient {self.asked}"


def bright(image: np.ndarray) -> np.ndarray:
    return np.where(image > 128, 1, 0).astype(np.uint8)


def with_judge(pipeline: LatentVideoPipeline, judge: Strangers) -> LatentVideoPipeline:
    return LatentVideoPipeline(pipeline.space, pipeline.image, pipeline.video, TINY, judge, bright)


def test_a_run_is_a_sound_model_with_a_card_and_the_hearts_that_it_learned_from(trained: Path) -> None:
    zoo.verify(trained)
    assert missing((trained / "README.md").read_text(encoding="utf-8")) == []
    config = zoo.folders.read(trained).config
    assert (config["system"], config["labeler"], config["process"]) == ("synthesis.latent_video", "segmenter", "flow")
    assert config["iterations"] == [2, 2, 3]
    assert set(config["figures"]) == {"reconstruction error", "loss, latent image", "loss, latent video"}
    assert zoo.folders.read(trained / "privacy").config["system"] == "privacy.reidentification"


def test_the_same_command_again_gives_the_same_model_without_training(folder: Path, trained: Path, tiny: None) -> None:
    before = {path: path.read_bytes() for path in trained.rglob("*.safetensors") if "privacy" not in path.parts}
    run = TrainingRun(folder, trained.parent)
    splits = read_splits(folder)
    basis = {"recipe": "synthesis.latent_video, small", "data": recipe._sum_of(splits)}
    space, state = recipe.train_autoencoder(recipe.stage_of(run.of(8), "autoencoder"), splits, TINY, basis)
    assert state.iteration == 2
    space.autoencoder.half().save_pretrained(trained.parent / "again")
    again = (trained.parent / "again" / "diffusion_pytorch_model.safetensors").read_bytes()
    assert again == before[trained / "autoencoder" / "diffusion_pytorch_model.safetensors"]


def test_a_heart_of_nobody_is_drawn_and_beats_as_its_seed_and_number_tell(pipeline: LatentVideoPipeline) -> None:
    drawing = with_judge(pipeline, Strangers(0))
    one, record = drawing.draw(40.0, frames=9, seed=3, index=5)
    again, _ = drawing.draw(40.0, frames=9, seed=3, index=5)
    assert one.shape == (9, SIDE, SIDE)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, again)
    for other in ({"seed": 4, "index": 5}, {"seed": 3, "index": 6}):
        assert (drawing.draw(40.0, frames=3, **other)[0] != one[:3]).any()
    assert (drawing.draw(None, frames=3, seed=3, index=5)[0] != one[:3]).any()
    assert record["synthetic"] is True
    # Two steps of the frame, two of each of two chunks of the cine, with guidance.
    assert record["network_evaluations"] == 2 + 2 * 2 * 2
    assert (record["ejection_fraction"], record["refused"], record["frame_time_ms"]) == ({"asked": 40.0}, [], 62.5)
    assert drawing.privacy.asked > 9  # type: ignore[attr-defined]


def test_hearts_that_are_too_near_are_refused_and_drawn_anew(pipeline: LatentVideoPipeline) -> None:
    frames = TINY.frames
    _, record = with_judge(pipeline, Strangers(2)).draw(40.0, seed=1)
    assert [one["nearest_to"] for one in record["refused"]] == ["frame", "frame"]
    assert record["correlation"] < record["threshold"]

    class LateStrangers(Strangers):
        """Finds the fourth frame that it is shown too near: the third of the first cine."""

        def nearest(self, image: np.ndarray) -> tuple[float, str]:
            super().nearest(image)
            return (0.9 if self.asked == 4 else 0.1), f"patient {self.asked}"

    judge = LateStrangers(0)
    _, record = with_judge(pipeline, judge).draw(40.0, seed=1)
    (refused,) = record["refused"]
    assert (refused["nearest_to"], refused["nearest_at"], refused["nearest"]) == ("cine", 2, "patient 4")
    assert judge.asked == 2 * (1 + frames)


def test_where_every_heart_is_too_near_it_is_told_in_a_line(
    pipeline: LatentVideoPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("EchoSynthLib.synthesis.latent_video.pipeline.ATTEMPTS", 3)
    with pytest.raises(InputError, match=r"^Each of 3 hearts was too near .* patient 3; train longer.*$"):
        with_judge(pipeline, Strangers(99)).draw(seed=1)
    assert ATTEMPTS > 3


@pytest.mark.parametrize(
    "wrong", [{"ejection_fraction": 0.4}, {"ejection_fraction": 95}, {"frames": 1}, {"seed": -1}, {"index": 0.5}]
)
def test_odd_wishes_are_refused(pipeline: LatentVideoPipeline, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        pipeline.draw(**wrong)


def test_long_cines_are_stitched_of_chunks_at_every_step() -> None:
    chunks: list[torch.Tensor] = []

    class Watching(torch.nn.Module):
        device = torch.device("cpu")

        def forward(self, seen: torch.Tensor, time: torch.Tensor, told: torch.Tensor, about: Any, return_dict: bool):  # type: ignore[no-untyped-def]
            chunks.append(seen[..., 1:-1, 1:-1])
            assert seen.shape == (1, 6, 8, 16, 16)
            return (torch.zeros_like(seen[:, :, :4]),)

    reference = torch.randn(1, 4, 14, 14)
    told = torch.tensor([0.4])
    cine, asked = draw_cines(Watching(), TINY, reference, told, 13, [generator_of(0, 0)])
    # 13 frames take 1 + ceil((13 - 6) / 3) chunks, twice for guidance, at each of two steps.
    assert cine.shape == (1, 13, 4, 14, 14)
    assert asked == len(chunks) == 4 * 2 * 2
    assert all(torch.equal(one[:, :, 4:], reference[:, None].expand(1, 6, 4, 14, 14)) for one in chunks)
    for step in (chunks[:8], chunks[8:]):
        firsts = step[::2]
        for one, after in pairwise(firsts):
            assert torch.equal(one[:, 3:, :4], after[:, :3, :4])  # both see what they share
    untold = draw_cines(Watching(), TINY, reference, torch.tensor([-1.0]), 6, [generator_of(0, 0)])[1]
    alone = draw_cines(Watching(), replace(TINY, guidance=1.0), reference, told, 6, [generator_of(0, 0)])[1]
    assert untold == alone == 2


def test_the_papers_way_to_draw_ends_where_its_network_says_whatever_the_noise() -> None:
    """Of data that are one point v is known, and ancestral sampling arrives there, colors or not."""
    size = replace(TINY, process="ddpm-v", discretization="ddpm", solver="ancestral", steps=8, guidance=1.0)
    process = size.make_process()

    class Knowing(torch.nn.Module):
        device = torch.device("cpu")

        def forward(self, seen: torch.Tensor, time: torch.Tensor, told: torch.Tensor, about: Any, return_dict: bool):  # type: ignore[no-untyped-def]
            sigma = process.levels[int(time[0].round())]
            alpha, s = (sigma**2 + 1).rsqrt(), sigma * (sigma**2 + 1).rsqrt()
            point = 0.7 * torch.ones_like(seen[:, :, :4])
            noise = (seen[:, :, :4] - alpha * point) / s
            return ((alpha * noise - s * point).float(),)

    generators = [generator_of(0, i) for i in range(2)]
    cines, _ = draw_cines(Knowing(), size, torch.randn(2, 4, 14, 14), torch.tensor([0.3, 0.6]), 9, generators)
    torch.testing.assert_close(cines, torch.full((2, 9, 4, 14, 14), 0.7), atol=1e-3, rtol=0)


def test_a_cine_does_not_depend_on_those_drawn_with_it(pipeline: LatentVideoPipeline) -> None:
    reference, told = torch.randn(2, 4, 14, 14), torch.tensor([0.3, 0.6])
    both, _ = draw_cines(pipeline.video, TINY, reference, told, 6, [generator_of(0, i) for i in range(2)])
    alone, _ = draw_cines(pipeline.video, TINY, reference[1:], told[1:], 6, [generator_of(0, 1)])
    torch.testing.assert_close(both[1:], alone, atol=1e-3, rtol=1e-3)


def test_a_given_frame_beats_for_the_frames_and_times_asked_for(pipeline: LatentVideoPipeline) -> None:
    assert pipeline.model is not None
    assert pipeline.model.config["system"] == "synthesis.latent_video"
    animator = with_judge(pipeline, Strangers(0))
    image = contracting_ellipses(1, 2, 64, seed=4)[0][0, 0]
    asked: dict[str, Any] = {
        "view": "4CH", "spacing": None, "frames": 5, "beats": 1, "heart_rate": 120.0, "frame_rate": None, "phase": "ED",
    }  # fmt: skip
    found = animator(image, image, ejection_fraction=40.0, best_of=2, seed=2, **asked)
    assert found.cine.shape == found.label_maps.shape == (5, 64, 64)
    np.testing.assert_allclose(found.times_ms, np.arange(5) * 100)
    assert found.made["frames_drawn"] == 8  # to 0.4 s, at 16 a second
    both = found.made["ejection_fraction_of_each_drawn"]
    alone = animator(image, image, ejection_fraction=40.0, seed=2, **asked)
    assert alone.made["ejection_fraction_of_each_drawn"] == both[:1]
    assert len(both) == 2
    with pytest.raises(InputError, match="echosynth synthesize"):
        animator(None, image, ejection_fraction=40.0, seed=2, **asked)

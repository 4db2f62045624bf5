"""The networks of EchoNet-Synthetic: as large as the published ones, conditions left out, long cines stitched."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

from EchoSynthLib.networks.diffusion import latent_video  # noqa: E402
from EchoSynthLib.networks.diffusion.stitching import CHUNK, OVERLAP, chunk_starts, joined, stitched  # noqa: E402
from EchoSynthLib.networks.resnet import parameter_count  # noqa: E402
from EchoSynthLib.networks.video_resnet import VideoResNet  # noqa: E402


@pytest.mark.parametrize(
    ("build", "millions", "count"),
    [
        (latent_video.autoencoder, 62.4, 62_412_007),
        (latent_video.image_network, 73.55, None),
        (latent_video.video_network, 143.83, 143_830_186),
    ],
    ids=["autoencoder", "images", "cines"],
)
def test_the_networks_are_as_large_as_the_published_ones(build, millions, count) -> None:
    with torch.device("meta"):
        found = parameter_count(build())
    assert round(found / 1e6, 2 if millions > 63 else 1) == millions
    assert count in (None, found)


def test_the_network_of_cines_looks_at_time_reference_and_ejection_fraction() -> None:
    torch.manual_seed(0)
    network = latent_video.video_network(frames=4, widths=(32, 32, 32, 32)).eval()
    cine, reference = torch.randn(2, 1, 4, 4, 14, 14)
    time, told = torch.tensor([10.0]), torch.tensor([0.3])

    @torch.inference_mode()
    def drawn(*given: torch.Tensor) -> torch.Tensor:
        return latent_video.predicted(network, *given)

    found = drawn(cine, time, reference, told)
    assert found.shape == cine.shape
    assert torch.equal(found, drawn(cine, time, reference, told))
    for other in (
        (cine, time + 400, reference, told),
        (cine, time, -reference, told),
        (cine, time, reference, latent_video.dropped(told, 1.0)),
    ):
        assert not torch.allclose(found, drawn(*other))


def test_r2plus1d_18_has_the_numbers_of_torchvisions_and_halves_time_and_space_thrice() -> None:
    with torch.device("meta"):
        # 31,505,325 with the 400 outputs of Kinetics.
        assert parameter_count(VideoResNet(400)) == 31_505_325
        assert parameter_count(VideoResNet(1)) == 31_505_325 - 399 * 513
        network = VideoResNet(1)
        cines = torch.zeros(2, 3, 32, 112, 112)
        assert network.stages(network.stem(cines)).shape == (2, 512, 4, 7, 7)
        assert network(cines).shape == (2, 1)


def test_a_smaller_one_tells_cines_in_another_order_apart() -> None:
    torch.manual_seed(0)
    network = VideoResNet(1, channels_in=1, width=8, blocks=1).eval()
    cine = torch.linspace(0, 1, 8)[None, None, :, None, None] * torch.rand(1, 1, 1, 32, 32)
    assert not torch.allclose(network(cine), network(cine.flip(2)))


@pytest.mark.parametrize("frames", [64, 96, 192])
def test_with_a_network_that_changes_nothing_a_stitched_cine_comes_back_bit_for_bit(frames) -> None:
    cine = torch.randn(2, frames, 4, 3, 3, generator=torch.Generator().manual_seed(frames))
    seen: list[tuple[int, ...]] = []

    def unchanged(noisy: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        seen.append((*noisy.shape, *told.shape))
        return noisy

    reference = torch.zeros(2, 4, 3, 3)
    assert torch.equal(stitched(unchanged, cine, reference), cine)
    assert len(seen) == 1 + math.ceil((frames - 64) / 32)
    assert set(seen) == {(2, 64, 4, 3, 3, 2, 64, 4, 3, 3)}


def test_there_are_as_many_chunks_as_the_paper_has_for_any_length() -> None:
    for frames in range(CHUNK, 400):
        starts = chunk_starts(frames)
        assert len(starts) == 1 + math.ceil((frames - CHUNK) / (CHUNK - OVERLAP))
        assert starts[-1] < frames <= starts[-1] + CHUNK
    assert chunk_starts(192) == [0, 32, 64, 96, 128]
    assert chunk_starts(5) == [0]


@pytest.mark.parametrize("frames", [1, 63, 65, 100])
def test_a_cine_whose_last_chunk_is_not_full_comes_back_too(frames) -> None:
    cine = torch.arange(float(frames))[None, :, None, None, None]
    assert torch.equal(stitched(lambda noisy, told: noisy, cine, torch.zeros(1, 1, 1, 1)), cine)


def test_of_two_chunks_the_first_has_the_frames_that_both_have() -> None:
    parts = [torch.full((1, 4, 1), float(number)) for number in range(3)]
    assert joined(parts, overlap=2).flatten().tolist() == [0, 0, 0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("wrong", [(0, 64, 32), (64, 32, 32), (64, 8, -1)])
def test_chunks_that_do_not_get_on_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match="chunks share less than all of theirs; given were"):
        chunk_starts(*wrong)


def test_ejection_fractions_are_left_out_as_often_as_asked_and_the_rest_stays() -> None:
    fractions = torch.linspace(0.1, 0.9, 20_000)
    told = latent_video.dropped(fractions, 0.1, torch.Generator().manual_seed(0))
    out = told == -1
    assert out.float().mean().item() == pytest.approx(0.1, abs=0.01)
    assert torch.equal(told[~out], fractions[~out])
    assert torch.equal(latent_video.dropped(fractions, 0.0), fractions)
    assert (latent_video.dropped(fractions, 1.0) == -1).all()


def test_latents_are_padded_to_sixteen_and_cropped_again() -> None:
    latents = torch.rand(2, 3, 4, 14, 14)
    assert latent_video.padded(latents).shape == (2, 3, 4, 16, 16)
    assert torch.equal(latent_video.cropped(latent_video.padded(latents)), latents)

"""The autoencoder whose latent image is a small echo image."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")
pytest.importorskip("monai", reason="monai is not installed")

from drawn_camus import drawn_hearts, picture  # noqa: E402
from made_apart import assert_equal_weights  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from EchoSynthLib.errors import InputError, ModelError  # noqa: E402
from EchoSynthLib.networks.semantic.cost import multiply_accumulates  # noqa: E402
from EchoSynthLib.synthesis.gamma_latent.autoencoder import GammaAutoencoder  # noqa: E402
from EchoSynthLib.synthesis.gamma_latent.distribution import PRIOR_ALPHA, PRIOR_RATE, GammaImage, prior_kl  # noqa: E402
from EchoSynthLib.synthesis.gamma_latent.losses import autoencoder_loss, latent_error, sector_kl  # noqa: E402
from EchoSynthLib.synthesis.gamma_latent.presets import build  # noqa: E402


@pytest.fixture
def autoencoder() -> GammaAutoencoder:
    torch.manual_seed(0)
    return build("small").eval()


@pytest.fixture
def image() -> torch.Tensor:
    return torch.rand(2, 1, 16, 24, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def mask() -> torch.Tensor:
    """All but the left third."""
    inside = torch.ones(2, 1, 16, 24)
    inside[..., :8] = 0
    return inside


# Stojanovski et al. 2024, counted from their code: millions of parameters, billions of multiply-accumulates to decode.
@pytest.mark.parametrize(("preset", "side", "millions", "billions"), [("L64", 64, 8.35, 71), ("L128", 128, 3.23, 251)])
@torch.no_grad()
@pytest.mark.slow
def test_paper_presets_have_the_published_size_and_cost(preset, side, millions, billions) -> None:
    with torch.device("meta"):
        network, latent = build(preset), torch.empty(1, 1, side, side)
        assert network.factor * side == 256
        assert round(network.num_parameters(only_trainable=True) / 1e6, 2) == millions
        assert round(multiply_accumulates(network.decoder, latent) / 1e9) == billions


@torch.no_grad()
def test_the_latent_is_the_mean_of_the_posterior_inside_the_sector(autoencoder, image, mask) -> None:
    latent = autoencoder.encode(image, mask)
    assert latent.shape == (2, 1, 4, 6)
    assert not latent[..., :2].any()
    posterior = autoencoder.posterior(image)
    torch.testing.assert_close(latent[..., 2:], (posterior.alpha / posterior.rate)[..., 2:])


@torch.no_grad()
def test_a_decoded_image_lies_between_0_and_1_and_inside_the_sector(autoencoder, mask) -> None:
    decoded = autoencoder.decode(20 * torch.rand(2, 1, 4, 6), mask)
    assert decoded.shape == mask.shape
    assert not decoded[..., :8].any()
    assert 0 <= float(decoded.min()) <= float(decoded.max()) <= 1


@torch.no_grad()
def test_a_latent_outside_the_sector_is_not_looked_at(autoencoder, mask) -> None:
    latent = torch.rand(2, 1, 4, 6)
    elsewhere = latent.clone()
    elsewhere[..., :2] += 5
    assert torch.equal(autoencoder.decode(latent, mask), autoencoder.decode(elsewhere, mask))


@torch.no_grad()
def test_training_draws_the_latent_and_evaluation_does_not(autoencoder, image, mask) -> None:
    assert torch.equal(autoencoder(image, mask).latent, autoencoder.encode(image, mask))
    autoencoder.train()
    draws = [autoencoder(image, mask, torch.Generator().manual_seed(seed)).latent for seed in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


@torch.no_grad()
def test_training_starts_near_the_prior(autoencoder, image) -> None:
    posterior = autoencoder.posterior(image)
    assert float(posterior.mean.median()) == pytest.approx(PRIOR_ALPHA / PRIOR_RATE, rel=0.5)


@pytest.mark.parametrize("attention", [True, False])
def test_gradients_reach_every_parameter(image, mask, attention: bool) -> None:
    torch.manual_seed(0)
    network = build("small", attention=attention)
    result = network(image, mask, torch.Generator().manual_seed(0))
    sum(autoencoder_loss(result, image, mask).values()).backward()
    keys = [n for n, _ in network.named_parameters() if n.endswith("to_k.bias")]  # softmax does not see it
    silent = [n for n, p in network.named_parameters() if n not in keys and (p.grad is None or not p.grad.any())]
    assert not silent


@torch.no_grad()
def test_an_autoencoder_comes_back_from_its_folder_as_it_was(autoencoder, image, mask, tmp_path: Path) -> None:
    autoencoder.save_pretrained(tmp_path)
    again = GammaAutoencoder.from_folder(tmp_path)
    assert_equal_weights(again, autoencoder)
    assert not again.training
    torch.testing.assert_close(again.encode(image, mask), autoencoder.encode(image, mask))


def test_a_folder_without_an_autoencoder_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no Gamma autoencoder"):
        GammaAutoencoder.from_folder(tmp_path)


def test_sizes_that_do_not_halve_are_refused(autoencoder) -> None:
    with pytest.raises(InputError, match="multiples of 4"):
        autoencoder.encode(torch.zeros(1, 1, 16, 18), torch.ones(1, 1, 16, 18))


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="L128"):
        build("L32")


def test_the_divergence_counts_the_sector_alone_and_its_share_twice() -> None:
    """The mean over all pixels of what is masked has the share once, the factor of the paper's code once more."""
    posterior = GammaImage(torch.full((1, 1, 4, 6), 2.0), torch.full((1, 1, 4, 6), 3.0))
    half = torch.ones(1, 1, 16, 24)
    half[..., 12:] = 0
    whole = prior_kl(posterior)[0, 0, 0, 0]
    torch.testing.assert_close(sector_kl(posterior, torch.ones_like(half)), whole[None])
    torch.testing.assert_close(sector_kl(posterior, half), whole[None] / 4)


def test_the_latent_is_drawn_to_the_small_image(image) -> None:
    assert float(latent_error(image[..., ::4, ::4], image)) == 0
    assert float(latent_error(image[..., ::4, ::4] + 0.1, image)) == pytest.approx(0.01, rel=1e-4)


def test_the_loss_s_weights_are_those_of_the_paper(autoencoder, image, mask) -> None:
    result = autoencoder(image, mask)
    terms = autoencoder_loss(result, image, mask, perceptual=lambda one, other: (one - other).abs().mean())
    torch.testing.assert_close(terms["image"], 10 * F.mse_loss(result.image, image))
    torch.testing.assert_close(terms["kl"], 1e-3 * 6 * sector_kl(result.posterior, mask).mean())
    torch.testing.assert_close(terms["latent"], 1e-2 * latent_error(result.latent, image))
    torch.testing.assert_close(terms["perceptual"], 1e-3 * (result.image - image).abs().mean())


def test_the_latent_term_waits_for_the_warm_up(autoencoder, image, mask) -> None:
    result = autoencoder(image, mask)
    assert set(autoencoder_loss(result, image, mask, spent=0.0)) == {"image", "kl"}
    assert set(autoencoder_loss(result, image, mask, spent=0.5)) == {"image", "kl", "latent"}


@pytest.mark.slow
def test_the_small_autoencoder_learns_a_drawn_echo() -> None:
    torch.manual_seed(0)
    heart = drawn_hearts()[0]
    echo = torch.from_numpy(picture(heart, 0)).float()[None, None] / 255
    mask = torch.from_numpy(heart.sector.mask(echo.shape[-2:])).float()[None, None]
    network, generator = build("small"), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    losses = []
    for _ in range(25):
        loss = torch.stack(list(autoencoder_loss(network(echo, mask, generator), echo, mask).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2

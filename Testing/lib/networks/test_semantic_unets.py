"""Diffusion U-Nets that a label map guides through SPADE, and through nothing else."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

from made_apart import assert_equal_weights  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from EchoSynthLib.errors import InputError  # noqa: E402
from EchoSynthLib.networks.semantic.adm_unet import ADMUNet  # noqa: E402
from EchoSynthLib.networks.semantic.embedding import positional_embedding  # noqa: E402
from EchoSynthLib.networks.semantic.presets import SMALL, build  # noqa: E402
from EchoSynthLib.networks.semantic.sdm_unet import SDMUNet  # noqa: E402
from EchoSynthLib.networks.semantic.song_unet import SongUNet  # noqa: E402
from EchoSynthLib.networks.semantic.unet import SemanticUNet  # noqa: E402
from EchoSynthLib.networks.spade import Spade  # noqa: E402
from EchoSynthLib.synthesis.diffusion.training_configs import FOLDED  # noqa: E402

CLASSES, SIZE = 3, (8, 16)
TINY = {"classes": CLASSES, "width": 8, "multipliers": (1, 2, 2), "blocks": 1, "attention_levels": (1,), "hidden": 4}
BUILDERS = {
    "sdm": partial(SDMUNet, **TINY),
    "adm": partial(ADMUNet, **TINY, dropout=0.0),
    "ddpmpp": partial(SongUNet, "ddpmpp", **TINY, dropout=0.0),
    "ncsnpp": partial(SongUNet, "ncsnpp", **TINY, dropout=0.0),
}


def lively(network: nn.Module) -> nn.Module:
    """The network with every weight drawn anew, those that start at zero as well."""
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        if parameter.requires_grad:
            nn.init.normal_(parameter, std=0.15, generator=generator)
    return network


@pytest.fixture(params=BUILDERS)
def network(request: pytest.FixtureRequest) -> SemanticUNet:
    torch.manual_seed(0)
    return lively(BUILDERS[request.param]()).eval()


def noise(network: SemanticUNet, count: int = 1, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, network.config.channels_in, *SIZE, generator=torch.Generator().manual_seed(seed))


def label_map(count: int = 1, seed: int = 0) -> torch.Tensor:
    codes = torch.randint(CLASSES, (count, *SIZE), generator=torch.Generator().manual_seed(seed))
    return F.one_hot(codes, CLASSES).movedim(-1, 1).float()


def level(count: int = 1) -> torch.Tensor:
    return torch.linspace(-0.5, 0.5, count)


@torch.no_grad()
def test_same_noise_and_same_label_map_give_the_same_result(network: SemanticUNet) -> None:
    first, second = (network(noise(network), level(), label_map()) for _ in range(2))
    assert first.shape == (1, network.config.channels_out, *SIZE)
    assert torch.equal(first, second)


@torch.no_grad()
def test_noise_noise_level_and_label_map_all_count(network: SemanticUNet) -> None:
    result = network(noise(network), level(), label_map())
    assert not torch.allclose(result, network(noise(network, seed=1), level(), label_map()))
    assert not torch.allclose(result, network(noise(network), level() + 1, label_map()))
    assert not torch.allclose(result, network(noise(network), level(), label_map(seed=1)))


@torch.no_grad()
def test_permuted_classes_give_another_result(network: SemanticUNet) -> None:
    label = label_map()
    result, permuted = (network(noise(network), level(), given) for given in (label, label[:, [1, 2, 0]]))
    assert not torch.allclose(result, permuted)


@torch.no_grad()
def test_the_cached_modulation_changes_nothing(network: SemanticUNet) -> None:
    label = label_map(2)
    cached = network.modulation(label)
    for step in range(3):
        x = noise(network, 2, seed=step)
        assert torch.equal(network(x, level(2) + step, cached), network(x, level(2) + step, label))


@torch.no_grad()
def test_one_label_map_serves_several_noises(network: SemanticUNet) -> None:
    x, label = noise(network, 3), label_map()
    expected = network(x, level(3), label.expand(3, -1, -1, -1))
    torch.testing.assert_close(network(x, level(3), label), expected)
    torch.testing.assert_close(network(x, level(3), network.modulation(label)), expected)


@torch.no_grad()
def test_a_label_map_of_twice_the_size_does_as_well(network: SemanticUNet) -> None:
    label = label_map()
    large = label.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    expected = network(noise(network), level(), label)
    torch.testing.assert_close(network(noise(network), level(), large), expected)
    torch.testing.assert_close(network(noise(network), level(), network.modulation(large, SIZE)), expected)


@torch.no_grad()
def test_without_spade_s_weights_the_label_map_has_no_way_in(network: SemanticUNet) -> None:
    for layer in network.modules():
        if isinstance(layer, Spade):
            nn.init.zeros_(layer.gamma_beta.weight)
    one, other = (network(noise(network), level(), label_map(seed=seed)) for seed in (0, 1))
    assert torch.equal(one, other)


def test_spade_is_in_middle_and_decoder_and_not_in_the_encoder(network: SemanticUNet) -> None:
    assert not any(isinstance(layer, Spade) for layer in network.encoder.modules())
    for block in [*network.middle, *network.decoder]:
        assert isinstance(block.norm_in, Spade)
        assert isinstance(block.norm_out, Spade)
        if block.attention is not None:
            assert isinstance(block.attention.norm, Spade) == (not isinstance(network, SDMUNet))


@pytest.mark.parametrize("changes", [{}, FOLDED], ids=["as it is", "folded"])
@pytest.mark.parametrize("model", SMALL)
def test_gradients_reach_every_parameter(model: str, changes: dict[str, Any]) -> None:
    network = lively(build(model, "small", **changes))
    c = network.config
    x, label = torch.randn(2, c.channels_in, 32, 32), F.one_hot(torch.randint(c.classes, (2, 32, 32)), c.classes)
    network(x, level(2), label.movedim(-1, 1).float()).square().mean().backward()
    silent = [n for n, p in network.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    assert not silent


@pytest.mark.parametrize("model", SMALL)
@torch.no_grad()
def test_an_untrained_network_answers_zero_or_nearly(model: str) -> None:
    network = build(model, "small").eval()
    x = torch.randn(1, network.config.channels_in, 32, 32)
    result = network(x, level(), torch.ones(1, network.config.classes, 32, 32))
    assert float(result.abs().max()) < 1e-3


@pytest.mark.parametrize("name", BUILDERS)
@torch.no_grad()
def test_the_input_skip_adds_x_as_far_as_the_noise_level_says(name: str) -> None:
    channels_out = 6 if name == "sdm" else 3
    network = BUILDERS[name](channels_in=3, channels_out=channels_out, patch=2, input_skip=True).eval()
    x = torch.randn(2, 3, *SIZE)
    nn.init.ones_(network.gain.bias)
    nn.init.zeros_(network.gain.weight)
    skipped = network(x, level(2), label_map(2))
    torch.testing.assert_close(skipped, x.repeat(1, channels_out // 3, 1, 1), atol=2e-3, rtol=0)
    nn.init.normal_(network.gain.weight)
    assert not torch.allclose(network(x, level(2), label_map(2)), skipped, atol=0.1)


@torch.no_grad()
def test_a_network_comes_back_from_its_folder_as_it_was(network: SemanticUNet, tmp_path: Path) -> None:
    network.save_pretrained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "diffusion_pytorch_model.safetensors"}
    again = type(network).from_pretrained(tmp_path)
    assert_equal_weights(again, network)
    torch.testing.assert_close(
        again(noise(network), level(), label_map()), network(noise(network), level(), label_map())
    )


def test_weights_in_a_pickle_are_not_read(tmp_path: Path) -> None:
    network = BUILDERS["adm"]()
    network.save_config(tmp_path)
    torch.save(network.state_dict(), tmp_path / "diffusion_pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        ADMUNet.from_pretrained(tmp_path)


def test_sizes_that_do_not_halve_are_refused(network: SemanticUNet) -> None:
    with pytest.raises(InputError, match="multiples of 4"):
        network(torch.zeros(1, network.config.channels_in, 8, 10), level(), label_map())
    with pytest.raises(InputError, match="multiples of 4"):
        network.modulation(torch.zeros(1, CLASSES, 6, 8))


def test_a_label_map_with_other_classes_is_refused(network: SemanticUNet) -> None:
    with pytest.raises(InputError, match=r"one-hot \(N, 3, H, W\)"):
        network(noise(network), level(), torch.zeros(1, CLASSES + 1, *SIZE))


@pytest.mark.parametrize(("endpoint", "slowest"), [(True, 1e-4), (False, 1e-2)])
def test_noise_levels_are_told_at_frequencies_from_one_to_a_ten_thousandth(endpoint: bool, slowest: float) -> None:
    c_noise = torch.tensor([0.0, 0.7])
    features = positional_embedding(4, 8, endpoint)[0](c_noise)
    angles = c_noise[:, None] * torch.tensor([1.0, slowest])
    torch.testing.assert_close(features, torch.cat([angles.cos(), angles.sin()], dim=1))

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.networks.blocks import ResidualBlock, SelfAttention, fourier_features, group_norm  # noqa: E402


def test_a_scalar_is_embedded_at_frequencies_from_a_half_up_to_the_highest() -> None:
    value = torch.tensor([0.0, 0.3, 1.0])
    features = fourier_features(value, count=8, highest=20.0)
    assert features.shape == (3, 16)
    torch.testing.assert_close(features[:, 0], torch.cos(0.5 * value))
    torch.testing.assert_close(features[:, 7], torch.cos(20.0 * value))
    torch.testing.assert_close(features[:, 15], torch.sin(20.0 * value))


def test_no_feature_changes_faster_than_its_highest_frequency() -> None:
    value = torch.linspace(0, 1, 2001)
    slope = fourier_features(value, highest=32.0).diff(dim=0).abs().max() * 2000
    assert 31.0 < float(slope) <= 32.1


@pytest.mark.parametrize(("channels", "groups"), [(24, 8), (12, 4), (6, 2), (5, 1)])
def test_normalization_groups_always_divide_the_channels(channels: int, groups: int) -> None:
    assert group_norm(channels).num_groups == groups


def attention_over(channels: int, heads: int = 1) -> SelfAttention:
    return SelfAttention(channels, group_norm(channels), heads)


@pytest.mark.parametrize(("channels", "heads"), [(8, 1), (32, 4), (96, 3)])
def test_attention_keeps_the_shape(channels: int, heads: int) -> None:
    x = torch.randn(2, channels, 3, 5)
    assert attention_over(channels, heads)(x).shape == x.shape


def test_attention_without_output_weights_adds_nothing() -> None:
    attention = attention_over(16)
    torch.nn.init.zeros_(attention.out.weight)
    torch.nn.init.zeros_(attention.out.bias)
    x = torch.randn(1, 16, 4, 4)
    torch.testing.assert_close(attention(x), torch.zeros_like(x))


def test_attention_carries_a_change_to_every_pixel() -> None:
    torch.manual_seed(0)
    attention, x = attention_over(8), torch.randn(1, 8, 4, 4)
    changed = x.clone()
    changed[0, :, 0, 0] += torch.arange(8.0)
    assert bool(((attention(changed) - attention(x)).abs().sum(dim=1) > 0).all())


def test_a_residual_block_obeys_its_embedding_only_where_it_has_one() -> None:
    torch.manual_seed(0)
    x, one, two = torch.randn(1, 4, 6, 6), torch.zeros(1, 3), torch.ones(1, 3)
    told, deaf = ResidualBlock(4, 8, embedding=3), ResidualBlock(4, 8)
    assert told(x, one).shape == (1, 8, 6, 6)
    assert not torch.allclose(told(x, one), told(x, two))
    torch.testing.assert_close(deaf(x, one), deaf(x))

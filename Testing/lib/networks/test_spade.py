"""SPADE: normalized features, scaled and shifted as the label map says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch.nn import functional as F  # noqa: E402

from EchoSynthLib.networks.spade import Spade, group_count, resized  # noqa: E402


def one_hot(codes: torch.Tensor, classes: int) -> torch.Tensor:
    return F.one_hot(codes, classes).movedim(-1, 1).float()


@pytest.fixture
def label() -> torch.Tensor:
    return one_hot(torch.randint(3, (1, 8, 12), generator=torch.Generator().manual_seed(0)), 3)


@given(st.integers(1, 2000))
def test_groups_divide_the_channels_and_are_32_at_most(channels: int) -> None:
    assert channels % group_count(channels) == 0
    assert 1 <= group_count(channels) <= 32


@pytest.mark.parametrize("channels", [128, 192, 256, 384, 576, 768, 1344, 2048])
def test_all_widths_of_the_papers_have_32_groups(channels: int) -> None:
    assert group_count(channels) == 32


def test_without_weights_it_is_the_group_norm(label: torch.Tensor) -> None:
    spade, x = Spade(8, 3, hidden=4), torch.randn(2, 8, 8, 12)
    for p in spade.gamma_beta.parameters():
        torch.nn.init.zeros_(p)
    torch.testing.assert_close(spade(x, spade.modulation(label)), F.group_norm(x, group_count(8)))


def test_features_are_scaled_by_one_plus_gamma_and_shifted_by_beta(label: torch.Tensor) -> None:
    spade, x = Spade(4, 3, hidden=4), torch.randn(2, 4, 8, 12)
    gamma, beta = spade.gamma_beta(F.relu(spade.shared(label))).chunk(2, dim=1)
    expected = F.group_norm(x, group_count(4)) * (1 + gamma) + beta
    torch.testing.assert_close(spade(x, spade.modulation(label)), expected)


def test_the_label_map_is_resized_by_nearest_neighbor(label: torch.Tensor) -> None:
    spade = Spade(4, 3, hidden=4)
    large = label.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    pairs = zip(spade.modulation(resized(large, (8, 12))), spade.modulation(label), strict=True)
    for from_large, from_small in pairs:
        torch.testing.assert_close(from_large, from_small)


def test_what_is_far_from_a_change_of_the_label_map_does_not_change() -> None:
    spade, codes = Spade(4, 3, hidden=4), torch.zeros(1, 16, 16, dtype=torch.long)
    before = spade.modulation(one_hot(codes, 3))[0]
    codes[0, 0, 0] = 2
    after = spade.modulation(one_hot(codes, 3))[0]
    assert not torch.equal(after[..., :3, :3], before[..., :3, :3])
    torch.testing.assert_close(after[..., 3:, 3:], before[..., 3:, 3:])


def test_one_label_map_serves_a_batch(label: torch.Tensor) -> None:
    spade, x = Spade(4, 3, hidden=4), torch.randn(3, 4, 8, 12)
    once = spade(x, spade.modulation(label))
    torch.testing.assert_close(once, spade(x, spade.modulation(label.expand(3, -1, -1, -1))))


def test_it_costs_two_convolutions_and_where_asked_the_norm_s_own_scale_and_shift() -> None:
    convolutions = 3 * 16 * 9 + 16 + 16 * 2 * 8 * 9 + 2 * 8
    assert sum(p.numel() for p in Spade(8, 3, hidden=16).parameters()) == convolutions
    assert sum(p.numel() for p in Spade(8, 3, hidden=16, affine=True).parameters()) == convolutions + 2 * 8

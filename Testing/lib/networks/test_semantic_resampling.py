"""Halving and doubling with a low-pass filter."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.networks.semantic.resampling import BINOMIAL, BOX, double, halve, padding  # noqa: E402


@pytest.mark.parametrize("taps", [BOX, BINOMIAL])
def test_resolution_is_exactly_half_and_twice(taps: tuple[float, ...]) -> None:
    x = torch.randn(2, 3, 6, 10)
    assert halve(x, taps).shape == (2, 3, 3, 5)
    assert double(x, taps).shape == (2, 3, 12, 20)


@pytest.mark.parametrize("taps", [BOX, BINOMIAL])
@pytest.mark.parametrize("resample", [halve, double])
def test_a_constant_image_stays_constant_inside(resample, taps: tuple[float, ...]) -> None:
    inside = resample(torch.full((1, 2, 12, 12), 3.0), taps)[..., 1:-1, 1:-1]
    torch.testing.assert_close(inside, torch.full_like(inside, 3.0))


def test_the_binomial_filter_on_numbers_worked_out_by_hand() -> None:
    row = torch.tensor([0.0, 0.0, 8.0, 0.0, 0.0, 0.0])
    image = row.expand(1, 1, 8, 6)
    torch.testing.assert_close(halve(image, BINOMIAL)[0, 0, 1], torch.tensor([1.0, 3.0, 0.0]))
    torch.testing.assert_close(
        double(row.expand(1, 1, 6, 6), BINOMIAL)[0, 0, 4, 3:7], torch.tensor([2.0, 6.0, 6.0, 2.0])
    )


def test_channels_are_not_mixed() -> None:
    x = torch.randn(1, 3, 8, 8)
    for resample in (halve, double):
        torch.testing.assert_close(resample(x, BINOMIAL)[:, 1:2], resample(x[:, 1:2], BINOMIAL))


def test_a_border_given_beforehand_is_used_instead_of_zeros() -> None:
    x, border = torch.randn(1, 1, 10, 10), padding(BINOMIAL)
    inner = x[..., border:-border, border:-border]
    assert halve(x, BINOMIAL, padded=True).shape == halve(inner, BINOMIAL).shape
    torch.testing.assert_close(
        halve(x, BINOMIAL, padded=True)[..., 1:-1, 1:-1], halve(inner, BINOMIAL)[..., 1:-1, 1:-1]
    )

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch.nn import functional as F  # noqa: E402

from EchoSynthLib.synthesis.beam_flow.energy_score import patch_energy_score  # noqa: E402

COUNT, SIZE = 200, 32


def blurred_noise(seed: int, times: int = 1) -> torch.Tensor:
    """Unit-variance Gaussian fields (N, 1, H, W) whose lag-1 autocorrelation grows with the times of blurring."""
    noise = torch.randn(COUNT, 1, SIZE + 8, SIZE + 8, generator=torch.Generator().manual_seed(seed))
    kernel = torch.outer(torch.tensor([1.0, 2, 1]), torch.tensor([1.0, 2, 1]))[None, None] / 16
    for _ in range(times):
        noise = F.conv2d(noise, kernel, padding=1)
    return (noise / noise[..., 4:-4, 4:-4].std())[..., 4:-4, 4:-4]


def expected_score(draw) -> float:
    return float(patch_energy_score(draw(2), draw(3), blurred_noise(1)))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda seed: blurred_noise(seed) + 0.3,
        lambda seed: blurred_noise(seed, times=3),
        lambda seed: blurred_noise(seed, times=0),
        lambda seed: 0.7 * blurred_noise(seed),
        lambda seed: 1.3 * blurred_noise(seed),
        lambda seed: 0 * blurred_noise(seed),
    ],
    ids=["biased", "too smooth", "too rough", "too little spread", "too much spread", "the mean alone"],
)
def test_draws_from_the_true_distribution_score_best(wrong) -> None:
    assert expected_score(blurred_noise) < expected_score(wrong) - 2e-3


def test_it_is_symmetric_in_its_two_draws() -> None:
    one, two, real = blurred_noise(2), blurred_noise(3), blurred_noise(1)
    torch.testing.assert_close(patch_energy_score(one, two, real), patch_energy_score(two, one, real))


def test_it_vanishes_up_to_the_rounding_of_the_root_for_equal_images() -> None:
    flat = torch.full((2, 1, 32, 32), 0.3)
    assert float(patch_energy_score(flat, flat, flat)) == pytest.approx(0, abs=1e-3)


def test_two_draws_that_agree_still_give_a_finite_gradient() -> None:
    drawn = torch.zeros(1, 1, 32, 32, requires_grad=True)
    patch_energy_score(drawn, drawn, torch.zeros(1, 1, 32, 32)).backward()
    assert drawn.grad is not None
    assert bool(torch.isfinite(drawn.grad).all())


def test_it_grows_in_proportion_to_the_contrast() -> None:
    one, two, real = blurred_noise(2), blurred_noise(3), blurred_noise(1)
    small, large = patch_energy_score(one, two, real), patch_energy_score(5 * one, 5 * two, 5 * real)
    assert float(large) == pytest.approx(5 * float(small), rel=1e-3)

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

from EchoSynthLib.networks.diffusion.processes.gamma_noise import GammaNoise  # noqa: E402
from EchoSynthLib.networks.diffusion.solvers.registry import sample  # noqa: E402

COUNT = 200_000


def drawn(process: GammaNoise, sigma: float, seed: int = 2) -> torch.Tensor:
    like = torch.zeros(1, 1, 1, COUNT, dtype=torch.float64)
    return process.noise(like, sigma, torch.Generator().manual_seed(seed)).flatten()


def skewness(x: torch.Tensor) -> float:
    return float(((x - x.mean()) / x.std()).pow(3).mean())


@pytest.mark.parametrize("theta_0", [0.001, 0.02])
def test_the_variance_of_the_noise_is_what_the_image_has_lost(theta_0: float) -> None:
    process = GammaNoise(theta_0=theta_0)
    schedule = process.schedule
    theta = schedule.alpha_bar.sqrt() * theta_0
    k_bar = (schedule.beta / (schedule.alpha_bar * theta_0**2)).cumsum(dim=0)
    torch.testing.assert_close(k_bar * theta**2, 1 - schedule.alpha_bar)
    torch.testing.assert_close(process.shape_of(schedule.sigma), k_bar)


@pytest.mark.parametrize(("theta_0", "sigma"), [(0.5, 0.4), (0.5, 3.0), (0.001, 0.0065), (0.001, 2e4)])
def test_the_noise_is_centered_and_has_the_variance_and_skewness_of_its_law(theta_0: float, sigma: float) -> None:
    noise = drawn(GammaNoise(theta_0=theta_0), sigma)
    assert float(noise.mean()) == pytest.approx(0, abs=0.01 * sigma)
    assert float(noise.std()) == pytest.approx(sigma, rel=0.02)
    assert skewness(noise) == pytest.approx(2 * theta_0 / sigma, rel=0.1, abs=0.02)


def test_the_noise_is_never_below_what_no_speckle_at_all_would_leave() -> None:
    process = GammaNoise(theta_0=0.5)
    assert float(drawn(process, 0.4).min()) >= -0.5 * float(process.shape_of(torch.tensor(0.4)))


def test_with_a_small_theta_it_is_gaussian() -> None:
    noise = drawn(GammaNoise(theta_0=1e-4), 1.0)
    normal = torch.randn(COUNT, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    quantiles = torch.tensor([0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99], dtype=torch.float64)
    torch.testing.assert_close(noise.quantile(quantiles), normal.quantile(quantiles), rtol=0.02, atol=0.02)


@pytest.mark.parametrize("steps", [3, 8])
def test_ancestral_sampling_keeps_the_noise_level_of_every_step_and_ends_in_the_image(steps: int) -> None:
    process, point = GammaNoise(theta_0=0.02), 0.3
    sigmas = process.sigmas(steps, "edm")
    deviations, skews = [], []

    def network(x, c_noise):
        # the true network of data that is one point
        sigma = process.schedule.sigma
        low = c_noise.floor().long()
        level = (sigma[low].log().lerp(sigma[(low + 1).clamp(max=999)].log(), c_noise - low)).exp()
        return (x / process.preconditioning(level).c_in - point) / level[:, None, None, None]

    def seen(step: int, sigma: float, x):
        deviations.append(float((x - point).std()))
        skews.append(skewness(x))
        return x

    like = torch.zeros(1, 1, 1, COUNT, dtype=torch.float64)
    generator = torch.Generator().manual_seed(4)
    start = point + process.noise(like, float(sigmas[0]), generator)
    x, evaluations = sample(network, process, start, sigmas, "ancestral-gamma", generator, seen)
    assert evaluations == steps
    assert deviations[:-1] == pytest.approx(sigmas[1:-1].tolist(), rel=0.04)
    assert skews[-2] > 2
    torch.testing.assert_close(x, torch.full_like(x, point), rtol=0, atol=1e-3)

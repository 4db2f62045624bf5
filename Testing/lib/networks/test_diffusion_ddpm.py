from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

from EchoSynthLib.networks.diffusion.processes.ddpm import (  # noqa: E402
    DDPM,
    discretized_log_likelihood,
    normal_kl,
)

PROCESS = DDPM()
ALL_STEPS = torch.arange(1000)


def drawing() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def planes(values) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float64).reshape(-1, 1, 1, 1)


def normal_log_density(x, mean, variance):
    return -0.5 * ((x - mean) ** 2 / variance + math.log(2 * math.pi * variance))


def log_variance(v: float) -> torch.Tensor:
    return PROCESS.log_variance(torch.full((1000, 1, 1, 1), v, dtype=torch.float64), ALL_STEPS).flatten()


def test_the_learned_variance_is_beta_at_1_and_the_posterior_variance_at_minus_1() -> None:
    schedule = PROCESS.schedule
    torch.testing.assert_close(log_variance(1.0).exp(), schedule.beta)
    torch.testing.assert_close(log_variance(-1.0).exp()[1:], schedule.beta_tilde[1:])
    torch.testing.assert_close(log_variance(0.0)[1:].exp(), (schedule.beta * schedule.beta_tilde)[1:].sqrt())


def test_at_the_first_step_the_second_steps_posterior_variance_stands_in() -> None:
    assert float(PROCESS.schedule.beta_tilde[0]) == 0
    assert float(log_variance(-1.0)[0].exp()) == pytest.approx(float(PROCESS.schedule.beta_tilde[1]))


@pytest.mark.parametrize("t", [1, 10, 500, 998])
def test_the_posterior_is_bayes_rule_on_a_grid(t: int) -> None:
    schedule, x0, x_t = PROCESS.schedule, 0.4, -0.2
    beta, before = float(schedule.beta[t]), float(schedule.alpha_bar_before[t])
    mean = float(PROCESS.posterior_mean(planes(x0), planes(x_t), torch.tensor([t])))
    deviation = math.sqrt(float(schedule.beta_tilde[t]))
    x = torch.linspace(mean - 8 * deviation, mean + 8 * deviation, 4001, dtype=torch.float64)
    product = normal_log_density(x_t, math.sqrt(1 - beta) * x, beta)
    product = product + normal_log_density(x, math.sqrt(before) * x0, 1 - before)
    density = (product - product.max()).exp()
    density = density / density.sum()
    assert float((density * x).sum()) == pytest.approx(mean, abs=1e-6 + 1e-4 * deviation)
    assert float((density * (x - mean) ** 2).sum()) == pytest.approx(deviation**2, rel=1e-4)


@pytest.mark.parametrize(("gap", "ratio"), [(0.0, 1.0), (0.7, 1.0), (-0.3, 2.5), (1.1, 0.4)])
def test_the_divergence_of_two_gaussians_is_its_integral(gap: float, ratio: float) -> None:
    x = torch.linspace(-15, 15, 200_001, dtype=torch.float64)
    p, q = normal_log_density(x, 0.0, 1.0), normal_log_density(x, gap, ratio)
    integral = float(torch.trapezoid(p.exp() * (p - q), x))
    closed = normal_kl(*(torch.tensor(value) for value in (0.0, 0.0, gap, math.log(ratio))))
    assert float(closed) == pytest.approx(integral, abs=1e-6)


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 0.005), (0.3, 0.1), (-1.0, 0.02), (2.0, 0.5)])
def test_the_gray_values_share_out_all_probability(mean: float, deviation: float) -> None:
    gray = torch.linspace(-1, 1, 256, dtype=torch.float64)
    mean_, log_variance_ = torch.full_like(gray, mean), torch.full_like(gray, 2 * math.log(deviation))
    assert float(discretized_log_likelihood(gray, mean_, log_variance_).exp().sum()) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("t", [3, 200, 900])
@pytest.mark.parametrize("v", [-1.0, 0.2, 1.0])
def test_a_term_of_the_bound_is_the_divergence_in_bits(t: int, v: float) -> None:
    x0, x_t, epsilon = planes(0.4), planes(-0.2), planes(0.5)
    steps, alpha_bar = torch.tensor([t]), float(PROCESS.schedule.alpha_bar[t])
    predicted = (x_t - math.sqrt(1 - alpha_bar) * epsilon) / math.sqrt(alpha_bar)
    p_mean, q_mean = (float(PROCESS.posterior_mean(x, x_t, steps)) for x in (predicted, x0))
    p_variance = float(PROCESS.log_variance(planes(v), steps).exp())
    q_variance = float(PROCESS.schedule.beta_tilde[t])
    x = q_mean + math.sqrt(q_variance) * torch.linspace(-10, 10, 40_001, dtype=torch.float64)
    q, p = normal_log_density(x, q_mean, q_variance), normal_log_density(x, p_mean, p_variance)
    bits = float(torch.trapezoid(q.exp() * (q - p), x)) / math.log(2)
    assert float(PROCESS.bound(x0, x_t, steps, epsilon, planes(v))) == pytest.approx(bits, rel=1e-5, abs=1e-7)


def noise_of(x0, x_t, t):
    alpha_bar = PROCESS.at(PROCESS.schedule.alpha_bar, t, x0)
    return (x_t - alpha_bar.sqrt() * x0) / (1 - alpha_bar).sqrt()


def true_network(x0, v: float):
    def network(x_t, c_noise):
        epsilon = noise_of(x0, x_t, c_noise.long())
        return torch.cat([epsilon, torch.full_like(epsilon, v)], dim=1)

    return network


def test_the_bound_of_the_true_network_is_zero_after_the_first_step() -> None:
    t = torch.arange(1, 1000)
    x0, x_t = torch.full((999, 1, 2, 2), 0.1, dtype=torch.float64), torch.randn(999, 1, 2, 2, dtype=torch.float64)
    bound = PROCESS.bound(x0, x_t, t, noise_of(x0, x_t, t), torch.full_like(x0, -1))
    assert float(bound.abs().max()) < 1e-6


def test_the_loss_of_the_true_network_of_a_point_is_zero_and_more_with_a_wrong_variance() -> None:
    x0 = torch.full((64, 1, 2, 2), 51 / 127.5 - 1, dtype=torch.float64)
    right = PROCESS.loss(true_network(x0, -1.0), x0, drawing())
    wrong = PROCESS.loss(true_network(x0, 1.0), x0, drawing())
    assert float(right.abs().max()) < 1e-6  # no t = 0 among these
    assert bool((wrong > right).all())


def test_the_loss_is_the_noises_squared_error_where_the_bound_has_no_weight() -> None:
    process, x0 = DDPM(bound_weight=0.0), torch.zeros(32, 1, 2, 2, dtype=torch.float64)
    right = true_network(x0, 0.3)

    def shifted(x, c):
        epsilon, v = right(x, c).chunk(2, dim=1)
        return torch.cat([epsilon + 0.2, v], dim=1)

    assert process.loss(shifted, x0, drawing()).tolist() == pytest.approx([0.04] * 32)


def test_the_bound_teaches_the_variance_alone() -> None:
    epsilon = torch.zeros(8, 1, 2, 2, requires_grad=True)
    v = torch.zeros(8, 1, 2, 2, requires_grad=True)
    network_noise = {}

    def network(x, c):
        network_noise["x"] = x
        return torch.cat([epsilon, v], dim=1)

    x0 = torch.zeros(8, 1, 2, 2)
    of_epsilon, of_v = torch.autograd.grad(PROCESS.loss(network, x0, drawing()).sum(), (epsilon, v))
    (simple,) = torch.autograd.grad(DDPM(bound_weight=0.0).loss(network, x0, drawing()).sum(), epsilon)
    torch.testing.assert_close(of_epsilon, simple)
    assert float(of_v.abs().min()) > 0


def test_denoised_images_are_clipped_where_that_is_asked_for() -> None:
    def network(x, c):
        return torch.full((1, 2, 2, 2), 5.0)

    x = torch.zeros(1, 1, 2, 2)
    assert float(DDPM().denoise(network, x, 1.0).min()) == -1
    assert float(DDPM(clip=False).denoise(network, x, 1.0).min()) == -5
    denoised, v = DDPM().denoise_with_variance(network, x, 1.0)
    assert torch.equal(denoised, DDPM().denoise(network, x, 1.0))
    assert float(v.max()) == 5

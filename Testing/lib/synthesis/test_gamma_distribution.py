"""The Gamma distribution of the latent image."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.synthesis.gamma_latent.distribution import (  # noqa: E402
    PRIOR_ALPHA,
    PRIOR_RATE,
    GammaImage,
    gamma_kl,
    prior_kl,
)


def gamma(alpha: float, rate: float, shape: tuple[int, ...] = ()) -> GammaImage:
    return GammaImage(torch.full(shape, alpha, dtype=torch.float64), torch.full(shape, rate, dtype=torch.float64))


@pytest.mark.parametrize("first", [(3.75, 10.8), (0.8, 2.0), (12.0, 30.0)])
@pytest.mark.parametrize("second", [(3.75, 10.8), (1.5, 0.7), (6.0, 25.0)])
def test_the_divergence_agrees_with_numerical_integration(first, second) -> None:
    p, q = (stats.gamma(alpha, scale=1 / rate) for alpha, rate in (first, second))
    integral = p.expect(lambda z: p.logpdf(z) - q.logpdf(z))
    assert float(gamma_kl(gamma(*first), gamma(*second))) == pytest.approx(integral, rel=1e-5, abs=1e-7)


@given(st.tuples(*[st.floats(0.1, 40.0)] * 4))
def test_the_divergence_is_the_closed_form_and_never_negative(values: tuple[float, float, float, float]) -> None:
    a1, b1, a2, b2 = (torch.tensor(v, dtype=torch.float64) for v in values)
    closed = (
        a2 * torch.log(b1 / b2) - torch.lgamma(a1) + torch.lgamma(a2)
        + (a1 - a2) * torch.digamma(a1) - (b1 - b2) * a1 / b1
    )  # fmt: skip
    result = gamma_kl(GammaImage(a1, b1), GammaImage(a2, b2))
    torch.testing.assert_close(result, closed, rtol=1e-6, atol=1e-9)
    assert float(result) >= -1e-9


def test_the_prior_comes_first_in_the_divergence_of_the_loss() -> None:
    posterior = gamma(2.0, 3.0)
    torch.testing.assert_close(prior_kl(posterior), gamma_kl(gamma(PRIOR_ALPHA, PRIOR_RATE), posterior))
    assert not torch.isclose(prior_kl(posterior), gamma_kl(posterior, gamma(PRIOR_ALPHA, PRIOR_RATE)))
    assert float(prior_kl(gamma(PRIOR_ALPHA, PRIOR_RATE))) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("alpha", [0.6, 3.75, 20.0])
def test_gradients_of_a_draw_are_those_of_its_quantile(alpha: float) -> None:
    """Along an implicitly reparameterized draw the distribution function stays as it is: z = F^-1(u; alpha)."""
    a = torch.full((50,), alpha, dtype=torch.float64, requires_grad=True)
    z = GammaImage(a, torch.ones_like(a)).sample(torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(z.sum(), a)
    quantile, h = special.gammainc(alpha, z.detach().numpy()), 1e-4
    difference = (special.gammaincinv(alpha + h, quantile) - special.gammaincinv(alpha - h, quantile)) / (2 * h)
    torch.testing.assert_close(gradient, torch.from_numpy(difference), rtol=2e-3, atol=1e-5)


def test_gradients_of_mean_and_variance_agree_with_finite_differences() -> None:
    alpha, rate = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (3.75, 10.8))
    z = GammaImage(alpha.expand(400_000), rate.expand(400_000)).sample(torch.Generator().manual_seed(0))
    exact = (lambda a, b: a / b), (lambda a, b: a / b**2)
    h = 1e-4
    for estimate, moment in zip((z.mean(), z.var()), exact, strict=True):
        by_alpha, by_rate = torch.autograd.grad(estimate, (alpha, rate), retain_graph=True)
        assert estimate.item() == pytest.approx(moment(3.75, 10.8), rel=0.02)
        assert float(by_alpha) == pytest.approx((moment(3.75 + h, 10.8) - moment(3.75 - h, 10.8)) / (2 * h), rel=0.03)
        assert float(by_rate) == pytest.approx((moment(3.75, 10.8 + h) - moment(3.75, 10.8 - h)) / (2 * h), rel=0.03)


def test_a_draw_is_that_of_torch_and_repeats_with_its_seed() -> None:
    image = gamma(3.75, 10.8, (1, 1, 4, 4))
    torch.manual_seed(5)
    theirs = torch.distributions.Gamma(image.alpha, image.rate).rsample()
    torch.manual_seed(5)
    assert torch.equal(image.sample(), theirs)
    first, second = (image.sample(torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first, second)


def test_heads_at_one_are_the_prior_and_every_head_is_a_distribution() -> None:
    prior = GammaImage.from_heads(torch.ones(1), torch.ones(1))
    assert float(prior.alpha) == pytest.approx(PRIOR_ALPHA, rel=1e-5)
    assert float(prior.rate) == pytest.approx(PRIOR_RATE, rel=1e-5)
    assert float(prior.mean) == pytest.approx(0.347, abs=5e-4)
    extreme = GammaImage.from_heads(torch.tensor([-1e4, 0.0, 1e4]), torch.tensor([-1e4, 0.0, 1e4]))
    assert bool((extreme.alpha > 0).all() and (extreme.rate > 0).all() and prior_kl(extreme).isfinite().all())

"""On Gaussian data x_0 ~ N(0, sigma_data^2) the best denoiser is known: D(x; sigma) = x sigma_data^2 / (sigma^2 +
sigma_data^2). On data that is one point c it is D = c, and nothing of the noise is left to chance."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

from EchoSynthLib.networks.diffusion.noise_schedules import vp_sigma  # noqa: E402
from EchoSynthLib.networks.diffusion.processes.registry import make_process  # noqa: E402

POINT = 0.3
CONTINUOUS = ("edm", "vp", "ve", "flow", "ddpm-v")
PREDICTING_NOISE = ("vp", "ve", "ddpm", "gamma-noise")
quickly = settings(max_examples=40, deadline=None)
sigmas = st.floats(0.02, 80.0)


def between_levels(levels: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    """The noise level at a step with fractions, even in its logarithm."""
    before = step.floor().long().clamp(0, len(levels) - 2)
    return torch.lerp(levels[before].log(), levels[before + 1].log(), step - before).exp()


SIGMA_OF_C_NOISE = {
    "edm": lambda process, c: (4 * c).exp(),
    "ve": lambda process, c: 2 * c.exp(),
    "vp": lambda process, c: vp_sigma(c / 999),
    "ddpm": lambda process, c: process.schedule.sigma[c.round().long()],
    "gamma-noise": lambda process, c: process.schedule.sigma[c.round().long()],
    "flow": lambda process, c: (c / 1000) / (1 - c / 1000),
    "ddpm-v": lambda process, c: between_levels(process.levels, c),
}


def drawing(seed: int = 5) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def true_network_of_a_point(process):
    """The raw network F whose denoiser is D = POINT, found from what it is given alone."""

    def network(x, c_noise):
        sigma = SIGMA_OF_C_NOISE[process.name](process, c_noise.double())
        c_skip, c_out, c_in, _ = process.preconditioning(sigma)
        F = (POINT - c_skip * x / c_in) / c_out
        return torch.cat([F, -torch.ones_like(F)], dim=1) if process.name == "ddpm" else F

    return network


def points(count: int = 64):
    return torch.full((count, 1, 4, 4), POINT, dtype=torch.float64)


@quickly
@given(sigma=sigmas, sigma_data=st.floats(0.1, 2.0))
def test_edm_gives_the_network_unit_variance_and_asks_it_for_unit_variance(sigma: float, sigma_data: float) -> None:
    edm = make_process("edm", sigma_data=sigma_data)
    s = torch.tensor([sigma], dtype=torch.float64)
    c_skip, c_out, c_in, _ = (float(c) for c in edm.preconditioning(s))
    assert c_in**2 * (sigma**2 + sigma_data**2) == pytest.approx(1)  # Eq. 114
    # F's target is (x_0 - c_skip (x_0 + n)) / c_out, Eq. 117
    assert ((1 - c_skip) ** 2 * sigma_data**2 + c_skip**2 * sigma**2) / c_out**2 == pytest.approx(1)
    assert float(edm.weight(s)) * c_out**2 == pytest.approx(1)  # Eq. 144
    for other in (c_skip * 0.99, c_skip * 1.01):  # Eq. 121: errors of F are amplified as little as possible
        assert (1 - other) ** 2 * sigma_data**2 + other**2 * sigma**2 > c_out**2


def test_at_no_noise_edm_trusts_the_image_and_at_most_noise_the_network() -> None:
    edm = make_process("edm")
    c_skip, c_out, _, c_noise = edm.preconditioning(torch.tensor([1e-4, 0.5, 1e4], dtype=torch.float64))
    assert c_skip.flatten().tolist() == pytest.approx([1, 0.5, 0], abs=1e-6)
    assert c_out.flatten().tolist() == pytest.approx([0, 0.5 / math.sqrt(2), 0.5], abs=1e-3)
    assert c_noise.tolist() == pytest.approx([math.log(1e-4) / 4, math.log(0.5) / 4, math.log(1e4) / 4])


def test_to_edm_a_silent_network_is_the_true_one_of_gaussian_data_and_its_loss_is_one() -> None:
    x0 = 0.5 * torch.randn(3000, 1, 4, 4, generator=drawing(1), dtype=torch.float64)
    edm = make_process("edm")

    def silent(x, c_noise):
        return torch.zeros_like(x)

    assert float(edm.loss(silent, x0, drawing()).mean()) == pytest.approx(1, rel=0.02)
    torch.testing.assert_close(edm.denoise(silent, x0, 2.0), x0 * 0.25 / (4 + 0.25))


@pytest.mark.parametrize("offset", [0.3, -0.3])
def test_any_other_network_has_a_larger_loss(offset: float) -> None:
    x0 = 0.5 * torch.randn(3000, 1, 4, 4, generator=drawing(1), dtype=torch.float64)
    edm = make_process("edm")
    loss = edm.loss(lambda x, c_noise: torch.full_like(x, offset), x0, drawing()).mean()
    assert float(loss) == pytest.approx(1 + offset**2, rel=0.02)


@pytest.mark.parametrize("name", [*CONTINUOUS, "gamma-noise"])
def test_the_loss_of_the_true_network_is_zero_where_nothing_is_left_to_chance(name: str) -> None:
    process = make_process(name)
    loss = process.loss(true_network_of_a_point(process), points(), drawing())
    assert loss.shape == (64,)
    assert float(loss.max()) < 1e-8


@pytest.mark.parametrize("name", [*CONTINUOUS, "gamma-noise", "ddpm"])
def test_the_true_network_denoises_every_level(name: str) -> None:
    process = make_process(name)
    for sigma in process.sigmas(5, "iddpm")[:-1].tolist():
        x = points() + process.noise(points(), sigma, drawing())
        denoised = process.denoise(true_network_of_a_point(process), x, sigma)
        torch.testing.assert_close(denoised, points(), rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["vp", "ve"])
def test_the_weighted_error_is_that_of_the_predicted_noise(name: str) -> None:
    process = make_process(name)
    right = true_network_of_a_point(process)
    loss = process.loss(lambda x, c: right(x, c) + 0.1, points(), drawing())
    assert loss.tolist() == pytest.approx([0.01] * 64, rel=1e-3)


def test_training_levels_follow_their_law() -> None:
    edm = make_process("edm").draw_sigma(20_000, drawing()).log()
    assert float(edm.mean()) == pytest.approx(-1.2, abs=0.03)
    assert float(edm.std()) == pytest.approx(1.2, abs=0.02)
    ve = make_process("ve").draw_sigma(20_000, drawing()).log()
    assert float(ve.min()) == pytest.approx(math.log(0.02), abs=0.01)
    assert float(ve.max()) == pytest.approx(math.log(100), abs=0.01)
    assert float(ve.mean()) == pytest.approx((math.log(0.02) + math.log(100)) / 2, abs=0.06)
    vp = make_process("vp")
    t = vp.preconditioning(vp.draw_sigma(20_000, drawing())).c_noise / 999
    assert float(t.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(t.std()) == pytest.approx(math.sqrt(1 / 12), abs=0.01)


@pytest.mark.parametrize("name", PREDICTING_NOISE)
def test_the_input_of_noise_predicting_networks_is_as_it_was_defined(name: str) -> None:
    c_skip, c_out, c_in, _ = make_process(name).preconditioning(torch.tensor([3.0]))
    assert float(c_skip) == 1
    assert float(c_out) == (3 if name == "ve" else -3)
    assert float(c_in) == pytest.approx(1 if name == "ve" else 1 / math.sqrt(10))


@given(sigma=sigmas)
def test_ve_gives_a_network_that_wants_it_unit_variance_and_means_the_same(sigma: float) -> None:
    process = make_process("ve", unit_input=True)
    total = sigma**2 + process.sigma_data**2
    assert float(process.preconditioning(torch.tensor([sigma])).c_in) ** 2 * total == pytest.approx(1, rel=1e-5)
    x = points() + process.noise(points(), sigma, drawing())
    torch.testing.assert_close(process.denoise(true_network_of_a_point(process), x, sigma), points(), rtol=0, atol=1e-4)


def test_only_pixels_inside_the_mask_count() -> None:
    edm = make_process("edm")
    mask = torch.zeros(4, 1, 8, 8)
    mask[..., :4, :] = 1  # two rows of four, nearest-resized
    x0 = torch.zeros(4, 2, 4, 4)

    def wrong_outside(x, c_noise):
        return torch.cat([torch.zeros_like(x[:, :, :2]), torch.full_like(x[:, :, 2:], 100.0)], dim=2)

    def silent(x, c_noise):
        return torch.zeros_like(x)

    inside = edm.loss(wrong_outside, x0, drawing(), mask)
    torch.testing.assert_close(inside, edm.loss(silent, x0, drawing(), mask))
    assert bool((edm.loss(wrong_outside, x0, drawing()) > 1000 * inside).all())


def test_conditions_reach_the_network_and_gradients_come_back() -> None:
    weight = torch.ones(1, requires_grad=True)

    def network(x, c_noise, label):
        assert c_noise.shape == (3,)
        return weight * x + label

    for name in (*CONTINUOUS, "gamma-noise"):
        loss = make_process(name).loss(network, torch.zeros(3, 1, 4, 4), drawing(), label=torch.ones(3, 1, 4, 4))
        (gradient,) = torch.autograd.grad(loss.mean(), weight)
        assert float(gradient.abs()) > 0


def test_a_seed_means_one_loss_and_each_image_has_its_own_noise_level() -> None:
    edm = make_process("edm")
    seen: list[torch.Tensor] = []

    def network(x, c_noise):
        seen.append(c_noise)
        return torch.zeros_like(x)

    first, second = (edm.loss(network, torch.zeros(6, 1, 4, 4), drawing(9)) for _ in range(2))
    assert torch.equal(first, second)
    assert len(set(seen[0].tolist())) == 6


def test_an_image_draws_the_same_noise_alone_and_in_company() -> None:
    for name in ("edm", "gamma-noise"):
        process = make_process(name)
        together = process.noise(torch.zeros(3, 1, 4, 4), 2.0, [drawing(seed) for seed in (1, 2, 3)])
        alone = process.noise(torch.zeros(1, 1, 4, 4), 2.0, drawing(2))
        assert torch.equal(together[1:2], alone)


@quickly
@given(t=st.floats(0.002, 0.998))
def test_to_a_rectified_flow_the_network_tells_the_velocity_along_a_straight_line(t: float) -> None:
    flow, noise, x0 = make_process("flow"), torch.tensor([[[[1.7]]]]).double(), torch.tensor([[[[-0.4]]]]).double()
    seen: list[float] = []

    def velocity(z: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        torch.testing.assert_close(z, (1 - t) * x0 + t * noise)
        seen.append(float(time))
        return noise - x0

    torch.testing.assert_close(flow.denoise(velocity, x0 + t / (1 - t) * noise, t / (1 - t)), x0)
    assert seen == [pytest.approx(1000 * t)]


@pytest.mark.parametrize("name", ["flow", "ddpm-v"])
def test_the_weighted_error_is_that_of_what_the_network_tells(name: str) -> None:
    process = make_process(name)
    right = true_network_of_a_point(process)
    loss = process.loss(lambda x, c: right(x, c) + 0.1, points(), drawing())
    assert loss.tolist() == pytest.approx([0.01] * 64, rel=1e-3)


def test_v_is_alpha_n_less_s_x() -> None:
    process, noise, x0 = make_process("ddpm-v"), 1.7, -0.4
    sigma = float(process.levels[300])
    alpha, s = 1 / math.sqrt(1 + sigma**2), sigma / math.sqrt(1 + sigma**2)

    def told(x_t: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        assert float(x_t) == pytest.approx(alpha * x0 + s * noise)
        assert float(time) == pytest.approx(300)
        return torch.full_like(x_t, alpha * noise - s * x0)

    x = torch.tensor([[[[x0 + sigma * noise]]]], dtype=torch.float64)
    assert float(process.denoise(told, x, sigma)) == pytest.approx(x0)
    # beta from 1e-4 to 0.02: after one step, and after all (Ho et al. 2020).
    assert float(process.levels[0]) == pytest.approx(math.sqrt(1e-4 / (1 - 1e-4)))
    assert float(1 / (process.levels[-1] ** 2 + 1)) == pytest.approx(4.036e-5, rel=1e-3)


def test_of_a_cine_only_frames_inside_the_mask_count() -> None:
    flow, x0 = make_process("flow"), torch.zeros(2, 4, 3, 2, 2)
    mask = torch.tensor([1.0, 1, 0, 0])[None, :, None, None, None]

    def wrong_late(x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        return torch.cat([torch.zeros_like(x[:, :2]), torch.full_like(x[:, 2:], 100.0)], dim=1)

    inside = flow.loss(wrong_late, x0, drawing(), mask)
    torch.testing.assert_close(inside, flow.loss(lambda x, time: torch.zeros_like(x), x0, drawing(), mask))
    assert bool((flow.loss(wrong_late, x0, drawing()) > 100 * inside).all())


@pytest.mark.parametrize("name", ["edm", "vp", "ve", "ddpm", "flow", "ddpm-v"])
def test_a_cine_is_noised_and_denoised_as_its_frames_would_be(name: str) -> None:
    process = make_process(name)

    def network(x, c_noise):
        raw = x * 0.3
        return torch.cat([raw, raw], dim=1) if name == "ddpm" else raw

    cine = torch.randn(2, 3, 4, 5, 6, generator=torch.Generator().manual_seed(0))  # (N, C, T, H, W)
    sigma = torch.tensor([0.5, 3.0])
    whole = process.denoise(network, cine, sigma)
    for t in range(cine.shape[2]):
        torch.testing.assert_close(whole[:, :, t], process.denoise(network, cine[:, :, t], sigma))

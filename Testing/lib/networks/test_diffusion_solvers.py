"""On Gaussian data of deviation SPREAD the probability flow is known: D(x; sigma) = x SPREAD^2 / V(sigma) with
V(sigma) = sigma^2 + SPREAD^2, and x(sigma) = x(sigma_max) sqrt(V(sigma) / V(sigma_max)). On data that is one point,
D = POINT."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

from EchoSynthLib.errors import InputError  # noqa: E402
from EchoSynthLib.networks.diffusion.noise_schedules import edm  # noqa: E402
from EchoSynthLib.networks.diffusion.processes.registry import PROCESSES, make_process  # noqa: E402
from EchoSynthLib.networks.diffusion.solvers.diffusers_schedulers import ancestral, ancestral_learned  # noqa: E402
from EchoSynthLib.networks.diffusion.solvers.edm import edm_stochastic, heun  # noqa: E402
from EchoSynthLib.networks.diffusion.solvers.registry import SOLVERS, find_solver, sample  # noqa: E402

SPREAD, POINT = 0.5, 0.3
HIGHEST, LOWEST = 80.0, 0.002
ORDERS = {"euler": 1, "ddim": 1, "heun": 2, "dpm-solver++": 2, "unipc": 2}
GENERAL = [name for name, solver in SOLVERS.items() if "edm" in solver.processes]
DRAWING = [name for name in GENERAL if SOLVERS[name].draws]


def drawing(seed: int = 6) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def variance(sigma: float) -> float:
    return sigma**2 + SPREAD**2


def denoise(x, sigma: float):
    return x * SPREAD**2 / variance(sigma)


def point(x, sigma: float):
    return torch.full_like(x, POINT)


def levels(steps: int) -> torch.Tensor:
    return torch.cat([edm(steps, LOWEST, HIGHEST), torch.zeros(1, dtype=torch.float64)])


def start() -> torch.Tensor:
    return torch.tensor([80.0, -40.0, 13.0], dtype=torch.float64).reshape(3, 1, 1, 1)


def exact(x, sigma: float = LOWEST):
    """Where the flow is at a level below the highest."""
    return x * math.sqrt(variance(sigma) / variance(HIGHEST))


def error(name: str, intervals: int) -> float:
    # The last step is to 0, where every solver gives D of the lowest level.
    arrived = SOLVERS[name].solve(denoise, start(), levels(intervals + 1)).x
    return float((arrived - denoise(exact(start()), LOWEST)).abs().max())


@pytest.mark.parametrize(("name", "order"), ORDERS.items())
def test_halving_the_step_divides_the_error_by_two_to_the_order(name: str, order: int) -> None:
    errors = [error(name, intervals) for intervals in (32, 64, 128, 256)]
    observed = [math.log2(coarse / fine) for coarse, fine in pairwise(errors)]
    assert observed[-1] > order - 0.05
    if name in ("euler", "ddim", "heun"):
        assert observed == pytest.approx([order] * 3, abs=0.1)


@pytest.mark.parametrize("name", ORDERS)
def test_every_deterministic_solver_reaches_the_exact_solution(name: str) -> None:
    assert error(name, 500) < {1: 3e-3, 2: 3e-5}[ORDERS[name]]


def test_heun_asks_at_the_point_and_the_level_that_it_arrives_at() -> None:
    asked: list[tuple[float, float]] = []

    def seen(x, sigma: float):
        asked.append((float(x[0]), sigma))
        return denoise(x, sigma)

    heun(seen, start(), torch.tensor([80.0, 10.0, 0.0]))
    arrived = 80 + (10 - 80) * (80 - float(denoise(start(), 80.0)[0])) / 80
    assert asked[0] == (80, 80)
    assert asked[1] == (pytest.approx(arrived), 10)


@pytest.mark.parametrize("name", GENERAL)
@pytest.mark.parametrize("steps", [1, 2, 7, 40])
def test_data_that_is_one_point_is_reached_in_any_number_of_steps(name: str, steps: int) -> None:
    x, evaluations = SOLVERS[name].solve(point, start(), levels(steps), drawing())
    torch.testing.assert_close(x, torch.full_like(x, POINT), rtol=0, atol=1e-6)
    assert evaluations == SOLVERS[name].evaluations(steps)


@pytest.mark.parametrize("name", GENERAL)
def test_evaluations_are_counted(name: str) -> None:
    asked: list[float] = []

    def seen(x, sigma: float):
        asked.append(sigma)
        return denoise(x, sigma)

    _, evaluations = SOLVERS[name].solve(seen, start(), levels(9), drawing())
    assert evaluations == len(asked) == (17 if name in ("heun", "edm-stochastic") else 9)


@pytest.mark.parametrize("name", GENERAL)
def test_a_step_is_told_and_what_is_given_back_goes_on(name: str) -> None:
    told: list[tuple[int, float]] = []

    def shifted(step: int, sigma: float, x):
        told.append((step, sigma))
        return x + 1 if sigma == 0 else x

    x = SOLVERS[name].solve(point, start(), levels(5), drawing(), shifted).x
    assert told == list(enumerate(levels(5)[1:].tolist()))
    torch.testing.assert_close(x, torch.full_like(x, POINT + 1), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", GENERAL)
def test_none_stops_it_there(name: str) -> None:
    told: list[int] = []

    def stop(step: int, sigma: float, x):
        told.append(step)
        return x if step < 2 else None

    x, evaluations = SOLVERS[name].solve(denoise, start(), levels(9), drawing(), stop)
    assert told == [0, 1, 2]
    assert evaluations == SOLVERS[name].evaluations(9) * 3 // 9 + (name in ("heun", "edm-stochastic"))
    assert float(x.abs().max()) > 1


@pytest.mark.parametrize("name", GENERAL)
def test_the_same_generator_gives_the_same_image(name: str) -> None:
    def drawn(seed: int):
        return SOLVERS[name].solve(denoise, start(), levels(6), drawing(seed)).x

    assert torch.equal(drawn(1), drawn(1))
    assert torch.equal(drawn(1), drawn(2)) is (name not in DRAWING)


@pytest.mark.parametrize("name", DRAWING)
def test_an_image_with_its_own_generator_is_the_same_alone_and_in_company(name: str) -> None:
    together = SOLVERS[name].solve(denoise, start(), levels(6), [drawing(seed) for seed in (1, 2, 3)]).x
    alone = SOLVERS[name].solve(denoise, start()[1:2], levels(6), drawing(2)).x
    assert torch.equal(together[1:2], alone)


def marginals(solve, steps: int, **options) -> tuple[list[float], list[float], list[float]]:
    """Mean and deviation after each step, of many samples that begin with the right ones, and the right deviation."""
    x = math.sqrt(variance(HIGHEST)) * torch.randn(1, 1, 200, 200, generator=drawing(8), dtype=torch.float64)
    means, deviations = [], []

    def seen(step: int, sigma: float, x):
        means.append(float(x.mean() / x.std()))
        deviations.append(float(x.std()))
        return x

    sigmas = levels(steps)
    solve(denoise, x, sigmas, drawing(), seen, **options)
    return means, deviations, [math.sqrt(variance(s)) for s in sigmas[1:-1].tolist()] + [SPREAD]


def test_churn_leaves_the_marginals_as_they_are() -> None:
    means, deviations, right = marginals(edm_stochastic, 200, S_noise=1.0)
    assert means == pytest.approx([0] * 200, abs=0.025)  # five standard errors of 40 000 samples
    assert deviations == pytest.approx(right, rel=0.02)


def test_too_much_noise_in_the_churn_does_not() -> None:
    _, deviations, right = marginals(edm_stochastic, 100, S_noise=1.2)
    assert deviations[60] > 1.05 * right[60]


@pytest.mark.parametrize("name", ["ancestral", "sde-dpm-solver++"])
def test_solvers_that_draw_leave_the_marginals_in_many_steps(name: str) -> None:
    means, deviations, right = marginals(SOLVERS[name].solve, 200)
    assert means == pytest.approx([0] * 200, abs=0.03)
    assert deviations == pytest.approx(right, rel=0.03)


def test_churn_forgets_where_it_started() -> None:
    first, second = (SOLVERS["edm-stochastic"].solve(denoise, x, levels(60), drawing()).x for x in (start(), -start()))
    forgot = float((first - second).abs().max())
    kept = float((SOLVERS["heun"].solve(denoise, start(), levels(60)).x * 2).abs().max())
    assert forgot < 0.1 * kept


def test_without_churn_the_stochastic_sampler_is_heuns() -> None:
    quiet = edm_stochastic(denoise, start(), levels(9), drawing(), S_churn=0.0)
    torch.testing.assert_close(quiet.x, heun(denoise, start(), levels(9)).x)


def test_churn_is_kept_between_its_limits() -> None:
    asked: list[float] = []

    def seen(x, sigma: float):
        asked.append(sigma)
        return denoise(x, sigma)

    sigmas = torch.tensor([200.0, 50.0, 0.01, 0.0], dtype=torch.float64)
    edm_stochastic(seen, start(), sigmas, drawing())
    # 200 > S_max and 0.01 < S_min are left alone; 50 is raised by sqrt(2) - 1, the most there is
    assert asked == pytest.approx([200, 50, 50 * math.sqrt(2), 0.01, 0.01])
    asked.clear()
    edm_stochastic(seen, start(), sigmas, drawing(), S_max=math.inf)
    assert asked[0] == pytest.approx(200 * math.sqrt(2))


def test_ddim_is_eulers_method_in_the_sigma_picture() -> None:
    torch.testing.assert_close(*(SOLVERS[name].solve(denoise, start(), levels(12)).x for name in ("ddim", "euler")))


@pytest.mark.parametrize("name", ["euler", "dpm-solver++"])
def test_it_is_diffusers_own_edm_scheduler_on_its_own_levels(name: str) -> None:
    from diffusers import EDMDPMSolverMultistepScheduler, EDMEulerScheduler

    theirs = {"euler": EDMEulerScheduler, "dpm-solver++": EDMDPMSolverMultistepScheduler}[name]()
    theirs.set_timesteps(12)
    x = start().float()
    for t in theirs.timesteps:
        theirs.scale_model_input(x, t)
        # To EDM's preconditioning a silent network is the true one of this data.
        x = theirs.step(torch.zeros_like(x), t, x).prev_sample
    ours = SOLVERS[name].solve(denoise, start().float(), levels(12)).x
    torch.testing.assert_close(ours, x, rtol=1e-4, atol=1e-5)


def test_a_learned_variance_of_minus_1_is_the_posteriors() -> None:
    def with_v(v: float):
        return lambda x, sigma: (denoise(x, sigma), torch.full_like(x, v))

    plain = ancestral(denoise, start(), levels(20), drawing()).x
    torch.testing.assert_close(ancestral_learned(with_v(-1.0), start(), levels(20), drawing()).x, plain)
    assert not torch.allclose(ancestral_learned(with_v(1.0), start(), levels(20), drawing()).x, plain)


@pytest.mark.parametrize("v", [-1.0, 1.0])
def test_a_step_with_the_learned_variance_adds_beta_or_beta_tilde(v: float) -> None:
    sigma, sigma_next = 2.0, 0.7
    x = torch.zeros(1, 1, 300, 300, dtype=torch.float64)
    seen: list[float] = []

    def see(step: int, sigma: float, x):
        seen.append(float(x.std()))

    sigmas = torch.tensor([sigma, sigma_next, 0.0], dtype=torch.float64)
    ancestral_learned(lambda x, s: (x, torch.full_like(x, v)), x, sigmas, drawing(), see)
    alpha_bar, before = 1 / (sigma**2 + 1), 1 / (sigma_next**2 + 1)
    beta = 1 - alpha_bar / before
    added = beta if v == 1 else (1 - before) / (1 - alpha_bar) * beta
    assert seen == pytest.approx([math.sqrt(added / before)], rel=0.01)


@pytest.mark.parametrize("process", PROCESSES)
def test_any_model_runs_with_any_solver_that_fits_it(process: str) -> None:
    chosen = make_process(process)

    def network(x, c_noise, label):
        return torch.zeros(len(x), 2 if process == "ddpm" else 1, *x.shape[2:]) + 0.01 * label

    fitting = [name for name, solver in SOLVERS.items() if process in solver.processes]
    assert len(fitting) >= 3
    for name in fitting:
        sigmas = chosen.sigmas(6, "edm")
        noise = chosen.noise(torch.zeros(2, 1, 4, 4), float(sigmas[0]), drawing())
        x, evaluations = sample(network, chosen, noise, sigmas, name, drawing(), label=torch.ones(2, 1, 4, 4))
        assert x.shape == (2, 1, 4, 4)
        assert x.dtype == torch.float32
        assert bool(torch.isfinite(x).all())
        assert evaluations == SOLVERS[name].evaluations(6)


def test_eulers_method_is_the_same_in_the_time_of_a_rectified_flow() -> None:
    flow, steps = make_process("flow"), 4
    sigmas = flow.sigmas(steps, "flow")
    noise = flow.noise(torch.zeros(1, 1, 2, 2, dtype=torch.float64), float(sigmas[0]), drawing())

    def velocity(z, time):
        return torch.sin(3 * z) + time[:, None, None, None] / 1000

    found, _ = sample(velocity, flow, noise, sigmas, "euler")
    times = torch.linspace(0.999, 0, steps + 1, dtype=torch.float64)
    z = noise * (1 - times[0])
    for t, after in pairwise(times):
        z = z + (after - t) * velocity(z, 1000 * t[None])
    torch.testing.assert_close(found, z)


@pytest.mark.parametrize(
    ("solver", "process"), [("heun", "gamma-noise"), ("ancestral-learned", "edm"), ("ancestral-gamma", "ddpm")]
)
def test_a_solver_that_does_not_fit_is_refused_and_fitting_ones_are_named(solver: str, process: str) -> None:
    with pytest.raises(InputError, match=r"does not fit .* Give one of: .*ddim"):
        find_solver(solver, make_process(process))


def test_an_unknown_solver_is_told_what_is_known() -> None:
    with pytest.raises(InputError, match="dpm-solver"):
        find_solver("lms", make_process("edm"))

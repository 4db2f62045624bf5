from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

from EchoSynthLib.errors import InputError  # noqa: E402
from EchoSynthLib.networks.diffusion.noise_schedules import (  # noqa: E402  # noqa: E402
    DISCRETIZATIONS,
    cosine_schedule,
    step_of,
    vp_sigma,
    vp_time,
)
from EchoSynthLib.networks.diffusion.processes.registry import PROCESSES, make_process  # noqa: E402

quickly = settings(max_examples=40, deadline=None)


@quickly
@given(
    steps=st.integers(1, 200), grid=st.sampled_from(sorted(DISCRETIZATIONS)), process=st.sampled_from(sorted(PROCESSES))
)
def test_levels_fall_from_the_range_of_the_process_to_zero(steps: int, grid: str, process: str) -> None:
    chosen = make_process(process)
    sigmas = chosen.sigmas(steps, grid)
    assert sigmas.shape == (steps + 1,)
    assert sigmas[-1] == 0
    assert bool((sigmas.diff() < 0).all())
    assert chosen.sigma_min * (1 - 1e-9) <= sigmas[-2]
    assert sigmas[0] <= chosen.sigma_max * (1 + 1e-9)


def test_edm_levels_are_even_in_the_seventh_root() -> None:
    sigmas = make_process("edm").sigmas(18, "edm")
    assert sigmas[[0, -2]].tolist() == pytest.approx([80.0, 0.002])
    root = sigmas[:-1] ** (1 / 7)
    torch.testing.assert_close(root.diff(), root.diff()[:1].expand(17))
    # i = 9 of 18: (80^(1/7) + 9/17 (0.002^(1/7) - 80^(1/7)))^7
    by_hand = (80 ** (1 / 7) + 9 / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    assert float(sigmas[9]) == pytest.approx(by_hand)


def test_ve_levels_fall_by_a_constant_factor_from_100_to_0_02() -> None:
    sigmas = make_process("ve").sigmas(7, "ve")
    assert sigmas[[0, -2]].tolist() == pytest.approx([100.0, 0.02])
    assert (sigmas[1:-1] / sigmas[:-2]).tolist() == pytest.approx([5000 ** (-1 / 6)] * 6)


def test_vp_levels_are_even_in_time_from_1_to_a_thousandth() -> None:
    sigmas = make_process("vp").sigmas(4, "vp")
    for t, sigma in zip([1, 0.667, 0.334, 0.001], sigmas.tolist(), strict=False):
        assert sigma == pytest.approx(math.sqrt(math.exp(19.9 / 2 * t**2 + 0.1 * t) - 1))


@quickly
@given(t=st.floats(1e-5, 1.0))
def test_the_time_of_a_vp_level_is_the_time_it_came_from(t: float) -> None:
    assert float(vp_time(vp_sigma(torch.tensor(t, dtype=torch.float64)))) == pytest.approx(t, rel=1e-9)


def test_all_thousand_levels_of_ddpm_are_those_it_is_trained_at() -> None:
    ddpm = make_process("ddpm")
    torch.testing.assert_close(ddpm.sigmas(1000, "iddpm")[:-1].flip(0), cosine_schedule(1000).sigma)


def test_a_shorter_walk_takes_some_of_the_thousand_levels() -> None:
    levels = cosine_schedule(1000).sigma.tolist()
    taken = make_process("ddpm").sigmas(50, "iddpm")[:-1].tolist()
    assert set(taken) <= set(levels)
    assert taken[0] == levels[-1]
    assert taken[-1] == levels[0]


@pytest.mark.parametrize("steps", [0, -3, 1001])
def test_steps_that_are_not_there_are_refused(steps: int) -> None:
    with pytest.raises(InputError, match=str(steps)):
        make_process("ddpm").sigmas(steps, "iddpm")


def test_unknown_names_are_told_what_is_known() -> None:
    with pytest.raises(InputError, match="edm, vp, ve, iddpm"):
        make_process("edm").sigmas(5, "karras")
    with pytest.raises(InputError, match="ddpm, vp, ve, edm, gamma-noise"):
        make_process("sde")


def test_the_cosine_schedule_is_a_squared_cosine() -> None:
    schedule = cosine_schedule(1000)
    for t in (1, 250, 500, 900):
        # alpha_bar after t steps
        expected = (math.cos((t / 1000 + 0.008) / 1.008 * math.pi / 2) / math.cos(0.008 / 1.008 * math.pi / 2)) ** 2
        assert float(schedule.alpha_bar[t - 1]) == pytest.approx(expected, rel=1e-9)
    assert float(schedule.beta.max()) == 0.999
    assert float(schedule.alpha_bar_before[0]) == 1


def test_the_cosine_schedule_is_that_of_diffusers() -> None:
    from diffusers import DDPMScheduler

    theirs = DDPMScheduler(1000, beta_schedule="squaredcos_cap_v2")
    # theirs is float32 and without the division by f(0), which changes no beta
    torch.testing.assert_close(cosine_schedule(1000).beta.float(), theirs.betas, rtol=1e-4, atol=1e-6)


def test_steps_are_whole_at_the_levels_of_the_process_and_fractions_between() -> None:
    levels = cosine_schedule(1000).sigma
    torch.testing.assert_close(step_of(levels, levels), torch.arange(1000, dtype=torch.float64))
    between = step_of((levels[400] * levels[401]).sqrt()[None], levels)
    assert float(between) == pytest.approx(400.5)

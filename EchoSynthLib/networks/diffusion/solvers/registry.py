"""All solvers by name, and which fits which process.

A deterministic solver integrates the probability flow of Gaussian noise, and so fits every Gaussian process; those
that add noise need noise of the process's own law. DDIM holds for Gamma noise too (Nachmani et al. 2021).
The flow map of the fast generator (`synthesis/beam_flow`) needs none of these: it learns the integral itself, and its
own sampler adds up the learned steps, one evaluation each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor

from EchoSynthLib.errors import InputError
from EchoSynthLib.networks.diffusion.processes.base import Network, Process
from EchoSynthLib.networks.diffusion.solvers import ancestral_gamma, diffusers_schedulers
from EchoSynthLib.networks.diffusion.solvers.base import Generators, OnStep, Solution
from EchoSynthLib.networks.diffusion.solvers.edm import edm_stochastic, euler, heun

GAUSSIAN = ("ddpm", "vp", "ve", "edm", "flow", "ddpm-v")
ALL = (*GAUSSIAN, "gamma-noise")


@dataclass(frozen=True)
class Solver:
    """A solver and where it fits.

    Attributes:
        solve: solve(denoise, x, sigmas, generator, on_step) -> Solution.
        processes: names of the processes it fits.
        evaluations: of the network, for a number of steps.
        draws: whether it adds noise on the way.
        denoiser: the method of the process that it calls.
        own_noise: whether it asks the process for its noise.
    """

    solve: Callable[..., Solution]
    processes: tuple[str, ...]
    evaluations: Callable[[int], int]
    draws: bool = False
    denoiser: str = "denoise"
    own_noise: bool = False


def _one_a_step(steps: int) -> int:
    return steps


def _two_a_step_but_the_last(steps: int) -> int:
    return 2 * steps - 1


SOLVERS: dict[str, Solver] = {
    "euler": Solver(euler, ALL, _one_a_step),
    "heun": Solver(heun, GAUSSIAN, _two_a_step_but_the_last),
    "edm-stochastic": Solver(edm_stochastic, GAUSSIAN, _two_a_step_but_the_last, draws=True),
    "ddim": Solver(diffusers_schedulers.ddim, ALL, _one_a_step),
    "dpm-solver++": Solver(diffusers_schedulers.dpm_solver, GAUSSIAN, _one_a_step),
    "sde-dpm-solver++": Solver(diffusers_schedulers.dpm_solver_sde, GAUSSIAN, _one_a_step, draws=True),
    "unipc": Solver(diffusers_schedulers.unipc, GAUSSIAN, _one_a_step),
    "ancestral": Solver(diffusers_schedulers.ancestral, GAUSSIAN, _one_a_step, draws=True),
    "ancestral-learned": Solver(
        diffusers_schedulers.ancestral_learned, ("ddpm",), _one_a_step, True, denoiser="denoise_with_variance"
    ),
    "ancestral-gamma": Solver(ancestral_gamma.solve, ("gamma-noise",), _one_a_step, draws=True, own_noise=True),
}


def fitting_solvers(process: str) -> list[str]:
    """The names of the solvers that fit the process of this name."""
    return [name for name, solver in SOLVERS.items() if process in solver.processes]


def find_solver(name: str, process: Process) -> Solver:
    """The solver of this name.

    Raises:
        InputError: the name is not known, or the solver does not fit the process.
    """
    fitting = ", ".join(fitting_solvers(process.name))
    if name not in SOLVERS:
        raise InputError(f"The solver {name!r} is not known. Give one of: {fitting}.")
    if process.name not in SOLVERS[name].processes:
        raise InputError(f"The solver {name!r} does not fit the process {process.name!r}. Give one of: {fitting}.")
    return SOLVERS[name]


def sample(
    network: Network,
    process: Process,
    noise: Tensor,
    sigmas: Tensor,
    solver: str,
    generator: Generators = None,
    on_step: OnStep | None = None,
    **condition: Any,
) -> Solution:
    """Go from noise (N, C, H, W) of standard deviation sigmas[0] to images with a network of any process.

    Raises:
        InputError: the solver is not known or does not fit the process.
    """
    chosen = find_solver(solver, process)
    denoise = partial(getattr(process, chosen.denoiser), network, **condition)
    solve = partial(chosen.solve, noise=process.noise) if chosen.own_noise else chosen.solve
    return solve(denoise, noise, sigmas, generator, on_step)

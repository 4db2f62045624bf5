"""What the parameters ask of the generator, and what Live does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from EchoSynthJobs.generators import Generator, find_generator
from EchoSynthJobs.synthesize import Wish


def wish_of(parameters: Any) -> Wish:
    """What the parameters ask of the generator, less what it knows nothing of."""
    return _wish(parameters, find_generator(parameters.generator))


def live_wish_of(parameters: Any) -> Wish:
    """The one image that Live draws; steps and solver of a diffusion model are none of the fast generator's."""
    generator = find_generator(parameters.generator)
    wish = replace(_wish(parameters, generator), count=1)
    return replace(wish, model=live_model(generator), steps=None, solver=None) if generator.is_diffusion else wish


def live_model(chosen: Generator) -> str:
    """What Live draws with: the fast generator where a diffusion model is chosen, seconds behind the strokes."""
    return Wish.model if chosen.is_diffusion else chosen.name


def _wish(parameters: Any, generator: Generator) -> Wish:
    diffusion = generator.is_diffusion
    return Wish(
        count=parameters.count,
        seed=parameters.seed,
        view=parameters.view.value,
        steps=parameters.steps or None,
        quality=None if diffusion else parameters.imageQuality.value or None,
        model=generator.name,
        solver=(parameters.solver or None) if diffusion else None,
    )

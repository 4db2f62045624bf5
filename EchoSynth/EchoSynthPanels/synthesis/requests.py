"""What the parameters ask of the generator, and what Live does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from EchoSynthJobs.generators import Generator, find_generator
from EchoSynthJobs.synthesize import SynthesisRequest


def request_of(parameters: Any) -> SynthesisRequest:
    """What the parameters ask of the generator, less what it knows nothing of."""
    return _request(parameters, find_generator(parameters.generator))


def live_request_of(parameters: Any) -> SynthesisRequest:
    """The one image that Live draws; steps and solver of a diffusion model are none of the fast generator's."""
    generator = find_generator(parameters.generator)
    request = replace(_request(parameters, generator), count=1)
    return replace(request, model=live_model(generator), steps=None, solver=None) if generator.is_diffusion else request


def live_model(chosen: Generator) -> str:
    """What Live draws with: the fast generator where a diffusion model is chosen, seconds behind the strokes."""
    return SynthesisRequest.model if chosen.is_diffusion else chosen.name


def _request(parameters: Any, generator: Generator) -> SynthesisRequest:
    diffusion = generator.is_diffusion
    return SynthesisRequest(
        count=parameters.count,
        seed=parameters.seed,
        view=parameters.view.value,
        steps=parameters.steps or None,
        quality=None if diffusion else parameters.imageQuality.value or None,
        model=generator.name,
        solver=(parameters.solver or None) if diffusion else None,
    )

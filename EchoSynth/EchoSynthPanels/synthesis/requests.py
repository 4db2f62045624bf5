"""What the parameters ask of the generator, and what Live does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from EchoSynthJobs.synthesize import SynthesisRequest
from EchoSynthLib.capabilities import Capabilities, capabilities
from EchoSynthPanels.application.engine import the_engine


def request_of(parameters: Any) -> SynthesisRequest:
    """What the parameters ask of the generator, less what it knows nothing of."""
    return _request(parameters, capabilities(parameters.generator))


def live_request_of(parameters: Any) -> SynthesisRequest:
    """The one image that Live draws; steps and solver of another model are none of the fast generator's."""
    generator = capabilities(parameters.generator)
    request = replace(_request(parameters, generator), count=1)
    if live_model(generator) == generator.name:
        return request
    return replace(request, model=live_model(generator), steps=None, solver=None, device=SynthesisRequest.device)


def live_model(chosen: Capabilities) -> str:
    """What Live draws with: the fast generator where one is chosen that would be seconds behind the strokes."""
    return chosen.name if chosen.live or not chosen.kind else SynthesisRequest.model


def _request(parameters: Any, generator: Capabilities) -> SynthesisRequest:
    return SynthesisRequest(
        count=parameters.count,
        seed=parameters.seed,
        view=parameters.view.value,
        steps=parameters.steps or None,
        quality=(parameters.imageQuality.value or None) if generator.knows_quality else None,
        model=generator.name,
        solver=(parameters.solver or None) if generator.solvers else None,
        device=the_engine().device if generator.needs_full else SynthesisRequest.device,
    )

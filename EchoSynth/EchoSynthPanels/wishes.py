"""What the parameters ask of the generator, and what Live does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from EchoSynthJobs.generators import find_generator
from EchoSynthJobs.synthesize import Wish


def wish_of(parameters: Any) -> Wish:
    """What the parameters ask of the generator, less what it knows nothing of."""
    is_diffusion = find_generator(parameters.generator).is_diffusion
    return Wish(
        count=parameters.count,
        seed=parameters.seed,
        view=parameters.view.value,
        steps=parameters.steps or None,
        quality=None if is_diffusion else parameters.imageQuality.value or None,
        model=parameters.generator,
        solver=(parameters.solver or None) if is_diffusion else None,
    )


def live_wish_of(parameters: Any) -> Wish:
    """The one image that Live draws: by the fast generator, where a diffusion model is chosen.

    A diffusion model would be seconds behind the strokes; its steps and solver are none of the fast generator's.
    """
    wish = replace(wish_of(parameters), count=1)
    if find_generator(wish.model).is_diffusion:
        return replace(wish, model=Wish.model, steps=None, solver=None)
    return wish

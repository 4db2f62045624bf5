"""What the parameters ask of the generator."""

from __future__ import annotations

from typing import Any

from EchoSynthJobs.synthesize import Wish


def wish_of(parameters: Any) -> Wish:
    """What the parameters ask of the generator."""
    return Wish(
        count=parameters.count,
        seed=parameters.seed,
        view=parameters.view.value,
        steps=parameters.steps or None,
        quality=parameters.imageQuality.value or None,
        model=parameters.generator,
    )

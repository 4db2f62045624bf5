"""What a model can do, told without its weights: panels and callers ask this, and never which system a model is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from EchoSynthLib import zoo
from EchoSynthLib.errors import InputError
from EchoSynthLib.systems import system_of


@dataclass(frozen=True)
class Capabilities:
    """What a model can do, as its system's row and its config.json tell without its weights.

    Attributes:
        name: of the model.
        kind, title, runtime, task, options, live, process: see `System`; '' where there is no such model here.
        solvers: of a diffusion process, those that fit it; empty where there is no choice.
        default_solver, default_steps: where the caller does not choose; '' and 0 where config.json does not tell.
        latent: whether it works in the latent space of an autoencoder.
    """

    name: str
    kind: str = ""
    title: str = ""
    runtime: str = ""
    task: str = ""
    options: tuple[str, ...] = ()
    live: bool = False
    process: str = ""
    solvers: tuple[str, ...] = ()
    default_solver: str = ""
    default_steps: int = 0
    latent: bool = False

    @property
    def needs_full(self) -> bool:
        """Whether it runs with the full installation alone."""
        return self.runtime == "torch"

    @property
    def knows_quality(self) -> bool:
        """Whether it can be told the image quality."""
        return "quality" in self.options

    def chosen(self, **given: Any) -> dict[str, Any]:
        """The options that are given, not None.

        Raises:
            InputError: the model has no choice of one.
        """
        told = {name: value for name, value in given.items() if value is not None}
        for name, value in told.items():
            if name not in self.options:
                raise InputError(
                    f"The model {self.name!r} has no choice of {name}; given was {value!r}. Leave it out, or choose "
                    "another model."
                )
        return told

    @classmethod
    def of(cls, model: zoo.ModelFolder) -> Capabilities:
        """Those of a model folder."""
        system, config = system_of(model), model.config
        if system is None:
            return cls(model.name)
        solvers, steps = config.get("solvers"), config.get("default_steps")
        row = {name: getattr(system, name) for name in ("kind", "title", "runtime", "task", "options", "live")}
        return cls(
            model.name,
            **row,
            process=str(config.get("process", system.process)),
            solvers=tuple(map(str, solvers)) if isinstance(solvers, list) else (),
            default_solver=str(config.get("default_solver", "")),
            default_steps=steps if isinstance(steps, int) else 0,
            latent=config.get("latent") is True,
        )


def capabilities(name: str) -> Capabilities:
    """Those of the model of that name; of no kind where there is none here, as with a scene from elsewhere."""
    # Looked at, not found: that would read all weights for their checksums.
    model = zoo.look(name)
    return Capabilities(name) if model is None else Capabilities.of(model)

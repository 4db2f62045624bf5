"""What the Synthesize panel says of a generator: its process, the solvers that fit it, and what it does not know."""

from __future__ import annotations

from collections.abc import Sequence

from slicer.i18n import tr as _

from EchoSynthLib.capabilities import Capabilities

PROCESSES = {
    "flow-map": "Flow map, in beam space",
    "ddpm": "DDPM",
    "vp": "VP",
    "ve": "VE",
    "edm": "EDM",
    "gamma-noise": "Gamma noise",
}
"""As the papers call the processes; another one is shown by its own name."""


class GeneratorWords:
    """The texts of the rows of one generator."""

    def __init__(self, generator: Capabilities) -> None:
        self._generator = generator

    @property
    def process(self) -> str:
        """The process by which it makes an image out of noise."""
        generator = self._generator
        if not generator.kind:
            return _("Not known: no such model here")
        name = PROCESSES.get(generator.process, generator.process or generator.title)
        if not generator.solvers:
            return name
        if generator.latent:
            return _("{process} diffusion, in latent space").format(process=name)
        return _("{process} diffusion, in pixel space").format(process=name)

    def runtime(self, missing: Sequence[str]) -> str:
        """What it runs in; `missing` are the packages of that which are not installed."""
        if not self._generator.needs_full:
            return _("onnxruntime") if self._generator.kind else ""
        if not missing:
            return _("PyTorch")
        without_torch = any(package.startswith("torch") for package in missing)
        return _("PyTorch, not installed") if without_torch else _("PyTorch, packages missing")

    @property
    def solvers(self) -> dict[str, str]:
        """The solvers to choose from, and how each is shown; '' stands for the model's default."""
        generator = self._generator
        if not generator.solvers:
            return {"": _("The model's own") if generator.kind else _("Model's default")}
        default = _("Model's default ({solver})").format(solver=generator.default_solver)
        return {"": default, **{name: name for name in generator.solvers}}

    @property
    def about_solvers(self) -> str:
        """What the choice of a solver means, or why there is none."""
        if not self._generator.solvers:
            return _("Only diffusion models have a choice: a flow map has learned its steps itself")
        return _("How the steps are taken; those that fit the model's process")

    @property
    def default_steps(self) -> str:
        """What stands for no choice of steps."""
        steps = self._generator.default_steps
        return _("Model's default ({steps})").format(steps=steps) if steps else _("Model's default")

    @property
    def about_quality(self) -> str:
        """What the choice of image quality means, or why there is none."""
        if not self._generator.knows_quality:
            return _("{model} knows nothing of image quality").format(model=self._generator.name)
        return _("Acoustic window of the synthetic images")

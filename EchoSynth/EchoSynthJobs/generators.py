"""What a generator's model folder says of how it draws, without its weights: process, solvers, steps."""

from __future__ import annotations

from dataclasses import dataclass

from EchoSynthLib import zoo
from EchoSynthLib.synthesis.beam_flow import FLOW_MAP


@dataclass(frozen=True)
class Generator:
    """A model that draws images from label maps.

    Attributes:
        name: of the model folder.
        process: the flow map of the fast generator, or a diffusion process; '' where there is no such model here.
        solvers: those that fit the process; none for a flow map, which takes its steps without.
        default_solver: '' for a flow map.
        default_steps: 0 where the folder does not tell.
        latent: whether a diffusion model draws in the latent space of an autoencoder.
    """

    name: str
    process: str = ""
    solvers: tuple[str, ...] = ()
    default_solver: str = ""
    default_steps: int = 0
    latent: bool = False

    @property
    def is_diffusion(self) -> bool:
        """Whether it needs the full path, and knows nothing of image quality."""
        return self.process not in ("", FLOW_MAP)

    @classmethod
    def of(cls, model: zoo.ModelFolder) -> Generator:
        """What the model's config.json says."""
        config = model.config
        if config.get("system") != "synthesis.diffusion":
            return cls(model.name, FLOW_MAP, default_steps=int(config.get("default_steps", 0)))
        return cls(
            model.name,
            str(config.get("process", "diffusion")),
            tuple(config.get("solvers", ())),
            str(config.get("default_solver", "")),
            int(config.get("default_steps", 0)),
            bool(config.get("latent", False)),
        )


def find_generator(name: str) -> Generator:
    """The generator of this name; without a process where there is none here, as with a scene from elsewhere."""
    # Listed, not found: that would read all weights for their checksums.
    models = (model for model in zoo.list_models() if model.kind == "generator")
    return next((Generator.of(model) for model in models if model.name == name), Generator(name))

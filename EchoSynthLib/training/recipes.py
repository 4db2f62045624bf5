"""All recipes by the name of what they train; each is found here and imported when it is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from EchoSynthLib.errors import EchoSynthError


@dataclass(frozen=True)
class Recipe:
    """Where a recipe is, and what it is told.

    Attributes:
        module: whose `train` is run.
        arguments: of `train`, fixed by the name.
        presets: the sizes that it has a choice of; only what has one trains in several processes, too.
    """

    module: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    presets: tuple[str, ...] = ()

    def load(self) -> Any:
        """The recipe's module.

        Raises:
            EchoSynthError: a package that training needs is not installed.
        """
        try:
            return import_module(self.module)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("EchoSynthLib"):
                raise
            raise EchoSynthError(
                f"Training needs {error.name}, which is not installed; it comes with: pip install 'echosynth[full]'"
            ) from error


PRESETS = ("small", "paper")
DIFFUSION = ("SDM", "VP", "VE", "EDM", "EDM-L128", "EDM-L64")
"""The six models of Stojanovski et al. 2024 (arXiv 2409.19371)."""


def _sized(module: str, **arguments: str) -> Recipe:
    return Recipe(module, arguments, PRESETS)


RECIPES: dict[str, Recipe] = {
    "segmenter": Recipe("EchoSynthLib.segmentation.unet.recipe"),
    "beam-flow": Recipe("EchoSynthLib.synthesis.beam_flow.recipe"),
    "contour": Recipe("EchoSynthLib.segmentation.contour.recipe"),
    **{name.lower(): _sized("EchoSynthLib.synthesis.diffusion.recipe", model=name) for name in DIFFUSION},
    **{
        f"gamma-{size.lower()}": _sized("EchoSynthLib.synthesis.gamma_latent.recipe", latent=size)
        for size in ("L128", "L64")
    },
}

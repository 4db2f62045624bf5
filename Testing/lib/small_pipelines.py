"""Diffusion pipelines that draw in milliseconds: a network of three convolutions, a latent of half the size."""

from __future__ import annotations

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import nn

from EchoSynthLib.networks.diffusion.processes.registry import make_process
from EchoSynthLib.synthesis.diffusion.diffusers_pipeline import SemanticDiffusionPipeline

SIDE = 16


class Plain(ModelMixin, ConfigMixin):
    """Mixes x with a plane drawn from the label map."""

    @register_to_config
    def __init__(self, channels: int = 1, channels_out: int = 1, classes: int = 5) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.of_label = nn.Conv2d(classes, 4, 3, padding=1)
        self.of_x = nn.Conv2d(channels, 4, 3, padding=1)
        self.out = nn.Conv2d(4, channels_out, 3, padding=1)
        self.seen: list[torch.Tensor] = []

    def mix(self, x, c_noise, plane):
        h = torch.tanh(self.of_x(x)) * plane + 0.01 * c_noise[:, None, None, None]
        return self.out(h)

    def forward(self, x, c_noise, label):
        assert len(label) == len(x)
        self.seen.append(label)
        return self.mix(x, c_noise, self.of_label(label))


class Cached(Plain):
    """The same, its plane computed beforehand."""

    def modulation(self, label):
        self.seen.append(label)
        return self.of_label(label)

    def forward(self, x, c_noise, label):
        return self.mix(x, c_noise, label)


class Halving(ModelMixin, ConfigMixin):
    """A latent of half the size: the image itself, made brighter on decoding."""

    factor = 2

    @register_to_config
    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.brightness = nn.Parameter(torch.tensor(gain))

    def encode(self, image, mask):
        return nn.functional.avg_pool2d(image * mask, 2)

    def decode(self, latent, mask):
        assert float(latent.min()) > 0
        return self.brightness * nn.functional.interpolate(latent, scale_factor=2.0) * mask


def pipeline(process: str = "edm", network=Cached, **settings) -> SemanticDiffusionPipeline:
    channels = settings.get("channels", 1)
    made = network(channels, 2 * channels if process == "ddpm" else channels, settings.get("classes", 5))
    defaults = {"rows": SIDE, "columns": SIDE, "default_steps": 4} | settings
    made_pipeline = SemanticDiffusionPipeline(made, make_process(process), **defaults)
    made_pipeline.set_progress_bar_config(disable=True)
    return made_pipeline


def settings_of(model) -> dict:
    return {name: value for name, value in model.config.items() if not name.startswith("_")}


def drawing(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)

"""What a frame gets for its background in training: BackMix, and what the paper compares it with (torch)."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from EchoSynthLib.classification.backmix.mix import choose_donors, emptied, mix
from EchoSynthLib.errors import InputError
from EchoSynthLib.training.blur import blur_each

BACKGROUNDS = ("none", "backmix", "block_black", "block_noise", "bokeh", "shuffled")
"""As it is; of another frame; black; uniform noise of 0 to 30 gray levels; blurred and darkened; its own pixels in
random order."""
NOISE_LEVELS = 30
BOKEH_BRIGHTNESS = 0.74
BOKEH_WIDTH = 0.05
"""Standard deviation of its blur over the side of the frame."""


class Backgrounds:
    """Exchanges the backgrounds of batches; frames are gray values in [0, 255], float32.

    Args:
        kind: one of `BACKGROUNDS`.
        image: (M, 1, H, W) of all train frames with masks, raw.
        inside: (M, 1, H, W) bool, their sectors.
    """

    def __init__(self, kind: str, image: Tensor, inside: Tensor) -> None:
        if kind not in BACKGROUNDS:
            raise InputError(f"A background is one of {', '.join(BACKGROUNDS)}; given was {kind!r}.")
        self.kind = kind
        self.donors = emptied(image, inside)

    def __call__(self, image: Tensor, inside: Tensor, own: Tensor, generator: Generator) -> Tensor:
        """Frames (N, 1, H, W), augmented, with sectors `inside` and their numbers `own` (N,) among the train frames
        with masks; those of number -1 have no mask, and stay as they are.
        """
        known = own >= 0
        if self.kind == "none" or not bool(known.any()):
            return image
        found = image.clone()
        found[known] = mix(image[known], inside[known], self._of(image[known], inside[known], own[known], generator))
        return found

    def _of(self, image: Tensor, inside: Tensor, own: Tensor, generator: Generator) -> Tensor:
        if self.kind == "backmix":
            return self.donors[choose_donors(own, len(self.donors), generator)].to(image.dtype)
        if self.kind == "block_black":
            return torch.zeros_like(image)
        if self.kind == "block_noise":
            return torch.rand(image.shape, generator=generator) * NOISE_LEVELS
        if self.kind == "bokeh":
            sigma = BOKEH_WIDTH * image.shape[-1]
            blurred = blur_each(image, torch.full((len(image),), sigma), reach=max(1, math.ceil(2.5 * sigma)))
            return BOKEH_BRIGHTNESS * blurred
        return torch.stack([shuffled(one, mask, generator) for one, mask in zip(image, inside, strict=True)])


def shuffled(image: Tensor, inside: Tensor, generator: Generator) -> Tensor:
    """A frame (1, H, W) whose pixels outside the sector have changed places at random."""
    found, outside = image.clone(), ~inside
    pixels = image[outside]
    found[outside] = pixels[torch.randperm(len(pixels), generator=generator)]
    return found

"""The three cascades by name, as large as in the paper and small enough for one CPU core (torch).

Reynaud et al., MICCAI 2023 (arXiv 2303.12644), and the configurations that they published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from EchoSynthLib.errors import InputError
from EchoSynthLib.networks.diffusion.processes.edm import EDM
from EchoSynthLib.synthesis.video_diffusion.network import VideoUNet

S_MIN, S_MAX, S_NOISE = 0.05, 50.0, 1.003
"""Noise levels between which the sampler adds noise, and the noise's deviation."""
SIGMA_DATA = 0.25


@dataclass(frozen=True)
class Stage:
    """One network of a cascade.

    Attributes:
        side: of its square frames, in pixels.
        every: it draws each so-manieth frame of the cascade's cine.
        steps: of the sampler.
        S_churn: how much noise the sampler adds, over all steps.
        crop: side of the random crops that it is trained on; None for whole frames.
        network: arguments of `VideoUNet` that differ from the cascade's.
    """

    side: int
    every: int
    steps: int
    S_churn: float
    crop: int | None = None
    network: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cascade:
    """Networks, each of which takes up what the one before has drawn.

    Attributes:
        frames: of the cine in the end.
        seconds: that it lasts; None where it is one beat, whatever the heart rate.
        stages: from the first on.
        network: arguments of `VideoUNet` that all stages share.
        P_mean: of ln sigma in training.
        guidance: w of D = D(no EF) + w (D(EF) - D(no EF)).
        batch: cines of a training step.
        learning_rate: of AdamW; the paper's is that of its Adam.
        iterations: of all stages, where no budget is asked for; None where it has to be.
    """

    frames: int
    seconds: float | None
    stages: tuple[Stage, ...]
    network: Mapping[str, Any]
    P_mean: float = -1.2
    guidance: float = 5.0
    batch: int = 8
    learning_rate: float = 5e-4
    iterations: int | None = None

    @property
    def channels(self) -> int:
        """Of a frame."""
        return int(self.network.get("channels", 1))

    def frames_of(self, stage: int) -> int:
        """Frames that a stage draws."""
        return self.frames // self.stages[stage].every

    def process(self) -> EDM:
        """EDM, of all stages."""
        return EDM(sigma_data=SIGMA_DATA, P_mean=self.P_mean, P_std=1.2, sigma_min=0.002, sigma_max=80.0)

    def build(self, stage: int) -> VideoUNet:
        """The network of a stage, with untrained weights."""
        return VideoUNet(**{**self.network, "upsampling": stage > 0, **self.stages[stage].network})


_PAPER: dict[str, Any] = {"channels": 3, "width": 64, "multipliers": (1, 2, 4), "blocks": 2}
_EFFICIENT = {"efficient": True}
_NO_MIDDLE = {"middle_attention": False}

PAPER: Mapping[str, Cascade] = {
    "1SCM": Cascade(16, 2.0, (Stage(112, 1, 64, 160, network=_NO_MIDDLE),), _PAPER),
    "2SCM": Cascade(64, 2.0, (Stage(56, 4, 32, 80), Stage(112, 1, 64, 160, 56, _EFFICIENT)), _PAPER),
    "4SCM": Cascade(
        64,
        2.0,
        (
            Stage(56, 4, 32, 40),
            Stage(56, 2, 32, 80, network=_EFFICIENT),
            Stage(56, 1, 32, 160, network=_EFFICIENT),
            Stage(112, 1, 64, 160, 56, _NO_MIDDLE),
        ),
        _PAPER,
    ),
}
"""Frames of three colors, two seconds long: 16 at 8 a second, or 64 at 32 a second."""

_SMALL: dict[str, Any] = {"channels": 1, "width": 24, "multipliers": (1, 2), "blocks": 1, "patch": 4}
_SMALL_OPTIONS: dict[str, Any] = {"P_mean": 0.4, "guidance": 2.0, "batch": 6, "learning_rate": 4e-3}
_PATCH_2 = {"patch": 2}

SMALL: Mapping[str, Cascade] = {
    "1SCM": Cascade(8, None, (Stage(48, 1, 16, 8, network=_NO_MIDDLE),), _SMALL, iterations=2000, **_SMALL_OPTIONS),
    "2SCM": Cascade(
        16,
        None,
        (Stage(24, 2, 16, 8, network=_PATCH_2), Stage(48, 1, 8, 4, 24)),
        _SMALL,
        iterations=4000,
        **_SMALL_OPTIONS,
    ),
    "4SCM": Cascade(
        16,
        None,
        (
            Stage(24, 4, 16, 8, network=_PATCH_2),
            Stage(24, 2, 8, 4, network=_PATCH_2),
            Stage(24, 1, 8, 4, network=_PATCH_2),
            Stage(48, 1, 8, 4, 24, _NO_MIDDLE),
        ),
        _SMALL,
        iterations=6000,
        **_SMALL_OPTIONS,
    ),
}
"""Gray frames of one beat each, in fewer steps with less churn; patches are folded. What a heart does as a whole is
decided at high noise, which short training would see too seldom at the paper's P_mean; guidance of 5 is too much."""

CASCADES: Mapping[str, Mapping[str, Cascade]] = {"paper": PAPER, "small": SMALL}


def cascade_of(name: str, preset: str = "small") -> Cascade:
    """A cascade by name.

    Args:
        name: "1SCM", "2SCM" or "4SCM".
        preset: "small" or "paper".

    Raises:
        InputError: there is no such cascade or preset.
    """
    if preset not in CASCADES or name not in CASCADES[preset]:
        raise InputError(
            f"There is no cascade {name!r} in preset {preset!r}; known are presets {', '.join(CASCADES)}; cascades "
            f"{', '.join(PAPER)}."
        )
    return CASCADES[preset][name]

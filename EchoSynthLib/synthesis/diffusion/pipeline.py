"""A diffusion model as a user calls it: label map in, echocardiograms out (numpy); torch is loaded with the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.arguments import whole_number
from EchoSynthLib.types import Progress

if TYPE_CHECKING:
    import torch

    from EchoSynthLib.synthesis.diffusion.diffusers_pipeline import SemanticDiffusionPipeline


class DiffusionGenerator:
    """Label map to echocardiograms by a diffusion model of any process, in any solver that fits it."""

    def __init__(self, pipeline: SemanticDiffusionPipeline) -> None:
        self.pipeline = pipeline
        pipeline.set_progress_bar_config(disable=True)

    @property
    def networks(self) -> list[torch.nn.Module]:
        """What draws: the denoiser, and of a latent model the autoencoder."""
        both = (self.pipeline.network, self.pipeline.autoencoder)
        return [network for network in both if network is not None]

    @classmethod
    def from_folder(
        cls, folder: Path, config: Mapping[str, Any] | None = None, device: str = "cpu"
    ) -> DiffusionGenerator:
        """The model of a folder that `SemanticDiffusionPipeline.save_pretrained` wrote.

        Args:
            device: where torch runs it, see `networks.devices`.

        Raises:
            ModelError: the folder holds no such model.
            InputError: there is no such device.
        """
        from EchoSynthLib.networks.devices import torch_device
        from EchoSynthLib.synthesis.diffusion.diffusers_pipeline import SemanticDiffusionPipeline

        return cls(SemanticDiffusionPipeline.from_pretrained(folder).to(torch_device(device)))

    def __call__(
        self,
        label_map: NDArray[np.uint8],
        sector: Sector | NDArray[np.bool_],
        *,
        view: str | None = None,
        depth_mm: float | None = None,
        count: int = 1,
        seed: int = 0,
        steps: int | None = None,
        solver: str | None = None,
        discretization: str | None = None,
        progress: Progress | None = None,
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Images (count, H, W), or cines (count, T, H, W), uint8 on the label map's grid, and how they were sampled.

        Args:
            label_map: (H, W) in CAMUS codes, or (T, H, W); what lies outside the sector is not drawn.
            sector: the ultrasound sector on the same grid, or its mask (H, W).
            view: '2CH', '4CH' or None; some models need it.
            depth_mm: not looked at; these models draw pixels.
            count: images, or cines; number i depends on (seed, i) alone, and all frames of a cine share its noise.
            seed: of all noise.
            steps, solver, discretization: None for the model's defaults.
            progress: called after each step; may raise `Cancelled`.

        Raises:
            InputError: a parameter cannot be used.
        """
        from EchoSynthLib.networks.diffusion.generators import generator_of

        whole_number(count, "count", 1, 100_000)
        whole_number(seed, "seed", 0, 2**63 - 1)
        frames = label_map.reshape(-1, *label_map.shape[-2:])
        mask = sector.mask(frames.shape[1:]) if isinstance(sector, Sector) else sector
        taken, name, _ = self.pipeline.check_sampling(steps, solver, discretization, "np")
        images, evaluations = np.zeros((count, *frames.shape), np.uint8), 0
        # One image at a time, whatever the batch: so image i is the same bit for bit in every batch.
        for number, (t, i) in enumerate(np.ndindex(len(frames), count)):
            drawn, evaluations = self.pipeline(
                frames[t], mask, view, num_inference_steps=taken, solver=name, discretization=discretization,
                generator=generator_of(seed, i), return_dict=False,
                callback_on_step_end=_Told(progress, number * taken, count * len(frames) * taken),
            )  # fmt: skip
            images[i, t] = np.rint(255 * drawn[0])
        config = self.pipeline.config
        return images.reshape(count, *label_map.shape), {
            "process": self.pipeline.process.name,
            "solver": name,
            "discretization": discretization or config.default_discretization,
            "steps": taken,
            "network_evaluations": evaluations,
            "device": str(self.pipeline.device),
        }


class _Told:
    def __init__(self, progress: Progress | None, done: int, total: int) -> None:
        self.progress, self.done, self.total = progress, done, total

    def __call__(self, pipeline: object, step: int, sigma: float, tensors: dict[str, torch.Tensor]) -> dict:
        if self.progress is not None:
            self.progress(self.done + step + 1, self.total, "synthesizing")
        return {}

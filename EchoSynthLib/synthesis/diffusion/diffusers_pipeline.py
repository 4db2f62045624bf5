"""Label map to echocardiogram as a diffusers pipeline: any network, process and solver, in pixel or latent space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline, ModelMixin
from diffusers.utils import BaseOutput
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from torch import Tensor

from EchoSynthLib.anatomy.labels import CONDITIONING, check_sector_mask, conditioning_map
from EchoSynthLib.anatomy.views import view_names
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.grid import from_grid
from EchoSynthLib.networks.diffusion.processes.base import Process
from EchoSynthLib.networks.diffusion.solvers.base import Generators
from EchoSynthLib.networks.diffusion.solvers.registry import find_solver, sample
from EchoSynthLib.synthesis.diffusion.latent_space import from_model_space, one_hot
from EchoSynthLib.synthesis.diffusion.loading import load_arguments

Callback = Callable[[Any, int, float, dict[str, Tensor]], dict[str, Tensor]]
"""callback(pipeline, step, sigma reached, {"latents": x}) -> {} or {"latents": the x to go on with}"""
OUTPUT_TYPES = ("np", "pil", "latent")


@dataclass
class SemanticDiffusionOutput(BaseOutput):
    """What the pipeline gives.

    Attributes:
        images: (N, H, W) float32 in [0, 1]; or N grayscale PIL images; or the latent (N, C, h, w) as a tensor.
        evaluations: of the network, for each image.
    """

    images: NDArray[np.float32] | list[Image.Image] | Tensor
    evaluations: int


class SemanticDiffusionPipeline(DiffusionPipeline):
    """A network, the diffusion process it was trained for, and in latent space an autoencoder.

    Args:
        network: F(x, c_noise, label=one_hot); where it has `modulation(label)`, that is computed once per label map.
        process: gives the denoiser D its form, and the noise levels.
        autoencoder: of a latent model; None in pixel space.
        rows, columns: the grid of images that the model was trained on.
        channels: of what the network draws.
        classes: planes of the conditioning map: 5, or 10 where it tells the view.
        default_solver, default_steps, default_discretization: where the caller does not choose.
    """

    model_cpu_offload_seq = "network->autoencoder"
    _optional_components = ["autoencoder"]  # noqa: RUF012  (diffusers declares it so)
    _callback_tensor_inputs = ("latents",)

    def __init__(
        self,
        network: ModelMixin,
        process: Process,
        autoencoder: ModelMixin | None = None,
        rows: int = 256,
        columns: int = 256,
        channels: int = 1,
        classes: int = 5,
        default_solver: str = "heun",
        default_steps: int = 25,
        default_discretization: str = "edm",
    ) -> None:
        super().__init__()
        self.register_modules(network=network, process=process, autoencoder=autoencoder)
        self.register_to_config(
            rows=rows,
            columns=columns,
            channels=channels,
            classes=classes,
            default_solver=default_solver,
            default_steps=default_steps,
            default_discretization=default_discretization,
        )
        self._interrupt = False

    @property
    def interrupt(self) -> bool:
        """Set `_interrupt` in a callback to stop after that step; what is there then is returned."""
        return self._interrupt

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of what the network draws: the image's, or the latent's."""
        factor = 1 if self.autoencoder is None else self.autoencoder.factor
        return self.config.rows // factor, self.config.columns // factor

    @classmethod
    def from_pretrained(cls, folder: str | Path, **options: Any) -> SemanticDiffusionPipeline:
        """The pipeline of a folder that `save_pretrained` or `export` wrote; `options` go to its networks.

        Weights are stored as fp16; unless torch_dtype says otherwise, they compute in float32.

        Raises:
            ModelError: the folder holds no such pipeline.
        """
        return cls(**load_arguments(Path(folder), cls, **{"torch_dtype": torch.float32, **options}))

    @torch.no_grad()
    def __call__(
        self,
        label_map: ArrayLike,
        sector_mask: ArrayLike,
        view: str | Sequence[str] | None = None,
        num_images_per_label_map: int = 1,
        num_inference_steps: int | None = None,
        solver: str | None = None,
        discretization: str | None = None,
        generator: Generators = None,
        output_type: str = "np",
        return_dict: bool = True,
        callback_on_step_end: Callback | None = None,
        callback_on_step_end_tensor_inputs: Sequence[str] = ("latents",),
    ) -> SemanticDiffusionOutput | tuple[Any, int]:
        """Draw echocardiograms that follow label maps.

        Args:
            label_map: (H, W) or (N, H, W) in CAMUS codes.
            sector_mask: of the same shape, or (H, W) for all; nonzero inside the sector.
            view: '2CH' or '4CH', one for all or one each; needed where the conditioning map has ten classes.
            num_images_per_label_map: how many; those of one label map follow one another.
            num_inference_steps: of the solver.
            solver: a name of `networks.diffusion.solvers.registry.SOLVERS` that fits the process.
            discretization: a name of `networks.diffusion.noise_schedules.DISCRETIZATIONS`.
            generator: one for all, or one for each image, so that an image does not depend on those drawn with it.
            output_type: 'np' and 'pil' on the label map's own grid; 'latent' as the network sees it.
            return_dict: False for a plain tuple.
            callback_on_step_end: called after each step.
            callback_on_step_end_tensor_inputs: what it is handed; there is 'latents' alone.

        Raises:
            InputError: a label map, sector mask or parameter cannot be used.
        """
        codes, masks = self.check_maps(label_map, sector_mask, view)
        count = self.check_count(len(codes), num_images_per_label_map, generator)
        steps, chosen, sigmas = self.check_sampling(num_inference_steps, solver, discretization, output_type)
        unknown = set(callback_on_step_end_tensor_inputs) - set(self._callback_tensor_inputs)
        if unknown:
            raise InputError(f"A callback can be handed {self._callback_tensor_inputs}; asked for was {unknown}.")
        self._interrupt = False
        label = self.encode_label(codes, num_images_per_label_map)
        like = torch.empty(count, self.config.channels, *self.grid, device=self._execution_device)
        noise = self.process.noise(like, float(sigmas[0]), generator)
        with self.progress_bar(total=steps) as bar:

            def on_step(step: int, sigma: float, x: Tensor) -> Tensor | None:
                bar.update()
                if callback_on_step_end is not None:
                    handed = {"latents": x} if callback_on_step_end_tensor_inputs else {}
                    x = callback_on_step_end(self, step, sigma, handed).get("latents", x)
                return None if self._interrupt else x

            x, evaluations = sample(self.network, self.process, noise, sigmas, chosen, generator, on_step, label=label)
        images = self.decode(x, np.repeat(masks, num_images_per_label_map, axis=0), output_type)
        self.maybe_free_model_hooks()
        return SemanticDiffusionOutput(images, evaluations) if return_dict else (images, evaluations)

    def encode_label(self, codes: NDArray[np.uint8], repeats: int) -> Any:
        """What the network is told of conditioning maps (N, H, W), each meant for `repeats` images."""
        label = one_hot(torch.from_numpy(codes).to(self._execution_device), self.config.classes, self.grid)
        cached = hasattr(self.network, "modulation")
        if not cached or len(label) > 1:
            label = label.repeat_interleave(repeats, dim=0)
        return self.network.modulation(label) if cached else label

    def decode(self, x: Tensor, masks: NDArray[np.bool_], output_type: str) -> Any:
        """Images of x (N, C, h, w) on the grid of the masks (N, H, W); see `SemanticDiffusionOutput`."""
        if output_type == "latent":
            return x
        on_grid = one_hot(torch.from_numpy(masks).to(x.device), 2, (self.config.rows, self.config.columns))[:, 1:]
        planes = from_model_space(x, on_grid, self.autoencoder)[:, 0].cpu().numpy()
        images = from_grid(planes, masks.shape[1:]).clip(0, 1) * masks
        if output_type == "np":
            return images.astype(np.float32)
        return [Image.fromarray(np.rint(255 * image).astype(np.uint8)) for image in images]

    def check_maps(
        self, label_map: ArrayLike, sector_mask: ArrayLike, view: str | Sequence[str] | None
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Conditioning codes and sector masks, both (N, H, W)."""
        labels = np.asarray(label_map)
        labels = labels[None] if labels.ndim == 2 else labels
        masks = np.broadcast_to(np.asarray(sector_mask) != 0, labels.shape) if _fits(sector_mask, labels) else None
        if labels.ndim != 3 or masks is None:
            raise InputError(
                f"Label maps are (H, W) or (N, H, W), and the sector masks alike or one for all; given were "
                f"{np.shape(label_map)} and {np.shape(sector_mask)}."
            )
        tells_view = self.config.classes > len(CONDITIONING)
        views = [view] * len(labels) if view is None or isinstance(view, str) else list(view)
        if len(views) != len(labels) or (tells_view and None in views):
            known = " or ".join(view_names("synthesis"))
            raise InputError(f"This model needs a view ({known}) for each label map; given was {view!r}.")
        pairs = zip(labels, masks, views, strict=True)
        codes = [conditioning_map(one, mask, which if tells_view else None) for one, mask, which in pairs]
        return np.stack(codes), np.stack([check_sector_mask(mask, mask.shape) for mask in masks])

    def check_count(self, label_maps: int, repeats: int, generator: Generators) -> int:
        """How many images there will be."""
        if repeats < 1:
            raise InputError(f"At least one image for each label map must be asked for; given was {repeats}.")
        count = label_maps * repeats
        if isinstance(generator, list) and len(generator) != count:
            raise InputError(f"Give one generator, or one for each of the {count} images; given were {len(generator)}.")
        return count

    def check_sampling(
        self, steps: int | None, solver: str | None, discretization: str | None, output_type: str
    ) -> tuple[int, str, Tensor]:
        """Steps, solver and noise levels, the model's own where they are None."""
        if output_type not in OUTPUT_TYPES:
            raise InputError(f"The output type is one of {', '.join(OUTPUT_TYPES)}; given was {output_type!r}.")
        chosen = self.config.default_solver if solver is None else solver
        find_solver(chosen, self.process)
        steps = self.config.default_steps if steps is None else steps
        return steps, chosen, self.process.sigmas(steps, discretization or self.config.default_discretization)


def _fits(sector_mask: ArrayLike, labels: NDArray[Any]) -> bool:
    shape = np.shape(sector_mask)
    return shape in (labels.shape, labels.shape[1:], (1, *labels.shape[1:]))

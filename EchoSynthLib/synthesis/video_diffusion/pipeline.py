"""A cascade as a user calls it: one frame and an ejection fraction in, a cine out; torch is loaded with the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.fit import fit_sector
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.arguments import whole_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.grid import from_grid, to_grid
from EchoSynthLib.measurement.chambers import Chamber, area_length_volume, ejected, long_axis_of_ventricle
from EchoSynthLib.synthesis.animation import Animation
from EchoSynthLib.synthesis.video_diffusion.clips import at_times
from EchoSynthLib.systems import load_pipeline
from EchoSynthLib.types import Progress, Spacing

if TYPE_CHECKING:
    from EchoSynthLib.synthesis.video_diffusion.network import VideoUNet
    from EchoSynthLib.synthesis.video_diffusion.presets import Cascade

Segment = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""A gray image (H, W) to its label map."""


class CascadePipeline:
    """Cines by a cascade of diffusion models.

    Args:
        networks: one for each stage.
        cascade: what the stages are.
        segment: labels each frame: a cascade draws gray levels, and does not know where the heart is in them.
    """

    def __init__(self, networks: Sequence[VideoUNet], cascade: Cascade, segment: Segment) -> None:
        self.networks, self.cascade, self.segment = list(networks), cascade, segment

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], device: str = "cpu") -> CascadePipeline:
        """The cascade of a folder, whose config tells `cascade`, `preset` and the model that segments.

        Raises:
            ModelError: the folder holds no such model, or the one that segments is missing.
            InputError: there is no such device.
        """
        import torch

        from EchoSynthLib.networks.devices import torch_device
        from EchoSynthLib.synthesis.video_diffusion.network import VideoUNet
        from EchoSynthLib.synthesis.video_diffusion.presets import cascade_of

        cascade, place = cascade_of(config["cascade"], config["preset"]), torch_device(device)
        networks = [
            VideoUNet.from_pretrained(folder / stage_name(i), torch_dtype=torch.float32).eval().to(place)
            for i in range(len(cascade.stages))
        ]
        segmenter = load_pipeline(str(config["labeler"]))
        return cls(networks, cascade, lambda image: segmenter(image).label_map)

    def __call__(
        self,
        image: NDArray[np.uint8] | None,
        label_map: NDArray[np.uint8],
        *,
        view: str,
        spacing: Spacing | None,
        ejection_fraction: float | None,
        frames: int,
        beats: int,
        heart_rate: float,
        frame_rate: float | None,
        phase: str | float,
        seed: int,
        progress: Progress | None = None,
        best_of: int = 1,
        guidance: float | None = None,
        steps: int | None = None,
    ) -> Animation:
        """The heart of one frame, beating, see `Animator`; what the frame shows is seen in the image alone.

        Label maps are those that the segmenter sees in each frame, and motion is not known. View, label map and phase
        of the given frame are not looked at.

        Args:
            best_of: cines drawn, of which the one is taken whose ejection fraction is nearest to what was asked for,
                by area and length of the ventricle in all frames, as the segmenter sees it. The paper takes 3.
            guidance: w, see `sampler.Guided`; None for the cascade's own.
            steps: of every stage; None for their own.

        Raises:
            InputError: there is no image, or the cine is to be longer than the cascade draws.
        """
        if image is None:
            raise InputError(
                "A cascade starts from an image, and a label map alone was given; draw one first, as `echosynth "
                "synthesize` does, and give that."
            )
        whole_number(best_of, "best_of", 1, 100)
        times = self._times(frames, beats, heart_rate, frame_rate)
        count = best_of if ejection_fraction is not None else 1
        drawn, evaluations = self._draw(image, ejection_fraction, seed, count, guidance, steps, progress)
        inside = _sector_mask(image, spacing)
        cines = [self._on_grid(cine, image.shape, inside) for cine in drawn]
        volumes = [self._volumes(cine, spacing) for cine in cines]
        seen = [ejection_of(one) for one in volumes]
        chosen = nearest(seen, ejection_fraction)
        endless = self.cascade.seconds is None
        cine = np.rint(at_times(cines[chosen], times * self._rate(heart_rate), endless)).clip(0, 255).astype(np.uint8)
        label_maps = np.stack([self.segment(frame) for frame in cine])
        ed, es = _ends(np.array([_volume(labels, spacing) for labels in label_maps]), times, heart_rate)
        config = self.cascade
        made = {
            "process": config.process().name,
            "solver": "edm-stochastic",
            "steps": [stage.steps if steps is None else steps for stage in config.stages],
            "guidance": config.guidance if guidance is None else guidance,
            "network_evaluations": evaluations * count,
            "frames_drawn": config.frames,
            "best_of": best_of,
            "ejection_fraction_of_each_drawn": [None if np.isnan(one) else round(100 * one, 2) for one in seen],
            "device": str(self.networks[0].device),
        }
        return Animation(cine, label_maps, None, 1000 * times, ed, es, made)

    def _times(self, frames: int, beats: int, heart_rate: float, frame_rate: float | None) -> NDArray[np.float64]:
        """Seconds of the wanted frames."""
        step = 1 / frame_rate if frame_rate is not None else 60 * beats / heart_rate / frames
        times: NDArray[np.float64] = np.arange(frames, dtype=np.float64) * step
        longest = self.cascade.seconds
        if longest is not None and times[-1] > longest:
            raise InputError(
                f"This cascade draws {longest:g} seconds, and {frames} frames to the last one at {times[-1]:.2f} s "
                "were asked for. Give fewer beats or frames, a higher frame rate, or take a model that beats on."
            )
        return times

    def _rate(self, heart_rate: float) -> float:
        """Frames that the cascade draws of a second: of one beat, whatever the heart rate, or of its seconds."""
        return self.cascade.frames / (60 / heart_rate if self.cascade.seconds is None else self.cascade.seconds)

    def _draw(
        self,
        image: NDArray[np.uint8],
        ejection_fraction: float | None,
        seed: int,
        count: int,
        guidance: float | None,
        steps: int | None,
        progress: Progress | None,
    ) -> tuple[NDArray[np.float32], int]:
        """Cines (count, T, side, side), 0 to 255; number i depends on (seed, i) alone."""
        import torch

        from EchoSynthLib.networks.diffusion.generators import generator_of
        from EchoSynthLib.synthesis.video_diffusion.sampler import Condition, draw

        side = self.cascade.stages[-1].side
        gray = torch.from_numpy(to_grid(image, (side, side)) / 127.5 - 1).to(self.networks[0].device)
        told = torch.full((1,), (ejection_fraction or 0) / 100, device=gray.device)
        condition = Condition(
            gray[None, None].expand(1, self.cascade.channels, -1, -1),
            told,
            torch.tensor([ejection_fraction is not None], device=gray.device),
        )
        found, evaluations = [], 0
        # One at a time, whatever the number: so cine i is the same bit for bit among any.
        for i in range(count):

            def tell(done: int, total: int, before: int = i) -> None:
                if progress is not None:
                    progress(before * total + done, count * total, "drawing a cine")

            cine, evaluations = draw(
                self.networks, self.cascade, condition, [generator_of(seed, i)], guidance, steps, tell
            )
            found.append((127.5 * (cine[0].mean(dim=0) + 1)).cpu().numpy())
        return np.stack(found), evaluations

    def _on_grid(
        self, cine: NDArray[np.float32], shape: tuple[int, ...], inside: NDArray[np.bool_] | None
    ) -> NDArray[np.uint8]:
        """The drawn frames on the image's grid, black outside of its sector."""
        whole = np.rint(from_grid(cine, (shape[0], shape[1]))).clip(0, 255).astype(np.uint8)
        return whole if inside is None else whole * inside

    def _volumes(self, cine: NDArray[np.uint8], spacing: Spacing | None) -> NDArray[np.float64]:
        return np.array([_volume(self.segment(frame), spacing) for frame in cine])


def stage_name(stage: int) -> str:
    """The folder of a stage's network in its model folder."""
    return f"stage{stage + 1}"


def ejection_of(volumes: NDArray[np.float64]) -> float:
    """Ejection fraction, 0 to 1, of a ventricle's volumes in the frames of a cine; NaN where no frame shows one."""
    known = volumes[volumes > 0]
    return float(ejected(known.max(), known.min())) if known.size else float("nan")


def nearest(seen: Sequence[float], asked: float | None) -> int:
    """Number of the cine whose ejection fraction (0 to 1) is nearest to what was asked for, in percent."""
    if asked is None:
        return 0
    away = np.abs(100 * np.asarray(seen, dtype=float) - asked)
    return int(np.argmin(np.where(np.isnan(away), np.inf, away)))


def _volume(labels: NDArray[np.uint8], spacing: Spacing | None) -> float:
    """8 A^2 / (3 pi L) of the left ventricle; 0 where there is none."""
    axis = long_axis_of_ventricle(labels, spacing)
    return 0.0 if axis is None else area_length_volume(Chamber.of(labels == CamusCode.LV_CAVITY, axis))


def _ends(volumes: NDArray[np.float64], times: NDArray[np.float64], heart_rate: float) -> tuple[int, int]:
    """The frames of the largest and of the smallest ventricle in the first beat."""
    first = np.where((times < 60 / heart_rate) & (volumes > 0), volumes, np.nan)
    if np.isnan(first).all():
        return 0, 0
    return int(np.nanargmax(first)), int(np.nanargmin(first))


def _sector_mask(image: NDArray[np.uint8], spacing: Spacing | None) -> NDArray[np.bool_] | None:
    """Of the image's sector; None where none is seen, as in a frame that is cut to its inside."""
    try:
        return fit_sector(image, spacing).mask(image.shape)
    except InputError:
        return None

"""Latent video as a user calls it: a heart that nobody has, or that of a frame, beats; torch comes with the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib import zoo
from EchoSynthLib.arguments import number_within_or_none, whole_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.grid import to_grid
from EchoSynthLib.progress import silent
from EchoSynthLib.records import new_record
from EchoSynthLib.synthesis.animation import EJECTION_FRACTIONS, FRAMES, Animation
from EchoSynthLib.synthesis.drawn_cines import Segment, best_beat
from EchoSynthLib.systems import load_pipeline
from EchoSynthLib.types import Progress, Record, Spacing

if TYPE_CHECKING:
    import torch

    from EchoSynthLib.synthesis.latent_video.latents import LatentSpace
    from EchoSynthLib.synthesis.latent_video.presets import LatentVideo

AUTOENCODER, IMAGE, VIDEO, PRIVACY = "autoencoder", "image", "video", "privacy"
"""Folders in a model's folder."""
ATTEMPTS = 50
"""Hearts that are drawn in place of those that are too near to a patient; then it is given up."""


class KnownHearts(Protocol):
    """Tells how near a frame is to those that were learned from, as pipelines of the kind `privacy` do."""

    threshold: float

    def nearest(self, image: NDArray[np.uint8]) -> tuple[float, str]:
        """The largest correlation with a known frame (H, W), and that frame's name."""
        ...


class LatentVideoPipeline:
    """Frames and cines by diffusion of latents.

    Args:
        space: the autoencoder.
        image, video: networks of latent images and cines, see `networks.diffusion.latent_video`.
        size: how they draw.
        privacy: knows the hearts that were learned from.
        segment: labels each frame: the networks draw gray levels, and do not know where the heart is in them.
        model: the folder that it was loaded of, which records of drawn hearts tell.
    """

    def __init__(
        self,
        space: LatentSpace,
        image: Any,
        video: Any,
        size: LatentVideo,
        privacy: KnownHearts,
        segment: Segment,
        model: zoo.ModelFolder | None = None,
    ) -> None:
        self.space, self.image, self.video, self.size = space, image, video, size
        self.privacy, self.segment, self.model = privacy, segment, model

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], device: str = "cpu") -> LatentVideoPipeline:
        """The model of a folder, whose config tells `preset`, `latents` and the model that segments.

        Raises:
            ModelError: the folder holds no such model, or the one that segments is missing.
            InputError: there is no such device.
        """
        import torch
        from diffusers import AutoencoderKL, UNet2DModel, UNetSpatioTemporalConditionModel

        from EchoSynthLib.networks.devices import torch_device
        from EchoSynthLib.synthesis.latent_video.latents import LatentSpace
        from EchoSynthLib.synthesis.latent_video.presets import preset_of

        size, place = preset_of(config["preset"]), torch_device(device)

        def network(kind: Any, name: str) -> Any:
            path = str((folder / name).resolve())
            made = kind.from_pretrained(
                path, torch_dtype=torch.float32, use_safetensors=True, local_files_only=True, low_cpu_mem_usage=False
            )
            return made.eval().to(place)

        mean, deviation = (torch.tensor(config["latents"][name]) for name in ("mean", "deviation"))
        segmenter = load_pipeline(str(config["labeler"]))
        return cls(
            LatentSpace(network(AutoencoderKL, AUTOENCODER), mean, deviation),
            network(UNet2DModel, IMAGE),
            network(UNetSpatioTemporalConditionModel, VIDEO),
            size,
            load_pipeline(folder / PRIVACY),
            lambda image: segmenter(image).label_map,
            zoo.open_folder(folder),
        )

    def draw(
        self,
        ejection_fraction: float | None = None,
        *,
        frames: int | None = None,
        seed: int = 0,
        index: int = 0,
        progress: Progress | None = None,
    ) -> tuple[NDArray[np.uint8], Record]:
        """The cine of a heart that nobody has: a frame of it is drawn of noise, and the others beside that one.

        Frame and cine are drawn anew as long as one of their frames is too near to one that was learned from.

        Args:
            ejection_fraction: percent; None leaves it to the network.
            frames: of the cine, at the model's frame rate; None for as many as it draws at a time. Longer cines are
                stitched of chunks.
            seed: of everything random.
            index: number of the heart: what is drawn depends on (seed, index) alone.
            progress: progress(done, total, message) after each step; may raise `Cancelled`.

        Returns:
            (T, 112, 112) uint8, and a record: `correlation` with the `nearest` known frame, below `threshold`; of each
            attempt that was `refused` what was too near; `frame_time_ms`; how it was drawn.

        Raises:
            InputError: an argument is out of range, or every attempt was refused.
        """
        from EchoSynthLib.networks.diffusion.generators import generator_of

        asked = number_within_or_none(ejection_fraction, "ejection_fraction", "percent", EJECTION_FRACTIONS)
        length = self.size.frames if frames is None else whole_number(frames, "frames", *FRAMES)
        seed, index = whole_number(seed, "seed", 0), whole_number(index, "index", 0)
        refused, evaluations = list[Record](), 0
        for attempt in range(ATTEMPTS):
            generator = generator_of(seed, index, attempt)
            cine, near, times = self._attempt(asked, length, generator, _steps(2 * self.size.steps, progress))
            evaluations += times
            if near["correlation"] < self.privacy.threshold:
                record = new_record("draw", model=self.model, synthetic=True) | near | {
                    "threshold": self.privacy.threshold,
                    "refused": refused,
                    "ejection_fraction": {"asked": asked},
                    "seed": seed,
                    "index": index,
                }  # fmt: skip
                return cine, record | self._made() | {"network_evaluations": evaluations}
            refused.append(near)
        raise InputError(
            f"Each of {ATTEMPTS} hearts was too near to one that the model learned from, the last one by a correlation "
            f"of {refused[-1]['correlation']:.3f} with {refused[-1]['nearest']}; train longer, or with more cines."
        )

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
    ) -> Animation:
        """The heart of one frame, beating, see `Animator`; what the frame shows is seen in the image alone.

        Label maps are those that the segmenter sees in each frame, and motion is not known. View, label map and phase
        of the given frame are not looked at, and the heart beats as fast as the network thinks it would: the heart rate
        tells how long the cine is and where its first beat ends.

        Args:
            best_of: cines drawn, of which the one is taken whose ejection fraction is nearest to what was asked for.

        Raises:
            InputError: there is no image.
        """
        import torch

        from EchoSynthLib.networks.diffusion.generators import generator_of

        if image is None:
            raise InputError(
                "Latent video starts from an image, and a label map alone was given; draw one first, as `echosynth "
                "synthesize` does, and give that."
            )
        asked_for = whole_number(best_of, "best_of", 1, 100)
        count = asked_for if ejection_fraction is not None else 1
        step = 1 / frame_rate if frame_rate is not None else 60 * beats / heart_rate / frames
        times = np.arange(frames, dtype=np.float64) * step
        length = int(np.ceil(times[-1] * self.size.frame_rate)) + 1
        side = self.space.autoencoder.config.sample_size
        gray = np.rint(to_grid(image, (side, side))).clip(0, 255).astype(np.uint8)
        reference = self.space.encode(torch.from_numpy(gray)[None])
        told, drawn, evaluations = _steps(count * self.size.steps, progress), [], 0
        for i in range(count):
            latents, asked = self._beat(reference, ejection_fraction, length, generator_of(seed, i), told)
            drawn.append(self.space.decode(latents))
            evaluations += asked
        made = self._made() | {"network_evaluations": evaluations, "frames_drawn": length}
        return best_beat(
            np.stack(drawn), image, self.segment,
            times=times, rate=self.size.frame_rate, endless=False, ejection_fraction=ejection_fraction,
            heart_rate=heart_rate, spacing=spacing, made=made,
        )  # fmt: skip

    def _attempt(
        self, asked: float | None, frames: int, generator: torch.Generator, on_step: Callable[[], None]
    ) -> tuple[NDArray[np.uint8], Record, int]:
        """A cine, which of its frames is nearest to a known heart, and how often networks were asked.

        Where the frame that it is drawn beside is too near itself, that stands in for it.
        """
        from EchoSynthLib.synthesis.latent_video.sampler import draw_frames

        latent, first = draw_frames(self.image, self.size, [generator], on_step)
        frame = _bytes(self.space.decode(latent))
        near = self._near(frame, "frame")
        if near["correlation"] >= self.privacy.threshold:
            return frame, near, first
        latents, second = self._beat(latent, asked, frames, generator, on_step)
        cine = _bytes(self.space.decode(latents))
        return cine, max(near, self._near(cine, "cine"), key=lambda one: float(one["correlation"])), first + second

    def _near(self, frames: NDArray[np.uint8], what: str) -> Record:
        """The largest correlation of any of some frames with a known one."""
        found = [self.privacy.nearest(frame) for frame in frames]
        at = max(range(len(found)), key=lambda index: found[index][0])
        return {"correlation": found[at][0], "nearest": found[at][1], "nearest_to": what, "nearest_at": at}

    def _beat(
        self,
        reference: torch.Tensor,
        ejection_fraction: float | None,
        frames: int,
        generator: torch.Generator,
        on_step: Callable[[], None],
    ) -> tuple[torch.Tensor, int]:
        """Latents (T, 4, 14, 14) of the cine of one latent (1, 4, 14, 14), and how often the network was asked."""
        import torch

        from EchoSynthLib.synthesis.latent_video.sampler import draw_cines

        told = torch.tensor([-1.0 if ejection_fraction is None else ejection_fraction / 100]).to(self.video.device)
        found, evaluations = draw_cines(
            self.video, self.size, reference.to(self.video.device), told, frames, [generator], on_step=on_step
        )
        return found[0], evaluations

    def _made(self) -> dict[str, Any]:
        return {
            "process": self.size.process,
            "solver": self.size.solver,
            "steps": self.size.steps,
            "guidance": self.size.guidance,
            "frame_time_ms": round(1000 / self.size.frame_rate, 4),
            "device": str(self.video.device),
        }


def _bytes(frames: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(frames).astype(np.uint8)


def _steps(total: int, progress: Progress | None) -> Callable[[], None]:
    """What tells of each step of so many, and stays at the last one where there are more."""
    tell, done = progress or silent, 0

    def step() -> None:
        nonlocal done
        done = min(done + 1, total)
        tell(done, total, "drawing a cine")

    return step

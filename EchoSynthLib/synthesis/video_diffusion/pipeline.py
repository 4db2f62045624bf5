"""A cascade as a user calls it: one frame and an ejection fraction in, a cine out; torch is loaded with the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.arguments import whole_number
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.grid import to_grid
from EchoSynthLib.synthesis.animation import Animation
from EchoSynthLib.synthesis.drawn_cines import Segment, best_beat
from EchoSynthLib.systems import load_pipeline
from EchoSynthLib.types import Progress, Spacing

if TYPE_CHECKING:
    from EchoSynthLib.synthesis.video_diffusion.network import VideoUNet
    from EchoSynthLib.synthesis.video_diffusion.presets import Cascade


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
        config = self.cascade
        made = {
            "process": config.process().name,
            "solver": "edm-stochastic",
            "steps": [stage.steps if steps is None else steps for stage in config.stages],
            "guidance": config.guidance if guidance is None else guidance,
            "network_evaluations": evaluations * count,
            "frames_drawn": config.frames,
            "device": str(self.networks[0].device),
        }
        return best_beat(
            drawn, image, self.segment,
            times=times, rate=self._rate(heart_rate), endless=config.seconds is None,
            ejection_fraction=ejection_fraction, heart_rate=heart_rate, spacing=spacing, made=made,
        )  # fmt: skip

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


def stage_name(stage: int) -> str:
    """The folder of a stage's network in its model folder."""
    return f"stage{stage + 1}"

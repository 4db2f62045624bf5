"""A beating heart, as a user calls it: frame and label map in, cine and label maps out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.sector.fit import default_sector, fit_sector
from EchoSynthLib.errors import InputError, ModelError
from EchoSynthLib.progress import silent
from EchoSynthLib.synthesis.animation import Animation
from EchoSynthLib.synthesis.beating.beat import make_beat
from EchoSynthLib.synthesis.beating.generator import MotionGenerator
from EchoSynthLib.synthesis.beating.label_maps import MovedLabels
from EchoSynthLib.synthesis.beating.look import Look
from EchoSynthLib.synthesis.beating.painter import Painter
from EchoSynthLib.synthesis.beating.seen import SeenLine
from EchoSynthLib.systems import load_pipeline
from EchoSynthLib.types import Progress, Spacing


class BeatingPipeline:
    """Makes motion for one frame, and draws the frame through the beat.

    Args:
        motion: the distribution of motions.
        generator: name of the model that draws speckle, and the frame of a label map alone.
        look: what else drawing rests on.
        seen: what a segmenter sees of an ejection fraction; None where nobody has fitted it.
    """

    def __init__(
        self, motion: MotionGenerator, generator: str, look: Look | None = None, seen: SeenLine | None = None
    ) -> None:
        self.motion, self.generator, self.look, self.seen = motion, generator, look or Look(), seen

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> BeatingPipeline:
        """The pipeline of a folder, whose config names the `generator`, and may have a `look` and the line `seen`.

        Raises:
            ModelError: the config names no generator, or holds what nothing can be made of.
        """
        generator = config.get("generator")
        if not isinstance(generator, str):
            raise ModelError(
                f"config.json of {folder.name} names no generator, which draws the frames; get the model anew."
            )
        motion = MotionGenerator.from_folder(folder, config, threads)
        return cls(motion, generator, Look.from_config(config), SeenLine.from_config(config))

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
        correct: bool = False,
    ) -> Animation:
        """See `Animator`; `correct` asks of the labels what makes a segmenter see the ejection fraction."""
        tell = progress or silent
        shape = (label_map.shape[0], label_map.shape[1])
        sector = default_sector(shape, label_map, spacing) if image is None else fit_sector(image, spacing)
        moved = MovedLabels(label_map, sector)
        wish = self._asked_for(ejection_fraction) if correct else ejection_fraction
        tell(0, frames + 1, "finding how the heart moves")
        beat = make_beat(
            label_map,
            view,
            spacing,
            ejection_fraction=wish,
            frames=frames,
            beats=beats,
            heart_rate=heart_rate,
            frame_rate=frame_rate,
            phase=phase,
            seed=seed,
            model=self.motion,
            move=moved,
        )
        tell(1, frames + 1, "looking at the frame")
        painter = Painter(image, label_map, sector, view, seed, load_pipeline(self.generator), self.look)
        maps = np.zeros((frames, *shape), np.uint8)

        def follow(t: int, displacement: NDArray[np.float32]) -> None:
            maps[t] = moved(displacement)

        cine = painter.cine(beat, lambda done, total, message: tell(done + 1, total + 1, message), follow)
        made = {
            "phases": beat.phases.round(4).tolist(),
            "frame_at_the_given_phase": beat.given if beat.given >= 0 else None,
            "sector": sector.to_dict(),
        }
        if correct and self.seen is not None:
            made["correction"] = {"labels_asked": wish, "slope": self.seen.slope, "constant": self.seen.constant}
        return Animation(cine, maps, beat.displacement, beat.times_ms, beat.ed, beat.es, made)

    def _asked_for(self, ejection_fraction: float | None) -> float | None:
        """Percent that labels are asked for, so that this is seen in the images.

        Raises:
            InputError: nobody has fitted what is seen.
        """
        if self.seen is None:
            raise InputError(
                "This model has no line from the ejection fraction of the labels to the one that is seen, and a "
                "correction was given as wanted; leave it out."
            )
        return None if ejection_fraction is None else self.seen.asked_for(ejection_fraction)

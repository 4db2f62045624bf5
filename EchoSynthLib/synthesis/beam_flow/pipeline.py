"""The generator as a user calls it: label map in, echocardiograms out (numpy)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count as count_from
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.anatomy.beam import BEAM_SHAPE, ScanConversion, to_beam_space
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.arguments import whole_number
from EchoSynthLib.parallel.threads import Tick, side_by_side
from EchoSynthLib.runtime import Network, OnnxNetwork, usable_cores
from EchoSynthLib.synthesis.beam_flow import conditions
from EchoSynthLib.synthesis.beam_flow.sampler import integrate
from EchoSynthLib.synthesis.beam_flow.shapes import CLASSES, COARSE_SHAPE, FACTOR
from EchoSynthLib.types import Progress
from EchoSynthLib.zoo.config import number_of, whole_number_of

MOST_STEPS = 1000
FLOW_MAP = "flow-map"
"""Its process and its own way to sample it, as records and options name them."""


class BeamFlowPipeline:
    """Label map to echocardiograms by the structure stage's flow map and the speckle stage.

    Args:
        structure: u(z, t, r, guidance, label, condition).
        speckle: draw(coarse, blur, noise, label, condition).
        config: `default_steps`, `guidance`, `spread` (see `temperature`), `blur`, `structure_mean` and
            `structure_scale` of the model.
        at_once: images that are drawn side by side, each by calls of the networks of its own.
    """

    def __init__(self, structure: Network, speckle: Network, config: Mapping[str, Any], at_once: int = 1) -> None:
        self.structure = structure
        self.speckle = speckle
        self.default_steps = whole_number_of(config, "default_steps", 1, MOST_STEPS)
        self.guidance, self.structure_mean = (number_of(config, name) for name in ("guidance", "structure_mean"))
        self.spread, self.blur, self.structure_scale = (
            number_of(config, name, 0) for name in ("spread", "blur", "structure_scale")
        )
        self.at_once = at_once

    @property
    def networks(self) -> list[Any]:
        """What draws: the networks of both stages."""
        return [self.structure, self.speckle]

    @classmethod
    def from_folder(cls, folder: Path, config: Mapping[str, Any], threads: int | None = None) -> BeamFlowPipeline:
        """The pipeline on the fast path: one image by all cores, or several side by side, `threads` for each."""
        structure, speckle = (OnnxNetwork(folder / f"{name}.onnx", threads) for name in ("structure", "speckle"))
        return cls(structure, speckle, config, 1 if threads is None else max(1, usable_cores() // threads))

    def __call__(
        self,
        label_map: NDArray[np.uint8],
        sector: Sector,
        *,
        view: str | None = None,
        quality: str | None = None,
        depth_mm: float | None = None,
        count: int = 1,
        seed: int = 0,
        steps: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Images (count, H, W), or cines (count, T, H, W), uint8 on the label map's grid, and how they were made.

        Args:
            label_map: (H, W) in CAMUS codes, or (T, H, W); what lies outside the sector is not drawn.
            sector: the ultrasound sector on the same grid.
            view: '2CH', '4CH' or None.
            quality: acoustic window, 'good', 'medium', 'poor' or None for any.
            depth_mm: length of the beams in millimeters, where known.
            count: images, or cines; number i depends on (seed, i) alone, and all frames of a cine share its noise.
            seed: of all noise.
            steps: network evaluations of the structure stage; None for the model's default.
            progress: called after each step; may raise `Cancelled`.

        Raises:
            InputError: count, steps or seed out of range.
        """
        chosen = self.default_steps if steps is None else steps
        whole_number(count, "count", 1, 100_000)
        whole_number(chosen, "steps", 1, MOST_STEPS)
        whole_number(seed, "seed", 0, 2**63 - 1)
        condition = conditions.encode(view, quality, sector.opening_angle, depth_mm)[None]
        frames = label_map.reshape(-1, *label_map.shape[-2:])
        conversion = ScanConversion(sector, frames.shape[1:])
        images = np.zeros((count, *frames.shape), np.uint8)

        def one(i: int, t: int, tick: Tick) -> None:
            label = one_hot_beams(frames[t], sector)
            beams = self.draw(label, condition, np.random.default_rng([seed, i]), chosen, tick)
            gray = conversion((beams + 1) * 127.5, order=3)
            images[i, t] = np.clip(np.rint(gray), 0, 255)
            tick()

        items = [partial(one, i, t) for i in range(count) for t in range(len(frames))]
        ticks = len(items) * (chosen + 1)
        done = count_from(1)

        def told() -> None:
            if progress is not None:
                progress(next(done), ticks, "synthesizing")

        side_by_side(items, self.at_once, told)
        about = {
            "process": FLOW_MAP,
            "solver": FLOW_MAP,
            "steps": int(chosen),
            "network_evaluations": int(chosen) + 1,  # the speckle stage's
            "guidance": self.guidance,
            "temperature": self.temperature(chosen),
        }
        return images.reshape(count, *label_map.shape), about

    def redrawn(
        self,
        beams: NDArray[np.float32],
        label_map: NDArray[np.uint8],
        sector: Sector,
        *,
        view: str | None = None,
        depth_mm: float | None = None,
        count: int = 2,
        seed: int = 0,
    ) -> NDArray[np.float32]:
        """Drawings (count, R, A) of a frame by the speckle stage alone; see `synthesis.SpeckleDrawer`."""
        condition = conditions.encode(view, None, sector.opening_angle, depth_mm)[None]
        label = one_hot_beams(label_map, sector)
        coarse = beams.reshape(COARSE_SHAPE[0], FACTOR, COARSE_SHAPE[1], FACTOR).mean((1, 3))[None, None]
        drawn = np.empty((count, *BEAM_SHAPE), np.float32)
        for i in range(count):
            grain = np.random.default_rng([seed, i]).standard_normal((1, 2, *BEAM_SHAPE), dtype=np.float32)
            drawn[i] = self._speckled(coarse, grain, label, condition)
        return drawn

    def temperature(self, steps: int) -> float:
        """What the structure stage's noise is multiplied by: 1 + spread / sqrt(steps).

        A long step averages over what it cannot foresee, so that images drawn in few steps vary less than real ones.
        """
        return 1.0 + self.spread / math.sqrt(steps)

    def draw(
        self,
        label: NDArray[np.float32],
        condition: NDArray[np.float32],
        rng: np.random.Generator,
        steps: int,
        after_step: Callable[[], None] | None = None,
    ) -> NDArray[np.float32]:
        """One beam-space image (R, A) in [-1, 1] from one-hot labels (1, 4, R, A) and conditions (1, 9)."""
        # One image at a time, whatever the batch: so image i is the same bit for bit in every batch.
        noise = rng.standard_normal((1, 1, *COARSE_SHAPE), dtype=np.float32) * np.float32(self.temperature(steps))
        grain = rng.standard_normal((1, 2, *BEAM_SHAPE), dtype=np.float32)
        guidance = np.array([self.guidance], np.float32)

        def velocity(z: NDArray[np.float32], t: float, r: float) -> NDArray[np.float32]:
            t_, r_ = np.array([t], np.float32), np.array([r], np.float32)
            return self.structure(z, t_, r_, guidance, label, condition)[0]

        z = integrate(velocity, noise, steps, after_step)
        coarse = np.clip(z * self.structure_scale + self.structure_mean, -1, 1)
        return self._speckled(coarse, grain, label, condition)

    def _speckled(
        self,
        coarse: NDArray[np.float32],
        grain: NDArray[np.float32],
        label: NDArray[np.float32],
        condition: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        sigma = self.blur
        drawn = self.speckle(_blurred(coarse, sigma), np.array([sigma], np.float32), grain, label, condition)[0]
        return np.clip(drawn[0, 0], -1, 1)


def one_hot_beams(label_map: NDArray[np.uint8], sector: Sector) -> NDArray[np.float32]:
    """The label map (H, W) in beam space as one-hot planes (1, 4, R, A)."""
    beams = to_beam_space(label_map, sector, order=0)
    return (beams[None] == np.arange(CLASSES)[:, None, None]).astype(np.float32)[None]


def _blurred(coarse: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    if sigma == 0:
        return coarse.astype(np.float32)
    return gaussian_filter(coarse, (0, 0, sigma, sigma), mode="nearest").astype(np.float32)

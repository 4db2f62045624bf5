"""Compare ways to draw the full resolution from the real coarse image of val frames: the speckle stage alone.

Against each other: nothing (bilinear), physical speckle (band-limited complex noise, log-compressed; its correlation
and its strength by brightness fitted on train), and the shipped network. `python Testing/benchmarks/speckle_stages.py`
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parent))

import synthesis

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.beam import ScanConversion, to_beam_space
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, load_camus_npz
from EchoSynthLib.runtime import OnnxNetwork
from EchoSynthLib.synthesis.beam_flow import conditions
from EchoSynthLib.synthesis.beam_flow.pipeline import one_hot_beams
from EchoSynthLib.synthesis.beam_flow.shapes import FACTOR

Beams = NDArray[np.float32]
BINS = np.linspace(0, 255, 17)


def main() -> None:
    """Print one row for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=4, help="use every n-th val frame")
    arguments = parser.parse_args()
    folder = find_camus()
    if folder is None:
        sys.exit("CAMUS was not found (ECHOSYNTH_DATA).")
    frames = load_camus_npz(folder / "camus_224.npz")
    train = frames.select(frames.split == "train")
    val = frames.select(frames.split == "val").select(slice(None, None, arguments.every))  # type: ignore[arg-type]
    sectors = synthesis.sectors_of(val)
    beams = [to_beam_space(image, s, order=3) for image, s in zip(val.image, sectors, strict=True)]
    physical = PhysicalSpeckle(train.select(slice(None, None, 40)))  # type: ignore[arg-type]
    network = SpeckleStage()
    ways: dict[str, Callable[[int], Beams]] = {
        "real, through beam space": lambda i: beams[i],
        "nothing": lambda i: smooth(beams[i]),
        "physical": lambda i: physical.draw(smooth(beams[i]), np.random.default_rng(i)),
        "network": lambda i: network.draw(beams[i], val.label[i], sectors[i], str(val.view[i]), i),
    }
    real = {"raw": synthesis.speckle(list(val.image), val, sectors)}
    real["fine"] = synthesis.fine_speckle(list(val.image), val, sectors)
    print("| way | raw, largest deviation | fine, largest deviation | Frechet ratio |\n|---|---|---|---|")
    for name, way in ways.items():
        images = [on_image_grid(way(i), s, val.image[i].shape) for i, s in enumerate(sectors)]
        raw = synthesis.largest_deviation(synthesis.speckle(images, val, sectors), real["raw"])
        fine = synthesis.largest_deviation(synthesis.fine_speckle(images, val, sectors), real["fine"])
        ratio = synthesis.frechet_ratio(images, val, train)[2]
        print(f"| {name} | {raw:.3f} | {fine:.3f} | {ratio:.2f} |", flush=True)


def coarse(beams: Beams) -> Beams:
    """The image as the structure stage would draw it, (R/4, A/4)."""
    rows, columns = beams.shape
    return beams.reshape(rows // FACTOR, FACTOR, columns // FACTOR, FACTOR).mean(axis=(1, 3))


def smooth(beams: Beams) -> Beams:
    """The coarse image brought back to full resolution, bilinear."""
    return ndimage.zoom(coarse(beams), FACTOR, order=1, mode="nearest", grid_mode=True)


def on_image_grid(beams: Beams, sector: Sector, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Scan-converted gray values."""
    return np.clip(np.rint(ScanConversion(sector, shape, beams.shape)(beams, order=3)), 0, 255).astype(np.uint8)  # type: ignore[arg-type]


class PhysicalSpeckle:
    """Log-compressed Rayleigh speckle with the residual's own correlation and its strength by brightness."""

    def __init__(self, train: CamusArrays) -> None:
        beams = [
            to_beam_space(image, s, order=3)
            for image, s in zip(train.image, synthesis.sectors_of(train), strict=True)
        ]  # fmt: skip
        residuals = [b - smooth(b) for b in beams]
        bins = [np.digitize(smooth(b), BINS) for b in beams]
        joined, where = np.concatenate(residuals), np.concatenate(bins)
        everywhere = float(joined.std())
        self.strength = np.array(
            [joined[where == i].std() if (where == i).sum() > 100 else everywhere for i in range(len(BINS) + 1)]
        )
        self.sigma = tuple(self._sigma(np.mean([_lag_one(r, axis) for r in residuals]), axis) for axis in (0, 1))

    def _sigma(self, wanted: float, axis: int) -> float:
        """Width of the point spread that gives the residual this lag-1 autocorrelation along one axis."""
        candidates = np.linspace(0.3, 3.0, 28)
        rng = np.random.default_rng(0)
        found = []
        for sigma in candidates:
            widths = [1.0, 1.0]
            widths[axis] = float(sigma)
            found.append(_lag_one(self._residual((widths[0], widths[1]), (192, 128), rng), axis))
        return float(candidates[np.argmin(np.abs(np.array(found) - wanted))])

    @staticmethod
    def _residual(sigma: tuple[float, ...], shape: tuple[int, int], rng: np.random.Generator) -> Beams:
        parts = [ndimage.gaussian_filter(rng.standard_normal(shape), sigma) for _ in range(2)]
        decibels = 20 * np.log10(np.hypot(*parts) + 1e-6)
        residual = decibels - smooth(decibels.astype(np.float32))
        return (residual / residual.std()).astype(np.float32)

    def draw(self, base: Beams, rng: np.random.Generator) -> Beams:
        """Speckle on a smooth image (R, A)."""
        strength = self.strength[np.digitize(base, BINS)]
        return base + strength * self._residual(self.sigma, base.shape, rng)  # type: ignore[arg-type]


class SpeckleStage:
    """The shipped network on its own."""

    def __init__(self) -> None:
        self.network = OnnxNetwork(zoo.find("beam-flow").path / "speckle.onnx")

    def draw(self, beams: Beams, label: NDArray[np.uint8], sector: Sector, view: str, seed: int) -> Beams:
        """One draw (R, A) in gray values from the coarse version of real beams."""
        noise = np.random.default_rng(seed).standard_normal((1, 2, *beams.shape), dtype=np.float32)
        condition = conditions.encode(view, None, sector.opening_angle)[None]
        start = (coarse(beams) / 127.5 - 1)[None, None]
        drawn = self.network(start, np.zeros(1, np.float32), noise, one_hot_beams(label, sector), condition)[0]
        return np.clip((drawn[0, 0] + 1) * 127.5, 0, 255)


def _lag_one(field: Beams, axis: int) -> float:
    one, two = np.take(field, range(field.shape[axis] - 1), axis), np.take(field, range(1, field.shape[axis]), axis)
    return float((one * two).mean() / field.var())


if __name__ == "__main__":
    main()

"""Draws the frames of a beating heart from one frame of it, or from its label map."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from EchoSynthLib.anatomy.beam import BEAM_SHAPE, to_beam_space
from EchoSynthLib.anatomy.bilinear import Bilinear
from EchoSynthLib.anatomy.sector.geometry import Sector
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.parallel.threads import on_each_core
from EchoSynthLib.synthesis import SpeckleDrawer
from EchoSynthLib.synthesis.beating.aging import aged
from EchoSynthLib.synthesis.beating.grids import Grids, doubled, on_doubled
from EchoSynthLib.synthesis.beating.leaflets import LeafletLayer, leaflets_of, swept
from EchoSynthLib.synthesis.beating.look import TYPICAL_EJECTION, Look
from EchoSynthLib.synthesis.beating.texture import MARGIN, Beams, Fine, inpainted, taken_apart
from EchoSynthLib.types import LabelMap, Progress

Follower = Callable[[int, NDArray[np.float32]], None]
AT_ONCE = 16
"""Frames whose noise is held in memory."""
_INNER = tuple(slice(margin, -margin) for margin in MARGIN)


class Beating(Protocol):
    """What a painter has to know of a beat; see `beat.HeartBeat`."""

    @property
    def mitral_opening(self) -> NDArray[np.float64]:
        """(T,) how far the mitral valve is open, 0 to 1."""
        ...

    @property
    def volume(self) -> NDArray[np.float64]:
        """(T,) of the cavity, where end-diastole has 1."""
        ...

    @property
    def times_ms(self) -> NDArray[np.float64]:
        """(T,) of the frames."""
        ...

    @property
    def given(self) -> int:
        """The frame at the given one's phase, or -1."""
        ...

    @property
    def given_opening(self) -> float:
        """How far the mitral valve is open in the given frame."""
        ...

    @property
    def given_volume(self) -> float:
        """Of the cavity in the given frame."""
        ...

    def displacement(self, t: int) -> NDArray[np.float32]:
        """(2, H, W) pixels: x of frame t lies at x + u(x) in the given frame."""
        ...


class Painter:
    """Draws frames of one heart.

    What stays with the tissue is carried along from the given frame; speckle ages, in milliseconds, and keeps the size
    of its grains; leaflets swing; tissue brightens in systole as it does in real hearts.

    Args:
        image: (H, W) uint8, the given frame; None draws one from the label map.
        label_map: (H, W) in CAMUS codes, of that frame.
        sector: the ultrasound sector on the same grid; nothing outside it changes.
        view: '2CH' or '4CH'.
        seed: of all that is drawn by chance.
        generator: that draws frames, and speckle.
        look: what else drawing rests on.

    Attributes:
        frame: (H, W) uint8, the given frame, or the one that was drawn.

    Raises:
        InputError: image and label map are on different grids.
    """

    def __init__(
        self,
        image: NDArray[np.uint8] | None,
        label_map: LabelMap,
        sector: Sector,
        view: str,
        seed: int,
        generator: SpeckleDrawer,
        look: Look | None = None,
    ) -> None:
        if image is not None and image.shape != label_map.shape:
            raise InputError(
                f"A frame and its label map lie on one grid; given were shapes {image.shape} and {label_map.shape}."
            )
        if image is None:
            image = generator(label_map, sector, view=view, seed=seed)[0][0]
        self.frame: NDArray[np.uint8] = image
        self._seed, self._look = seed, look or Look()
        self._grids = Grids(sector, label_map.shape)
        labels = to_beam_space(label_map, sector, order=0).astype(np.uint8)
        gray = self._grids.of_image(image)
        drawn = generator.redrawn(gray, label_map, sector, view=view, count=2, seed=seed)
        self._material = taken_apart(gray, labels, drawn)
        self._valve, self._pools = self._leaflets(label_map, labels, view)
        systole = np.array(self._look.systole, np.float32)[labels] / np.float32(TYPICAL_EJECTION)
        self._atrium = ndimage.gaussian_filter((labels == CamusCode.LEFT_ATRIUM).astype(np.float32), 3.5)
        self._blood_level, self._blood_spread = self._material.blood_of(labels == CamusCode.LV_CAVITY)
        self._doubled = [
            doubled(field)
            for field in (
                self._valve.bare,
                self._pools,
                ndimage.gaussian_filter(systole, 1.5, mode="nearest"),
                self._atrium,
            )
        ]
        self._on_lattice = Bilinear.at(self._grids.lattice, (label_map.shape[0], label_map.shape[1]))
        self._fine = self._finer_than_beams()

    def _leaflets(self, label_map: LabelMap, labels: NDArray[np.uint8], view: str) -> tuple[LeafletLayer, Beams]:
        """The leaflets, and where there is blood about them."""
        pools = np.isin(labels, (CamusCode.LV_CAVITY, CamusCode.LEFT_ATRIUM))
        soft = ndimage.gaussian_filter(pools.astype(np.float32), 1.0)
        leaflets, structure = leaflets_of(label_map, view), self._material.structure
        touched = sum(swept(leaflets, self._grids.beams), np.zeros_like(structure)) > 0.3
        bare = inpainted(structure, pools & ~touched, 3.0)
        return LeafletLayer(leaflets, structure, bare, soft, self._grids.beams), soft

    def _finer_than_beams(self) -> Fine:
        """What the given frame has that beams are too coarse for."""
        still = np.zeros((2, *self.frame.shape), np.float32)
        own = self._material.white
        rest = np.zeros(self.frame.shape, np.float32)
        inside = self._grids.inside
        resolved = self._structures(self._grids.pixels, (0.0, 0.0, 0.0), 0.0) + self._speckle(still, own, 1.0, 0.0)
        shown = (self.frame[inside] / 127.5).astype(np.float32)
        self._rim = _rim(inside, shown, resolved + 1)
        rest[inside] = shown - self._rim * (resolved + 1)
        fine = Fine.of(rest, inside)
        # Between pixels, as most tissue lies once it has moved.
        noise = np.random.default_rng((self._seed, *b"sharp"))
        tissue, blood = (noise.standard_normal(part.shape, dtype=np.float32) for part in own)
        between = np.full_like(still, 0.2)
        new = self._structures(self._grids.pixels + np.float32(0.2), (0.0, 0.0, 0.0), 0.0) + self._speckle(
            between, (tissue, blood), 0.0, 0.0
        )
        new += fine.speckle(noise.standard_normal(rest.shape, dtype=np.float32), self._grids.pixels, 1.0)
        both = np.zeros((2, *rest.shape), np.float32)
        both[:, inside] = shown, self._rim * (new + 1)
        return fine.as_sharp(*both)

    def cine(
        self, beat: Beating, progress: Progress | None = None, follow: Follower | None = None
    ) -> NDArray[np.uint8]:
        """(T, H, W) uint8, the frames of a beat; what lies outside the sector is as in the given frame.

        Args:
            beat: how the heart moves.
            progress: progress(done, total, message) after each frame; may raise `Cancelled`.
            follow: is called with each frame's number and its displacement, which takes time to find; in any order, and
                in several threads.
        """
        frames, times = len(beat.times_ms), np.asarray(beat.times_ms, np.float64)
        start = max(beat.given, 0)
        whole = (times[-1] - times[0]) * frames / max(frames - 1, 1)
        since = np.abs(times - times[start])
        since = np.minimum(since, whole - since)
        opening = beat.mitral_opening
        emptied = beat.given_volume - np.asarray(beat.volume)
        cine = np.repeat(self.frame[None], frames, axis=0)

        def draw(item: tuple[int, Beams, Beams, NDArray[np.float32]]) -> None:
            t, tissue, blood, fine = item
            displacement = beat.displacement(t)
            if follow is not None:
                follow(t, displacement)
            swing = float(opening[t]), beat.given_opening, float(since[t])
            # In the given frame both are its own speckle, from which each goes its own way.
            alike = self._look.tissue.alike(float(since[t])) * self._look.blood.alike(float(since[t]))
            fresh = self._look.fine.alike(float(since[t]))
            points = self._grids.pixels + displacement[:, self._grids.inside]
            gray = self._structures(points, swing, float(emptied[t]))
            gray += self._speckle(displacement, (tissue, blood), alike, float(emptied[t]))
            gray += self._fine.speckle(fine, points, fresh)
            cine[t, self._grids.inside] = np.clip(np.rint(self._rim * (gray + 1) * 127.5), 0, 255)

        noises, done = self._noises(times, start), 0
        while done < frames:
            for _ in on_each_core(draw, islice(noises, AT_ONCE)):
                done += 1
                if progress is not None:
                    progress(done, frames, "drawing")
        return cine

    def _noises(
        self, times_ms: NDArray[np.float64], start: int
    ) -> Iterator[tuple[int, Beams, Beams, NDArray[np.float32]]]:
        """White noise of tissue, blood, and what is finer, for each frame."""
        look, own = self._look, self._material.white
        three = (
            aged(white, aging, times_ms, start, np.random.default_rng((self._seed, *name)))
            for white, aging, name in (
                (own[0], look.tissue, b"tissue"),
                (own[1], look.blood, b"blood"),
                (self._fine.white, look.fine, b"fine"),
            )
        )
        for (t, tissue), (_, blood), (_, fine) in zip(*three, strict=True):
            yield t, tissue, blood, fine

    def _structures(
        self, points: NDArray[np.float32], swing: tuple[float, float, float], emptied: float
    ) -> NDArray[np.float32]:
        """(N,) gray levels, -1 to 1, without speckle, of the pixels inside the sector, which lie at points (2, N)."""
        at = on_doubled(self._grids.to_beams(points))
        gray, pools, systole, atrium = (at.read(field) for field in self._doubled)
        gray += (gray + 1) * np.float32(emptied) * systole
        gray += self._cleared(emptied) * atrium * np.minimum(self._blood_level - gray, 0)
        gray += self._valve.added(points, self._grids.to_beams, *swing) * pools
        return gray

    def _speckle(
        self, displacement: NDArray[np.float32], white: tuple[Beams, Beams], alike: float, emptied: float
    ) -> Beams:
        """(N,) speckle of the pixels inside the sector: what lasts comes with the tissue, the grain stays."""
        moved = self._grids.lattice + np.stack([self._on_lattice.read(part) for part in displacement])
        places = self._grids.to_beams(moved)
        margin = np.array(MARGIN, np.float32)[:, None, None]
        # Blood's does not last; the nearest samples of white noise are as white.
        carried = [
            ndimage.map_coordinates(part, places + margin, order=order, mode="mirror")
            for part, order in zip(white, (3, 0), strict=True)
        ]
        at = Bilinear.at(places, BEAM_SHAPE)
        share, spread, atrium = (
            at.read(field) for field in (self._material.blood, self._material.spread, self._atrium)
        )
        speckle = self._material.speckle(carried, share, alike)
        spread += self._cleared(emptied) * atrium * np.minimum(self._blood_spread - spread, 0)
        return self._grids.at_pixels((speckle * spread)[_INNER])

    def _cleared(self, emptied: float) -> np.float32:
        """By how much the atrium has become like the ventricle's blood."""
        return np.float32(np.clip(self._look.clearing * emptied / TYPICAL_EJECTION, 0, 1))


def _rim(inside: NDArray[np.bool_], shown: NDArray[np.float32], resolved: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) by how much the pixels at the sector's edge, which lies across them, are darker than what is drawn there."""
    depth = np.rint(ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1][inside]).astype(int)
    rim = np.ones(len(shown), np.float32)
    for pixels in (1, 2):
        at = depth == pixels
        if at.any():
            rim[at] = np.clip(shown[at].sum() / max(float(resolved[at].sum()), 1e-3), 0.3, 1.0)
    return rim

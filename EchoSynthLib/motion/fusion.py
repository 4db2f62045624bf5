"""Label maps of a cine that agree over time: each frame's own, joined with its neighbors' carried onto it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from EchoSynthLib.images.grid import from_grid, reach, to_grid
from EchoSynthLib.motion.flow import flow
from EchoSynthLib.motion.following import on_grid, registered
from EchoSynthLib.parallel.threads import on_each_core
from EchoSynthLib.types import Progress

if TYPE_CHECKING:
    from EchoSynthLib.motion import Registrar

GRID = (112, 112)
"""On which labels are joined, where no network has one of its own."""
REACH_MS = 40.0
"""From a frame to the neighbors that it is joined with; the next ones, where they are farther."""
NEIGHBOR = 0.7
"""Weight of each neighbor where its motion explains the frame, beside 1 of the frame itself: both overrule it."""
CONSISTENT_PX = 2.5
"""Pixels of the network's grid that a point carried to the neighbor and back ends from where it began, at which a
neighbor's weight has fallen to 1 / e."""
ALIKE = 0.5
"""Correlation of gray levels from which on a neighbor has its whole weight."""
WINDOW_PX, LEAST_VARIANCE = 5.0, 25.0
"""Of that correlation: standard deviation of the window, in the network's pixels, and what is added to variances."""
FOLLOWED = 0.7
"""Mean weight of a neighbor in the ventricle, from which on gray levels are believed where a network could be asked. At
8 frames a second 0.5 believed them too often: the ejection fractions of drawn cines were off by a point more."""
AROUND = 8
"""Pixels of the grid, around all that is labeled, in which labels are joined."""
ROUNDS = 2
"""Of joining, so that neighbors' neighbors count as well."""
SHARPER = 3
"""Power that is taken of memberships after a round, so that edges do not spread from round to round."""
DETAIL = 0.25
"""Weight of the frame's own labels at the picture's size, which have finer edges than the grid's."""
LONE, FAR_LONE = 0.85, 0.75
"""Overlap (Dice) of the ventricle with what neighbors make of it, under which a frame stands alone; of frames that are
far apart, where both neighbors of an end-systole may be wrong alike, less is asked."""
SOUND = 0.88
"""Overlap of both neighbors with each other, over which they are believed against a frame."""
DOUBTED = 0.15
"""Weight of a frame that stands alone."""

_CODES = (1, 2, 3)
_VENTRICLE = 2  # planes of cavity and wall, the first ones


@dataclass(frozen=True, eq=False)
class Fused:
    """Label maps that agree over time.

    Attributes:
        label_maps: (T, H, W) uint8.
        repaired: numbers of the frames whose own ventricle both neighbors contradict, and how much of it (Dice) they
            left.
        weights: (T,) mean weight of the neighbors of each frame; 0 of one that was taken as it is.
    """

    label_maps: NDArray[np.uint8]
    repaired: dict[int, float]
    weights: NDArray[np.float64]


def fused(
    frames: NDArray[np.uint8],
    label_maps: NDArray[np.uint8],
    frame_time: float,
    tell: Progress,
    *,
    registrar: Registrar | None = None,
    blank: Collection[int] = (),
    doubted: Collection[int] = (),
) -> Fused:
    """Join each frame's labels with those of the frames before and after it, carried onto it by the motion between.

    At each pixel the likeliest code counts, where a neighbor weighs the less the worse the motion found explains the
    frame: by gray levels that do not become alike, and by points that do not come back. So a fast systole of few
    frames, whose neighbors explain it badly, stays as it is.

    Args:
        frames: (T, H, W).
        label_maps: (T, H, W) in CAMUS codes.
        frame_time: milliseconds.
        tell: progress(done, total, message).
        registrar: finds the motion where a frame takes so long that the heart moves far meanwhile, and gray levels,
            which are followed first (see `flow.flow`), do not explain it.
        blank: numbers of frames that show nothing; their label maps stay as they are, and are no neighbors.
        doubted: numbers of frames whose own labels are known to be wrong.
    """
    shown = [index for index in range(len(frames)) if index not in blank]
    step = max(1, round(REACH_MS / frame_time))
    # What shows nothing is stepped over.
    around = {
        index: [shown[other] for other in (number - step, number + step) if 0 <= other < len(shown)]
        for number, index in enumerate(shown)
    }
    pairs = [(other, index) for index in shown for other in around[index]]
    weights = np.zeros(len(frames))
    if not pairs:
        return Fused(label_maps.copy(), {}, weights)
    grid = GRID if registrar is None else (registrar.grid[0], registrar.grid[1])
    seen = np.stack([on_grid(frame, grid) for frame in frames])
    soft = np.stack(list(on_each_core(lambda labels: _memberships(labels, grid), list(label_maps))))
    labeled = _labeled(soft)
    if labeled is None:
        return Fused(label_maps.copy(), {}, weights)
    # Beside what is labeled in any frame nothing has to be carried.
    soft = soft[:, :, *labeled]
    ways = _ways(_Gray(), pairs, seen, labeled, tell)
    if registrar is not None:
        far = [
            pair
            for pair in pairs
            if min(_explained(ways[each], soft[each[1]]) for each in (pair, pair[::-1])) < FOLLOWED
        ]
        ways |= _ways(registrar, far, seen, labeled, tell)
    own = np.ones(len(frames))
    own[list(doubted)] = DOUBTED
    repaired: dict[int, float] = {}
    for index in shown:
        weights[index] = float(np.mean([ways[other, index].weight.mean() for other in around[index]] or [0.0]))
        alike = _contradiction(index, around[index], soft, ways, LONE if registrar is None else FAR_LONE)
        if alike is not None or index in doubted:
            own[index] = DOUBTED
            repaired[index] = 1.0 if alike is None else alike
    joined = soft
    for number in range(ROUNDS):
        share = own if number == 0 else np.ones(len(frames))
        joined = np.stack(
            [
                _joined(index, around.get(index, []), joined, ways, share[index], last=number == ROUNDS - 1)
                for index in range(len(frames))
            ]
        )

    def one(index: int) -> NDArray[np.uint8]:
        planes = np.zeros((len(_CODES), *grid), np.float32)
        planes[:, *labeled] = joined[index]
        return _at_full_size(planes, label_maps[index], DETAIL * own[index])

    found = label_maps.copy()
    for index, labels in zip(shown, on_each_core(one, shown), strict=True):
        found[index] = labels
    return Fused(found, repaired, weights)


class _Gray:
    """Motion by gray levels alone, as a `Registrar` gives it."""

    grid: tuple[int, ...] = GRID

    def __call__(self, moving: NDArray[np.uint8], fixed: NDArray[np.uint8]) -> NDArray[np.float32]:
        return flow(moving, fixed)


@dataclass(frozen=True, eq=False)
class _Way:
    """How labels of a neighbor are read on a frame's grid.

    Attributes:
        first: (n,) flat index of the first of the four pixels that each pixel is mixed from.
        part: (2, n) how far down and across it lies from that one, 0 to 1.
        weight: (rows, columns) of the neighbor, 0 to `NEIGHBOR`.
    """

    first: NDArray[np.int32]
    part: NDArray[np.float32]
    weight: NDArray[np.float32]

    @classmethod
    def of(
        cls, pair: tuple[int, int], fields: dict[tuple[int, int], NDArray[np.float32]], seen: NDArray[np.uint8]
    ) -> _Way:
        """From the neighbor `pair[0]` to the frame `pair[1]`."""
        moving, fixed = pair
        field = fields[pair]
        rows, columns = field.shape[1:]
        places = np.indices((rows, columns), dtype=np.float32) + field
        places = np.clip(places, 0, np.array([rows - 1, columns - 1], np.float32)[:, None, None]).reshape(2, -1)
        low = np.minimum(places.astype(np.int32), np.array([[rows - 2], [columns - 2]], np.int32))
        way = cls(low[0] * columns + low[1], (places - low).astype(np.float32), np.zeros((rows, columns), np.float32))
        missed = field + way.read(fields[fixed, moving])
        consistent = np.exp(-np.square(missed).sum(axis=0) / CONSISTENT_PX**2)
        alike = _correlation(way.read(seen[moving][None].astype(np.float32))[0], seen[fixed].astype(np.float32))
        return replace(way, weight=(NEIGHBOR * consistent * np.clip(alike / ALIKE, 0, 1)).astype(np.float32))

    def read(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Planes (n, rows, columns) of the neighbor, on the frame's grid."""
        flat, columns, (down, across) = planes.reshape(len(planes), -1), planes.shape[2], self.part
        above = flat[:, self.first] * (1 - across) + flat[:, self.first + 1] * across
        below = flat[:, self.first + columns] * (1 - across) + flat[:, self.first + columns + 1] * across
        return (above * (1 - down) + below * down).reshape(planes.shape)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of gray levels around each pixel (H, W): structures count, not speckle, which changes from frame to frame."""

    products = np.stack([one, other, one * one, other * other, one * other])
    a, b, aa, bb, ab = gaussian_filter(products, (0, WINDOW_PX, WINDOW_PX), mode="nearest", truncate=2.0)
    spread = np.sqrt((np.maximum(aa - a * a, 0) + LEAST_VARIANCE) * (np.maximum(bb - b * b, 0) + LEAST_VARIANCE))
    # Where both are as dark, nothing speaks against the motion.
    return ((ab - a * b + LEAST_VARIANCE) / spread).astype(np.float32)


def _memberships(labels: NDArray[np.uint8], grid: tuple[int, int]) -> NDArray[np.float32]:
    """(3, rows, columns), how much of each cell cavity, wall and atrium fill."""
    return np.stack([to_grid((labels == code).astype(np.uint8) * np.uint8(255), grid) / 255 for code in _CODES])


def _ways(
    registrar: Registrar,
    pairs: Sequence[tuple[int, int]],
    seen: NDArray[np.uint8],
    labeled: tuple[slice, slice],
    tell: Progress,
) -> dict[tuple[int, int], _Way]:
    """How labels are read from neighbors, for pairs (neighbor, frame) that come both ways."""
    fields = {
        pair: field[:, *labeled]
        for pair, field in zip(pairs, registered(registrar, seen, pairs, tell, "joining frames"), strict=True)
    }
    around = seen[:, *labeled]
    return dict(zip(pairs, on_each_core(lambda pair: _Way.of(pair, fields, around), pairs), strict=True))


def _explained(way: _Way, soft: NDArray[np.float32]) -> float:
    """Mean weight of a neighbor in a frame's ventricle, 0 to `NEIGHBOR`; that of all, where there is none."""
    inside = soft[:_VENTRICLE].sum(axis=0) > 0.5
    return float(way.weight[inside].mean()) if inside.any() else float(way.weight.mean())


def _labeled(soft: NDArray[np.float32]) -> tuple[slice, slice] | None:
    """Rows and columns of the grid in which anything is labeled in any frame, and some around; None for nowhere."""
    cells = np.any(soft, axis=(0, 1))
    if not cells.any():
        return None
    sides = [np.flatnonzero(np.any(cells, axis=1 - axis)) for axis in (0, 1)]
    rows, columns = (
        slice(max(0, int(side[0]) - AROUND), min(size, int(side[-1]) + 1 + AROUND))
        for side, size in zip(sides, cells.shape, strict=True)
    )
    return rows, columns


def _contradiction(
    index: int,
    around: Sequence[int],
    soft: NDArray[np.float32],
    ways: dict[tuple[int, int], _Way],
    lone: float,
) -> float | None:
    """Overlap of a frame's ventricle with both neighbors', where these agree with each other and not with it."""
    if len(around) < 2:
        return None
    both = [ways[other, index].read(soft[other]) for other in around]
    if _alike(*both) < SOUND:
        return None
    alike = _alike(soft[index], ((both[0] + both[1]) / 2).astype(np.float32))
    return alike if alike < lone else None


def _alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The lesser overlap (Dice) of cavities, and of ventricles with their walls."""
    found = []
    for planes in (slice(0, 1), slice(0, _VENTRICLE)):
        first, second = (picture[planes].sum(axis=0) > 0.5 for picture in (one, other))
        total = int(first.sum() + second.sum())
        found.append(2 * int((first & second).sum()) / total if total else 1.0)
    return min(found)


def _joined(
    index: int,
    around: Sequence[int],
    soft: NDArray[np.float32],
    ways: dict[tuple[int, int], _Way],
    own: float,
    last: bool,
) -> NDArray[np.float32]:
    if not around:
        return soft[index]
    total = np.full(soft.shape[2:], own, np.float32)
    mixed = own * soft[index]
    for other in around:
        way = ways[other, index]
        mixed = mixed + way.weight * way.read(soft[other])
        total += way.weight
    mixed = mixed / total
    if last:
        return mixed.astype(np.float32)
    sharp = np.concatenate([np.maximum(1 - mixed.sum(axis=0, keepdims=True), 0), mixed]) ** SHARPER
    return (sharp[1:] / sharp.sum(axis=0)).astype(np.float32)


def _at_full_size(planes: NDArray[np.float32], own: NDArray[np.uint8], detail: float) -> NDArray[np.uint8]:
    """The likeliest code of each pixel (H, W), from memberships on the grid and the frame's own labels."""
    found = np.zeros_like(own)
    shape = (own.shape[0], own.shape[1])
    box = reach(planes.max(axis=0) > 0.05, shape)
    if box is None:
        return found
    shares = from_grid(planes, shape, box)
    beside = 1 - shares.sum(axis=0)
    labels = own[box]
    best, code = beside + detail * (labels == 0), np.zeros(labels.shape, np.uint8)
    for number, plane in zip(_CODES, shares, strict=True):
        plane += detail * (labels == number)
        code[plane > best] = number
        np.maximum(best, plane, out=best)
    found[box] = code
    return found

"""Ultrasound that shows no heart: organs and vessels in sectors, layers under linear probes, phantoms; and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from EchoSynthLib.classification.views.drawn.fields import Field, in_sector, smooth, speckled

BEAMS = (144, 80)
ROWS = 150


def tissue_picture(rng: np.random.Generator) -> NDArray[np.uint8]:
    """(H, W): one of them."""
    kind = rng.choice(5, p=(0.35, 0.27, 0.18, 0.12, 0.08))
    if kind == 0:
        image = _sector(speckled(_organs(rng), rng), rng)
    elif kind == 1:
        image = _linear(speckled(_layers(rng), rng), rng)
    elif kind == 2:
        beams = speckled(_phantom(rng), rng)
        image = _linear(beams, rng) if rng.random() < 0.4 else _sector(beams, rng)
    elif kind == 3:
        image = _noise(rng)
        image = _sector(image, rng) if rng.random() < 0.5 else _linear(image, rng)
    else:
        image = _shapes(rng)
    return (255 * np.clip(image, 0, 1)).astype(np.uint8)


def _sector(beams: Field, rng: np.random.Generator) -> Field:
    near = 0.0 if rng.random() < 0.5 else rng.uniform(0.02, 0.7)
    return in_sector(beams, rng.uniform(25, 48), near, ROWS)


def _linear(beams: Field, rng: np.random.Generator) -> Field:
    found: Field = zoom(beams, (ROWS / BEAMS[0], rng.uniform(80, 230) / BEAMS[1]), order=1)
    return found


def _organs(rng: np.random.Generator) -> Field:
    """(R, A) dB: liver, kidneys, bladder, gas, vessels: blobs and lines in uneven tissue."""
    u = rng.uniform
    down, across = np.meshgrid(np.linspace(0, 1, BEAMS[0]), np.linspace(-1, 1, BEAMS[1]), indexing="ij")
    level = smooth(rng, BEAMS, (int(u(3, 12)), int(u(2, 8))), -u(2, 9), u(2, 7))
    for _ in range(rng.integers(0, 6)):
        y, x, high, wide = u(0, 1), u(-1, 1), u(0.02, 0.25), u(0.05, 0.5)
        inside = ((down - y) / high) ** 2 + ((across - x - u(-1, 1) * (down - y)) / wide) ** 2 < 1
        level[inside] += u(-40, -12) if rng.random() < 0.6 else u(3, 12)
        if rng.random() < 0.3:  # enhancement or shadow behind it
            behind = (np.abs(across - x) < wide) & (down > y + high)
            level[behind] += u(-25, 6)
    for _ in range(rng.integers(0, 5)):
        line = u(0.05, 0.95) + u(-0.2, 0.2) * across + u(-0.2, 0.2) * across**2
        level[np.abs(down - line) < u(0.004, 0.03)] += u(5, 18)
    return (level - u(0, 25) * down).astype(np.float32)


def _layers(rng: np.random.Generator) -> Field:
    """(R, A) dB: skin, fat, muscle with its fibers and bright sheaths, bone."""
    u = rng.uniform
    down, across = np.meshgrid(np.linspace(0, 1, BEAMS[0]), np.linspace(-1, 1, BEAMS[1]), indexing="ij")
    level = smooth(rng, BEAMS, (int(u(3, 10)), int(u(1, 5))), -u(2, 8), u(2, 6))
    top = 0.0
    while top < 1:
        thick = u(0.04, 0.4)
        slope, bend = u(-0.12, 0.12), u(-0.08, 0.08)
        edge = down - top - slope * across - bend * across**2
        level[edge > 0] = level[edge > 0] * 0.6 + u(-16, 4)
        level[np.abs(edge) < u(0.004, 0.02)] += u(6, 20)
        if rng.random() < 0.6:  # fibers
            stripes = np.sin(2 * np.pi * (edge * u(8, 30) + across * u(-6, 6)))
            level[(edge > 0) & (edge < thick)] += (u(2, 9) * stripes)[(edge > 0) & (edge < thick)]
        top += thick
    if rng.random() < 0.35:
        bone = down - u(0.3, 0.9) - u(-0.3, 0.3) * across - u(-0.3, 0.3) * across**2
        level[np.abs(bone) < 0.02] += u(10, 22)
        level[bone > 0.02] -= u(15, 40)
    return (level - u(0, 20) * down).astype(np.float32)


def _phantom(rng: np.random.Generator) -> Field:
    """(R, A) dB: even tissue with wires, cysts and targets of other echogenicity in rows."""
    u = rng.uniform
    down, across = np.meshgrid(np.linspace(0, 1, BEAMS[0]), np.linspace(-1, 1, BEAMS[1]), indexing="ij")
    level = np.full(BEAMS, -u(0, 20), np.float32) + smooth(rng, BEAMS, (2, 2), -3, 3)
    for _ in range(rng.integers(1, 4)):
        count, size = rng.integers(2, 9), u(0.012, 0.1)
        strength = u(12, 30) if size < 0.03 else u(-35, 10)
        start, step = rng.uniform((0.05, -0.8), (0.4, 0.8)), rng.uniform((-0.02, -0.4), (0.16, 0.4))
        for k in range(count):
            y, x = start + k * step
            level[((down - y) / size) ** 2 + ((across - x) / (2 * size)) ** 2 < 1] += strength
    return (level - u(0, 30) * down).astype(np.float32)


def _noise(rng: np.random.Generator) -> Field:
    """(R, A): a probe in air, with its reverberations, or noise alone."""
    noise = gaussian_filter(rng.random(BEAMS), (rng.uniform(0, 2), rng.uniform(0, 3)))
    noise = (noise - noise.min()) / (np.ptp(noise) + 1e-6)
    if rng.random() < 0.6:
        down = np.linspace(0, 1, BEAMS[0])[:, None]
        rings = np.exp(-down / rng.uniform(0.05, 0.5)) * (0.6 + 0.4 * np.sin(2 * np.pi * down * rng.uniform(3, 25)))
        noise = noise * rng.uniform(0.05, 0.6) + rings
    return noise.astype(np.float32)


def _shapes(rng: np.random.Generator) -> Field:
    """(H, W): what is no ultrasound at all: photographs, drawings and slices of other scanners are as smooth."""
    shape = (ROWS, int(rng.integers(100, 240)))
    image = smooth(rng, shape, (int(rng.integers(1, 9)), int(rng.integers(1, 9))), 0, 1)
    rows, columns = np.indices(shape) / np.array(shape).reshape(2, 1, 1)
    for _ in range(rng.integers(0, 8)):
        y, x, high, wide = rng.uniform((0, 0, 0.05, 0.05), (1, 1, 0.5, 0.5))
        inside = ((rows - y) / high) ** 2 + ((columns - x) / wide) ** 2 < 1
        if rng.random() < 0.5:
            inside = (np.abs(rows - y) < high) & (np.abs(columns - x) < wide)
        image[inside] = rng.uniform(0, 1) + rng.uniform(0, 0.3) * image[inside]
    return (image + rng.normal(0, rng.uniform(0, 0.1), shape)).astype(np.float32)

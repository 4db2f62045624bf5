"""The networks of Fourier-Net and Fourier-Net+, in two or three dimensions (torch)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.errors import InputError
from EchoSynthLib.motion.fourier.band_limit import real_terms, resampling_matrix
from EchoSynthLib.motion.fourier.spatial_transform import SpatialTransform

SQUARINGS = 7
"""Of the diffeomorphic variants (arXiv 2211.16342, Sec. 3.3)."""


@dataclass(frozen=True)
class Layout:
    """Channels of a registration network, in multiples of its first.

    Attributes:
        encoder: of each level, after its first convolution (with stride 2 on all levels but the finest) and after its
            second.
        decoder: of each level from coarse to fine, after each of its convolutions.
        skips: whether the encoder's levels are joined to the decoder's.
        never_called: layers, (in, out, kernel), that the release builds and never calls: its parameter counts and its
            checkpoints have them.
    """

    encoder: tuple[tuple[int, int], ...]
    decoder: tuple[tuple[int, ...], ...]
    skips: bool = True
    never_called: tuple[tuple[int, int, int], ...] = ()


FOURIER_NET = Layout(
    encoder=((1, 1), (2, 2), (4, 4), (8, 8), (16, 8)),
    decoder=((8, 4), (4, 2)),
    never_called=((4, 4, 3), (4, 2, 3), (3, 2, 3), (2, 2, 3), (2, 2, 2), (2, 2, 2)),
)
FOURIER_NET_PLUS = Layout(encoder=((1, 1), (2, 2), (4, 4), (8, 4)), decoder=((4, 2), (1,)), skips=False)
FOURIER_NET_PLUS_SKIPS = Layout(encoder=((1, 1), (2, 2), (4, 4), (8, 4)), decoder=((4, 2), (2, 2), (2, 1)))
"""'80_80' of the release of 2024: its output is as fine as its input."""


class BandLimit(nn.Module):
    """Pictures (N, C, *samples) on another grid (N, C, *grid), see `band_limit.resample`; real matrices alone."""

    def __init__(self, samples: Sequence[int], grid: Sequence[int], dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.dimensions = len(samples)
        for axis, (few, many) in enumerate(zip(samples, grid, strict=True)):
            matrix = resampling_matrix(few, many)
            for name, part in (("real", matrix.real), ("imag", matrix.imag)):
                self.register_buffer(f"{name}_{axis}", torch.as_tensor(part.copy(), dtype=dtype), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Re of the product with all axes' matrices."""
        terms = []
        for sign, imaginary in real_terms(self.dimensions):
            term = x
            for axis, part in enumerate(imaginary):
                matrix = getattr(self, f"{'imag' if part else 'real'}_{axis}")
                term = (term.movedim(2 + axis, -1) @ matrix.T).movedim(-1, 2 + axis)
            terms.append(sign * term)
        return torch.stack(terms).sum(dim=0)


class RegistrationNet(nn.Module):
    """Two pictures of one grid to a low-resolution field: the encoder, and a decoder that stops early.

    Args:
        spatial_dims: 2 or 3.
        channels: of the first level.
        layout: of all others.
        softsign: ends in Softsign, so that values stay within (-1, 1) (Jia et al. 2023, arXiv 2211.16342; the
            release of 2D Fourier-Net+ has it in its U-Net alone).
    """

    def __init__(self, spatial_dims: int, channels: int, layout: Layout, softsign: bool = False) -> None:
        super().__init__()
        conv = (nn.Conv2d, nn.Conv3d)[spatial_dims - 2]
        transposed = (nn.ConvTranspose2d, nn.ConvTranspose3d)[spatial_dims - 2]

        def convolution(before: int, after: int, stride: int = 1) -> nn.Module:
            return nn.Sequential(conv(before * channels, after * channels, 3, stride, 1), nn.PReLU())

        def upwards(width: int) -> nn.Module:
            return nn.Sequential(transposed(width * channels, width * channels, 2, 2), nn.PReLU())

        first, *coarser = layout.encoder
        enter = nn.Sequential(conv(2, first[0] * channels, 3, 1, 1), nn.PReLU())
        self.encoder = nn.ModuleList([nn.Sequential(enter, convolution(*first))])
        width = first[1]
        for strided, plain in coarser:
            self.encoder.append(nn.Sequential(convolution(width, strided, 2), convolution(strided, plain)))
            width = plain
        self.skips = layout.skips
        self.up, self.decoder = nn.ModuleList(), nn.ModuleList()
        for level, widths in enumerate(layout.decoder):
            self.up.append(upwards(width))
            before = width + (layout.encoder[-2 - level][1] if layout.skips else 0)
            pairs = zip((before, *widths), widths, strict=False)
            self.decoder.append(nn.Sequential(*(convolution(a, b) for a, b in pairs)))
            width = widths[-1]
        self.head = conv(width * channels, spatial_dims, 3, 1, 1, bias=False)
        self.bound = nn.Softsign() if softsign else nn.Identity()
        self.never_called = nn.ModuleList(
            convolution(a, b) if kernel == 3 else upwards(a) for a, b, kernel in layout.never_called
        )
        self.multiple = 2 ** len(coarser)
        self.finer = 2 ** (len(coarser) - len(layout.decoder))

    def forward(self, moving: Tensor, fixed: Tensor) -> Tensor:
        """Pictures (N, 1, *grid) to a field (N, d, *grid / finer)."""
        levels = [torch.cat([moving, fixed], dim=1)]
        for encode in self.encoder:
            levels.append(encode(levels[-1]))
        x, finer = levels[-1], levels[-2::-1]
        for up, decode, skip in zip(self.up, self.decoder, finer, strict=False):
            x = up(x)
            x = decode(torch.cat([x, skip], dim=1) if self.skips else x)
        return self.bound(self.head(x))


class FourierNet(nn.Module):
    """Moving and fixed picture to the displacement from fixed to moving, in pixels of their grid.

    With `image_grid` smaller than `grid` it is Fourier-Net+, whose pictures are band-limited first; with several
    stages a cascade, each stage with weights of its own, whose pictures are warped by all before it. A stage's field
    delta is composed with what the others found: u = delta + u_before o (id + delta).

    Args:
        grid: of the pictures, and of the displacement.
        image_grid: that the network sees.
        channels, layout, softsign: see `RegistrationNet`.
        stages: 1 to 4.
        diffeomorphic: the fields are velocities, integrated by `SQUARINGS` squarings.
        gain: of the network's output, which is in half widths of the grid, as in the release.
        margin: pixels of the grid around the pictures, which are smaller by twice as many. A sum of frequencies is
            periodic: without a margin, what lies at the lower border moves as what lies at the upper one.

    Attributes:
        mixed_precision: in training, the stages' convolutions are of bfloat16, their field is not.

    Raises:
        InputError: the network halves `image_grid` more often than it can be halved.
    """

    def __init__(
        self,
        grid: Sequence[int],
        image_grid: Sequence[int],
        channels: int,
        layout: Layout,
        *,
        stages: int = 1,
        diffeomorphic: bool = False,
        softsign: bool = False,
        gain: float = 1.0,
        margin: int = 0,
    ) -> None:
        super().__init__()
        dimensions = len(grid)
        nets = [RegistrationNet(dimensions, channels, layout, softsign) for _ in range(stages)]
        net = nets[0]
        self.stages = nn.ModuleList(nets)
        if any(side % net.multiple for side in image_grid):
            raise InputError(
                f"Each side of the grid that the network sees is a multiple of {net.multiple}; given was "
                f"{tuple(image_grid)}."
            )
        self.limit = BandLimit(grid, image_grid) if tuple(image_grid) != tuple(grid) else nn.Identity()
        self.decode = BandLimit([side // net.finer for side in image_grid], grid)
        self.diffeomorphic = diffeomorphic
        self.mixed_precision = False
        self.margin = margin
        self.warp = SpatialTransform(grid)
        half = torch.tensor([(side - 1) / 2 for side in grid]).reshape(1, dimensions, *[1] * dimensions)
        self.register_buffer("scale", gain * half, persistent=False)

    def forward(self, moving: Tensor, fixed: Tensor) -> Tensor:
        """Pictures (N, 1, *grid) to the displacement (N, d, *grid) in pixels, components in the order of the axes."""
        if not self.margin:
            return self._displacement(moving, fixed)
        around = (self.margin,) * (2 * (moving.ndim - 2))
        displacement = self._displacement(F.pad(moving, around), F.pad(fixed, around))
        return F.pad(displacement, tuple(-side for side in around))

    def _displacement(self, moving: Tensor, fixed: Tensor) -> Tensor:
        seen = self.limit(fixed)
        displacement: Tensor | None = None
        for stage in self.stages:
            warped = moving if displacement is None else self.warp(moving, displacement)
            delta = self.scale * self.decode(self._field(stage, self.limit(warped), seen))
            if self.diffeomorphic:
                delta = self.warp.exponential(delta, SQUARINGS)
            displacement = delta if displacement is None else self.warp.compose(displacement, delta)
        assert displacement is not None
        return displacement

    def _field(self, stage: nn.Module, moving: Tensor, fixed: Tensor) -> Tensor:
        if not (self.mixed_precision and self.training):
            return stage(moving, fixed)
        with torch.autocast(moving.device.type, torch.bfloat16):
            return stage(moving, fixed).float()

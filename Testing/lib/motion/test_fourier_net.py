"""Fourier-Net: a field of few frequencies is the one field through its samples, and the papers' networks have the
papers' sizes."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.anatomy import deformation  # noqa: E402
from EchoSynthLib.errors import InputError  # noqa: E402
from EchoSynthLib.motion.fourier.band_limit import real_terms, resample, resampling_matrix  # noqa: E402
from EchoSynthLib.motion.fourier.losses import mean_squared_error, roughness  # noqa: E402
from EchoSynthLib.motion.fourier.network import (  # noqa: E402
    FOURIER_NET,
    FOURIER_NET_PLUS,
    SQUARINGS,
    BandLimit,
    FourierNet,
)
from EchoSynthLib.motion.fourier.presets import PAPER  # noqa: E402
from EchoSynthLib.motion.fourier.spatial_transform import SpatialTransform  # noqa: E402
from EchoSynthLib.networks.semantic.cost import multiply_accumulates  # noqa: E402


def padded_by_fft(samples: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """The decoder as the papers describe it: FFT, zeros around the centered spectrum, inverse FFT, real part."""
    spectrum = np.fft.fftshift(np.fft.fftn(samples))
    around = [
        (many // 2 - few // 2, many - few - (many // 2 - few // 2))
        for few, many in zip(samples.shape, grid, strict=True)
    ]
    whole = np.fft.ifftn(np.fft.ifftshift(np.pad(spectrum, around)))
    return whole.real * np.prod(grid) / samples.size


@pytest.mark.parametrize(
    ("few", "many"), [((8, 8), (32, 32)), ((7, 10), (21, 40)), ((6, 9), (13, 17)), ((4, 5, 6), (8, 15, 12))]
)
def test_the_matrices_do_what_the_fourier_transforms_do(few: tuple[int, ...], many: tuple[int, ...]) -> None:
    samples = np.random.default_rng(0).standard_normal(few)
    np.testing.assert_allclose(resample(samples, many), padded_by_fft(samples, many), atol=1e-12)
    module = BandLimit(few, many, torch.float64)
    ours = module(torch.as_tensor(samples)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(ours, padded_by_fft(samples, many), atol=1e-12)


def test_the_decoder_is_the_explicit_fourier_sum() -> None:
    """u(x) = sum_k S_k exp(2 pi i k x / N), the sum over the frequencies that the samples have."""
    samples = np.random.default_rng(1).standard_normal((8, 8))
    k = np.arange(8) - 4
    spectrum = np.fft.fftshift(np.fft.fft2(samples)) / 64
    row, column = 5, 19
    waves = np.exp(2j * np.pi * k[:, None] * row / 32) * np.exp(2j * np.pi * k[None] * column / 32)
    assert resample(samples, (32, 32))[row, column] == pytest.approx((spectrum * waves).sum().real, abs=1e-12)


@pytest.mark.parametrize("few", [7, 9, 15])
def test_a_band_limited_field_is_recovered_from_its_samples(few: int) -> None:
    many = 4 * few
    x = np.arange(many) / many
    field = 1.5 + sum(np.cos(2 * np.pi * k * x + k) / k for k in range(1, few // 2 + 1))
    np.testing.assert_allclose(resample(field[::4], (many,)), field, atol=1e-10)


def test_cropping_a_spectrum_keeps_the_gray_level() -> None:
    image = np.full((32, 48), 0.7)
    np.testing.assert_allclose(resample(image, (16, 24)), 0.7, atol=1e-12)
    assert resampling_matrix(32, 16).shape == (16, 32)
    with pytest.raises(InputError, match="one sample or more"):
        resampling_matrix(0, 4)


def test_the_real_part_of_a_product_has_every_even_choice_of_imaginary_factors() -> None:
    factors = np.random.default_rng(2).standard_normal(3) + 1j * np.random.default_rng(3).standard_normal(3)
    terms = [
        sign * np.prod([f.imag if part else f.real for f, part in zip(factors, parts, strict=True)])
        for sign, parts in real_terms(3)
    ]
    assert len(terms) == 4
    assert sum(terms) == pytest.approx(np.prod(factors).real)


@pytest.mark.parametrize(
    ("name", "channels", "stages", "parameters"),
    [
        ("fourier-net-2d", 8, 1, 379_158),
        ("fourier-net-2d", 16, 1, 1_514_134),
        ("fourier-net-3d", 8, 1, 1_113_766),
        ("fourier-net-3d", 16, 1, 4_449_974),
        ("fourier-net+-2d", 8, 1, 75_429),
        ("fourier-net+-2d", 8, 4, 301_716),
        ("fourier-net+-2d", 16, 1, 300_477),
        ("fourier-net+-3d", 8, 1, 220_733),
        ("fourier-net+-3d", 16, 1, 880_109),
        ("fourier-net+-3d-skips", 8, 1, 281_601),
        ("fourier-net+-3d-skips", 8, 4, 1_126_404),
    ],
)
def test_the_papers_networks_have_the_papers_parameters(name: str, channels: int, stages: int, parameters: int) -> None:
    with torch.device("meta"):
        network = PAPER[name](channels=channels, stages=stages)
    assert sum(weights.numel() for weights in network.parameters()) == parameters


@pytest.mark.parametrize(
    ("name", "grid", "channels", "giga"),
    [
        ("fourier-net-2d", (160, 192), 8, 0.212),
        ("fourier-net-2d", (160, 192), 16, 0.840),
        ("fourier-net-3d", (160, 192, 224), 8, 42.7),
        ("fourier-net+-2d", (80, 96), 8, 0.0333),
        ("fourier-net+-2d", (80, 96), 16, 0.131),
        ("fourier-net+-3d", (80, 96, 112), 8, 4.76),
        ("fourier-net+-3d-skips", (80, 96, 112), 8, 19.6),
    ],
)
def test_the_papers_networks_cost_the_papers_operations(
    name: str, grid: tuple[int, ...], channels: int, giga: float
) -> None:
    """Multiply-accumulates of the convolutions; the papers count nothing of warping and of Fourier transforms."""
    with torch.device("meta"):
        network = PAPER[name](channels=channels)
        picture = torch.empty(1, 1, *grid)
        counted = multiply_accumulates(network.stages[0], picture, picture)
    assert counted / 1e9 == pytest.approx(giga, rel=0.02)


def small(grid: tuple[int, ...] = (32, 48), **options: object) -> FourierNet:
    torch.manual_seed(0)
    network = FourierNet(grid, tuple(side // 2 for side in grid), 4, FOURIER_NET_PLUS, **options).eval()
    for stage in network.stages:
        torch.nn.init.normal_(stage.head.weight, std=0.02)
    return network


def pictures(grid: tuple[int, ...], count: int = 2) -> torch.Tensor:
    return torch.rand(2, count, 1, *grid, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("grid", [(32, 48), (16, 32, 48)])
@pytest.mark.parametrize("diffeomorphic", [False, True])
def test_a_batch_moves_as_its_pairs_alone(grid: tuple[int, ...], diffeomorphic: bool) -> None:
    network = small(grid, stages=2, diffeomorphic=diffeomorphic)
    moving, fixed = pictures(grid)
    with torch.no_grad():
        together = network(moving, fixed)
        alone = torch.cat([network(m[None], f[None]) for m, f in zip(moving, fixed, strict=True)])
    assert together.shape == (2, len(grid), *grid)
    assert float(together.abs().max()) > 0.01
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_a_cascade_of_one_stage_is_the_network_itself_and_each_stage_has_its_own_weights() -> None:
    one, two = small(stages=1), small(stages=2)
    two.stages[0].load_state_dict(one.stages[0].state_dict())
    moving, fixed = pictures((32, 48))
    with torch.no_grad():
        torch.nn.init.zeros_(two.stages[1].head.weight)
        torch.testing.assert_close(two(moving, fixed), one(moving, fixed), atol=1e-5, rtol=1e-4)
    assert two.stages[0].head.weight.data_ptr() != two.stages[1].head.weight.data_ptr()


def test_a_grid_that_cannot_be_halved_so_often_is_refused() -> None:
    with pytest.raises(InputError, match="multiple of 8"):
        small((32, 40))


def test_the_diffeomorphic_displacement_is_undone_by_the_opposite_velocity() -> None:
    """As `anatomy.deformation` says it: exp(v) composed with exp(-v) is nothing, and exp(v) does not fold."""
    network = small(diffeomorphic=True)
    velocity = network.decode(torch.randn(1, 2, 8, 12, generator=torch.Generator().manual_seed(5)))
    with torch.no_grad():
        there, back = (network.warp.exponential(sign * velocity, SQUARINGS)[0].numpy() for sign in (1, -1))
    inner = (slice(None), slice(6, -6), slice(6, -6))
    assert np.abs(there).max() > 1
    assert deformation.folding_share(there) == 0
    assert np.abs(deformation.compose(there, back)[inner]).max() < 0.3
    np.testing.assert_allclose(
        there[inner], deformation.exponential(velocity[0].numpy(), squarings=7)[inner], atol=1e-3
    )


@pytest.mark.parametrize("grid", [(20, 30), (10, 12, 14)])
def test_torch_warps_and_composes_as_numpy_does(grid: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(6)
    picture = torch.rand(1, 1, *grid, generator=generator, dtype=torch.float64)
    one, two = torch.randn(2, 1, len(grid), *grid, generator=generator, dtype=torch.float64)
    transform = SpatialTransform(grid).double()
    ours = deformation.warp(picture[0, 0].numpy(), one[0].numpy(), outside=None)
    np.testing.assert_allclose(transform(picture, one)[0, 0].numpy(), ours, atol=1e-6)
    composed = deformation.compose(one[0].numpy(), two[0].numpy())
    np.testing.assert_allclose(transform.compose(one, two)[0].numpy(), composed, atol=1e-5)


def test_a_margin_is_black_around_the_pictures_and_its_displacement_is_dropped() -> None:
    pictures, margin = (32, 32), 16
    whole = (64, 64)
    torch.manual_seed(0)
    network = FourierNet(whole, whole, 4, FOURIER_NET, margin=margin)
    moving, fixed = torch.rand(2, 1, 1, *pictures)
    found = network(moving, fixed)
    assert found.shape == (1, 2, *pictures)
    padded = [torch.nn.functional.pad(frame, (margin,) * 4) for frame in (moving, fixed)]
    network.margin = 0
    torch.testing.assert_close(found, network(*padded)[:, :, margin:-margin, margin:-margin])


@pytest.mark.parametrize("grid", [(32, 32), (16, 16, 16)])
def test_a_network_learns_where_a_ball_went_in_two_dimensions_and_in_three(grid: tuple[int, ...]) -> None:
    axes = torch.meshgrid(*(torch.arange(float(side)) for side in grid), indexing="ij")

    def ball(center: torch.Tensor) -> torch.Tensor:
        squared = sum((axis - place) ** 2 for axis, place in zip(axes, center, strict=True))
        return torch.exp(-squared / (2 * (max(grid) / 8) ** 2))[None, None]

    torch.manual_seed(0)
    network = FourierNet(grid, grid, 4, FOURIER_NET, stages=2, diffeomorphic=True)
    warp = SpatialTransform(grid)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    middle = torch.tensor([side / 2 for side in grid])
    fixed, moved = ball(middle), middle.clone()
    moved[-1] += max(grid) / 8
    moving = ball(moved)
    before = mean_squared_error(moving, fixed).item()
    for _ in range(60):
        displacement = network(moving, fixed)
        loss = mean_squared_error(warp(moving, displacement), fixed) + 1e-4 * roughness(displacement)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = network(moving, fixed)
    assert mean_squared_error(warp(moving, found), fixed).item() < before / 10
    center = tuple(int(place) for place in middle)
    assert found[(0, -1, *center)].item() == pytest.approx(max(grid) / 8, abs=0.25 * max(grid) / 8)

"""Training resizes by torch, the fast path by Pillow: the networks see the same images and label maps of both."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart  # noqa: E402
from EchoSynthLib.images.grid import from_grid, to_grid  # noqa: E402
from EchoSynthLib.synthesis.diffusion.latent_space import one_hot  # noqa: E402
from EchoSynthLib.training.resize import on_grid, resize  # noqa: E402

GRIDS = [(160, 160), (64, 64), (224, 224), (97, 131), (300, 200)]
SHAPES = [(224, 224), (112, 120), (490, 590), (33, 47)]


def speckled(shape: tuple[int, int]) -> np.ndarray:
    """Every pixel another gray level (H, W): what is averaged otherwise shows at once."""
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_segmenter_is_trained_on_what_it_is_shown_later(shape: tuple[int, int], grid: tuple[int, int]) -> None:
    image = speckled(shape)
    trained, shown = on_grid(image[None], grid)[0, 0].numpy(), to_grid(image, grid) / 255
    assert trained.shape == shown.shape == grid
    np.testing.assert_allclose(trained, shown, atol=1e-4)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_frames_that_a_generator_learns_are_stretched_as_the_fast_path_stretches(
    shape: tuple[int, int], grid: tuple[int, int]
) -> None:
    image = speckled(shape)
    learned = resize(torch.from_numpy(image)[None], grid, "area")[0, 0].numpy()
    np.testing.assert_allclose(learned, to_grid(image, grid), atol=0.51)  # Rounded to whole levels.
    # And back onto the image's own grid, as drawn images go.
    smooth = to_grid(image, (8, 8))
    again = torch.from_numpy(smooth)[None, None]
    again = torch.nn.functional.interpolate(again, shape, mode="bilinear", antialias=True)[0, 0].numpy()
    np.testing.assert_allclose(from_grid(smooth[None], shape)[0], again, atol=1e-2)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_label_maps_are_learned_as_they_are_drawn_from(shape: tuple[int, int], grid: tuple[int, int]) -> None:
    label_map = parametric_heart("4CH", shape=(224, 224)).label_map
    codes = torch.from_numpy(np.resize(label_map, shape))[None]
    learned = resize(codes, grid, "nearest-exact")[:, 0]
    drawn_from = one_hot(codes, 4, grid).argmax(dim=1)
    assert torch.equal(learned.long(), drawn_from)

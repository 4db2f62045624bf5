from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.training.blur import blur_each  # noqa: E402

IMAGES = torch.rand(3, 1, 20, 30, generator=torch.Generator().manual_seed(0))


def test_each_image_is_blurred_by_its_own_width_as_scipy_does() -> None:
    blurred = blur_each(IMAGES, torch.tensor([0.5, 1.0, 2.0]), reach=6)
    for image, found, sigma in zip(IMAGES, blurred, (0.5, 1.0, 2.0), strict=True):
        expected = gaussian_filter(image[0].numpy(), sigma, radius=6, mode="nearest")
        np.testing.assert_allclose(found[0].numpy(), expected, atol=1e-5)


def test_a_width_of_zero_leaves_an_image_as_it_is() -> None:
    torch.testing.assert_close(blur_each(IMAGES, torch.zeros(3), reach=4), IMAGES)

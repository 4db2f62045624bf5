"""Targets that follow their frames, and a start from the segmenter's weights."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("monai", reason="monai is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from drawn_camus import drawn_hearts, write_drawn_camus  # noqa: E402
from shipped import needs_segmenter  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from EchoSynthLib import zoo  # noqa: E402
from EchoSynthLib.anatomy.heart2d.parametric import HeartMap  # noqa: E402
from EchoSynthLib.errors import InputError  # noqa: E402
from EchoSynthLib.images.datasets.camus import load_camus_npz  # noqa: E402
from EchoSynthLib.segmentation.contour.network import GRID, MAP, ContourNet, start_from_segmenter  # noqa: E402
from EchoSynthLib.segmentation.contour.pipeline import ContourPipeline  # noqa: E402
from EchoSynthLib.segmentation.contour.point_transforms import follow  # noqa: E402
from EchoSynthLib.segmentation.contour.recipe import ContourLoss, in_beam_space  # noqa: E402
from EchoSynthLib.segmentation.contour.targets import load_targets, make_targets  # noqa: E402
from EchoSynthLib.tasks import find_task  # noqa: E402
from EchoSynthLib.tasks.task import Context  # noqa: E402
from EchoSynthLib.training.augment import affine_grid, probe_grid  # noqa: E402
from EchoSynthLib.training.beam_data import load_beam_data  # noqa: E402


@pytest.fixture(scope="module")
def hearts() -> list[HeartMap]:
    return drawn_hearts()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, hearts: list[HeartMap]) -> Path:
    return write_drawn_camus(tmp_path_factory.mktemp("camus"), hearts)


def blob(place: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """(N, 1, H, W) pictures of one bright spot each, at (N, 2) (column, row) from -1 to 1."""
    rows, columns = ((2 * torch.arange(side) + 1) / side - 1 for side in size)
    away = (columns[None, None, :] - place[:, :1, None]) ** 2 + (rows[None, :, None] - place[:, 1:, None]) ** 2
    return torch.exp(-away / 2 / 0.03**2)[:, None]


def brightest(picture: torch.Tensor) -> torch.Tensor:
    """Center of mass (N, 2) of pictures as (column, row) from -1 to 1."""
    rows, columns = ((2 * torch.arange(side) + 1) / side - 1 for side in picture.shape[2:])
    mass = picture[:, 0] / picture[:, 0].sum(dim=(1, 2), keepdim=True)
    return torch.stack([(mass.sum(dim=1) * columns).sum(dim=1), (mass.sum(dim=2) * rows).sum(dim=1)], dim=1)


@pytest.mark.parametrize("seed", range(3))
def test_points_go_where_an_affine_grid_takes_what_is_seen_there(seed) -> None:
    generator = torch.Generator().manual_seed(seed)
    grid = affine_grid(torch.ones(6), (160, 160), generator)
    place = torch.rand(6, 2, generator=generator) - 0.5
    moved = F.grid_sample(blob(place, (160, 160)), grid, align_corners=False)
    torch.testing.assert_close(follow(place[:, None], grid)[:, 0], brightest(moved), atol=0.01, rtol=0)


def test_points_go_where_another_probe_shows_them() -> None:
    generator = torch.Generator().manual_seed(0)
    place = torch.tensor([[0.1, 0.2], [-0.4, -0.1], [0.3, -0.2], [0.0, 0.3]])
    grid, _ = probe_grid(torch.full((4,), 1.3), GRID, generator)
    shown = F.grid_sample(blob(place, (192, 128)), grid, align_corners=False)
    found = follow(place[:, None], grid)
    seen = F.grid_sample(grid.permute(0, 3, 1, 2), found[:, None], align_corners=False)[:, :, 0, 0]
    torch.testing.assert_close(seen, place, atol=2e-3, rtol=0)
    torch.testing.assert_close(found[:, 0], brightest(shown), atol=0.03, rtol=0)


def test_an_affine_grid_takes_points_beyond_the_frame_too() -> None:
    grid = F.affine_grid(torch.tensor([[[1.0, 0, 0.5], [0, 1, 0]]]), [1, 1, 80, 80], align_corners=False)
    found = follow(torch.tensor([[[-0.9, 0.3]]]), grid)
    torch.testing.assert_close(found, torch.tensor([[[-1.4, 0.3]]]), atol=1e-4, rtol=0)


def test_targets_lie_on_the_endocardium_and_sizes_are_those_of_the_frame(data, hearts) -> None:
    frames = load_camus_npz(data)
    targets = make_targets(frames)
    assert targets.points.shape == (3, 7, 2)
    pixels = np.rint(targets.curve[0] * 224 - 0.5).astype(int)
    from scipy.ndimage import distance_transform_edt

    cavity = hearts[0].label_map == 1
    to_border = np.where(cavity, distance_transform_edt(cavity), distance_transform_edt(~cavity))
    assert to_border[tuple(pixels.T)].max() <= 3
    np.testing.assert_allclose(targets.size[0], np.array(hearts[0].spacing) * 224, rtol=1e-5)
    # Of the third heart only the native aspect is known.
    np.testing.assert_allclose(targets.size[2, 1] / targets.size[2, 0], 549 / 389, rtol=1e-5)


def test_targets_are_derived_once_and_a_frame_without_endocardium_is_named(data, tmp_path) -> None:
    cache = tmp_path / "targets.npz"
    first = load_targets(data, cache)
    stamp = cache.stat().st_mtime_ns
    np.testing.assert_array_equal(load_targets(data, cache).curve, first.curve)
    assert cache.stat().st_mtime_ns == stamp
    first_stat = data.stat()
    flipped = load_camus_npz(data).label[:, :, ::-1].copy()
    other = tmp_path / data.name
    with np.load(data) as file:
        np.savez(other, **({name: file[name] for name in file.files} | {"label": flipped}))
    other.with_name("index.csv").write_bytes(data.with_name("index.csv").read_bytes())
    os.utime(other, ns=(first_stat.st_atime_ns, first_stat.st_mtime_ns - 10**12))  # Older than the cache.
    np.testing.assert_allclose(load_targets(other, cache).curve, make_targets(load_camus_npz(other)).curve)
    frames = load_camus_npz(data)
    frames.label[1][frames.label[1] == 1] = 2
    with pytest.raises(InputError, match=r"patient0001_4CH_ED cannot be trained on"):
        make_targets(frames)


def test_a_batch_shows_each_curve_where_its_heart_is(data, tmp_path) -> None:
    frames, targets = load_beam_data(data, tmp_path / "beam.npz"), load_targets(data, tmp_path / "targets.npz")
    train = frames.split == "train"
    loss = ContourLoss(frames.part("train"), targets.select(train), "cpu", seed=0)
    images, lines, size, seen = loss.batch(torch.Generator().manual_seed(0))
    assert images.shape == (8, 1, *GRID)
    assert lines.shape == (8, 207, 2)
    assert (size.shape, seen.shape) == ((8, 2), (8, 7))
    # The drawn cavity is dark: the middle of each curve is darker than its wall side.
    for picture, curve in zip(images, lines[:, 7:], strict=True):
        middle = curve.mean(dim=0)
        grown, shrunk = middle + 1.25 * (curve - middle), middle + 0.6 * (curve - middle)
        wall, cavity = (
            F.grid_sample(picture[None], 2 * part[None, None] - 1, align_corners=False)[0, 0, 0, 40:160]
            for part in (grown, shrunk)
        )
        assert cavity.mean() < wall.mean()


def test_points_in_beam_space_come_back_from_it(data, tmp_path) -> None:
    frames, targets = load_beam_data(data, tmp_path / "beam.npz"), load_targets(data, tmp_path / "targets.npz")
    beam = in_beam_space(targets.points, frames).numpy()
    for i in range(3):
        sector = frames.sector(i)
        angle = sector.angle_left + beam[i, :, 0] * sector.opening_angle
        pixels = np.stack(sector.cartesian(beam[i, :, 1] * sector.radius_far, angle), axis=1)
        np.testing.assert_allclose((pixels + 0.5) / 224, targets.points[i], atol=1e-5)


@needs_segmenter
def test_the_network_starts_with_the_segmenters_eyes() -> None:
    from safetensors.torch import load_file

    weights = load_file(zoo.find("segmenter").path / zoo.WEIGHTS)
    network = ContourNet()
    start_from_segmenter(network, weights)
    name = "0.conv.unit0.conv.weight"
    torch.testing.assert_close(network.body.state_dict()[name], weights[f"segmenter.unet.model.{name}"].float())
    logits, distance = network(torch.rand(2, 1, *GRID))
    assert (logits.shape, distance.shape) == ((2, 7, *MAP), (2, *MAP))


@needs_segmenter
@pytest.mark.slow
def test_training_makes_a_model_that_draws_contours(data: Path, hearts: list[HeartMap], tmp_path: Path) -> None:
    for package in ("onnx", "onnxscript"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    task = find_task("train").build({"system": "contour", "data": data, "output": tmp_path, "iterations": 3})
    task.run(Context())
    model = zoo.verify(tmp_path / "contour")
    del model
    config = zoo.folders.read(tmp_path / "contour").config
    found = ContourPipeline.from_folder(tmp_path / "contour", config)(hearts[0].label_map * 60)
    assert found.points.shape == (7, 2)
    assert config["figures"].keys() >= {"apex, mm"}

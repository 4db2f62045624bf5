"""E-Pix2Vox++: the paper's networks have the paper's sizes, and one convolution is all that makes it differ from its
parent."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.errors import InputError  # noqa: E402
from EchoSynthLib.networks.semantic.cost import multiply_accumulates  # noqa: E402
from EchoSynthLib.reconstruction.pix2vox.encoder import Convolution  # noqa: E402
from EchoSynthLib.reconstruction.pix2vox.network import Layout, Merger, Pix2Vox, parameters_of  # noqa: E402
from EchoSynthLib.reconstruction.pix2vox.presets import PAPER, SMALL  # noqa: E402

TINY = Layout(
    grid=16,
    picture=32,
    stem=(8, 8),
    head=(Convolution(16, padding=1),),
    activation="relu",
    cube=4,
    decoder=(8, 8),
    merger=(4, 2),
    refiner=(4, 8),
)


@pytest.mark.parametrize(
    ("grid", "encoder", "decoder", "merger", "refiner"),
    [
        (32, 5_576_768, 55_854_424, 17_877, 34_880_352),
        (64, 1_847_680, 9_216_504, 8_571, 34_943_920),
        (128, 6_298_432, 71_714_264, 8_571, 34_959_320),
    ],
)
def test_the_papers_networks_have_the_papers_parameters(
    grid: int, encoder: int, decoder: int, merger: int, refiner: int
) -> None:
    with torch.device("meta"):
        network, parent = Pix2Vox(PAPER[grid], 9), Pix2Vox(PAPER[grid], 9, merges_features=False)
    parts = [parameters_of([part]) for part in (network.encoder, network.decoder, network.merger, network.refiner)]
    assert parts == [encoder, decoder, merger, refiner]
    assert parameters_of([network.view_merge]) == 9 * 27 + 1 + 2  # kernel, bias, and both of the normalization
    assert parameters_of([parent]) == sum(parts)


@pytest.mark.parametrize(
    ("grid", "views", "parent", "efficient"),
    [
        (128, 9, 278.227_345_92, 74.656_588_288),
        (128, 2, 66.668_929_536, 41.222_971_904),
        (64, 9, 47.063_122_944, 24.170_398_72),
        (64, 2, 12.626_101_248, 9.764_897_792),
        (32, 9, 56.736_696_32, 45.041_044_224),
    ],
)
def test_the_papers_networks_cost_the_papers_operations(grid: int, views: int, parent: float, efficient: float) -> None:
    """Giga multiply-accumulates of one heart."""
    with torch.device("meta"):
        networks = [Pix2Vox(PAPER[grid], views, merges_features=merges) for merges in (False, True)]
        picture = torch.empty(1, views, 3, 224, 224)
        counted = [multiply_accumulates(network, picture) / 1e9 for network in networks]
    assert counted == pytest.approx([parent, efficient], rel=1e-9)
    if (grid, views) == (128, 9):
        assert counted[1] / counted[0] < 0.27


@pytest.mark.parametrize("views", [2, 3, 9])
@pytest.mark.parametrize("grid", sorted(SMALL))
def test_small_networks_fit_into_ten_megabytes_and_cost_little(grid: int, views: int) -> None:
    with torch.device("meta"):
        network = Pix2Vox(SMALL[grid], views, classes=7)
        operations = multiply_accumulates(network, torch.empty(1, views, *network.picture))
    assert 2 * parameters_of([network]) < 10e6
    assert operations < 1.5e9


def heart(network: Pix2Vox, seed: int = 1, count: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, network.views, *network.picture, generator=generator)


@pytest.mark.parametrize("classes", [1, 5])
@pytest.mark.parametrize("merges", [True, False])
@pytest.mark.parametrize(
    "layout", [TINY, replace(TINY, refiner=()), replace(TINY, merger=(3, 3, 2), merger_joins=True)]
)
def test_what_comes_out_are_probabilities(layout: Layout, merges: bool, classes: int) -> None:
    torch.manual_seed(0)
    network = Pix2Vox(layout, 3, classes, merges_features=merges)
    for volume in network(heart(network)):
        volume = volume.detach()
        assert volume.shape == (2, classes, 16, 16, 16)
        assert 0 <= float(volume.min()) <= float(volume.max()) <= 1
        if classes > 1:
            torch.testing.assert_close(volume.sum(dim=1), torch.ones(2, 16, 16, 16))


def test_with_one_view_and_a_kernel_that_passes_it_on_the_network_is_its_parent() -> None:
    torch.manual_seed(0)
    network, parent = Pix2Vox(TINY, 1).eval(), Pix2Vox(TINY, 1, merges_features=False).eval()
    parent.load_state_dict(network.state_dict(), strict=False)
    convolution, normalization, _ = network.view_merge.layers
    torch.nn.init.dirac_(convolution.weight)
    torch.nn.init.zeros_(convolution.bias)
    normalization.eps = 0.0
    with torch.no_grad():
        for ours, theirs in zip(network(heart(network)), parent(heart(parent)), strict=True):
            torch.testing.assert_close(ours, theirs)


def test_views_that_score_alike_weigh_alike() -> None:
    merger = Merger(TINY, 9).eval()
    torch.nn.init.zeros_(merger.score[0].weight)
    raw = torch.rand(1, 4, 8, 16, 16, 16)
    volumes = torch.rand(1, 4, 1, 16, 16, 16)
    torch.testing.assert_close(merger(raw, volumes), volumes.mean(dim=1))


def test_the_order_of_views_matters_to_the_network_and_not_to_its_parent() -> None:
    torch.manual_seed(0)
    network, parent = Pix2Vox(TINY, 2).eval(), Pix2Vox(TINY, 2, merges_features=False).eval()
    views = heart(parent)
    with torch.no_grad():
        torch.testing.assert_close(parent(views)[1], parent(views.flip(1))[1])
        features = torch.randn(2, 2, 16, 8, 8)
        assert float((network.view_merge(features) - network.view_merge(features.flip(1))).abs().max()) > 0.1


def test_other_views_than_the_network_is_made_for_are_refused() -> None:
    network = Pix2Vox(TINY, 2)
    with pytest.raises(InputError, match="takes 2 views"):
        network(torch.zeros(1, 3, 3, 32, 32))
    with pytest.raises(InputError, match="need a merger"):
        Pix2Vox(replace(TINY, merger=()), 2, merges_features=False)
    with pytest.raises(InputError, match="takes a grid of 16"):
        Pix2Vox(replace(TINY, grid=32), 2)

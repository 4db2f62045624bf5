from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.networks.resnet import ResNet, on_meta, parameter_count, resnet  # noqa: E402


@pytest.mark.parametrize(("classes", "count"), [(4, 11_169_732), (2, 11_169_732 - 2 * 513), (11, 11_169_732 + 7 * 513)])
def test_the_network_of_the_paper_has_as_many_parameters_as_published(classes: int, count: int) -> None:
    assert parameter_count(on_meta("paper", classes)) == count


def test_the_network_of_the_paper_keeps_the_resolution_until_its_second_stage() -> None:
    network = on_meta("paper", 4)
    x = torch.empty(1, 1, 112, 112, device="meta")
    assert network.stem(x).shape == (1, 64, 112, 112)
    assert network.feature_map(x).shape == (1, 512, 14, 14)
    assert network.features(x).shape == (1, 512)
    assert network(x).shape == (1, 4)


def test_its_convolutions_are_seventeen_with_3904_channels() -> None:
    layers = on_meta("paper", 4).convolutions()
    assert len(layers) == 17
    assert sum(layer.out_channels for layer in layers) == 3904


@pytest.mark.parametrize("side", [64, 96, 101])
def test_small_frames_of_any_size_are_classified(side: int) -> None:
    torch.manual_seed(0)
    network = resnet("small", classes=3, dropout=0.1).eval()
    x = torch.randn(2, 1, side, side)
    assert network(x).shape == (2, 3)
    assert network.feature_map(x).min() >= 0
    torch.testing.assert_close(network(x), network.logits(network.features(x)))


def test_each_frame_of_a_batch_is_classified_by_itself() -> None:
    torch.manual_seed(0)
    network = resnet("small", classes=3).eval()
    x = torch.randn(3, 1, 64, 64)
    torch.testing.assert_close(network(x)[1:2], network(x[1:2]), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("blocks", [(2, 2, 2), (2, 2, 2, 0), ()])
def test_blocks_that_are_not_four_stages_are_refused(blocks: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="4 numbers of at least 1"):
        ResNet(2, blocks=blocks)


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"paper, small, tiny.*'large'"):
        resnet("large", 2)

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.networks.unet import UNet  # noqa: E402


@pytest.mark.parametrize("patch", [1, 2])
@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize("channels", [(4,), (4, 8), (4, 8, 12)])
def test_the_output_has_the_size_of_the_input(patch: int, blocks: int, channels: tuple[int, ...]) -> None:
    network = UNet(3, 2, channels, patch=patch, blocks=blocks)
    rows, columns = 2 * network.multiple, 3 * network.multiple
    assert network(torch.randn(2, 3, rows, columns)).shape == (2, 2, rows, columns)


@pytest.mark.parametrize("size", [(12, 16), (16, 12), (1, 1)])
def test_a_size_that_the_levels_do_not_divide_is_refused_with_the_multiple(size: tuple[int, int]) -> None:
    network = UNet(1, 1, (4, 8, 8), patch=2)
    assert network.multiple == 8
    with pytest.raises(ValueError, match=r"multiples of 8.*" + str(size[0])):
        network(torch.zeros(1, 1, *size))


def test_conditioning_changes_the_output() -> None:
    torch.manual_seed(0)
    network, x = UNet(1, 1, (4, 8), embedding=5), torch.randn(1, 1, 8, 8)
    one, two = network(x, torch.zeros(1, 5)), network(x, torch.ones(1, 5))
    assert not torch.allclose(one, two, atol=1e-3)


def test_each_image_of_a_batch_has_its_own_conditioning() -> None:
    torch.manual_seed(0)
    network, x = UNet(1, 1, (4, 8), embedding=5), torch.randn(2, 1, 8, 8)
    told = torch.randn(2, 5)
    alone = torch.cat([network(x[i : i + 1], told[i : i + 1]) for i in range(2)])
    torch.testing.assert_close(network(x, told), alone, atol=1e-5, rtol=1e-5)


def test_encoding_then_decoding_is_the_whole_network() -> None:
    torch.manual_seed(0)
    network, x, told = UNet(2, 1, (4, 8, 12), embedding=3), torch.randn(2, 2, 16, 24), torch.randn(2, 3)
    bottleneck, skips = network.encode(x, told)
    assert bottleneck.shape == (2, network.bottleneck_channels, 16 // network.multiple, 24 // network.multiple)
    assert torch.equal(network.decode(bottleneck, skips, told), network(x, told))


def test_decoding_leaves_the_skip_connections_for_a_second_time() -> None:
    torch.manual_seed(0)
    network = UNet(1, 1, (4, 8))
    bottleneck, skips = network.encode(torch.randn(1, 1, 8, 8))
    assert torch.equal(network.decode(bottleneck, skips), network.decode(bottleneck, skips))


def test_every_weight_has_a_part_in_the_output() -> None:
    torch.manual_seed(0)
    network = UNet(1, 1, (4, 8), embedding=3)
    network(torch.randn(1, 1, 16, 16), torch.randn(1, 3)).square().sum().backward()
    idle = [name for name, weight in network.named_parameters() if weight.grad is None]
    assert not idle

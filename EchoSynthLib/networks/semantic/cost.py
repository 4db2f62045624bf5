"""What a network costs: multiply-accumulates of a call (torch); its parameters diffusers counts."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode


def multiply_accumulates(network: nn.Module, *inputs: object) -> int:
    """Multiply-accumulates of convolutions, linear layers and attention in one call; nothing is computed on "meta"."""
    return multiply_accumulates_of(lambda: network(*inputs))


def multiply_accumulates_of(call: Callable[[], object]) -> int:
    """The same of all that torch does in a call, such as the drawing of a whole image."""
    # torch's counter knows attention as matrix products; of the fused attention on CPUs it counts nothing.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        call()
    return counter.get_total_flops() // 2

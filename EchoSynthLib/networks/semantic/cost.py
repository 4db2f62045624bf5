"""What a network costs: parameters, and multiply-accumulates of one call (torch)."""

from __future__ import annotations

from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def parameter_count(network: nn.Module) -> int:
    """Number of weights that are learnt."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def multiply_accumulates(network: nn.Module, *inputs: object) -> int:
    """Multiply-accumulates of convolutions, linear layers and attention in one call; nothing is computed on "meta"."""
    with FlopCounterMode(display=False) as counter:
        network(*inputs)
    return counter.get_total_flops() // 2

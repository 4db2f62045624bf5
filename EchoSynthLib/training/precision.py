"""Which numbers a device computes fastest with (torch)."""

from __future__ import annotations

import torch


def has_bfloat16(device: str) -> bool:
    """Whether convolutions of bfloat16 are faster than those of float32: on CUDA devices, and processors with AMX."""
    if torch.device(device).type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Processors that only emulate it are slower than with float32. The question came with torch 2.6.
    return torch.device(device).type == "cpu" and getattr(torch.cpu, "get_capabilities", dict)().get("amx_bf16", False)

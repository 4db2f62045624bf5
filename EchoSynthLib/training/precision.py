"""Which numbers a device computes fastest with (torch)."""

from __future__ import annotations

import torch


def has_bfloat16(device: str) -> bool:
    """Whether convolutions of bfloat16 are faster than those of float32: on CUDA devices, and processors with AMX.

    Processors that only emulate it are slower than with float32; torch before 2.6 does not tell which they are.
    """
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return kind == "cpu" and hasattr(torch.cpu, "get_capabilities") and bool(torch.cpu.get_capabilities()["amx_bf16"])

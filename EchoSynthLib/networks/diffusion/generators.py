"""Where a diffusion model's noise comes from (torch)."""

from __future__ import annotations

import numpy as np
import torch


def generator_of(seed: int, *index: int) -> torch.Generator:
    """The generator of item `index` of a batch, on the CPU so that a seed means the same on every device.

    Of one that is drawn several times `index` also tells which time it is.
    """
    word = np.random.SeedSequence([seed, *index]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(word >> np.uint64(1)))

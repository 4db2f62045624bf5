"""Networks that diffusers reads and writes as folders, in safetensors alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from diffusers import ConfigMixin, ModelMixin
from diffusers.utils import is_accelerate_available


class PretrainedNetwork(ModelMixin, ConfigMixin):
    """A module whose config and weights make a folder; weights in a pickle are neither written nor read."""

    config_name = "config.json"

    @classmethod
    def from_pretrained(cls, folder: str | Path, **options: Any) -> Self:
        """The network of a folder that `save_pretrained` wrote, in evaluation mode; `options` as diffusers has them.

        Raises:
            OSError: no weights in safetensors are there.
        """
        lean = {"low_cpu_mem_usage": is_accelerate_available()}  # Left to itself, diffusers warns at each load.
        return super().from_pretrained(folder, **{**lean, **options, "use_safetensors": True})

    def save_pretrained(self, folder: str | Path, **options: Any) -> None:
        """Write config and weights into a folder; `options` as diffusers has them."""
        super().save_pretrained(folder, **{**options, "safe_serialization": True})

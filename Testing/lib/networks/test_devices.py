"""Where torch runs networks."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from EchoSynthLib.errors import InputError  # noqa: E402
from EchoSynthLib.networks.devices import torch_device  # noqa: E402


def test_automatic_takes_a_gpu_where_there_is_one() -> None:
    has_gpu = torch.cuda.is_available() or torch.backends.mps.is_available()
    assert (torch_device("auto").type != "cpu") == has_gpu
    assert torch_device("cpu").type == "cpu"


@pytest.mark.parametrize("name", ["cuda:99", "toaster", "", "meta"])
def test_a_device_that_is_not_here_is_told_with_those_that_are(name: str) -> None:
    with pytest.raises(InputError, match=r"cannot be used here; there are auto, cpu"):
        torch_device(name)

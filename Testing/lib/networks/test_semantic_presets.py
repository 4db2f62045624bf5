"""The networks are as large, and cost as much, as the papers' are."""

from __future__ import annotations

from functools import cache

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

from EchoSynthLib.errors import InputError  # noqa: E402
from EchoSynthLib.networks.semantic.cost import multiply_accumulates  # noqa: E402
from EchoSynthLib.networks.semantic.presets import PAPER, PRESETS, SMALL, build  # noqa: E402

# Millions of parameters and billions of multiply-accumulates per call: Stojanovski et al. 2023 and 2024, counted from
# their code.
PUBLISHED = {
    "SDM": (652.2, 1711),
    "VP": (86.4, 2157),
    "VE": (87.1, 2168),
    "EDM": (359.3, 2333),
    "EDM-L128": (373.9, 604),
    "EDM-L64": (381.7, 163),
}


@cache
def on_meta(model: str, preset: str):
    """The network without memory, and what it takes for one image."""
    chosen = PRESETS[preset][model]
    with torch.device("meta"):
        network = build(model, preset)
        x = torch.empty(1, network.config.channels_in, chosen.side, chosen.side)
        return network, (x, torch.empty(1), torch.empty(1, network.config.classes, chosen.side, chosen.side))


def test_the_semantic_diffusion_model_has_the_published_number_of_parameters() -> None:
    assert on_meta("SDM", "paper")[0].num_parameters(only_trainable=True) == 652_198_918


@pytest.mark.parametrize("model", PUBLISHED)
@torch.no_grad()
@pytest.mark.slow
def test_paper_presets_have_the_published_size_and_cost(model: str) -> None:
    network, (x, c_noise, label) = on_meta(model, "paper")
    millions, billions = PUBLISHED[model]
    assert round(network.num_parameters(only_trainable=True) / 1e6, 1) == millions
    whole = multiply_accumulates(network, x, c_noise, label)
    assert round(whole / 1e9) == billions
    cached = multiply_accumulates(network, x, c_noise, network.modulation(label))
    assert 0.6 < cached / whole < 0.7  # what the label map does is a third of the cost, or more, and needed only once


@pytest.mark.parametrize("model", SMALL)
@torch.no_grad()
def test_small_presets_fit_two_cores(model: str) -> None:
    network, inputs = on_meta(model, "small")
    assert 1e6 < network.num_parameters(only_trainable=True) < 8e6
    assert multiply_accumulates(network, *inputs) < 2e9


def test_both_presets_name_the_same_models() -> None:
    assert list(PAPER) == list(SMALL) == list(PUBLISHED)


@pytest.mark.parametrize(("model", "preset"), [("SDXL", "small"), ("EDM", "huge")])
def test_an_unknown_name_is_refused_with_the_known_ones(model: str, preset: str) -> None:
    with pytest.raises(InputError, match="EDM-L64"):
        build(model, preset)

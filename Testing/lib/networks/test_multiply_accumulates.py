"""Operations are counted as the papers count them: one multiply-accumulate for each weight and place it is used at."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="torch is not installed")

import torch
from torch import nn
from torch.nn import functional as F

from EchoSynthLib.networks.semantic.cost import multiply_accumulates, multiply_accumulates_of


def test_a_convolution_uses_each_weight_at_each_place() -> None:
    assert multiply_accumulates(nn.Conv2d(3, 8, 3, padding=1), torch.zeros(1, 3, 10, 12)) == 3 * 8 * 9 * 10 * 12


def test_a_strided_convolution_is_counted_at_its_output() -> None:
    assert multiply_accumulates(nn.Conv2d(2, 4, 4, 2, 1), torch.zeros(1, 2, 8, 8)) == 2 * 4 * 16 * 4 * 4


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_attention_is_two_matrix_products_wherever_it_is_computed(device: str, context: type) -> None:
    heads, places, width = 2, 16, 8
    query = torch.zeros(1, heads, places, width, device=device)
    with context():
        found = multiply_accumulates_of(lambda: F.scaled_dot_product_attention(query, query, query))
    assert found == 2 * heads * places * places * width


def test_two_calls_cost_twice_as_much() -> None:
    layer, x = nn.Linear(5, 7), torch.zeros(3, 5)
    assert multiply_accumulates(layer, x) == 3 * 5 * 7
    assert multiply_accumulates_of(lambda: (layer(x), layer(x))) == 2 * 3 * 5 * 7

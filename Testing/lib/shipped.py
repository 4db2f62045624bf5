"""Marks for tests that need a shipped model."""

from __future__ import annotations

import pytest

from EchoSynthLib import zoo

_NAMES = {model.name for model in zoo.list_models()}


def _needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(name not in _NAMES, reason=f"the model {name} is not in Resources/Models")


needs_segmenter = _needs("segmenter")
needs_synthetic_segmenter = _needs("segmenter-synthetic")
needs_generator = _needs("beam-flow")
needs_contour = _needs("contour")
needs_beating = _needs("beating")
needs_views = _needs("views")
needs_retrieval = _needs("retrieval")

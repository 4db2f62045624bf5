"""What is told by experts that nobody weighs: baselines of their fusion (numpy)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib.classification.shares import softmax
from EchoSynthLib.classification.sites import Sites

ROUTES = ("max-logit", "MSP", "confidence")
"""The largest logit of any expert; the largest softmax share; the class of the one expert that is the surest, by the
lead of its largest share over the second."""


def routed(logits: NDArray[np.floating], sites: Sites, route: str) -> NDArray[np.int64]:
    """Numbers of classes (N,) among all, of the experts' own logits (N, sum of their classes) side by side."""
    own = [logits[:, sites.columns(site)] for site in sites.names]
    if route == "max-logit":
        return _largest(own, sites)
    shares = [softmax(part) for part in own]
    if route == "MSP":
        return _largest(shares, sites)
    ordered = [np.sort(part, axis=1) for part in shares]
    lead = np.stack([part[:, -1] - part[:, -2] for part in ordered], axis=1)
    told = np.stack([np.array(sites.places(s))[p.argmax(axis=1)] for s, p in zip(sites.names, own, strict=True)], 1)
    return np.take_along_axis(told, lead.argmax(axis=1)[:, None], axis=1)[:, 0]


def _largest(parts: Sequence[NDArray[np.floating]], sites: Sites) -> NDArray[np.int64]:
    best = np.full((len(parts[0]), len(sites.classes)), -np.inf)
    for site, part in zip(sites.names, parts, strict=True):
        places = sites.places(site)
        best[:, places] = np.maximum(best[:, places], part)
    return best.argmax(axis=1)

"""The rows that a fusion learns from: of each look at a frame what all experts saw (torch)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from EchoSynthLib.checksums import sha256_of_file, sha256_of_json
from EchoSynthLib.classification.sites import Sites
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.feature_set import FeatureSet, load_feature_set

FOLDER = "features"


def feature_file(folder: Path, site: str, expert: str) -> Path:
    """Where the feature set of a site's frames by an expert lies."""
    return folder / FOLDER / site / f"{expert}.npz"


@dataclass(frozen=True)
class Rows:
    """N looks at frames of all sites.

    Attributes:
        features: (N, K, F) of all experts, in the order of the sites.
        logits: (N, sum C_k), side by side.
        discrepancy: (N, sum D_k), side by side.
        label: (N,) numbers among all classes.
        site: (N,) number of the site whose frame it is.
        sum: of the files that they are from.
        classes: names of all.
    """

    features: Tensor
    logits: Tensor
    discrepancy: Tensor
    label: Tensor
    site: Tensor
    sum: str
    classes: tuple[str, ...]

    def inputs(self, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the fusion is given of some rows."""
        return self.features[chosen], self.logits[chosen], self.discrepancy[chosen]

    def summary(self, split: str) -> str:
        """In a line for a card."""
        counts = torch.bincount(self.site).tolist()
        return f"feature sets of {len(counts)} sites, split {split}: {', '.join(map(str, counts))} rows; no images"


def rows_of(folder: Path, sites: Sites, split: str) -> Rows:
    """The rows of a split, of all sites, each as all experts see them.

    Raises:
        InputError: a feature set is missing, is of other classes than the site has, or has other rows than the next.
    """
    parts, sums, labels, numbers = [], [], [], []
    for number, site in enumerate(sites.names):
        files = [feature_file(folder, site, expert) for expert in sites.names]
        sums += [sha256_of_file(file) if file.is_file() else "" for file in files]
        sets = [load_feature_set(file) for file in files]
        _check(sets, sites, site)
        chosen = sets[0].split == split
        parts.append([_taken(found, chosen) for found in sets])
        labels.append(np.array(sites.places(site))[sets[0].label[chosen]])
        numbers.append(np.full(int(chosen.sum()), number))
    features = torch.cat([torch.stack([torch.from_numpy(one[0]) for one in sets], dim=1) for sets in parts])
    logits, discrepancy = (
        torch.cat([torch.cat([torch.from_numpy(one[index]) for one in sets], dim=1) for sets in parts])
        for index in (1, 2)
    )
    label, site_number = (torch.from_numpy(np.concatenate(arrays)).long() for arrays in (labels, numbers))
    return Rows(features, logits, discrepancy, label, site_number, sha256_of_json([split, *sums]), sites.classes)


def _taken(found: FeatureSet, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return found.features[chosen], found.logits[chosen], found.discrepancy[chosen]


def _check(sets: list[FeatureSet], sites: Sites, site: str) -> None:
    for found, expert in zip(sets, sites.names, strict=True):
        if found.classes != sites.classes_of[site] or (found.site, found.expert) != (site, expert):
            raise InputError(
                f"The feature set of {site} by {expert} is one of {found.site} by {found.expert} with the classes "
                f"{', '.join(found.classes)}; make it anew with `echosynth experts features`."
            )
        if not np.array_equal(found.label, sets[0].label) or found.logits.shape[1] != len(sites.classes_of[expert]):
            raise InputError(
                f"The feature sets of {site} do not have the same rows; make them anew from the same frames."
            )

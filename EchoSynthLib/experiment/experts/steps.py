"""The steps by which sites join: an expert each, feature sets that travel, and a fusion that learns from those.

A folder of experts has `sites.json`, `experts/<site>` (a model each), `features/<site>/<expert>.npz` with its card, and
`fused/experts`, the model of all.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from EchoSynthLib import zoo
from EchoSynthLib.classification.sites import FILE, Sites, load_sites
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames, load_labeled_frames
from EchoSynthLib.outputs import OutputFolder
from EchoSynthLib.systems import RECIPES, load_torch_pipeline
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.types import Progress

EXPERTS, FEATURES, FUSED = "experts", "features", "fused"


def feature_file(folder: Path, site: str, expert: str) -> Path:
    """Where the feature set of a site's frames by an expert lies."""
    return folder / FEATURES / site / f"{expert}.npz"


def fused_model(folder: Path) -> Path:
    """Where the model of all experts lies."""
    return folder / FUSED / "experts"


def sites_in(folder: Path) -> Sites:
    """Those of a folder; none where it is new."""
    return load_sites(folder) if (folder / FILE).is_file() else Sites({})


def missing(folder: Path) -> list[str]:
    """The feature sets, 'site by expert', that the fusion needs and that are not there."""
    names = sites_in(folder).names
    pairs = ((site, expert) for site in names for expert in names)
    return [f"{site} by {expert}" for site, expert in pairs if not feature_file(folder, site, expert).is_file()]


def add(
    folder: Path,
    data: Path,
    site: str | None,
    *,
    preset: str = "small",
    iterations: int | None = None,
    device: str = "cpu",
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train the expert of a site and make the feature sets of its frames; what other experts made stays as it is.

    It begins with the weights of the first site's expert, where there is one.
    """
    frames = load_labeled_frames(data)
    sites, name = sites_in(folder), site or frames.site
    joined = sites.with_site(name, frames.classes)
    first = next((one for one in sites.names if one != name), None)
    start = None if first is None else folder / EXPERTS / first
    work = folder / "unfinished" / name
    run = TrainingRun(data, work, iterations, device=device, seed=seed, progress=progress)
    made = RECIPES["expert"].train(run, preset=preset, site=name, start=start)
    with OutputFolder(folder / EXPERTS) as hidden:
        shutil.copytree(made, hidden / name)
    shutil.rmtree(work)
    for old in (folder / FEATURES).glob(f"*/{name}.*"):  # made by the expert that was replaced
        old.unlink()
    shutil.rmtree(folder / FEATURES / name, ignore_errors=True)
    joined.save(folder)
    model = zoo.open_folder(folder / EXPERTS / name)
    told = make_features(folder, data, name, seed=seed, progress=progress)
    return {**told, "model": str(model.path), "figures": model.config["figures"]}


def make_features(
    folder: Path, data: Path, site: str | None, *, seed: int = 0, progress: Progress | None = None
) -> dict[str, Any]:
    """Make the feature sets of a site's frames by all experts that have none yet.

    Raises:
        InputError: the site has not been added, or has other classes.
    """
    frames = load_labeled_frames(data)
    sites = sites_in(folder)
    name = _known(sites, frames, site)
    made = []
    for number, expert in enumerate(sites.names):
        file = feature_file(folder, name, expert)
        if progress is not None:
            progress(number, len(sites.names), f"frames of {name} as {expert} sees them")
        if not file.is_file():
            pipeline = load_torch_pipeline(zoo.open_folder(folder / EXPERTS / expert))
            file.parent.mkdir(parents=True, exist_ok=True)
            pipeline.feature_set(frames, name, seed=seed).save(file)
            made.append(str(file))
    return {"site": name, "outputs": {"feature sets": made}}


def train(
    folder: Path,
    *,
    fusion: str = "nmd-wSF",
    iterations: int | None = None,
    device: str = "cpu",
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Learn the fusion from the feature sets, anew; the experts are not touched.

    Raises:
        InputError: there are fewer than two sites, or a feature set is missing.
    """
    if len(sites_in(folder).names) < 2:
        raise InputError(f"{folder} has fewer than two sites; add them with `echosynth experts add`.")
    if lacking := missing(folder):
        raise InputError(
            f"{folder} lacks the feature sets {', '.join(lacking)} (site by expert); make them with `echosynth experts "
            "features` where the site's frames are."
        )
    run = TrainingRun(folder, folder / FUSED, iterations, device=device, seed=seed, resume=False, progress=progress)
    model = zoo.open_folder(RECIPES["experts"].train(run, fusion=fusion))
    return {"outputs": {"model": str(model.path)}, "figures": model.config["figures"]}


def evaluate(folder: Path, data: Path, site: str | None, split: str) -> dict[str, Any]:
    """Judge the fusion on a split of a site's frames: accuracies, the experts' mean weights, and on how many frames the
    site's own expert weighs more than the mean of the others."""
    frames = load_labeled_frames(data).part(split)
    pipeline = load_torch_pipeline(zoo.open_folder(fused_model(folder)))
    name = _known(pipeline.sites, frames, site)
    logits, weights = pipeline.told(frames.image)
    right = logits.argmax(axis=1) == np.array(pipeline.sites.places(name))[frames.label]
    own = pipeline.sites.names.index(name)
    others = np.delete(weights, own, axis=1).mean(axis=1)
    figures = {
        "accuracy": float(right.mean()),
        "balanced accuracy": float(np.mean([right[frames.label == label].mean() for label in np.unique(frames.label)])),
        "own expert weighs more": float((weights[:, own] > others).mean()),
    }
    mean = dict(zip(pipeline.sites.names, weights.mean(axis=0).tolist(), strict=True))
    return {"site": name, "figures": figures, "weights": mean, "outputs": {}}


def _known(sites: Sites, frames: LabeledFrames, site: str | None) -> str:
    name = site or frames.site
    if name not in sites.names:
        known = ", ".join(sites.names) or "none"
        raise InputError(f"There is no site {name!r}; there are {known}. Add it with `echosynth experts add`.")
    if sites.classes_of[name] != frames.classes:
        raise InputError(
            f"The frames have the classes {', '.join(frames.classes)}, and the site {name} was added with "
            f"{', '.join(sites.classes_of[name])}."
        )
    return name

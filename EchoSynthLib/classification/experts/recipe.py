"""How an expert is trained on its site's frames, and the fusion on feature sets alone (torch)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from EchoSynthLib import zoo
from EchoSynthLib.checksums import sha256_of_file
from EchoSynthLib.classification.experts.export import export, fusion_of, load_expert
from EchoSynthLib.classification.experts.network import Expert, FusedExperts
from EchoSynthLib.classification.experts.pipeline import EXPERT, FUSED
from EchoSynthLib.classification.experts.rows import Rows, rows_of
from EchoSynthLib.classification.sites import Sites, load_sites
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames, load_labeled_frames
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.frame_classifier import fit_classifier, summary_of, terms_of_frames
from EchoSynthLib.training.labeled_batches import BATCH, augmented, normalized, prepared
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings

ITERATIONS = {EXPERT: 1000, FUSED: 1000}
"""Where neither iterations nor minutes are asked for."""


def train(
    run: TrainingRun,
    *,
    part: str,
    preset: str = "small",
    site: str = "",
    start: Path | None = None,
    fusion: str = "nmd-wSF",
) -> Path:
    """Train an expert or a fusion; returns the model folder.

    Args:
        run: of an expert, its data are labeled frames; of a fusion the folder that `echosynth experts` made.
        part: 'expert' or 'fused'.
        preset: of an expert's network.
        site: of an expert; '' takes the name that the frames carry.
        start: an expert's folder whose weights it begins with, those of classes of the same name included.
        fusion: one of `network.FUSIONS`.

    Raises:
        InputError: the data are none, or experts do not fit one another.
    """
    run = run.of(ITERATIONS[part])
    torch.manual_seed(run.seed)
    return _train_expert(run, preset, site, start) if part == EXPERT else _train_fusion(run, fusion)


def _train_expert(run: TrainingRun, preset: str, site: str, start: Path | None) -> Path:
    data = load_labeled_frames(run.data)
    frames, val = data.part("train"), data.part("val")
    expert = Expert(len(data.classes), preset)
    if start is not None:
        begin_with(expert, data.classes, start)
    basis = {"recipe": "classification.experts", "preset": preset}
    if start is not None:
        basis["start"] = sha256_of_file(start / zoo.WEIGHTS)
    average, state = fit_classifier(run, expert.network, FrameBatches(frames, run.device), val, basis)
    expert.network.load_state_dict(average.state_dict())
    expert.eval().cpu().mean.copy_(mean_feature(expert, frames))
    sites = Sites({}).with_site(site or data.site or "site", data.classes)
    command = train_command(run.name, run.data, run.output, **run.asked)
    made = Made(summary_of(frames), terms_of_frames(run), command, run.device, summary_of(val))
    about = {"grid": list(data.image.shape[1:]), "preset": preset}
    return export(expert, run.output / run.name, EXPERT, sites, about, state, made)


class FrameBatches:
    """Draws batches of frames and gives the cross-entropy of what a network says of them."""

    def __init__(self, frames: LabeledFrames, device: str) -> None:
        self.device = device
        self.image = torch.from_numpy(frames.image)[:, None]
        self.inside = torch.from_numpy(frames.mask)[:, None]
        self.label = torch.from_numpy(frames.label).long()

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        chosen = torch.randint(0, len(self.image), (BATCH,), generator=moment.generator)
        image, _ = augmented(self.image[chosen].float(), self.inside[chosen], moment.generator)
        return F.cross_entropy(network(normalized(image).to(self.device)), self.label[chosen].to(self.device))


@torch.inference_mode()
def mean_feature(expert: Expert, frames: LabeledFrames) -> Tensor:
    """(D,): the mean over frames of the spatial means of all channels."""
    total = torch.zeros(len(expert.mean), dtype=torch.float64)
    for begin in range(0, len(frames), 4 * BATCH):
        total += expert.network.observed(prepared(frames.image[begin : begin + 4 * BATCH]))[1].double().sum(dim=0)
    return (total / len(frames)).float()


def begin_with(expert: Expert, classes: tuple[str, ...], start: Path) -> None:
    """Give an expert the weights of another one; of the head those of classes that both tell.

    Raises:
        InputError: the other one is of another size, or no expert.
    """
    model = zoo.open_folder(start)
    if model.config.get("part") != EXPERT:
        raise InputError(f"{start} is no expert's folder; an expert begins with the weights of another expert.")
    other = load_expert(start, model.config)
    known = list(model.config["sites"][0]["classes"])
    weights = other.network.state_dict()
    own = expert.network.state_dict()
    for key in ("head.weight", "head.bias"):
        kept = own[key].clone()
        for number, name in enumerate(classes):
            if name in known:
                kept[number] = weights[key][known.index(name)]
        weights[key] = kept
    try:
        expert.network.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(f"The expert {start} has another size than the one to be trained; take its preset.") from error


def _train_fusion(run: TrainingRun, kind: str) -> Path:
    sites = load_sites(run.data)
    rows, val = (rows_of(run.data, sites, split) for split in ("train", "val"))
    models = [zoo.open_folder(run.data / "experts" / name) for name in sites.names]
    experts = [load_expert(model.path, model.config) for model in models]
    grids = {tuple(model.config["grid"]) for model in models}
    if len(grids) != 1:
        raise InputError(f"Experts that are fused take frames of one size; those of {run.data} take {sorted(grids)}.")
    fusion = fusion_of(experts, sites, kind)
    fusion.standardize(rows.features, rows.discrepancy)

    def loss(network: nn.Module, moment: Moment) -> Tensor:
        chosen = torch.randint(0, len(rows.label), (BATCH,), generator=moment.generator)
        logits, _ = network(*(part.to(run.device) for part in rows.inputs(chosen)))
        return F.cross_entropy(logits, rows.label[chosen].to(run.device))

    average, state = run_loop(
        fusion,
        loss,
        Settings(**run.budget, learning_rate=1e-3, weight_decay=1e-4, warm_up=20, ema_decay=0.99, seed=run.seed),
        run.output,
        basis={"recipe": "classification.experts", "fusion": kind, "data": rows.sum},
        resume=run.resume,
        validate=lambda network: accuracies(network.cpu(), val),
        progress=run.progress,
        device=run.device,
    )
    network = FusedExperts(experts, average.cpu())  # type: ignore[arg-type]
    command = train_command(run.name, run.data, run.output, **run.asked)
    terms = "\n\n".join(dict.fromkeys(_terms(model.path) for model in models))
    made = Made(rows.summary("train"), terms, command, run.device, val.summary("val"))
    about = {"grid": list(grids.pop()), "presets": [m.config["preset"] for m in models], "fusion": kind}
    return export(network.eval(), run.output / run.name, FUSED, sites, about, state, made)


@torch.inference_mode()
def accuracies(fusion: nn.Module, rows: Rows) -> dict[str, float]:
    """Share of rows told right, and the mean over classes of that share."""
    logits, _ = fusion(*rows.inputs(torch.arange(len(rows.label))))
    right = (logits.argmax(dim=1) == rows.label).float()
    recalls = torch.stack([right[rows.label == label].mean() for label in rows.label.unique()])
    return {"accuracy": float(right.mean()), "balanced accuracy": float(recalls.mean())}


def _terms(folder: Path) -> str:
    card = (folder / zoo.CARD).read_text(encoding="utf-8")
    return card.partition("## Terms")[2].strip()

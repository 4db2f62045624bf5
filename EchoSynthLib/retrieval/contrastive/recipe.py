"""How views are learned to be found again: drawn hearts and muscles in two scans, real ones scanned again (torch)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus import load_camus_npz
from EchoSynthLib.retrieval.contrastive.batches import Batches
from EchoSynthLib.retrieval.contrastive.drawn.chunks import drawn_scans
from EchoSynthLib.retrieval.contrastive.export import export, pipeline_of
from EchoSynthLib.retrieval.contrastive.judge import ByPipeline, by_correlation, figures
from EchoSynthLib.retrieval.contrastive.losses import info_nce, match_loss
from EchoSynthLib.retrieval.contrastive.network import Matcher, matcher_of
from EchoSynthLib.retrieval.contrastive.paper import train_paper
from EchoSynthLib.retrieval.contrastive.scans import Scans, muscle_sequences, seen_clip, split_by_subject
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import sum_of_data
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings
from EchoSynthLib.training.terms import CAMUS

ITERATIONS = 1_500
"""Where neither iterations nor minutes are asked for."""
DRAWN = 400
"""Hearts, and as many muscles, that are drawn to learn from; `HELD` more are judged on."""
HELD = 20
HELD_SEQUENCES = 0.35
"""Share of the real muscle sequences that are judged on."""
_SAME_VIEW = np.array([[0.0, 1.0], [1.0, 0.0]], np.float32)
"""Of both ends of a patient's beat: nearly the same view."""
MUSCLE_TERMS = """
Also learned from muscle sequences (timvanderzee/ultrasound-automated-algorithm, CC0), where they lay beside CAMUS.
"""
LOSSES = {
    "contrastive": "sweeps of drawn hearts and muscles in two examinations, CAMUS and real muscle scanned again by "
    "simulation; InfoNCE and matches with labels that fall off along the sweep",
    "labels": "the same from scratch by labels of matches alone, without the contrastive loss",
}


def train(run: TrainingRun, *, preset: str = "small", loss: str = "contrastive", drawn: str = str(DRAWN)) -> Path:
    """Train on drawn hearts and muscles, on the train split of a CAMUS `.npz`, and on muscle sequences beside it.

    Returns the model folder it makes. Scans are drawn once and kept in the output folder. Figures are of subjects that
    were not learned from.

    Args:
        run: its data is the CAMUS file; `muscle/sequences.npz` is looked for in the folder that holds its folder.
        preset: 'small', or 'paper' for networks, losses and budget of the publication, see `paper`.
        loss: one of `LOSSES`; of the preset 'small'.
        drawn: number of hearts, and of muscles, to learn from.

    Raises:
        InputError: the data cannot be read, or the loss is none.
    """
    if loss not in LOSSES:
        raise InputError(f"loss is one of {', '.join(LOSSES)}; given was {loss!r:.120}.")
    run = run.of(ITERATIONS)
    torch.manual_seed(run.seed)
    learned, held = _data(run, int(drawn))
    basis = {"recipe": f"retrieval.contrastive, {preset}, {loss}, {drawn} drawn", "data": sum_of_data(run.data)}

    def judged(network: nn.Module) -> dict[str, float]:
        assert isinstance(network, Matcher)
        told = figures(ByPipeline(pipeline_of(network.encoder, network.head)), held)
        return told | figures(by_correlation, held, "correlation alone: ")

    if preset == "paper":
        matcher, state = train_paper(run, learned, basis, judged)
        about = "the paper's: InfoNCE of clips one after another, then a pair head on the frozen backbone"
    else:
        settings = Settings(
            **run.budget, learning_rate=2e-3, weight_decay=0.03, constant=0.3, ema_decay=0.99, clip=5.0, seed=run.seed,
            validate_every=900.0,
        )  # fmt: skip
        made, state = run_loop(
            matcher_of(preset),
            RetrievalLoss(Batches(learned), loss == "contrastive", run.device),
            settings,
            run.output,
            basis=basis,
            resume=run.resume,
            validate=judged,
            progress=run.progress,
            device=run.device,
        )
        assert isinstance(made, Matcher)
        matcher, about = made, LOSSES[loss]
    told = Made(
        f"{drawn} drawn hearts and {drawn} drawn muscles, each swept in two scans of 24 frames; CAMUS, split train; "
        f"{len(learned['sequences'])} real muscle sequences",
        CAMUS + (MUSCLE_TERMS if learned["sequences"] else ""),
        train_command(run.name, run.data, run.output, **run.asked),
        run.device,
        f"held-out split by subject: {HELD} drawn hearts, {HELD} drawn muscles, {len(held['sequences'])} real muscle "
        "sequences",
    )
    return export(matcher, run.output / run.name, state, told, preset, about)


class RetrievalLoss:
    """The mean loss of a batch: which frame is the same, told by embeddings and by the head, and whether any is."""

    def __init__(self, batches: Batches, contrastive: bool, device: str) -> None:
        self.batches, self.contrastive, self.device = batches, contrastive, device

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """Of one batch that the moment's generator draws."""
        batch = self.batches(moment.generator).to(self.device)
        logits, products = network(batch.first, batch.second, batch.means)
        loss = match_loss(logits, batch.same, batch.within)
        if self.contrastive:
            loss = loss + 0.5 * info_nce(products, batch.same)
            # The head has to rank frames, too, of which only those of the same sweep are hard to tell.
            loss = loss + 0.5 * info_nce(logits.masked_fill(~batch.within, -20.0), batch.same, temperature=1.0)
        return loss


def _data(run: TrainingRun, count: int) -> tuple[dict[str, Sequence[Scans]], dict[str, Sequence[Scans]]]:
    """By kind, subjects to learn from and others to be judged on."""
    learned: dict[str, Sequence[Scans]] = {"patients": patients(run.data)}
    held: dict[str, Sequence[Scans]] = {}
    for kind in ("hearts", "muscles"):
        every = drawn_scans(run.output / "drawn", kind, run.seed, count + HELD, run.progress)
        learned[kind], held[kind] = every[:count], every[count:]
    sequences = muscle_sequences(run.data.resolve().parent.parent / "muscle" / "sequences.npz")
    learned["sequences"], held["sequences"] = split_by_subject(sequences, HELD_SEQUENCES, 0)
    return learned, held


def patients(data: Path) -> list[Scans]:
    """Of each patient of the train split and each view both ends of the beat, to be scanned again by simulation."""
    arrays = load_camus_npz(data)
    part = arrays.select(arrays.split == "train")
    by_view: dict[tuple[str, str], list[int]] = {}
    for index, key in enumerate(zip(part.patient, part.view, strict=True)):
        by_view.setdefault((str(key[0]), str(key[1])), []).append(index)
    return [
        Scans(seen_clip(part.image[index]), None, _SAME_VIEW, patient)
        for (patient, _), index in by_view.items()
        if len(index) == 2
    ]

"""How the stages of a cascade are trained, each on its own (torch)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from EchoSynthLib.errors import InputError
from EchoSynthLib.synthesis.video_diffusion.clips import WANTED, Clips, read_clips, sum_of_clips
from EchoSynthLib.synthesis.video_diffusion.export import export
from EchoSynthLib.synthesis.video_diffusion.losses import StageLoss
from EchoSynthLib.synthesis.video_diffusion.network import VideoUNet
from EchoSynthLib.synthesis.video_diffusion.pipeline import stage_name
from EchoSynthLib.synthesis.video_diffusion.presets import Cascade, cascade_of
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import derived
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings, State
from EchoSynthLib.training.terms import FILE, NOBODYS, terms_in

FEWEST = 4
"""Cines to learn from."""
UNTOLD = f"""Terms: as told by whoever trained it. It learned from cines made of patients' images, which came without a
{FILE} beside them; ask before the model is used or passed on. Not for clinical use.
"""


def train(run: TrainingRun, *, cascade: str, labeler: str, preset: str = "small") -> Path:
    """Train a cascade on a folder of cines with their records; returns the model folder it makes.

    Each stage takes its share of the budget, in turn, and learns from the cines themselves, so none depends on how
    well another was trained. One cine in `clips.HELD_OUT` is not learned from.

    Args:
        run: what every recipe is asked for; `run.data` is described by `clips.WANTED`.
        cascade: "1SCM", "2SCM" or "4SCM".
        labeler: the model that labels what the cascade draws.
        preset: "small" or "paper".

    Raises:
        InputError: there is no such cascade or preset, no budget for the paper's size, or too few cines.
    """
    chosen = cascade_of(cascade, preset)
    run = run.of(chosen.iterations)
    origin = sum_of_clips(run.data)
    clips = _clips(run, chosen, origin).part(held_out=False)
    if len(clips) < FEWEST:
        raise InputError(f"A cascade learns from {FEWEST} cines or more; in {run.data} are {len(clips)}. {WANTED}.")
    networks: list[VideoUNet] = []
    states: list[State] = []
    for i in range(len(chosen.stages)):
        part = run.stage(run.output / stage_name(i), i / len(chosen.stages), (i + 1) / len(chosen.stages))
        basis = {"recipe": f"synthesis.video_diffusion, {cascade}, {preset}, stage {i + 1}", "data": origin}
        network, state = train_stage(part, clips, chosen, i, basis)
        networks.append(network)
        states.append(state)
    command = train_command(run.name, run.data, run.output, **run.asked, preset=preset)
    terms = terms_in(run.data, UNTOLD if clips.derived else NOBODYS)
    made = Made(f"{len(clips)} cines of ejection fraction {_range(clips)} %", terms, command, run.device)
    return export(
        networks, run.output / run.name,
        cascade=cascade, preset=preset, labeler=labeler, states=states, made=made,
    )  # fmt: skip


def train_stage(
    run: TrainingRun, clips: Clips, cascade: Cascade, stage: int, basis: dict[str, str]
) -> tuple[VideoUNet, State]:
    """The averaged network of one stage, and how its training ended; `basis` as `training.loop.train` takes it."""
    torch.manual_seed(run.seed + stage)
    settings = Settings(
        **run.budget,
        learning_rate=cascade.learning_rate,
        weight_decay=0.0,
        constant=0.5,
        ema_decay=0.998,
        seed=run.seed,
    )
    loss = StageLoss(_planes(clips, cascade), torch.from_numpy(clips.ejection_fraction), cascade, stage, run.device)
    average, state = run_loop(
        cascade.build(stage), loss, settings, run.output,
        basis=basis, resume=run.resume, progress=run.progress, device=run.device,
    )  # fmt: skip
    assert isinstance(average, VideoUNet)
    return average, state


def _clips(run: TrainingRun, chosen: Cascade, origin: str) -> Clips:
    side = chosen.stages[-1].side

    def make() -> dict[str, np.ndarray]:
        clips = read_clips(run.data, side, chosen.frames, chosen.seconds)
        return {
            "pixels": clips.pixels,
            "ejection_fraction": clips.ejection_fraction,
            "names": np.array(clips.names),
            "derived": np.array(clips.derived),
        }

    kept = derived(run.output / "clips.npz", f"{origin} {side} {chosen.frames} {chosen.seconds}", make)
    return Clips(kept["pixels"], kept["ejection_fraction"], kept["names"].tolist(), bool(kept["derived"]))


def _planes(clips: Clips, cascade: Cascade) -> Tensor:
    """(N, C, T, side, side) bytes; gray levels for every color."""
    return torch.from_numpy(clips.pixels)[:, None].expand(-1, cascade.channels, -1, -1, -1)


def _range(clips: Clips) -> str:
    low, high = (round(100 * float(end(clips.ejection_fraction))) for end in (np.min, np.max))
    return f"{low} to {high}"

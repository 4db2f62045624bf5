"""Seconds per image of the six small diffusion models: our pipeline beside the same network in the libraries' loops.

python Testing/benchmarks/diffusion_speed.py --steps 10 --repeats 3

All take the same number of DDIM steps, one call of the network each, from noise of the same shape, and the same way
from label map to planes and from sample to image. Ours computes what the label map does to the network once; MONAI's
DiffusionInferer and a loop over diffusers' DDIMScheduler hand it the label map at each step. The repeats are
interleaved, and measured in seconds of the processor, which other processes do not lengthen; with OMP_NUM_THREADS=1
they are the seconds that an image takes on an idle core. Weights are untrained: they do not change the time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from diffusers import DDIMScheduler
from monai.inferers import DiffusionInferer
from monai.networks.schedulers import DDIMScheduler as MonaiDDIMScheduler
from torch import Tensor

from EchoSynthLib.anatomy.heart2d.parametric import HeartMap, parametric_heart
from EchoSynthLib.networks.semantic.presets import PAPER
from EchoSynthLib.synthesis.diffusion import recipe
from EchoSynthLib.synthesis.diffusion.diffusers_pipeline import SemanticDiffusionPipeline
from EchoSynthLib.synthesis.diffusion.latent_space import one_hot
from EchoSynthLib.synthesis.diffusion.training_configs import training_config
from EchoSynthLib.synthesis.gamma_latent import presets as gamma_latent

SIDE = 224
AUTOENCODERS = {"L64": "small", "L128": "small-L128"}
VIEW = "4CH"


def main() -> None:
    """Print a row for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--models", nargs="+", choices=tuple(PAPER), default=list(PAPER))
    arguments = parser.parse_args()
    heart = parametric_heart(VIEW, shape=(SIDE, SIDE))
    print(f"{arguments.steps} steps, {SIDE} x {SIDE} pixels, {torch.get_num_threads()} threads")
    print("Processor seconds per image, the least of all runs; ratios: the median of all runs, and those of each")
    print("| model | ours | MONAI | diffusers | MONAI / ours | diffusers / ours | ratios of each run |")
    print("|---|---|---|---|---|---|---|")
    for model in arguments.models:
        print(_row(model, _ways(untrained(model), heart, arguments.steps), arguments.repeats), flush=True)


def untrained(model: str) -> SemanticDiffusionPipeline:
    """The small model as its recipe makes it, before training; a latent one with an untrained autoencoder."""
    chosen = training_config(model, "small")
    pipeline = recipe.untrained(model, "small", chosen, None, seed=0)
    pipeline.network.eval()
    if chosen.latent:
        pipeline.register_modules(autoencoder=gamma_latent.build(AUTOENCODERS[chosen.latent]).eval())
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _ways(pipeline: SemanticDiffusionPipeline, heart: HeartMap, steps: int) -> dict[str, Callable[[], object]]:
    codes, masks = pipeline.check_maps(heart.label_map, heart.sector.mask((SIDE, SIDE)), VIEW)
    noise = torch.randn(1, pipeline.config.channels, *pipeline.grid)
    loops: dict[str, Callable[[Tensor], Tensor]] = {
        "MONAI": lambda label: _monai(pipeline, noise, label, steps),
        "diffusers": lambda label: _diffusers(pipeline, noise, label, steps),
    }

    def ours() -> object:
        return pipeline(heart.label_map, masks[0], VIEW, num_inference_steps=steps, solver="ddim").images

    @torch.no_grad()
    def library(loop: Callable[[Tensor], Tensor]) -> np.ndarray:
        label = one_hot(torch.from_numpy(codes), pipeline.config.classes, pipeline.grid)
        return pipeline.decode(loop(label), masks, "np")

    return {"ours": ours, **{name: lambda loop=loop: library(loop) for name, loop in loops.items()}}


def _predicted(pipeline: SemanticDiffusionPipeline, x: Tensor, timestep: Tensor, label: Tensor) -> Tensor:
    # DDPM's network also gives a variance, which DDIM needs not.
    return pipeline.network(x, timestep.float().reshape(1), label)[:, : pipeline.config.channels]


def _monai(pipeline: SemanticDiffusionPipeline, noise: Tensor, label: Tensor, steps: int) -> Tensor:
    scheduler = MonaiDDIMScheduler(num_train_timesteps=1000)
    scheduler.set_timesteps(steps)

    def network(x: Tensor, timesteps: Tensor, context: Tensor) -> Tensor:
        return _predicted(pipeline, x, timesteps, context)

    inferer: Any = DiffusionInferer(scheduler)
    return inferer.sample(noise, network, scheduler, conditioning=label, verbose=False)


def _diffusers(pipeline: SemanticDiffusionPipeline, noise: Tensor, label: Tensor, steps: int) -> Tensor:
    scheduler = DDIMScheduler()
    scheduler.set_timesteps(steps)
    x = noise
    for timestep in scheduler.timesteps:
        x = scheduler.step(_predicted(pipeline, x, timestep, label), timestep, x).prev_sample
    return x


def _row(model: str, ways: dict[str, Callable[[], object]], repeats: int) -> str:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):
        for name, way in ways.items():
            started = time.process_time()
            way()
            # The first round only warms up.
            if repeat > 0:
                seconds[name].append(time.process_time() - started)
    ratios = {
        name: [theirs / ours for theirs, ours in zip(seconds[name], seconds["ours"], strict=True)]
        for name in ("MONAI", "diffusers")
    }
    figures = [*(f"{min(taken):.2f}" for taken in seconds.values()), *(f"{median(r):.2f}" for r in ratios.values())]
    runs = "; ".join(f"{name} {', '.join(f'{r:.2f}' for r in found)}" for name, found in ratios.items())
    return f"| {model} | {' | '.join(figures)} | {runs} |"


if __name__ == "__main__":
    main()

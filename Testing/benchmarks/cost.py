"""Time and size, each as a ratio or a rate within one run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.anatomy.heart2d.parametric import heart_cycle, parametric_heart
from EchoSynthLib.images.write import write_image, write_label_map


def fastest(call: Callable[[], object], repeats: int = 5) -> float:
    """Least seconds of several calls after one to warm up."""
    call()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def image_seconds(size: int = 256, steps: int | None = None) -> float:
    """One image at the given steps, warm, fast path."""
    heart = parametric_heart(shape=(size, size))
    return fastest(lambda: es.synthesize(heart.label_map, sector=heart.sector, steps=steps))


def spade_forward_seconds(size: int = 256) -> float:
    """One forward pass of MONAI's SPADEDiffusionModelUNet (64, 128, 256) in torch on the same cores."""
    import torch
    from monai.networks.nets import SPADEDiffusionModelUNet

    network = SPADEDiffusionModelUNet(
        spatial_dims=2,
        in_channels=1,
        out_channels=1,
        label_nc=5,
        channels=(64, 128, 256),
        attention_levels=(False, False, False),
        num_res_blocks=1,
        num_head_channels=64,
        norm_num_groups=32,
    ).eval()
    image, label, step = torch.zeros(1, 1, size, size), torch.zeros(1, 5, size, size), torch.zeros(1)
    with torch.inference_mode():
        return fastest(lambda: network(image, timesteps=step, seg=label), repeats=3)


def image_multiply_accumulates(size: int = 256) -> int:
    """Of one image of the default generator at its default steps, counted while torch runs both of its networks."""
    from torch.utils.flop_counter import FlopCounterMode

    from EchoSynthLib.synthesis.beam_flow.export import torch_pipeline

    folder, heart = zoo.find("beam-flow"), parametric_heart(shape=(size, size))
    pipeline = torch_pipeline(folder.path, folder.config)
    with FlopCounterMode(display=False) as counter:
        pipeline(heart.label_map, heart.sector, view="4CH")
    return counter.get_total_flops() // 2


def sdm_multiply_accumulates(size: int = 256, steps: int = 1000) -> int:
    """Of one image of the semantic diffusion model in the paper's size (Stojanovski et al. 2023), in all its steps."""
    import torch

    from EchoSynthLib.networks.semantic.cost import multiply_accumulates
    from EchoSynthLib.networks.semantic.presets import build

    with torch.device("meta"), torch.no_grad():
        network = build("SDM", "paper")
        x = torch.empty(1, network.config.channels_in, size, size)
        label = torch.empty(1, network.config.classes, size, size)
        return steps * multiply_accumulates(network, x, torch.empty(1), label)


def cold_start_seconds(repeats: int = 3) -> float:
    """The whole command `echosynth synthesize`, 8 images, from process start to end."""
    with tempfile.TemporaryDirectory() as folder:
        label_map = Path(folder) / "label_map.nii.gz"
        write_label_map(label_map, parametric_heart().label_map)
        command = [sys.executable, "-m", "EchoSynthLib", "synthesize", str(label_map), "--count", "8", "--quiet"]
        command += ["--output"]
        seconds = []
        for i in range(repeats):
            started = time.perf_counter()
            subprocess.run([*command, str(Path(folder) / f"out{i}")], check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - started)
    return min(seconds)


def cine_rate(frames: int = 60, shape: tuple[int, int] = (490, 590)) -> float:
    """Frames a second of `echosynth segment` on a cine at native resolution, reading and writing counted in."""
    from EchoSynthLib.tasks import find_task
    from EchoSynthLib.tasks.task import Context

    hearts = heart_cycle(4, shape=shape)
    stills = [es.synthesize(h.label_map, sector=h.sector)[0][0] for h in hearts]
    cine = np.stack([stills[i % len(stills)] for i in range(frames)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cine.nrrd"
        write_image(path, cine)
        task = find_task("segment").build({"image": str(path), "output": str(Path(folder) / "out")})
        started = time.perf_counter()
        task.run(Context())
        return frames / (time.perf_counter() - started)


def same_in_every_batch() -> bool:
    """Image i of a seed is the same bit for bit in batches of 1, 3 and 8 and in a second run."""
    heart = parametric_heart()
    batches = [es.synthesize(heart.label_map, sector=heart.sector, count=n, seed=3)[0] for n in (1, 3, 8, 8)]
    return all(np.array_equal(batch, batches[-1][: len(batch)]) for batch in batches)


def weights_megabytes() -> float:
    """All files of the shipped model folders."""
    folders = [zoo.find(name).path for name in ("segmenter", "segmenter-synthetic", "beam-flow", "contour")]
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file()) / 1e6

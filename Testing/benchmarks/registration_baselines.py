"""Baselines of registration: MONAI's VoxelMorph networks, trained as ours are, and SimpleITK's demons.

python Testing/benchmarks/registration_baselines.py --train voxelmorph --output runs/voxelmorph --iterations 10000

trains one on the pairs, the loss and the loop of `motion/fourier/recipe.py`, weakly supervised. Interrupted, or with
--minutes over, the same command goes on from OUTPUT/checkpoint.pt; done, the averaged weights lie in
OUTPUT/model.safetensors, and OUTPUT/trained.json tells what they were trained with. `make bench` looks for each
baseline in runs/NAME (--baselines names another folder than runs). No weights of baselines are shipped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from EchoSynthLib.errors import EchoSynthError, InputError
from EchoSynthLib.images.datasets.camus import find_camus
from EchoSynthLib.motion.fourier import recipe
from EchoSynthLib.motion.fourier.pipeline import MotionPipeline
from EchoSynthLib.motion.fourier.presets import GRID
from EchoSynthLib.outputs import replacing
from EchoSynthLib.training.beam_data import load_beam_data
from EchoSynthLib.training.derived import sum_of_data
from EchoSynthLib.training.export import TorchNetwork
from EchoSynthLib.training.loop import train
from EchoSynthLib.training.precision import has_bfloat16
from EchoSynthLib.training.settings import Settings

Registrar = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.floating]]

WIDTHS = {"voxelmorph": 1, "voxelmorph-x2": 2, "voxelmorph-x4": 4}
"""Channels of each in multiples of MONAI's defaults (16, 32, 32, 32, 32, 32), 32 and (16, 16)."""
LEVELS = (50, 50, 50, 50)
"""Iterations of the demons at shrink factors 8, 4, 2 and 1."""
SMOOTHING = 1.5
"""Standard deviation in pixels of each level."""
WEIGHTS, TOLD = "model.safetensors", "trained.json"


class VoxelMorphNet(nn.Module):
    """MONAI's VoxelMorph (Balakrishnan et al. 2019, IEEE TMI 38:1788), diffeomorphic, as ours are called.

    Args:
        width: of all layers, in multiples of MONAI's defaults.
        mixed_precision: in training, the convolutions are of bfloat16, the field is not.

    Initial values are those of He et al. (2015) for its leaky ReLU, the field begins at 0, as VoxelMorph's does.
    """

    def __init__(self, width: int, mixed_precision: bool = False) -> None:
        super().__init__()
        from monai.networks.nets import VoxelMorph, VoxelMorphUNet

        wide, narrow = 32 * width, 16 * width
        backbone = VoxelMorphUNet(
            spatial_dims=2,
            in_channels=2,
            unet_out_channels=wide,
            channels=(narrow, wide, wide, wide, wide, wide),
            final_conv_channels=(narrow, narrow),
        )
        network = VoxelMorph(backbone, spatial_dims=2)
        self.backbone, self.integrate = network.backbone, network.dvf2ddf
        self.mixed_precision = mixed_precision
        # torch's initial values halve a signal at each layer, and nothing moves for hundreds of iterations.
        *convolutions, last = (layer for layer in self.backbone.modules() if isinstance(layer, nn.Conv2d))
        for layer in convolutions:
            nn.init.kaiming_normal_(layer.weight, a=0.2)
            nn.init.zeros_(layer.bias)
        nn.init.normal_(last.weight, std=1e-5)
        nn.init.zeros_(last.bias)

    def forward(self, moving: Tensor, fixed: Tensor) -> Tensor:
        """Pictures (N, 1, *grid) to the displacement (N, 2, *grid) in pixels: MONAI's, but for the warping after it."""
        pair = torch.cat([moving, fixed], dim=1)
        with torch.autocast(moving.device.type, torch.bfloat16, enabled=self.mixed_precision and self.training):
            velocity = self.backbone(pair)
        return self.integrate(velocity.float())


@dataclass(frozen=True)
class Trained:
    """What a baseline was trained with, and how it did on val with our recipe's own measure."""

    width: int
    iterations: int
    minutes: float
    device: str
    seed: int
    figures: dict[str, float]


def train_voxelmorph(
    width: int,
    data: Path,
    output: Path,
    *,
    iterations: int | None = None,
    minutes: float | None = None,
    device: str = "cpu",
    seed: int = 0,
) -> Path:
    """Train on CAMUS train with our recipe's loss, batches and settings; returns the weights' path."""
    torch.manual_seed(seed)
    output.mkdir(parents=True, exist_ok=True)
    frames = load_beam_data(data, output / "beam_data.npz")
    val = frames.part("val")
    settings = Settings(
        iterations=iterations,
        minutes=minutes,
        learning_rate=1e-3,
        weight_decay=1e-4,
        betas=(0.9, 0.999),
        constant=0.3,
        clip=1.0,
        seed=seed,
    )
    average, state = train(
        VoxelMorphNet(width, has_bfloat16(device)),
        recipe.MotionLoss(frames.part("train"), "labels", device),
        settings,
        output,
        basis={"recipe": f"VoxelMorph of MONAI, width {width}", "data": sum_of_data(data)},
        validate=lambda average: recipe.validate(average, val, device),
        progress=lambda done, of, message: print(f"\r{done} of {of}, {message}", end="", flush=True),
        device=device,
    )
    return save(average, output, Trained(width, state.iteration, state.seconds / 60, device, seed, state.figures))


def save(network: nn.Module, folder: Path, trained: Trained) -> Path:
    """Write a baseline's weights and what they were trained with; see `load`."""
    from safetensors.torch import save_file

    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in network.state_dict().items()}
    with replacing(folder / WEIGHTS) as part:
        save_file(tensors, part)
    with replacing(folder / TOLD) as part:
        part.write_text(json.dumps(asdict(trained), indent=1) + "\n", encoding="utf-8")
    return folder / WEIGHTS


def load(folder: Path) -> tuple[VoxelMorphNet, Trained] | None:
    """A trained baseline in evaluation mode; None where there is none.

    Raises:
        InputError: what lies there is none, or damaged.
    """
    if not (folder / WEIGHTS).exists():
        return None
    from safetensors.torch import load_file

    try:
        trained = Trained(**json.loads((folder / TOLD).read_text(encoding="utf-8")))
        network = VoxelMorphNet(trained.width)
        network.load_state_dict(load_file(folder / WEIGHTS))
    except Exception as error:  # safetensors has errors of its own
        raise InputError(f"{folder} holds no baseline that can be read ({error}); train it anew.") from error
    return network.eval(), trained


def voxelmorph(network: nn.Module) -> Registrar:
    """Frames of any size to the displacement between them, by the same way to the network's grid and back as ours."""
    return MotionPipeline(TorchNetwork(network), {"grid": list(GRID)})


def voxelmorph_on_onnxruntime(network: VoxelMorphNet) -> Registrar:
    """The same with one thread of onnxruntime; squared by our own transform, as MONAI's takes longer there."""
    import copy
    import tempfile

    from EchoSynthLib.motion.fourier.network import SQUARINGS
    from EchoSynthLib.motion.fourier.spatial_transform import SpatialTransform
    from EchoSynthLib.runtime import OnnxNetwork
    from EchoSynthLib.training.export import save_graph, save_weights

    class Exported(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.transform = copy.deepcopy(network.backbone), SpatialTransform(GRID)

        def forward(self, moving: Tensor, fixed: Tensor) -> Tensor:
            return self.transform.exponential(self.backbone(torch.cat([moving, fixed], dim=1)), SQUARINGS)

    exported = Exported().eval()
    frames = {"moving": torch.zeros(1, 1, *GRID), "fixed": torch.zeros(1, 1, *GRID)}
    with tempfile.TemporaryDirectory() as folder:
        save_weights({"voxelmorph": exported}, Path(folder))
        graph = save_graph(exported, "voxelmorph", Path(folder), frames, ["displacement"])
        return MotionPipeline(OnnxNetwork(graph, 1), {"grid": list(GRID)})


def demons(moving: NDArray[np.uint8], fixed: NDArray[np.uint8]) -> NDArray[np.float64]:
    """SimpleITK's demons with symmetric forces, from coarse to fine; (2, H, W) in pixels (row, column).

    Thirion 1998 (Medical Image Analysis 2:243), symmetric forces of Vercauteren et al. 2009 (NeuroImage 45:S61); the
    field is smoothed after each iteration. `LEVELS` and `SMOOTHING` are the best of a dozen tried on val; smoothed
    frames, matched histograms and more iterations were worse.
    """
    import SimpleITK as sitk

    target, source = (sitk.Cast(sitk.GetImageFromArray(frame), sitk.sitkFloat32) for frame in (fixed, moving))
    vectors, field = sitk.sitkVectorFloat64, None
    for level, iterations in enumerate(LEVELS):
        factor = 2 ** (len(LEVELS) - 1 - level)
        small, other = (sitk.BinShrink(image, [factor, factor]) for image in (target, source))
        if field is not None:
            field = sitk.Resample(field, small, sitk.Transform(), sitk.sitkLinear, 0.0, vectors, True)
        step = sitk.FastSymmetricForcesDemonsRegistrationFilter()
        step.SetNumberOfIterations(iterations)
        step.SetStandardDeviations(SMOOTHING)
        step.SetSmoothDisplacementField(True)
        field = step.Execute(small, other) if field is None else step.Execute(small, other, field)
    found = sitk.GetArrayFromImage(sitk.Resample(field, target, sitk.Transform(), sitk.sitkLinear, 0.0, vectors, True))
    return np.ascontiguousarray(np.moveaxis(found, -1, 0)[::-1])


def main() -> None:
    """Train one of the networks, or go on with it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", choices=tuple(WIDTHS), required=True, help="which; -x4 has four times the channels")
    parser.add_argument("--output", type=Path, help="checkpoint.pt and model.safetensors go here; else runs/NAME")
    parser.add_argument("--iterations", type=int, help="of batch 8, the budget; 10000 unless minutes are given")
    parser.add_argument("--minutes", type=float, help="the longest to train now; alone the budget itself")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--data", type=Path, help="camus_224.npz; else that of ECHOSYNTH_DATA")
    arguments = parser.parse_args()
    data = arguments.data or ((folder := find_camus()) and folder / "camus_224.npz")
    if not data:
        sys.exit("CAMUS was not found; name it by ECHOSYNTH_DATA, or give --data.")
    budget = (arguments.iterations, arguments.minutes)
    try:
        weights = train_voxelmorph(
            WIDTHS[arguments.train],
            data,
            arguments.output or Path("runs", arguments.train),
            iterations=recipe.ITERATIONS if budget == (None, None) else arguments.iterations,
            minutes=arguments.minutes,
            device=arguments.device,
        )
    except (EchoSynthError, KeyboardInterrupt) as stopped:
        sys.exit(f"\n{stopped}")
    print(f"\n{weights}\n{json.dumps(json.loads((weights.parent / TOLD).read_text())['figures'], indent=1)}")


if __name__ == "__main__":
    main()

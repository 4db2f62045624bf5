"""Make the folder of a reconstruction model from a trained network (torch)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from EchoSynthLib.reconstruction.pix2vox.network import Pix2Vox, parameters_of
from EchoSynthLib.reconstruction.pix2vox.pipeline import Pix2VoxPipeline
from EchoSynthLib.reconstruction.pix2vox.presets import LAYOUTS
from EchoSynthLib.reconstruction.volume import CLASSES
from EchoSynthLib.training.card import Made, ModelCard
from EchoSynthLib.training.export import TorchNetwork, load_weights, save_graph, save_weights
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.settings import State


class Answer(nn.Module):
    """The network as it is asked: the refined volume alone."""

    def __init__(self, network: Pix2Vox) -> None:
        super().__init__()
        self.network = network

    def forward(self, views: Tensor) -> Tensor:
        """Views (1, V, C, H, W) to probabilities (1, classes, D, H, W)."""
        return self.network(views)[1]


def network_of(config: Mapping[str, Any]) -> Pix2Vox:
    """An untrained network of the size that config.json tells: `preset`, `volume`, `views` and `head`."""
    layout = LAYOUTS[config["preset"]][config["volume"]["side"]]
    return Pix2Vox(layout, len(config["views"]), CLASSES if config["head"] == "structures" else 1)


def export(network: Pix2Vox, folder: Path, state: State, made: Made, config: Mapping[str, Any]) -> Path:
    """Write the model folder, whose last part is the model's name; `config` as `pipeline.Pix2VoxPipeline` needs it."""
    side, voxel = config["volume"]["side"], config["volume"]["voxel_mm"]
    learned = {
        "structures": f"cavities and walls in millimeters, {side} voxels of {voxel:.2f} mm along each side",
        "tissue": f"walls or none, {side} voxels along each side of the heart's own cube",
    }
    card = ModelCard(
        name=folder.name,
        summary=f"A heart from its views: label maps of {', '.join(config['views'])} in, voxels out. The first two "
        "views are needed.",
        network={
            "network": f"E-Pix2Vox++ (arXiv 2207.13424), {config['preset']}: features of {len(config['views'])} views "
            f"merged before the decoder; {parameters_of([network]) / 1e6:.2f} M parameters",
            "learned": learned[config["head"]],
        },
        recipe="`EchoSynthLib/reconstruction/pix2vox/recipe.py`: cross-entropy and soft Dice of the structures, or the "
        "paper's cross-entropy of tissue; pictures turned and shifted a little, views beyond the first two left out at "
        "random",
        made=made,
        trained=f"{state.iteration} iterations of batch {config['batch']} in {state.seconds / 60:.1f} minutes"
        f"{state.told}",
        figures=state.figures,
        measured="overlap (intersection over union), mean over hearts, beside that of the mean shape of the training "
        "hearts, and the error of the left ventricle's volume",
        limits="Made hearts alone were seen in training: what real ones have beyond their shapes is not known to it. "
        "What no view shows - mostly the right heart - is what hearts of that size mostly have.",
    )
    told = {"system": "reconstruction.pix2vox", **config, "figures": dict(state.figures)}

    def write(part: Path) -> None:
        answer = Answer(network)
        save_weights({"pix2vox": answer}, part)
        example = {"views": torch.zeros(1, len(config["views"]), *network.picture)}
        save_graph(answer, "pix2vox", part, example, ["probability"])

    return write_model_folder(folder, told, card, write)


def torch_pipeline(folder: Path, config: Mapping[str, Any]) -> Pix2VoxPipeline:
    """The pipeline with its network run by torch instead of onnxruntime, for comparison."""
    return Pix2VoxPipeline(TorchNetwork(load_weights(Answer(network_of(config)), "pix2vox", folder)), config)

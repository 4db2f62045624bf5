"""A diffusion model small enough for a test: `python tiny_diffusion.py FOLDER` exports an untrained one (torch).

Without torch, `pretend` writes a folder that looks like one to everybody who does not run it.
"""

from __future__ import annotations

import json
import shutil
import struct
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from EchoSynthLib import zoo

CONFIG = {
    "system": "synthesis.diffusion",
    "model": "EDM-L64",
    "preset": "small",
    "process": "edm",
    "solvers": ["euler", "heun", "ddim"],
    "default_solver": "heun",
    "default_steps": 18,
    "grid": [64, 64],
    "latent": True,
}


def pretend(folder: Path) -> Path:
    """A model folder with the config of a diffusion model, and one number for its weights."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "network").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "README.md").write_text(f"# {folder.name}\n\nLabel map to echocardiogram, by diffusion; untrained.\n")
    header = json.dumps({"weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    weights = folder / "network" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(struct.pack("<Q", len(header)) + header + struct.pack("<f", 1.0))
    zoo.write_checksums(folder)
    return folder


def export_untrained(folder: Path) -> None:
    """A latent EDM model with random weights, as training exports it."""
    import torch

    from EchoSynthLib.networks.diffusion.processes.registry import make_process
    from EchoSynthLib.networks.semantic.presets import build
    from EchoSynthLib.synthesis.diffusion.diffusers_pipeline import SemanticDiffusionPipeline
    from EchoSynthLib.synthesis.diffusion.export import export
    from EchoSynthLib.synthesis.gamma_latent import presets as gamma_latent
    from EchoSynthLib.training.card import Made
    from EchoSynthLib.training.settings import State

    torch.manual_seed(0)
    network = build("EDM-L64", "small", width=8, hidden=8).eval()
    pipeline = SemanticDiffusionPipeline(
        network,
        make_process("edm"),
        gamma_latent.build("small", channels=(8, 8, 8)).eval(),
        rows=64,
        columns=64,
        classes=network.config.classes,
        default_solver="heun",
        default_steps=3,
    )
    state = State(iteration=0, seconds=0.0)
    export(
        pipeline, folder, model="EDM-L64", preset="small", state=state, made=Made("nothing", "None.", "echosynth train")
    )


if __name__ == "__main__":
    export_untrained(Path(sys.argv[1]))

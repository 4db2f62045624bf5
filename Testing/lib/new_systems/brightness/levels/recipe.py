"""How brightness is trained: the usual gray level is the mean of all."""

from __future__ import annotations

from pathlib import Path

from EchoSynthLib.images.datasets.camus import load_camus_npz
from EchoSynthLib.training.card import Made, ModelCard, train_command
from EchoSynthLib.training.model_folder import write_model_folder
from EchoSynthLib.training.run import TrainingRun


def train(run: TrainingRun) -> Path:
    """The folder of the model; no time is needed, and nothing is random."""
    frames = load_camus_npz(run.data)
    usual = float(frames.image.mean())
    card = ModelCard(
        name=run.name,
        summary="Image to gray levels above the usual.",
        network={"network": "none"},
        recipe="`EchoSynthLib/brightness/levels/recipe.py`",
        made=Made(
            f"{len(frames)} frames of {run.data.name}",
            "Of the data.",
            train_command(run.name, run.data, run.output),
        ),
        trained="1 iteration",
        limits="It knows nothing of hearts.",
    )

    def write(folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x00{}")  # no tensors at all

    return write_model_folder(run.output / card.name, {"system": "brightness.levels", "usual": usual}, card, write)

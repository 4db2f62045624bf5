from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_camus import drawn_hearts, write_drawn_camus

from EchoSynthLib import zoo
from EchoSynthLib.anatomy.heart import HeartMap
from EchoSynthLib.segmentation.unet.pipeline import SegmenterPipeline
from EchoSynthLib.synthesis.beam_flow.pipeline import BeamFlowPipeline
from EchoSynthLib.tasks import find_task
from EchoSynthLib.tasks.declare import Context

for package in ("torch", "monai", "onnx", "onnxscript", "safetensors"):
    pytest.importorskip(package, reason=f"{package} is not installed")

MINUTES = 0.03


@pytest.fixture(scope="module")
def hearts() -> list[HeartMap]:
    return drawn_hearts()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, hearts: list[HeartMap]) -> Path:
    return write_drawn_camus(tmp_path_factory.mktemp("camus"), hearts)


def trained(system: str, data: Path, output: Path) -> zoo.ModelFolder:
    """The model that `echosynth train` makes, as the zoo reads it."""
    task = find_task("train").build({"system": system, "data": data, "output": output, "minutes": MINUTES})
    task.run(Context())
    zoo.verify(output / system)
    return zoo._read(output / system)


@pytest.mark.slow
def test_training_the_segmenter_makes_a_model_that_segments(data: Path, hearts: list[HeartMap], tmp_path: Path) -> None:
    model = trained("segmenter", data, tmp_path)
    found = SegmenterPipeline.from_folder(model.path, model.config)(hearts[0].label_map * 60)
    assert found.label_map.shape == hearts[0].label_map.shape
    assert set(model.config["figures"]) >= {"LV cavity", "left atrium", "view accuracy"}


@pytest.mark.slow
def test_a_segmenter_can_be_given_its_name_and_what_its_card_says_of_the_data(data: Path, tmp_path: Path) -> None:
    from EchoSynthLib.segmentation.unet import recipe

    folder = recipe.train(data, tmp_path, MINUTES, name="segmenter-drawn", about="drawn hearts, no real image")
    zoo.verify(folder)
    card = (folder / "README.md").read_text()
    assert folder == tmp_path / "segmenter-drawn"
    assert card.startswith("# segmenter-drawn\n")
    assert "| data | drawn hearts, no real image |" in card


@pytest.mark.slow
def test_training_the_generator_makes_a_model_that_draws(data: Path, hearts: list[HeartMap], tmp_path: Path) -> None:
    model = trained("beam-flow", data, tmp_path)
    images = BeamFlowPipeline.from_folder(model.path, model.config)(hearts[0].label_map, hearts[0].sector, steps=1)
    inside = hearts[0].sector.mask(hearts[0].label_map.shape)  # type: ignore[arg-type]
    assert images.shape == (1, *hearts[0].label_map.shape)
    assert np.all(images[0][~inside] == 0)
    assert images[0][inside].std() > 1

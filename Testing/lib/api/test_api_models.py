"""The functions that a Python user calls ask for a model by its name: what is not sound is not used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from shipped import needs_generator, needs_segmenter

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.anatomy.heart2d.parametric import HeartMap, parametric_heart
from EchoSynthLib.errors import ModelError

SHAPE = (96, 112)


@pytest.fixture(scope="module")
def heart() -> HeartMap:
    return parametric_heart("4CH", shape=SHAPE)


@pytest.fixture(scope="module")
def picture(heart: HeartMap) -> np.ndarray:
    """The heart as a plain echocardiogram (H, W) uint8."""
    amplitude = np.hypot(*np.random.default_rng(0).standard_normal((2, *SHAPE)))
    gray = np.array([70.0, 25.0, 150.0, 30.0])[heart.label_map] * (0.7 + 0.4 * amplitude)
    return (np.clip(gray, 8, 255) * heart.sector.mask(SHAPE)).astype(np.uint8)


def test_an_unknown_model_is_named(heart: HeartMap, picture: np.ndarray) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        es.segment(picture, model="nowhere")
    with pytest.raises(ModelError, match="nowhere"):
        es.synthesize(heart.label_map, model="nowhere")


@needs_segmenter
@pytest.mark.parametrize("file", ["model.safetensors", "segmenter.onnx", "config.json"])
def test_a_model_of_which_one_byte_changed_is_not_used(
    file: str, picture: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, expected = tmp_path / "segmenter-copy", es.segment(picture)[0]
    shutil.copytree(zoo.find("segmenter").path, copy)
    monkeypatch.setenv("ECHOSYNTH_MODELS", str(tmp_path))
    label_map, record = es.segment(picture, model="segmenter-copy")
    assert record["model"] == "segmenter-copy"
    assert (label_map == expected).mean() > 0.999
    content = bytearray((copy / file).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / file).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{file}.*SHA-256"):
        es.segment(picture, model="segmenter-copy")


@needs_generator
def test_a_generator_without_one_of_its_networks_is_not_used(
    heart: HeartMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(zoo.find("beam-flow").path, tmp_path / "half")
    monkeypatch.setenv("ECHOSYNTH_MODELS", str(tmp_path))
    (tmp_path / "half" / "speckle.onnx").unlink()
    with pytest.raises(ModelError, match=r"speckle\.onnx"):
        es.synthesize(heart.label_map, model="half")


@needs_generator
def test_a_changed_config_is_seen_though_the_weights_are_the_same(
    heart: HeartMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(zoo.find("beam-flow").path, tmp_path / "changed")
    monkeypatch.setenv("ECHOSYNTH_MODELS", str(tmp_path))

    def steps_with(default: int) -> int:
        config = json.loads((copy / "config.json").read_text()) | {"default_steps": default}
        (copy / "config.json").write_text(json.dumps(config))
        zoo.write_checksums(copy)
        return int(es.synthesize(heart.label_map, sector=heart.sector, model="changed")[1]["steps"])

    assert [steps_with(1), steps_with(2)] == [1, 2]

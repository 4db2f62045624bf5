"""Registration as it is called: directions, units and sizes, with a network whose answer is known; and its training."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_camus import picture
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.errors import InputError
from EchoSynthLib.motion.fourier.data import diastole_and_systole
from EchoSynthLib.motion.fourier.pipeline import MotionPipeline

GRID = (32, 48)


def all_move_by(rows: float, columns: float) -> MotionPipeline:
    """A pipeline whose network answers with one displacement everywhere, in pixels of its own grid."""

    def network(*frames: NDArray[np.generic]) -> list[NDArray[np.float32]]:
        assert [frame.shape for frame in frames] == [(1, 1, *GRID)] * 2
        assert all(frame.dtype == np.float32 and 0 <= frame.min() <= frame.max() <= 1 for frame in frames)
        answer = np.array([rows, columns], np.float32)[None, :, None, None]
        return [np.broadcast_to(answer, (1, 2, *GRID)).copy()]

    return MotionPipeline(network, {"grid": GRID})


def frame(shape: tuple[int, int] = (64, 96), seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(("shape", "factors"), [((64, 96), (2, 2)), ((64, 48), (2, 1)), ((31, 50), (31 / 32, 50 / 48))])
def test_a_displacement_is_told_in_pixels_of_the_frame(shape: tuple[int, int], factors: tuple[float, float]) -> None:
    found = all_move_by(1.5, -2)(frame(shape), frame(shape, 1))
    assert found.shape == (2, *shape)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], 1.5 * factors[0], rtol=1e-5)
    np.testing.assert_allclose(found[1], -2 * factors[1], rtol=1e-5)


@pytest.fixture
def a_model_that_knows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`es.register` finds a model whose network says that all lies three rows further down in the moving frame."""
    folder = zoo.ModelFolder("motion", tmp_path, {"system": "motion.fourier"}, {}, False)
    monkeypatch.setattr("EchoSynthLib.motion.registration.find_model", lambda *_: folder)
    monkeypatch.setattr("EchoSynthLib.motion.registration.load_pipeline", lambda *_, **__: all_move_by(1.5, 0))


@pytest.mark.usefixtures("a_model_that_knows")
def test_what_lies_at_x_in_fixed_lies_at_x_plus_displacement_in_moving() -> None:
    moving = frame()
    fixed = np.roll(moving, -3, axis=0)
    displacement, record = es.register(moving, fixed, spacing=(0.5, 0.25))
    warped = es.warp(moving, displacement)
    np.testing.assert_array_equal(warped[:-3], fixed[:-3])
    assert (warped[-3:] == 0).all()
    assert record["mean_motion_px"] == record["largest_motion_px"] == 3
    assert record["mean_motion_mm"] == 1.5
    assert record["folded_share"] == 0


@pytest.mark.usefixtures("a_model_that_knows")
@pytest.mark.parametrize(
    ("moving", "fixed", "message"),
    [
        (frame(), frame((64, 97)), "one size"),
        (np.zeros((64, 96), np.uint8), frame(), "The moving image has no contrast"),
        (frame(), np.full((64, 96), 9, np.uint8), "The fixed image has no contrast"),
    ],
)
def test_frames_that_cannot_be_registered_are_refused(moving: Any, fixed: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        es.register(moving, fixed)


def test_label_maps_keep_their_codes_and_a_cine_takes_a_displacement_for_each_frame() -> None:
    labels = np.zeros((2, 20, 20), np.uint8)
    labels[:, 8:12, 8:12] = 3
    fields = np.zeros((2, 2, 20, 20))
    fields[1, 1] = 2.4
    warped = es.warp(labels, fields, labels=True)
    assert warped.dtype == np.uint8
    assert set(np.unique(warped)) == {0, 3}
    np.testing.assert_array_equal(warped[0], labels[0])
    np.testing.assert_array_equal(warped[1], np.roll(labels[1], -2, axis=1))
    np.testing.assert_array_equal(es.warp(labels, fields[1], labels=True)[0], warped[1])
    with pytest.raises(InputError, match="one or T of them"):
        es.warp(labels, np.zeros((3, 2, 20, 20)))


@pytest.mark.parametrize("size", [(16, 24), (3, 24), (16, 3)])
def test_a_color_frame_is_warped_as_each_of_its_colors_is(size: tuple[int, int]) -> None:
    color = np.stack([frame(size, seed) for seed in range(3)], axis=-1)
    displacement = np.random.default_rng(5).normal(0, 2, (2, *size))
    warped = es.warp(color, displacement)
    assert warped.shape == (*size, 3)
    for channel in range(3):
        np.testing.assert_array_equal(warped[..., channel], es.warp(color[..., channel], displacement))
    cine = es.warp(np.stack([color, color[::-1]]), np.stack([displacement, -displacement]))
    np.testing.assert_array_equal(cine, np.stack([warped, es.warp(color[::-1], -displacement)]))


@pytest.mark.parametrize(
    ("shape", "fields"),
    [((0, 8, 8), (2, 8, 8)), ((8, 8, 4, 2), (2, 8, 8)), ((8, 8, 3), (4, 2, 8, 8)), ((3, 8, 8), (2, 2, 8, 8))],
)
def test_what_does_not_fit_a_displacement_is_refused_with_both_shapes(shape: Any, fields: Any) -> None:
    with pytest.raises(InputError, match=re.escape(f"{shape} and {fields}")):
        es.warp(np.zeros(shape), np.zeros(fields))


def test_pairs_are_frames_whose_names_differ_in_their_phase_alone() -> None:
    names = ["a_4CH_ES", "a_4CH_ED", "a_2CH_ED", "b_4CH_ES", "b_4CH_ED_synthetic0", "b_4CH_ES_synthetic0"]
    assert diastole_and_systole(names).tolist() == [[1, 0], [4, 5]]
    with pytest.raises(InputError, match="differ in ED and ES alone"):
        diastole_and_systole(["a_4CH_ED", "b_4CH_ES"])


def beating_hearts(folder: Path) -> Path:
    """CAMUS' array layout with two hearts to learn from and one to judge, each at both ends of its beat."""
    hearts = {
        f"patient{i:04d}_{view}_{name}": (parametric_heart(view, phase, shape=(224, 224)), split)
        for i, (view, split) in enumerate([("4CH", "train"), ("2CH", "train"), ("4CH", "val")])
        for name, phase in (("ED", 0.0), ("ES", 1.0))
    }
    np.savez(
        folder / "camus_224.npz",
        image=np.stack([picture(heart, 7) for heart, _ in hearts.values()]),
        label=np.stack([heart.label_map for heart, _ in hearts.values()]),
        name=np.array(list(hearts)),
        split=np.array([split for _, split in hearts.values()]),
    )
    header = "name,patient,view,phase,split,native_width,native_height,spacing_x_mm,spacing_y_mm,image_quality"
    rows = [
        f"{name},{name[:11]},{name[12:15]},{name[16:]},{split},549,389,,,Good" for name, (_, split) in hearts.items()
    ]
    (folder / "index.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return folder / "camus_224.npz"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["motion", "motion-unsupervised"])
def test_a_trained_model_registers_alike_on_both_run_times(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("torch", "monai", "onnx", "onnxscript", "safetensors"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    from EchoSynthLib.systems import load_torch_pipeline
    from EchoSynthLib.tasks import find_task
    from EchoSynthLib.tasks.task import Context
    from EchoSynthLib.training.card import missing

    data, output = beating_hearts(tmp_path), tmp_path / "models"
    asked: Mapping[str, Any] = {"system": name, "data": data, "output": output, "minutes": 0.1}
    find_task("train").build(asked).run(Context())
    monkeypatch.setenv("ECHOSYNTH_MODELS", str(output))
    card = (output / name / "README.md").read_text(encoding="utf-8")
    assert missing(card) == []
    assert ("weakly supervised" in card) == (name == "motion")
    with np.load(data) as arrays:
        moving, fixed = arrays["image"][0], arrays["image"][1]
    displacement, record = es.register(moving, fixed, model=name)
    slow = load_torch_pipeline(zoo.find(name))(moving, fixed)
    assert np.abs(displacement - slow).max() < 0.01
    assert record["model"] == name
    assert record["folded_share"] == 0
    assert set(zoo.find(name).config["figures"]) >= {"LV cavity", "LV cavity, not registered", "folded, %"}

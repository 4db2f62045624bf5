"""Volumes of drawn hearts: their truth, their speckle, and a network that learns to register them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.anatomy.deformation import warp, warp_labels
from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.structures import CamusCode
from EchoSynthLib.errors import InputError
from EchoSynthLib.evaluation.registration import STRUCTURES
from EchoSynthLib.evaluation.segmentation_metrics import structure_dice
from EchoSynthLib.images.datasets.cohort import read_cohort
from EchoSynthLib.motion.fourier.drawn_volumes import VolumePair, volume_pairs

COHORT = Cohort(5)


@pytest.fixture(scope="module")
def pair() -> VolumePair:
    return next(volume_pairs(COHORT, [0], 40))


def test_the_exact_displacement_carries_diastole_onto_systole(pair: VolumePair) -> None:
    field = pair.displacements[0].astype(np.float32)
    before = structure_dice(pair.labels[0], pair.labels[1], STRUCTURES)
    after = structure_dice(warp_labels(pair.labels[0], field), pair.labels[1], STRUCTURES)
    # What is lost is that the wall is two or three voxels thick.
    for structure in STRUCTURES:
        assert after[structure] > before[structure] + 0.4 * (1 - before[structure])


def test_both_ways_are_each_others_inverse(pair: VolumePair) -> None:
    came, goes = pair.displacements.astype(np.float32)
    wall = pair.labels[1] == CamusCode.MYOCARDIUM
    there_and_back = came + np.stack([warp(part, came, outside=None) for part in goes])
    assert np.linalg.norm(there_and_back[:, wall], axis=0).mean() < 0.1 * np.linalg.norm(came[:, wall], axis=0).mean()


def test_speckle_of_the_wall_moves_with_it(pair: VolumePair) -> None:
    wall = pair.labels[1] == CamusCode.MYOCARDIUM
    diastole, systole = pair.images.astype(np.float32)
    carried = warp(diastole, pair.displacements[0].astype(np.float32))
    follows, stays = (float(np.corrcoef(image[wall], systole[wall])[0, 1]) for image in (carried, diastole))
    assert follows > 0.3
    assert follows > stays + 0.15


def test_a_volume_has_the_apex_on_top_and_blood_is_darker_than_muscle(pair: VolumePair) -> None:
    image, labels = pair.images[0], pair.labels[0]
    depth = {code: np.argwhere(labels == code)[:, 1].mean() for code in (CamusCode.LV_CAVITY, CamusCode.LEFT_ATRIUM)}
    assert depth[CamusCode.LV_CAVITY] < depth[CamusCode.LEFT_ATRIUM]
    assert image[labels == CamusCode.LV_CAVITY].mean() < image[labels == CamusCode.MYOCARDIUM].mean() - 20


def test_a_pair_depends_on_its_heart_alone(pair: VolumePair) -> None:
    *_, again = volume_pairs(COHORT, [1, 0], 40)
    np.testing.assert_array_equal(again.images, pair.images)
    np.testing.assert_array_equal(again.displacements, pair.displacements)


def cohort_folder(folder: Path, count: int) -> Path:
    folder.mkdir()
    (folder / "cohort.json").write_text(json.dumps(asdict(COHORT)))
    (folder / "hearts.csv").write_text("\n".join(["heart", *(str(i) for i in range(count))]) + "\n")
    return folder


def test_a_cohort_is_read_by_its_numbers_and_what_is_none_is_refused(tmp_path: Path) -> None:
    assert read_cohort(cohort_folder(tmp_path / "hearts", 3)) == (COHORT, 3)
    with pytest.raises(InputError, match="has no hearts"):
        read_cohort(cohort_folder(tmp_path / "none", 0))
    with pytest.raises(InputError, match="There is no cohort"):
        read_cohort(tmp_path)


@pytest.mark.slow
def test_a_model_learns_to_register_volumes_alike_on_both_run_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: VolumePair
) -> None:
    for package in ("torch", "monai", "onnx", "onnxscript", "safetensors"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    from EchoSynthLib.systems import load_torch_pipeline
    from EchoSynthLib.tasks import find_task
    from EchoSynthLib.tasks.task import Context
    from EchoSynthLib.training.card import missing

    data, output = cohort_folder(tmp_path / "hearts", 6), tmp_path / "models"
    asked: Mapping[str, Any] = {"system": "motion-volumes", "data": data, "output": output, "iterations": 4}
    find_task("train").build(asked).run(Context())
    monkeypatch.setenv("ECHOSYNTH_MODELS", str(output))
    card = (output / "motion-volumes" / "README.md").read_text(encoding="utf-8")
    assert missing(card) == []
    assert "Only drawn data" in card
    moving, fixed = pair.images[:, :30, :36]
    displacement, record = es.register(moving, fixed, (3.0, 3.5, 3.5), model="motion-volumes")
    slow = load_torch_pipeline(zoo.find("motion-volumes"))(moving, fixed)
    assert displacement.shape == (3, *fixed.shape)
    assert np.abs(displacement - slow).max() < 0.01
    assert record["folded_share"] == 0
    figures = zoo.find("motion-volumes").config["figures"]
    assert figures["error in the wall, mm"] < 2 * figures["wall moves, mm"]

"""A pixel size given by hand: taken where the file has none, refused where it contradicts the file, never ignored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from any_task import OF_CINES, sound_arguments
from shipped import needs_contour, needs_generator, needs_segmenter
from task_files import SPACING, write_echo, write_heart

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.read import read_image
from EchoSynthLib.images.write import write_image
from EchoSynthLib.tasks import Context, Synthesize, all_tasks, find_task, parameters_of

WITH_SPACING = [
    task.name for task in all_tasks() if "row_spacing" in {parameter.name for parameter in parameters_of(task)}
]


def run(task: str, folder: Path, suffix: str, factor: float) -> dict[str, Any]:
    declared = find_task(task)
    main = next(parameter.name for parameter in parameters_of(declared) if parameter.main)
    file = folder / f"heart{suffix}"
    if task in OF_CINES:
        write_echo(file, frames=3)
    elif task in ("animate", "compare", "contour", "evidence", "register"):
        write_echo(file)
    else:
        write_heart(file)
    row, column = (step * factor for step in SPACING)
    values = {**sound_arguments(declared, folder / "sound"), main: file, "output": folder / "out"}
    if task == "register":
        values["fixed"] = write_echo(folder / f"fixed{suffix}")
    if task == "compare":
        values["earlier"] = write_echo(folder / f"fixed{suffix}")
    if task == "reconstruct":
        values["two_chamber"] = write_heart(folder / f"second{suffix}")
    return declared.build({**values, "row_spacing": row, "column_spacing": column}).run(Context())


@pytest.mark.parametrize("task", WITH_SPACING)
@pytest.mark.parametrize("factor", [0.5, 1.02, 10.0])
def test_a_pixel_size_that_contradicts_the_file_is_refused(tmp_path: Path, task: str, factor: float) -> None:
    with pytest.raises(InputError, match=r"(heart|fixed)\.nii\.gz says that a pixel is 0\.9 x 0\.8 mm"):
        run(task, tmp_path, ".nii.gz", factor)
    assert not (tmp_path / "out").exists()


@needs_segmenter
@needs_contour
@needs_generator
@pytest.mark.slow
@pytest.mark.parametrize("task", [task for task in WITH_SPACING if task != "dataset"])
@pytest.mark.parametrize(("suffix", "factor"), [(".nii.gz", 1.001), (".npy", 1.0)])
def test_one_that_agrees_or_is_new_is_taken(tmp_path: Path, task: str, suffix: str, factor: float) -> None:
    assert json.dumps(run(task, tmp_path, suffix, factor)["outputs"])


@pytest.mark.parametrize("suffix", [".npy", ".nii.gz"])
def test_a_size_that_contradicts_the_references_is_refused(tmp_path: Path, suffix: str) -> None:
    image = write_image(
        tmp_path / "echo.nii.gz", read_image(write_echo(tmp_path / "a.nii.gz")).pixels, spacing=(0.5, 0.4)
    )
    given = {"row_spacing": 0.9, "column_spacing": 0.8} if suffix == ".npy" else {}
    task = Synthesize(
        label_map=write_heart(tmp_path / f"heart{suffix}"), output=tmp_path / "out", reference=image, **given
    )
    with pytest.raises(InputError, match=r"spacing \(0\.8, 0\.9\).* spacing \(0\.4, 0\.5\)"):
        task.run(Context())

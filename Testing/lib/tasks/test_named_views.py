"""A view that only a file's name tells, and that a task does not take, is refused, or told where none can be given."""

from __future__ import annotations

from pathlib import Path

import pytest
from any_task import OF_LABEL_MAPS, sound_arguments
from shipped import needs_contour, needs_segmenter
from task_files import names, write_echo, write_heart

from EchoSynthLib.errors import InputError
from EchoSynthLib.tasks import Context, Segment, Task, all_tasks, find_task, parameters_of

PLAX = r"PLAX \(parasternal long-axis\) is known by name alone here. Taken for .* are: 2CH"
TELLS_VIEWS = [
    task for task in all_tasks() if any(item.name == "view" and "auto" in item.choices for item in parameters_of(task))
]


@pytest.mark.parametrize("task", TELLS_VIEWS, ids=lambda task: task.name)
def test_a_task_that_tells_the_view_itself_refuses_a_name_that_tells_one_it_does_not_take(
    tmp_path: Path, task: type[Task]
) -> None:
    arguments = sound_arguments(task, tmp_path / "ok")
    (main,) = [item.name for item in parameters_of(task) if item.main]
    write = write_heart if task.name in OF_LABEL_MAPS else write_echo
    arguments |= {main: write(tmp_path / "in" / "x_PLAX.nii.gz"), "output": tmp_path / "out"}
    with pytest.raises(InputError, match=PLAX):
        task.build(arguments).run(Context())
    assert not (tmp_path / "out").exists()


@needs_segmenter
def test_of_a_folder_the_others_are_segmented_and_a_view_that_is_given_outweighs_the_name(tmp_path: Path) -> None:
    image = write_echo(tmp_path / "in" / "x_PLAX.png")
    write_echo(tmp_path / "in" / "x_4CH.png")
    record = Segment(image=image.parent, output=tmp_path / "out", confidence=False).run(Context())
    assert [failure["file"] for failure in record["failures"]] == ["x_PLAX.png"]
    assert "x_4CH_segmentation.nii.gz" in names(tmp_path / "out")
    record = Segment(image=image, output=tmp_path / "given", view="2CH", confidence=False).run(Context())
    assert (record["view"], record["view_source"]) == ("2CH", "user")


@needs_contour
def test_a_task_that_takes_no_view_says_that_the_name_tells_another(tmp_path: Path) -> None:
    image = write_echo(tmp_path / "in" / "x_PLAX.png")
    record = find_task("contour").build({"image": image, "output": tmp_path / "out"}).run(Context())
    assert "its name tells the view 'PLAX'" in str(record["warnings"])

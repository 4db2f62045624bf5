"""What every task can be called with, told by its declaration: also those that are added one day."""

from __future__ import annotations

from pathlib import Path

from task_files import write_echo, write_heart

from EchoSynthLib.tasks import Parameter, Task, parameters_of

OF_LABEL_MAPS = {"synthesize", "variations", "dataset", "reconstruct"}
OF_CINES = {"track", "propagate", "strain", "ejection-fraction"}


def paths_in(task: type[Task]) -> list[Parameter]:
    """The files and folders that a task reads."""
    return [item for item in parameters_of(task) if item.kind is Path and item.name != "output"]


def sound_arguments(task: type[Task], folder: Path) -> dict[str, object]:
    """What a task cannot do without, by name: a choice where there are some, else a file or folder that it can use."""
    folder.mkdir(exist_ok=True)
    if task.name == "collect":
        write_echo(folder / "images" / "a.png")
        write_heart(folder / "labels" / "a.png")
    given: dict[str, object] = {}
    for item in parameters_of(task):
        if item.choices and item.required:
            given[item.name] = item.choices[0]
        elif item.required and item.kind is Path and item.name != "output":
            given[item.name] = folder if task.name == "collect" else _sound_file(task, item.name, folder)
    if task.name == "register":
        given["fixed"] = write_echo(folder / "fixed.nii.gz")
    if task.name == "animate":
        # In noise no heart is found.
        given |= {"label_map": write_heart(folder / "heart.nii.gz"), "frames": 3}
    if task.name == "cine-dataset":
        given |= {"count": 1, "frames": 3, "views": "4CH"}
    if task.name == "reconstruct":
        given["two_chamber"] = write_heart(folder / "second.nii.gz")
    return given


def _sound_file(task: type[Task], name: str, folder: Path) -> Path:
    if task.name in OF_LABEL_MAPS or name == "label_map":
        return write_heart(folder / "map.nii.gz")
    if task.name in OF_CINES:
        return write_echo(folder / "cine.nii.gz", frames=3)
    return write_echo(folder / "ok.nii.gz")


def command(task: type[Task], given: dict[str, object], output: Path) -> list[object]:
    """The words of a command line."""
    main = {item.name: given[item.name] for item in parameters_of(task) if item.main and item.name in given}
    options = {f"--{name.replace('_', '-')}": value for name, value in given.items() if name not in main}
    return [task.name, *main.values(), *(text for option in options.items() for text in option), "--output", output]

"""The tasks: what a declaration allows, and what each task writes."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from EchoSynthLib import zoo
from EchoSynthLib.errors import Cancelled, EchoSynthError, InputError, ModelError
from EchoSynthLib.tasks import (
    Context,
    Segment,
    Synthesize,
    Task,
    Train,
    Variations,
    all_tasks,
    find_task,
    load_tasks,
    parameter,
    parameters_of,
)


@dataclass(frozen=True, kw_only=True)
class Beat(Task):
    name = "beat"
    summary = "Beats."

    image: Path = parameter(main=True, help="of a heart")
    rate: float = parameter(60.0, minimum=20, maximum=300, unit="1/min", help="beats a minute")
    beats: int = parameter(8, minimum=1, maximum=1000, help="how many")
    steps: int | None = parameter(None, minimum=1, help="of the integrator")
    rhythm: str = parameter("sinus", choices=("sinus", "AF"), help="regular or not")
    paced: bool = parameter(False, help="by a pacemaker")

    def run(self, context: Context) -> dict[str, Any]:
        for beat in range(self.beats):
            context.progress(beat, self.beats)
        return {"task": self.name, "outputs": {}}


def test_texts_from_a_command_line_become_typed_values() -> None:
    task = Beat.build({"image": "a.png", "rate": "72.5", "beats": "3", "steps": "", "rhythm": "af", "paced": "yes"})
    assert task == Beat(image=Path("a.png"), rate=72.5, beats=3, steps=None, rhythm="AF", paced=True)


def test_values_from_json_are_taken_as_they_are() -> None:
    task = Beat.build({"image": "a.png", "rate": 72, "beats": 3.0, "steps": None, "paced": True})
    assert (task.rate, task.beats, task.steps, task.paced) == (72.0, 3, None, True)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("beats", 0, "a whole number from 1 to 1000"),
        ("beats", "many", "a whole number from 1 to 1000"),
        ("beats", 2.5, "a whole number from 1 to 1000"),
        ("beats", True, "a whole number"),
        ("beats", None, "a whole number"),
        ("beats", "1e400", "a whole number"),
        ("rate", math.nan, "a number from 20 to 300 1/min"),
        ("rate", "inf", "a number from 20 to 300 1/min"),
        ("rate", [60], "a number"),
        ("steps", -1, "a whole number of at least 1, or none"),
        ("rhythm", "flutter", "one of sinus, AF"),
        ("rhythm", 3, "one of sinus, AF"),
        ("paced", "perhaps", "true or false"),
        ("image", "", "a path"),
        ("image", "a\0b", "a path"),
        ("image", 3, "a path"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_is(name: str, value: object, allowed: str) -> None:
    with pytest.raises(InputError) as caught:
        Beat(**{"image": "a.png", name: value})
    assert f"parameter {name} was given" in str(caught.value)
    assert allowed in str(caught.value)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_whatever_is_given_is_either_within_the_limits_or_an_input_error(value: object) -> None:
    try:
        beats = Beat.build({"image": "a.png", "beats": value}).beats
    except InputError:
        return
    assert type(beats) is int
    assert 1 <= beats <= 1000


def test_unknown_and_missing_parameters_are_named() -> None:
    with pytest.raises(InputError, match="beat has no parameter colour"):
        Beat.build({"image": "a.png", "colour": "red"})
    with pytest.raises(InputError, match=r"beat needs image \(of a heart\)"):
        Beat.build({})


def test_a_task_says_what_it_takes_as_json() -> None:
    for task in (*all_tasks(), Beat):
        told = json.loads(json.dumps(task.describe()))
        assert [item["name"] for item in told["parameters"]] == [field.name for field in fields(task)]  # type: ignore[arg-type]
        assert all(item["help"] for item in told["parameters"])


@pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)
def test_every_task_has_one_main_input_and_defaults_within_its_own_limits(task: type[Task]) -> None:
    declared = parameters_of(task)
    assert sum(item.main for item in declared) == 1
    for item in declared:
        assert item.required or item.convert(item.default) == item.default


def test_a_cancelled_task_stops_at_its_next_step() -> None:
    seen: list[int] = []
    context = Context(lambda done, total, message: seen.append(done), cancelled=lambda: len(seen) == 3)
    with pytest.raises(Cancelled):
        Beat(image=Path("a.png")).run(context)
    assert seen == [0, 1, 2]


def test_the_parts_of_a_task_share_one_progress() -> None:
    seen: list[tuple[int, int, str]] = []
    context = Context(lambda *step: seen.append(step))
    for index in range(2):
        context.part(index, 2, f"file {index}")(1, 2, "half")
    assert seen == [(50, 200, "file 0: half"), (150, 200, "file 1: half")]


def test_an_unknown_task_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="segment, synthesize, variations, train"):
        find_task("measure")


def test_a_module_without_tasks_is_refused() -> None:
    with pytest.raises(EchoSynthError, match="gives no tasks"):
        load_tasks("json")


# What follows runs the tasks themselves.


@pytest.fixture
def label_map() -> np.ndarray:
    from EchoSynthLib.anatomy.heart import parametric_heart

    return parametric_heart("4CH", shape=(112, 120)).label_map


@pytest.fixture
def label_file(tmp_path: Path, label_map: np.ndarray) -> Path:
    from EchoSynthLib.images.write import write_label_map

    return write_label_map(tmp_path / "heart.nii.gz", label_map, spacing=(0.9, 0.8))


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    return write_echo(tmp_path / "echo.png")


def write_echo(path: Path, frames: int = 0) -> Path:
    """A sector full of noise, for tasks whose plumbing is tested and not their eyesight."""
    from EchoSynthLib.anatomy.heart import parametric_heart
    from EchoSynthLib.images.write import write_image

    shape = (112, 120)
    mask = parametric_heart("4CH", shape=shape).sector.mask(shape)
    noise = np.random.default_rng(0).integers(20, 200, (max(frames, 1), *shape), dtype=np.uint8) * mask
    path.parent.mkdir(exist_ok=True)
    return write_image(path, noise if frames else noise[0], spacing=(0.9, 0.8))


@pytest.fixture
def segmenter() -> None:
    need_model("segmenter")


@pytest.fixture
def beam_flow() -> None:
    need_model("beam-flow")


def need_model(name: str) -> None:
    try:
        zoo.find(name)
    except ModelError as error:
        pytest.skip(f"the model {name} is not here: {error}")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_variations_are_label_maps_on_the_same_grid_that_the_seed_decides(
    tmp_path: Path, label_file: Path, label_map: np.ndarray
) -> None:
    from EchoSynthLib.images.read_labels import read_label_map

    record = Variations(label_map=label_file, output=tmp_path / "a", count=3, seed=7).run(Context())
    Variations(label_map=label_file, output=tmp_path / "b", count=2, seed=7).run(Context())
    assert names(tmp_path / "a") == ["record.json", *(f"variation_{i:03d}.nii.gz" for i in range(3))]
    assert [Path(path).parent for path in record["outputs"]["label_maps"]] == [tmp_path / "a"] * 3
    for i in range(2):
        first, like = read_label_map(tmp_path / "a" / f"variation_{i:03d}.nii.gz")
        second, _ = read_label_map(tmp_path / "b" / f"variation_{i:03d}.nii.gz")
        assert np.array_equal(first, second)
        assert first.shape == label_map.shape
        assert like.spacing == pytest.approx((0.9, 0.8))


def test_the_record_on_disk_names_files_so_that_the_folder_can_be_moved(tmp_path: Path, label_file: Path) -> None:
    Variations(label_map=label_file, output=tmp_path / "a", count=1, format="npy").run(Context())
    record = json.loads((tmp_path / "a" / "record.json").read_text())
    assert record["outputs"] == {"label_maps": ["variation_000.npy"], "record": "record.json"}
    assert record["synthetic"] is True
    assert record["seed"] == 0


def test_cancelled_variations_leave_nothing(tmp_path: Path, label_file: Path) -> None:
    steps: list[int] = []
    context = Context(lambda *step: steps.append(step[0]), cancelled=lambda: len(steps) == 2)
    with pytest.raises(Cancelled):
        Variations(label_map=label_file, output=tmp_path / "a").run(context)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("codes", "complaint"),
    [
        (np.zeros((32, 32), np.uint8), "empty"),
        (np.full((32, 32), 9, np.uint8), "9"),
        (np.ones((2, 32, 32), np.uint8), "two dimensions"),
        (np.ones((1, 1), np.uint8), "8 x 8"),
        (np.full((32, 32), np.nan, np.float32), "nan"),
    ],
)
@pytest.mark.parametrize("task", [Variations, Synthesize])
def test_a_label_map_that_is_none_is_refused_before_anything_is_written(
    tmp_path: Path, task: type[Task], codes: np.ndarray, complaint: str
) -> None:
    np.save(tmp_path / "map.npy", codes)
    with pytest.raises(InputError, match=f"(?i){complaint}"):
        task.build({"label_map": tmp_path / "map.npy", "output": tmp_path / "out"}).run(Context())
    assert names(tmp_path) == ["map.npy"]


@pytest.mark.parametrize("task", [Segment, Synthesize, Variations])
def test_an_input_that_is_not_there_is_named(tmp_path: Path, task: type[Task]) -> None:
    main = next(item.name for item in parameters_of(task) if item.main)
    with pytest.raises(InputError, match=r"There is no .*nowhere\.png"):
        task.build({main: tmp_path / "nowhere.png", "output": tmp_path / "out"}).run(Context())
    assert names(tmp_path) == []


def test_a_reference_of_another_size_is_refused(tmp_path: Path, label_file: Path) -> None:
    np.save(tmp_path / "image.npy", np.ones((64, 64), np.uint8))
    with pytest.raises(InputError, match="64 x 64 pixels and the label map 112 x 120"):
        Synthesize(label_map=label_file, output=tmp_path / "out", reference=tmp_path / "image.npy").run(Context())


@pytest.mark.parametrize(("output", "complaint"), [("map.jpg", "cannot be written as"), ("echo.png", "image itself")])
def test_an_output_that_cannot_be_is_refused(tmp_path: Path, image_file: Path, output: str, complaint: str) -> None:
    before = image_file.read_bytes()
    with pytest.raises(InputError, match=complaint):
        Segment(image=image_file, output=tmp_path / output).run(Context())
    assert image_file.read_bytes() == before


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no image in the folder"):
        Segment(image=tmp_path, output=tmp_path / "out").run(Context())


@pytest.mark.usefixtures("segmenter")
def test_a_frame_gives_label_map_confidence_and_record(tmp_path: Path, image_file: Path) -> None:
    record = Segment(image=image_file, output=tmp_path / "out").run(Context())
    assert names(tmp_path / "out") == ["echo_confidence.nii.gz", "echo_record.json", "echo_segmentation.nii.gz"]
    assert record["outputs"]["segmentation"] == str(tmp_path / "out" / "echo_segmentation.nii.gz")
    assert record["model_sha256"] == zoo.find("segmenter").sha256


@pytest.mark.usefixtures("segmenter")
def test_a_file_name_as_output_is_the_label_maps_own(tmp_path: Path, image_file: Path) -> None:
    Segment(image=image_file, output=tmp_path / "out" / "map.png").run(Context())
    assert names(tmp_path / "out") == ["map.png", "map_confidence.png", "map_record.json"]


@pytest.mark.usefixtures("segmenter")
def test_a_cine_gives_a_label_map_for_each_frame_on_its_own_grid(tmp_path: Path) -> None:
    cine = write_echo(tmp_path / "cine.nii.gz", frames=3)
    record = Segment(image=cine, output=tmp_path / "out", format="npy", view="2CH").run(Context())
    assert np.load(record["outputs"]["segmentation"]).shape == (3, 112, 120)
    assert np.load(record["outputs"]["confidence"]).shape == (3, 112, 120)
    assert (record["frames"], record["view"]) == (3, "2CH")
    with pytest.raises(InputError, match="PNG holds one"):
        Segment(image=cine, output=tmp_path / "out", format="png").run(Context())


@pytest.mark.usefixtures("segmenter")
def test_one_bad_file_of_a_folder_is_reported_and_the_others_are_done(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for name in ("a.png", "b.png", "b.nii.gz", "a_gt.png"):
        write_echo(folder / name)
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:200])
    record = Segment(image=folder, output=tmp_path / "out").run(Context())
    done = [
        f"{stem}_{what}" for stem in ("a", "b_nii_gz", "b_png") for what in ("confidence", "record", "segmentation")
    ]
    assert [name.split(".")[0] for name in names(tmp_path / "out")] == [*done, "record"]
    assert [failure["file"] for failure in record["failures"]] == ["broken.png"]
    assert json.loads((tmp_path / "out" / "record.json").read_text())["images"] == 3


@pytest.mark.usefixtures("segmenter")
def test_a_folder_of_bad_files_alone_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG")
    with pytest.raises(InputError, match=r"None of the 1 files .* broken\.png"):
        Segment(image=tmp_path / "in", output=tmp_path / "out").run(Context())
    assert names(tmp_path) == ["in"]


@pytest.mark.usefixtures("beam_flow")
def test_synthetic_images_come_with_their_label_map_record_and_sheet_and_say_that_they_are_synthetic(
    tmp_path: Path, label_file: Path, label_map: np.ndarray
) -> None:
    import SimpleITK
    from PIL import Image

    from EchoSynthLib.images.read_labels import read_label_map

    steps: list[tuple[int, int, str]] = []
    task = Synthesize(label_map=label_file, output=tmp_path / "out", count=2, seed=3, quality="good")
    record = task.run(Context(lambda *step: steps.append(step)))
    images = ["synthetic_000.nii.gz", "synthetic_001.nii.gz"]
    assert names(tmp_path / "out") == ["label_map.nii.gz", "record.json", "sheet.png", *images]
    assert np.array_equal(read_label_map(tmp_path / "out" / "label_map.nii.gz")[0], label_map)
    image = SimpleITK.ReadImage(record["outputs"]["images"][0])
    assert image.GetSpacing()[:2] == pytest.approx((0.8, 0.9))
    assert "synthetic=True" in image.GetMetaData("descrip")
    assert Image.open(tmp_path / "out" / "sheet.png").width > 400
    assert (record["synthetic"], record["seed"], record["source_label_map"]) == (True, 3, str(label_file))
    assert steps


@pytest.mark.usefixtures("beam_flow")
def test_a_reference_gives_its_sector(tmp_path: Path, label_file: Path, image_file: Path) -> None:
    task = Synthesize(label_map=label_file, output=tmp_path / "out", count=1, reference=image_file, format="png")
    assert task.run(Context())["sector_source"] == "fitted to the reference"


def test_training_data_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no training data"):
        Train(system="segmenter", data=tmp_path / "none.npz", output=tmp_path / "out").run(Context())

"""The command `echosynth`, as a process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from shipped import needs_generator

import EchoSynthLib
from EchoSynthLib.cli import main
from EchoSynthLib.tasks import all_tasks, parameters_of

HERE = Path(__file__).resolve().parents[1]
ROOT = HERE.parents[1]
HEAVY = {"torch", "monai", "diffusers", "onnx", "einops", "safetensors"}


def environment(models: Path | None = None) -> dict[str, str]:
    added = {"PYTHONPATH": os.pathsep.join([str(HERE), str(ROOT)]), "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
    return {**os.environ, **added, **({"ECHOSYNTH_MODELS": str(models)} if models else {})}


def echosynth(
    *arguments: object, options: tuple[str, ...] = (), models: Path | None = None, **added: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, "-m", "EchoSynthLib", *map(str, arguments)]
    return subprocess.run(
        command, env={**environment(models), **added}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def label_file(tmp_path: Path) -> Path:
    codes = np.zeros((48, 48), np.uint8)
    codes[8:24, 16:32], codes[24:28, 16:32], codes[30:40, 18:30] = 1, 2, 3
    np.save(tmp_path / "map.npy", codes)
    return tmp_path / "map.npy"


def test_the_version_is_the_packages() -> None:
    assert echosynth("--version").stdout.strip() == f"echosynth {EchoSynthLib.__version__}"


@pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)
def test_the_help_of_a_task_names_every_parameter_with_its_default_choices_and_limits(
    task: type, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    with pytest.raises(SystemExit, match="0"):
        main([task.name, "--help"])
    told = capsys.readouterr().out
    for item in parameters_of(task):
        assert (item.name.upper() if item.main else "--" + item.name.replace("_", "-")) in told
        assert item.help in told
        assert item.required or str("none" if item.default is None else item.default) in told
        assert all(choice in told for choice in item.choices)


def test_an_option_that_a_command_does_not_have_points_at_the_help_of_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["segment", "a.png", "--output", "out", "--row-spacing", "0.3"])
    said = "echosynth segment: unrecognized arguments: --row-spacing 0.3 (see echosynth segment --help)\n"
    assert capsys.readouterr().err == said


def test_variations_end_to_end(tmp_path: Path, label_file: Path) -> None:
    done = echosynth("variations", label_file, "--output", tmp_path / "out", "--count", 2, "--seed", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert "variation_000.nii.gz" in done.stdout
    assert len(list((tmp_path / "out").glob("variation_*.nii.gz"))) == 2


@pytest.mark.slow
def test_a_negative_ejection_fraction_is_a_value_and_no_option(tmp_path: Path) -> None:
    source = ROOT / "Resources" / "LabelMaps" / "parametric_4CH_ED.nii.gz"
    options = ("--count", 1, "--ejection-fraction", -0.2)
    assert echosynth("variations", source, "--output", tmp_path / "out", *options).returncode == 0


@needs_generator
@pytest.mark.slow
def test_a_data_set_is_made_and_collected_again_end_to_end(tmp_path: Path, label_file: Path) -> None:
    options = ("--variations", 0, "--steps", 1, "--layout", "png", "--view", "4CH")
    done = echosynth("dataset", label_file, "--output", tmp_path / "set", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"images: {tmp_path / 'set' / 'images'}" in done.stdout
    done = echosynth("collect", tmp_path / "set", "--output", tmp_path / "raw", "--layout", "nnunet")
    assert (done.returncode, done.stderr) == (0, "")
    told = (tmp_path / "raw" / "Dataset001_EchoSynth" / "dataset.json").read_text()
    assert json.loads(told)["synthetic_cases"] == ["map_original_i000"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "COMMAND"),
        (("measure",), "measure"),
        (("variations", "{map}"), "--output"),
        (("variations", "{map}", "--output", "{out}", "--count", "0"), "from 1 to 1000"),
        (("variations", "{map}", "--output", "{out}", "--count", "x"), "from 1 to 1000"),
        (("variations", "{map}", "--output", "{out}", "--color", "red"), "--color"),
        (("variations", "{out}/nowhere.png", "--output", "{out}"), "nowhere.png"),
        (("synthesize", "{map}", "--output", "{out}", "--view", "PLAX"), "one of auto, 2CH, 4CH"),
        (("synthesize", "{map}", "--output", "{out}", "--sector", "wide"), "The sector is no JSON"),
        (("dataset", "{map}", "--output", "{out}", "--layout", "coco"), "one of nnunet, nifti, png"),
        (("dataset", "{map}", "--output", "{out}", "--no-original", "--variations", "0"), "Nothing would be drawn"),
        (("collect", "{out}", "--output", "{out}"), "There is no folder"),
        (("segment", "{map}/x", "--output", "{out}"), "There is no image"),
        (("train", "everything", "--data", "{map}", "--output", "{out}"), "allowed is one of"),
    ],
)
def test_bad_input_is_answered_with_one_line_and_exit_code_2(
    tmp_path: Path, label_file: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    done = echosynth(*(text.format(map=label_file, out=tmp_path / "out") for text in arguments))
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert not (tmp_path / "out").exists()


def test_a_missing_model_is_exit_code_3(tmp_path: Path, label_file: Path) -> None:
    done = echosynth("synthesize", label_file, "--output", tmp_path / "out", "--model", "my-model", models=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith("echosynth: There is no model 'my-model'")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_cannot_be_is_exit_code_4(tmp_path: Path, label_file: Path) -> None:
    done = echosynth("variations", label_file, "--output", label_file / "out")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1


def test_the_traceback_is_shown_when_asked_for(tmp_path: Path) -> None:
    done = echosynth("variations", tmp_path / "x.png", "--output", tmp_path / "out", "--traceback")
    assert done.returncode == 2
    assert "Traceback" in done.stderr


@pytest.mark.slow
def test_the_record_can_be_had_as_json(tmp_path: Path, label_file: Path) -> None:
    done = echosynth("variations", label_file, "--output", tmp_path / "out", "--json", "--quiet")
    assert json.loads(done.stdout)["count"] == 5


@pytest.mark.skipif(os.name != "posix", reason="speaks of POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("said", [KeyboardInterrupt, ImportError])
def test_an_interrupt_is_told_as_one_whatever_a_library_makes_of_it(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
    said: type[BaseException],
) -> None:
    def interrupted() -> None:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt as error:
            raise said("no such package") from error

    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    for place in ("EchoSynthLib.cli.load_tasks_of_environment", "EchoSynthLib.zoo.list_models"):
        with monkeypatch.context() as patched:
            patched.setattr(place, interrupted)
            assert main(["models"]) == 130
        assert capsys.readouterr().err == "echosynth: cancelled; nothing half-made was left behind\n"
    # Those of the program around it.
    assert {each: signal.getsignal(each) for each in before} == before


@pytest.mark.skipif(os.name != "posix", reason="speaks of POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_is_exit_code_130_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "EchoSynthLib", "count", "--steps", "1000", "--pause", "0.02"]
    with subprocess.Popen(
        [*command, "--output", str(tmp_path / "out")],
        env={**environment(), "ECHOSYNTH_TASKS": "tasks_for_tests"},
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what it puts in the background deaf to Ctrl-C, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as running:
        until = time.monotonic() + 60
        while not (tmp_path / "out").exists() and time.monotonic() < until:
            time.sleep(0.02)
        running.send_signal(number)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert told.splitlines()[-1] == "echosynth: cancelled; nothing half-made was left behind"
    assert list(tmp_path.iterdir()) == []


def test_a_task_of_an_extension_is_a_command_too() -> None:
    done = echosynth("misbehave", "raise", ECHOSYNTH_TASKS="tasks_for_tests")
    assert done.returncode == 1
    assert done.stderr == "echosynth: unexpected ZeroDivisionError: the heart stood still (--traceback shows where)\n"


def test_warnings_are_one_line_each_with_the_name_of_the_file_and_leave_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "in" / name).touch()
    extension = {"ECHOSYNTH_TASKS": "tasks_for_tests"}
    done = echosynth("doubt", tmp_path / "in" / "a.png", **extension)
    lines = ["echosynth: warning: a.png: two lines", "echosynth: warning: a.png: again"]
    assert (done.returncode, done.stderr.splitlines(), done.stdout.strip()) == (0, lines, "")
    done = echosynth("doubt", tmp_path / "in", "--json", **extension)
    assert done.stderr.splitlines() == [f"echosynth: warning: {name}: is odd" for name in ("a.png", "b.png")]
    record = json.loads(done.stdout)
    assert record["warnings"] == ["a.png: is odd", "b.png: is odd"]
    assert record["results"][1] == {"file": "b.png", "warnings": ["is odd"]}


def test_what_the_system_says_of_a_file_is_foreseen_everywhere() -> None:
    done = echosynth("misbehave", "no access", ECHOSYNTH_TASKS="tasks_for_tests")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "others cannot be read: permission denied" in done.stderr


@pytest.mark.slow
def test_models_are_imported_listed_verified_and_removed(tmp_path: Path) -> None:
    from EchoSynthLib import zoo

    source = tmp_path / "downloads" / "my-model"
    source.mkdir(parents=True)
    (source / "config.json").write_text('{"system": "segmentation.unet"}')
    (source / "model.safetensors").write_bytes(b"weights")
    zoo.write_checksums(source)
    models = tmp_path / "models"
    assert echosynth("models", "import", source, models=models).returncode == 0
    assert re.search(r"^my-model +imported", echosynth("models", models=models).stdout, re.MULTILINE)
    assert "my-model: every file" in echosynth("models", "verify", "my-model", models=models).stdout
    (models / "my-model" / "config.json").write_text('{"system": "astrology.sun"}')
    broken = echosynth("models", "verify", "my-model", models=models)
    assert (broken.returncode, broken.stderr.count("\n")) == (3, 1)
    zoo.write_checksums(models / "my-model")
    unknown = echosynth("models", "verify", "my-model", models=models)
    assert (unknown.returncode, unknown.stdout) == (3, "")
    assert "system 'astrology.sun', which this version does not know" in unknown.stderr
    assert echosynth("models", "remove", "my-model", models=models).returncode == 0
    assert echosynth("models", "remove", "../downloads", models=models).returncode == 3
    assert source.is_dir()


def imported_by(*arguments: object) -> set[str]:
    done = echosynth(*arguments, options=("-X", "importtime"))
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}


def test_the_start_of_a_command_imports_nothing_foreign_but_numpy_and_the_list_of_all_not_even_that() -> None:
    foreign = {"scipy", "SimpleITK", "pydicom", "av", "PIL", "onnxruntime"} | HEAVY
    assert imported_by("segment", "--help") & foreign == set()
    assert imported_by("--help") & (foreign | {"numpy"}) == set()


@pytest.mark.parametrize("command", ["variations", "synthesize", "dataset", "segment"])
@pytest.mark.slow
def test_torch_and_its_kin_are_never_imported(tmp_path: Path, label_file: Path, command: str) -> None:
    image = tmp_path / "image.npy"
    np.save(image, np.random.default_rng(0).integers(0, 255, (48, 48), dtype=np.uint8))
    given = image if command == "segment" else label_file
    assert imported_by(command, given, "--output", tmp_path / "out") & HEAVY == set()


def test_the_package_itself_imports_nothing_foreign_and_offers_the_functions() -> None:
    probe = (
        "import sys, EchoSynthLib as es; names = {m.split('.')[0] for m in sys.modules}; assert 'numpy' not in names; "
        "offered = (es.segment, es.synthesize, es.variations, es.classify_view); "
        "print(*(f.__module__.rsplit('.', 1)[0] for f in offered)); "
        "es.InputError, es.ModelError, es.OutputError, es.Cancelled; 'segment' in dir(es) or sys.exit(1)"
    )
    done = subprocess.run([sys.executable, "-c", probe], env=environment(), capture_output=True, text=True, timeout=30)
    assert done.stdout.split() == ["EchoSynthLib.api"] * 4, done.stderr

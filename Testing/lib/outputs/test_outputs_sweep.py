"""What ended processes left is swept, and nothing of those that live, on this machine or another."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from dying import run_and_die

from EchoSynthLib.outputs import OutputFolder, discard_all, moving, sweep
from EchoSynthLib.outputs.hidden import MAKING, MOVING, live
from EchoSynthLib.outputs.owner import Owner

POSIX = pytest.mark.skipif(os.name != "posix", reason="speaks of POSIX signals")
ROOT = Path(__file__).resolve().parents[3]


def named(prefix: str, owner: Owner, made: int = 0) -> str:
    return f"{prefix}{owner}-{made}-0123abcd"


def test_only_what_an_ended_process_of_this_machine_left_is_swept(tmp_path: Path) -> None:
    own = Owner.this_process()
    ended = replace(own, pid=999999999)
    living = replace(own, pid=os.getppid(), started=0)
    elsewhere = replace(ended, boot="00000000")
    in_a_container = replace(ended, space="00000000")
    for owner in (ended, living, elsewhere, in_a_container):
        (tmp_path / named(MAKING, owner)).mkdir()
    (tmp_path / ".echosynth-notes").mkdir()
    with OutputFolder(tmp_path):
        pass
    kept = {named(MAKING, owner) for owner in (living, elsewhere, in_a_container)}
    assert {path.name for path in tmp_path.iterdir()} == kept | {".echosynth-notes"}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system does not say when a process began")
def test_a_later_process_of_the_same_number_does_not_keep_what_an_earlier_one_left(tmp_path: Path) -> None:
    parent = replace(Owner.this_process(), pid=os.getppid(), started=1)
    (tmp_path / named(MAKING, parent)).mkdir()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


@POSIX
def test_in_another_container_of_this_machine_the_lock_tells_whether_a_process_lives(tmp_path: Path) -> None:
    from EchoSynthLib.outputs.owner import lock, unlock

    place = tmp_path / named(MAKING, replace(Owner.this_process(), space="00000000"))
    place.mkdir()
    os.utime(place, (1, 1))
    locked = lock(place)
    assert locked is not None
    sweep(tmp_path)
    assert place.exists()
    unlock(locked)
    sweep(tmp_path)
    assert not place.exists()


def test_a_container_with_process_numbers_of_its_own_sweeps_nothing_of_a_living_process_outside(tmp_path: Path) -> None:
    container = ["unshare", "--pid", "--fork", "--mount-proc"]
    try:
        subprocess.run([*container, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("containers cannot be made here")
    code = "import sys; from pathlib import Path; from EchoSynthLib.outputs import sweep; sweep(Path(sys.argv[1]))"
    command = [*container, sys.executable, "-c", code, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with OutputFolder(tmp_path) as hidden:
        os.utime(hidden.parent, (1, 1))
        subprocess.run(command, env=environment, check=True)
        assert hidden.is_dir()
    # What an ended process left, the container knows by its lock.
    run_and_die(tmp_path, "with OutputFolder(folder) as hidden:\n    os.utime(hidden.parent, (1, 1))\n    die()\n")
    assert len(list(tmp_path.iterdir())) == 1
    subprocess.run(command, env=environment, check=True)
    assert list(tmp_path.iterdir()) == []


def test_what_a_process_of_another_machine_is_replacing_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / named(MOVING, replace(Owner.this_process(), boot="00000000"))
    (place / moving.OLD).mkdir(parents=True)
    (place / moving.OLD / "a").write_text("old")
    with OutputFolder(tmp_path):
        pass
    assert (place / moving.OLD / "a").read_text() == "old"


def test_a_process_that_has_to_end_removes_what_it_is_making_and_nothing_else(tmp_path: Path) -> None:
    place = tmp_path / named(MOVING, Owner.this_process())
    (place / moving.OLD).mkdir(parents=True)
    live.add(place)
    try:
        OutputFolder(tmp_path / "new").__enter__()
        discard_all()
        assert list(tmp_path.iterdir()) == [place]
    finally:
        live.clear()

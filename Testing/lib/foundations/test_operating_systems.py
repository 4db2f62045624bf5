"""What Windows and macOS alone run, played on this system: processes, locks, renaming, what Windows calls errors."""

from __future__ import annotations

import ast
import ctypes
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from EchoSynthLib import machine, processes
from EchoSynthLib.outputs import OutputFolder, moving, owner, renaming, replacing, sweep
from EchoSynthLib.outputs.trouble import output_error

ROOT = Path(__file__).resolve().parents[3]
NO_WINDOW, NEW_GROUP = 0x08000000, 0x00000200


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What EchoSynth asks by `sys.platform`; what Python's own library found when it was loaded stays."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", NO_WINDOW, raising=False)
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", NEW_GROUP, raising=False)


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no fcntl."""
    monkeypatch.setattr(owner, "fcntl", None)


@pytest.fixture
def without_proc(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Neither Windows nor macOS tells in files when a process began, nor which containers there are."""
    monkeypatch.setattr(processes, "_status", lambda pid: None)
    monkeypatch.setattr(owner, "_read", lambda path: "")
    monkeypatch.setattr(os, "readlink", lambda path: (_ for _ in ()).throw(FileNotFoundError(path)))
    owner._this_process.cache_clear()
    yield
    owner._this_process.cache_clear()


class Process:
    """As much of a Popen as is asked for."""

    pid = 4711
    killed = False

    def kill(self) -> None:
        self.killed = True


@pytest.mark.usefixtures("windows")
def test_a_worker_on_windows_has_a_group_and_no_window() -> None:
    assert processes.own_group() == {"creationflags": NO_WINDOW | NEW_GROUP}


@pytest.mark.usefixtures("windows")
def test_a_tree_of_processes_is_ended_by_taskkill(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[list[str], Any]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, **options: asked.append((command, options)))
    process = Process()
    processes.kill_tree(process)  # type: ignore[arg-type]
    assert asked == [
        (["taskkill", "/T", "/F", "/PID", "4711"], {"capture_output": True, "check": False, "creationflags": NO_WINDOW})
    ]
    assert process.killed


@pytest.mark.usefixtures("windows")
def test_without_taskkill_the_process_itself_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(command: list[str], **_: object) -> None:
        raise FileNotFoundError(command[0])

    monkeypatch.setattr(subprocess, "run", missing)
    process = Process()
    processes.kill_tree(process)  # type: ignore[arg-type]
    assert process.killed


@pytest.mark.usefixtures("windows")
def test_nothing_is_sent_to_a_session_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    # os.killpg, os.getsid and SIGKILL are not there.
    for name in ("killpg", "getsid"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.delattr(signal, "SIGKILL", raising=False)
    processes.end_own_session()


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize(
    ("handle", "code", "last_error", "alive"),
    [(8, 259, 0, True), (8, 0, 0, False), (8, 3, 0, False), (0, 0, 87, False), (0, 0, 5, True)],
    ids=["runs", "ended", "failed", "no such process", "of another user"],
)
def test_a_process_on_windows_is_asked_by_its_handle_and_never_signaled(
    monkeypatch: pytest.MonkeyPatch, handle: int, code: int, last_error: int, alive: bool
) -> None:
    closed: list[int] = []

    class Kernel:
        def OpenProcess(self, access: int, inherit: bool, pid: int) -> int:  # noqa: N802
            assert (access, inherit, pid) == (0x1000, False, 4711)
            return handle

        def GetExitCodeProcess(self, opened: int, into: Any) -> int:  # noqa: N802
            into._obj.value = code
            return 1

        def CloseHandle(self, opened: int) -> None:  # noqa: N802
            closed.append(opened)

    def signaled(pid: int, number: int) -> None:
        raise AssertionError("on Windows this ends the process")

    monkeypatch.setattr(ctypes, "WinDLL", lambda name, use_last_error: Kernel(), raising=False)
    monkeypatch.setattr(ctypes, "get_last_error", lambda: last_error, raising=False)
    monkeypatch.setattr(os, "kill", signaled)
    assert processes.is_alive(4711) is alive
    assert closed == ([8] if handle else [])


@pytest.mark.usefixtures("windows", "without_locks", "without_proc")
def test_results_of_windows_replace_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with OutputFolder(tmp_path) as hidden:
        (hidden / "a.txt").write_text("new")
        (hidden / "b").mkdir()
        (hidden / "b" / "c.txt").write_text("new")
    with replacing(tmp_path / "a.txt") as partial:
        partial.write_text("newer")
    assert (tmp_path / "a.txt").read_text() == "newer"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b"]


@pytest.mark.usefixtures("without_locks", "without_proc")
@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_what_an_ended_process_left_is_swept_where_no_file_tells_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(processes, "is_alive", lambda pid: pid != 4711)
    own = owner.Owner.this_process()
    left = tmp_path / f".echosynth-4711-0-{own.boot}-{own.space}-0-12345678"
    others = tmp_path / f".echosynth-4712-0-{own.boot}-{own.space}-0-12345678"
    for folder in (left, others):
        (folder / "new").mkdir(parents=True)
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [others]
    assert own.started == 0


@pytest.mark.usefixtures("windows")
def test_the_hidden_folder_of_windows_hands_no_rights_of_its_own_to_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # From mode 700 Windows makes a list of rights for the maker alone, which files keep when they move out.
    modes: list[int] = []
    make = Path.mkdir
    monkeypatch.setattr(Path, "mkdir", lambda self, mode=0o777, **options: modes.append(mode) or make(self, **options))
    with OutputFolder(tmp_path / "out") as hidden:
        (hidden / "a.txt").touch()
    assert set(modes) == {0o777}


@pytest.mark.usefixtures("windows")
def test_what_a_virus_scanner_has_open_is_renamed_a_moment_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def opened_twice(step: Any) -> Any:
        def try_to(source: Path, target: Path) -> None:
            tries.append(Path(target).name)
            if tries.count(Path(target).name) <= 2:
                raise PermissionError(errno.EACCES, "Access is denied", str(source))
            step(source, target)

        return try_to

    for name in ("rename", "replace"):
        monkeypatch.setattr(os, name, opened_twice(getattr(os, name)))
    with OutputFolder(tmp_path / "out") as hidden:
        (hidden / "a.txt").write_text("a")
    with replacing(tmp_path / "out" / "b.txt") as partial:
        partial.write_text("b")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.txt", "b.txt"]
    assert tries.count("b.txt") == 3


def test_elsewhere_a_closed_folder_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    tries: list[Path] = []

    def closed(source: Path, target: Path) -> None:
        tries.append(target)
        raise PermissionError(errno.EACCES, "Permission denied", str(source))

    monkeypatch.setattr(os, "rename", closed)
    with pytest.raises(PermissionError):
        renaming.rename(tmp_path / "a", tmp_path / "b")
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("number", "told"), [(32, "in use by another program"), (33, "in use by another program"), (206, "too long")]
)
def test_what_windows_calls_an_error_is_told_in_words(number: int, told: str) -> None:
    # All three are errno 13 or 2 to Python; a table that is open in Excel is the first.
    error = PermissionError(errno.EACCES, "The process cannot access the file")
    error.winerror = number  # type: ignore[attr-defined,unused-ignore]
    assert told in str(output_error(Path("measurements.csv"), error))


def test_cores_are_counted_where_a_process_has_no_list_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert machine.cores() == 6


# What Windows' Python lacks, and of that what macOS lacks, too.
POSIX_MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "pty"}
POSIX_NAMES = {
    "os": {"killpg", "getsid", "getpgid", "setsid", "geteuid", "getuid", "getgid", "uname", "fork", "mkfifo", "statvfs",
           "sched_getaffinity", "O_CLOEXEC", "O_NOFOLLOW", "O_DIRECTORY"},
    "signal": {"SIGKILL", "SIGUSR1", "SIGUSR2", "SIGHUP", "SIGALRM", "SIGCHLD", "SIGXFSZ", "SIGPIPE", "alarm"},
}  # fmt: skip


@pytest.mark.slow
def test_models_draw_and_segment_without_what_posix_alone_has(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        # The libraries know by themselves which system they are on.
        "import multiprocessing, numpy, scipy.ndimage, SimpleITK, av, PIL.Image, pydicom, onnxruntime\n"
        f"for name in {POSIX_MODULES}: sys.modules[name] = None\n"
        f"for owner, names in ((os, {POSIX_NAMES['os']}), (signal, {POSIX_NAMES['signal']})):\n"
        "    for name in names:\n"
        "        if hasattr(owner, name): delattr(owner, name)\n"
        "from EchoSynthLib.cli import main\n"
        "import EchoSynthLib.worker, EchoSynthLib.client, EchoSynthLib.parallel.process_pool\n"
        "heart, out = sys.argv[1:]\n"
        "code = main(['synthesize', heart, '--output', out, '--count', '1', '--steps', '1', '--quiet'])\n"
        "sys.exit(code or main(['segment', out, '--output', out + '-segmented', '--quiet']))\n"
    )
    heart = ROOT / "Resources" / "LabelMaps" / "parametric_4CH_ED.nii.gz"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script, str(heart), str(tmp_path / "out")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "out-segmented").glob("*_segmentation.nii.gz"))


@pytest.mark.parametrize("folder", ["EchoSynthLib", "EchoSynth", "Testing/lib"])
def test_nothing_that_posix_alone_has_is_asked_for_while_a_file_is_imported(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / folder).rglob("*.py")
        for node in at_start_up(ast.parse(path.read_text(encoding="utf-8")))
        if is_posix_alone(node)
    ]
    assert found == []


def at_start_up(tree: ast.Module) -> Iterator[ast.AST]:
    """What runs at import; not what stands in functions, nor in a `try` that hears ImportError."""
    stack: list[ast.AST] = list(tree.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Try):
            # The decorators of a test are read at import: parametrize and skipif.
            stack.extend(getattr(node, "decorator_list", []))
            continue
        yield node
        stack.extend(ast.iter_child_nodes(node))


def is_posix_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return bool({alias.name for alias in node.names} & POSIX_MODULES)
    if isinstance(node, ast.ImportFrom):
        return node.module in POSIX_MODULES
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        # `hasattr(os, "geteuid") and os.geteuid()` asks first.
        return node.attr in POSIX_NAMES.get(node.value.id, set()) - {"geteuid"}
    return False


def test_names_of_what_is_being_made_can_be_names_on_windows() -> None:
    from EchoSynthLib.outputs.hidden import new_name

    name = new_name(3, ".partial.nii.gz")
    assert not set(name) & set('<>:"/\\|?*')
    assert len(name) < 100
    assert moving.MOVING.startswith(".")


def test_files_of_the_repository_have_names_that_every_system_takes() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    names = listed.stdout.splitlines()
    assert len({name.lower() for name in names}) == len(names)
    assert not [name for name in names if set(name) & set('<>:"\\|?*')]
    reserved = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))}
    assert not [name for name in names if {part.split(".")[0].lower() for part in Path(name).parts} & reserved]
    # A clone lies somewhere below C:\\Users, and Windows takes 259 characters.
    assert max(map(len, names)) < 160


def test_lines_of_models_are_kept_as_they_are_where_git_would_change_them() -> None:
    rules = (ROOT / ".gitattributes").read_text(encoding="utf-8")
    assert "* text=auto eol=lf" in rules
    assert {line.split()[0] for line in rules.splitlines() if line.endswith(" binary")} >= {"*.onnx", "*.safetensors"}

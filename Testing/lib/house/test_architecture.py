"""The house rules, proved on the source: what imports what, and what is never written."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from EchoSynthLib.systems import RECIPES, SYSTEMS
from EchoSynthLib.tasks import find_task

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = "EchoSynthLib"
MODULE = ROOT / "EchoSynth"
SOURCES = sorted((ROOT / PACKAGE).rglob("*.py"))
MODULE_SOURCES = sorted(MODULE.rglob("*.py"))
TABLE = ROOT / PACKAGE / "systems.py"
OURS = {*SOURCES, *MODULE_SOURCES}
ALL_CODE = sorted([*OURS, *(ROOT / "Testing").rglob("*.py"), ROOT / "setup.py"])

# The rooms of the systems, as the table names them: a new one needs no line here.
SYSTEM_ROOMS = {system.name.partition(".")[0] for system in SYSTEMS}

# From the ground up; a room imports from its own floor and from those below it.
FLOORS = (
    {"arguments", "array_like", "checksums", "errors", "files", "machine", "processes", "progress", "records", "types"},
    {"anatomy", "images", "networks", "evaluation", "outputs"},
    {"measurement", "acoustics"},
    {"zoo", "runtime", "training", "parallel"},
    {"system", "systems", "capabilities"},
    {"image_trust"},
    SYSTEM_ROOMS,
    {"api"},
    {"demo", "demo_results", "experiment"},
    {"tasks"},
    {"cli", "worker", "client"},
    {"__init__", "__main__"},
)
FLOOR_OF = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

# The modules for Slicer stand on the library in the same way: nodes and arrays, the jobs between them, Qt, and on top a
# file for each module, which knows none of the others.
MODULES = tuple(sorted(path.stem for path in MODULE.glob("Echo*.py")))
MODULE_FLOORS = ("EchoSynthMRML", "EchoSynthJobs", "EchoSynthPanels", *MODULES)
WITHOUT_QT = {"EchoSynthMRML", "EchoSynthJobs"}
QT = {"qt", "ctk", "PythonQt"}

HEAVY = {
    "torch", "accelerate", "monai", "diffusers", "onnx", "onnxscript", "safetensors", "einops", "dask", "distributed",
}  # fmt: skip
SLICER = {"slicer", "vtk", "vtkmodules", "mrml", *QT}
STANDARD_LIBRARY_ROOMS = {"client", "processes", "progress", "outputs", "errors", "files", "types"}

# Training and the files of a system may load torch, but not the doors through which the fast path comes in.
TORCH_ROOMS = {"training", "networks", *SYSTEM_ROOMS}
DOORS_OF_A_SYSTEM = {"pipeline", "__init__"}


def import_root(path: Path) -> Path:
    """The folder on sys.path from which a file is imported."""
    return MODULE if path.is_relative_to(MODULE) else ROOT


def parts(path: Path) -> tuple[str, ...]:
    """EchoSynthLib/images/read.py -> ("images", "read"); a package's __init__ stands for the package."""
    names = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
    return names[:-1] if names[-1] == "__init__" and len(names) > 1 else names


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def type_checking_only(tree: ast.Module) -> set[int]:
    """The nodes inside `if TYPE_CHECKING:`, which never run."""
    blocks = (node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
    return {id(inner) for block in blocks for statement in block.body for inner in ast.walk(statement)}


def at_start_up(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that run when the file is imported: everything outside functions, class bodies included."""
    stack: list[ast.AST] = list(tree.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))


def imported(node: ast.AST, path: Path) -> list[str]:
    """The dotted names that an import statement (or import_module of a constant) brings in; [] for other nodes."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            package = path.relative_to(import_root(path)).parent.parts
            base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
        return [f"{base}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"import_module", "__import__"}:
        return [str(a.value) for a in node.args[:1] if isinstance(a, ast.Constant)]
    return []


@cache
def every_import(path: Path) -> list[str]:
    return [name for node in ast.walk(tree_of(path)) for name in imported(node, path)]


@cache
def imports_at_start_up(path: Path) -> list[str]:
    skipped = type_checking_only(tree_of(path))
    return [n for node in at_start_up(tree_of(path)) if id(node) not in skipped for n in imported(node, path)]


def rooms_used(path: Path) -> list[tuple[str, ...]]:
    """The modules of EchoSynthLib that a file imports, as parts; names of the package itself (its version) left out."""
    names = (name.split(".")[1:] for name in every_import(path) if name.split(".")[0] == PACKAGE)
    return [tuple(name) for name in names if name and name[0] in FLOOR_OF]


def system_of(module: tuple[str, ...]) -> str | None:
    """("synthesis", "beam", "network") -> "synthesis.beam"; None for what all systems of a room share, and others."""
    if module[0] not in SYSTEM_ROOMS or len(module) < 2:
        return None
    return ".".join(module[:2]) if ROOT.joinpath(PACKAGE, *module[:2]).is_dir() else None


@cache
def texts(path: Path) -> list[str]:
    """The strings of a file, less its docstrings: those that stand alone as a statement."""
    nodes = list(ast.walk(tree_of(path)))
    alone = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    constants = [node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node.value for node in constants if id(node) not in alone]


def rooms_named(path: Path) -> list[tuple[str, ...]]:
    """The modules of EchoSynthLib that a file names in strings, as parts: whoever imports those goes by no import."""
    names = (name.split(".")[1:] for text in texts(path) for name in re.findall(rf"\b{PACKAGE}(?:\.\w+)+", text))
    return [tuple(name) for name in names if name[0] in FLOOR_OF]


@cache
def files_loaded_by(path: Path) -> frozenset[Path]:
    """What of ours its imports read at once, the packages on the way included."""
    own = path.relative_to(import_root(path)).with_suffix("").parts
    loaded: set[Path] = set()
    for steps in [own, *(module.split(".") for module in imports_at_start_up(path))]:
        root = MODULE if steps[0] in MODULE_FLOORS else ROOT
        names = [root.joinpath(*steps[:length]) for length in range(1, len(steps) + 1)]
        loaded.update(place for name in names for place in (name.with_suffix(".py"), name / "__init__.py"))
    return frozenset(loaded & OURS)


def files_loaded_with(path: Path) -> set[Path]:
    """The file, and all of ours that is read when it is imported."""
    loaded: set[Path] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file not in loaded:
            loaded.add(file)
            waiting.extend(files_loaded_by(file))
    return loaded


def files_used(path: Path) -> set[Path]:
    """The files of ours that a file imports anywhere, in functions, too; what is for the type checker left out."""
    named = type_checking_only(tree_of(path))
    names = [used for node in ast.walk(tree_of(path)) if id(node) not in named for used in imported(node, path)]
    found = set()
    for steps in (used.split(".") for used in names):
        root = MODULE if steps[0] in MODULE_FLOORS else ROOT
        # `from package.module import name`: the module, where the name is none itself.
        inner, outer = root.joinpath(*steps), root.joinpath(*steps[:-1])
        places = [inner.with_suffix(".py"), inner / "__init__.py", outer.with_suffix(".py"), outer / "__init__.py"]
        found.update([place for place in places if place in OURS][:1])
    return found - {path}


def module_room(path: Path) -> str:
    """EchoSynth/EchoSynthMRML/grid.py -> "EchoSynthMRML"; EchoSynth/EchoSynth.py -> "EchoSynth"."""
    return path.relative_to(MODULE).with_suffix("").parts[0]


def is_on_the_fast_path(path: Path) -> bool:
    return parts(path)[0] not in TORCH_ROOMS or path.stem in DOORS_OF_A_SYSTEM


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def of_each(paths: Iterable[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """One test of what holds for each file, which tells of all: thousands of items take pytest longer than to look."""

    def one_test(rule: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            wrong = []
            for path in paths:
                try:
                    rule(path)
                except AssertionError as error:
                    wrong.append(f"{name(path)}: {error}")
            assert not wrong, "\n".join(wrong)

        test.__name__ = rule.__name__
        return test

    return one_test


def test_every_room_of_the_house_has_a_floor() -> None:
    rooms = {parts(path)[0] for path in SOURCES}
    assert set() < rooms <= set(FLOOR_OF), f"give a floor in this test to: {sorted(rooms - set(FLOOR_OF))}"


@of_each(SOURCES)
def test_imports_point_down(path: Path) -> None:
    floor = FLOOR_OF[parts(path)[0]]
    upwards = [".".join(used) for used in rooms_used(path) if FLOOR_OF[used[0]] > floor]
    assert not upwards, f"{name(path)} imports from above: {upwards}"


def test_no_files_import_one_another_in_a_circle() -> None:
    try:
        TopologicalSorter({path: files_used(path) for path in OURS}).prepare()
    except CycleError as error:
        pytest.fail(f"what they share belongs into a file below them: {' <- '.join(map(name, error.args[1]))}")


@of_each([p for p in SOURCES if p != TABLE])
def test_no_string_names_a_module_that_may_not_be_imported(path: Path) -> None:
    floor, own = FLOOR_OF[parts(path)[0]], system_of(parts(path))
    hidden = [
        ".".join(named)
        for named in rooms_named(path)
        if FLOOR_OF[named[0]] > floor or system_of(named) not in (None, own)
    ]
    assert not hidden, f"{name(path)} names {hidden}: EchoSynthLib/systems.py alone names modules of systems"


@of_each(SOURCES)
def test_a_system_is_imported_by_its_own_files_alone(path: Path) -> None:
    own = system_of(parts(path))
    others = {system for used in rooms_used(path) if (system := system_of(used)) not in (None, own)}
    assert not others, (
        f"{name(path)} imports {sorted(map(str, others))}: what two systems need moves down, and what is above them "
        "loads them by EchoSynthLib/systems.py"
    )


@of_each([p for p in SOURCES if parts(p)[0] in SYSTEM_ROOMS])
def test_a_room_of_systems_knows_no_other_one(path: Path) -> None:
    others = {used[0] for used in rooms_used(path)} & (SYSTEM_ROOMS - {parts(path)[0]})
    assert not others, f"{name(path)} imports from {sorted(others)}: what two rooms of systems need moves down"


@of_each([p for p in SOURCES if system_of(parts(p))])
def test_a_system_names_no_other_one_and_none_of_its_models(path: Path) -> None:
    own = system_of(parts(path))
    foreign = {s.name for s in SYSTEMS if s.name != own} | {n for n, r in RECIPES.items() if r.system.name != own}
    found = foreign & set(texts(path)) - {"views"}  # under which pictures are kept everywhere, and a model's name, too
    assert not found, f"{name(path)} names {sorted(found)}: its row gives them as arguments of the recipe"


def test_the_table_knows_nothing_above_the_zoo() -> None:
    known = {("types", "Progress")}
    assert {used for used in rooms_used(TABLE) if used[0] not in ("zoo", "errors", "system")} <= known


def test_every_system_has_a_row_and_every_row_has_what_it_names() -> None:
    inner = [path for path in (ROOT / PACKAGE).glob("*/*/") if path.parent.name in SYSTEM_ROOMS]
    folders = {f"{path.parent.name}.{path.name}" for path in inner if (path / "__init__.py").is_file()}
    assert folders == {system.name for system in SYSTEMS}
    for system in SYSTEMS:
        for place in filter(None, (system.pipeline, system.torch_pipeline, system.recipe, system.solvers)):
            module, _, wanted = place.partition(":")
            assert module.startswith(f"{PACKAGE}.{system.name}."), place
            defined = tree_of(ROOT.joinpath(*module.split(".")).with_suffix(".py")).body
            assert wanted in {node.name for node in defined if isinstance(node, ast.ClassDef | ast.FunctionDef)}, place
        assert system.runtime in ("onnx", "torch")
        assert not system.task or find_task(system.task).name == system.task
        door = tree_of(ROOT / PACKAGE / system.name.partition(".")[0] / "__init__.py").body
        in_room = {node.name for node in door if isinstance(node, ast.FunctionDef)}
        in_room |= {one.name for node in door if isinstance(node, ast.ImportFrom) for one in node.names}
        assert set(system.offers) <= in_room - {path.stem for path in (ROOT / PACKAGE).iterdir()}


@of_each(SOURCES)
def test_the_core_knows_neither_slicer_nor_vtk_nor_qt(path: Path) -> None:
    assert not {used.split(".")[0] for used in every_import(path)} & {*SLICER, *MODULE_FLOORS}


@of_each([p for p in SOURCES if is_on_the_fast_path(p)])
def test_the_fast_path_starts_without_torch_and_its_kin(path: Path) -> None:
    heavy = {
        f"{module} (in {name(file)})"
        for file in files_loaded_with(path)
        for module in imports_at_start_up(file)
        if module.split(".")[0] in HEAVY
    }
    assert not heavy, f"importing {name(path)} loads {sorted(heavy)}: import inside the function that needs it"


@of_each([p for p in SOURCES if parts(p)[0] in STANDARD_LIBRARY_ROOMS])
def test_the_caller_of_the_worker_needs_the_standard_library_alone(path: Path) -> None:
    named = type_checking_only(tree_of(path))
    loaded = [used for node in ast.walk(tree_of(path)) if id(node) not in named for used in imported(node, path)]
    foreign = {
        used
        for used in loaded
        if used.split(".")[0] not in sys.stdlib_module_names
        and not (used.startswith(f"{PACKAGE}.") and used.split(".")[1] in STANDARD_LIBRARY_ROOMS | {"__version__"})
    }
    assert not foreign, f"{name(path)} imports {sorted(foreign)}"


def test_every_room_of_the_module_has_a_floor() -> None:
    assert {module_room(path) for path in MODULE_SOURCES} <= set(MODULE_FLOORS)


@of_each(MODULE_SOURCES)
def test_imports_of_the_module_point_down(path: Path) -> None:
    room = module_room(path)
    above = (set(MODULES) if room in MODULES else set(MODULE_FLOORS[MODULE_FLOORS.index(room) + 1 :])) - {room}
    upwards = [used for used in every_import(path) if used.split(".")[0] in above]
    assert not upwards, f"{name(path)} imports from above: {upwards}"


@of_each([p for p in MODULE_SOURCES if module_room(p) in WITHOUT_QT])
def test_below_the_panels_there_is_no_qt(path: Path) -> None:
    assert not {used.split(".")[0] for used in every_import(path)} & QT


@of_each(MODULE_SOURCES)
def test_the_module_leaves_networks_to_the_worker(path: Path) -> None:
    heavy = {used for used in every_import(path) if used.split(".")[0] in {*HEAVY, "onnxruntime"}}
    assert not heavy, f"{name(path)} imports {sorted(heavy)} into Slicer itself"


@of_each([p for p in MODULE_SOURCES if module_room(p) in MODULES])
def test_slicer_starts_with_nothing_third_party_and_not_even_numpy(path: Path) -> None:
    known = {*sys.stdlib_module_names, *SLICER, *MODULE_FLOORS, PACKAGE}
    foreign = {
        f"{module} (in {name(file)})"
        for file in files_loaded_with(path)
        for module in imports_at_start_up(file)
        if module.split(".")[0] not in known
    }
    assert not foreign, f"importing {name(path)} loads {sorted(foreign)}: import where it is used"


@of_each(ALL_CODE)
def test_no_file_is_longer_than_one_sitting(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 400, f"{name(path)} has {lines} lines; 400 is the most, 250 is good"


def keyword_is_true(call: ast.Call, keyword: str) -> bool:
    return any(k.arg == keyword and isinstance(k.value, ast.Constant) and k.value.value is True for k in call.keywords)


@of_each(sorted(OURS))
def test_pickle_is_never_read_and_no_shell_is_started(path: Path) -> None:
    calls = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
    found = [
        f"line {call.lineno}: {ast.unparse(call)[:60]}"
        for call in calls
        if ast.unparse(call.func) in {"pickle.load", "pickle.loads", "os.system", "eval", "exec"}
        or keyword_is_true(call, "allow_pickle")
        or keyword_is_true(call, "shell")
        or (ast.unparse(call.func) == "torch.load" and not keyword_is_true(call, "weights_only"))
    ]
    assert not found, f"{name(path)}: {found}"


@of_each(sorted(p for p in OURS if p.parent.name != "outputs"))
def test_what_replaces_a_users_file_is_written_by_outputs_alone(path: Path) -> None:
    calls = [ast.unparse(node.func) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
    moves = [call for call in calls if call in {"os.replace", "os.rename", "shutil.move", "tempfile.mkdtemp"}]
    # Within a hidden folder of `outputs`, from one of its own folders to another.
    assert not moves or path.name == "layouts.py", (
        f"{name(path)} moves files itself ({moves}); EchoSynthLib.outputs does"
    )


@of_each([p for p in ALL_CODE if p != Path(__file__).resolve()])
def test_no_path_of_a_machine_and_no_todo_is_left_in_the_source(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for mark in ("/home/", "/Users/", "C:\\Users", "TODO", "FIXME", "XXX"):
        assert mark not in text, f"{name(path)} holds {mark!r}"

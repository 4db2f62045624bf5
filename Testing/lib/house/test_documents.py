"""README and Docs tell the truth: links lead somewhere, commands are commands, Python runs, figures were measured."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from EchoSynthLib import cli
from EchoSynthLib.errors import InputError
from EchoSynthLib.tasks import all_tasks, find_task, parameters_of

ROOT = Path(__file__).resolve().parents[3]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "Docs").glob("*.md"))
EVERY = [README, *DOCS]
# Where the Extensions Index and PyPI show the README there is no tree beside it.
OUR_ADDRESS = re.compile(
    r"https://(?:github\.com/echosynth/SlicerEchoSynth/(?:blob|tree)|raw\.githubusercontent\.com/echosynth/SlicerEchoSynth)"
    r"/main/([^)\s#\"]+)"
)
every_document = pytest.mark.parametrize("document", EVERY, ids=lambda path: path.name)


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def links(document: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))


def commands(document: Path) -> list[list[str]]:
    """The words of every line of shell that calls EchoSynth."""
    lines = "\n".join(blocks(document, "sh")).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [line[1:] for line in words if line[:1] == ["echosynth"]]


def test_the_readme_stays_a_page() -> None:
    assert 4_000 < README.stat().st_size < 8_000


TELLING = [*EVERY, ROOT / "CMakeLists.txt", ROOT / "pyproject.toml", ROOT / "EchoSynth/EchoSynthPanels/module.py"]


@pytest.mark.parametrize("document", TELLING, ids=lambda path: path.name)
def test_every_address_of_ours_is_that_of_a_file(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert [path for path in OUR_ADDRESS.findall(text) if not (ROOT / path).exists()] == []


def test_the_readme_links_by_addresses_alone() -> None:
    assert [link for link in links(README) if not link.startswith("https://")] == []


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_every_link_within_the_documents_leads_to_a_file(document: Path) -> None:
    within = [link for link in links(document) if not link.startswith("https://")]
    assert [link for link in within if not (document.parent / link.partition("#")[0]).exists()] == []


def test_the_readme_leads_to_every_document() -> None:
    linked = {ROOT / path for path in OUR_ADDRESS.findall(README.read_text(encoding="utf-8"))}
    assert {path.name for path in DOCS if path not in linked} == set()


@every_document
def test_every_command_is_one_that_the_command_line_takes(document: Path) -> None:
    for words in commands(document):
        if "--help" in words:
            words = words[:1]
            assert words[0] in {task.name for task in all_tasks()}
            continue
        chosen = cli.make_parser().parse_args(words)
        if hasattr(chosen, "task"):
            task = find_task(chosen.task)
            task.build({item.name: getattr(chosen, item.name) for item in parameters_of(task) if item.name in chosen})


def test_every_module_has_a_row_in_the_readme() -> None:
    modules = {path.stem for path in (ROOT / "EchoSynth").glob("Echo*.py")}
    rows = set(re.findall(r"^\| (Echo\w+) \| .{20}", README.read_text(encoding="utf-8"), re.M))
    assert rows == modules


def test_the_readme_shows_eight_commands_that_need_no_file_of_ones_own() -> None:
    shown = commands(README)
    assert len(shown) == 8
    inputs = [word for words in shown for word in words if word.startswith("Resources/")]
    assert len(inputs) >= 3
    assert all((ROOT / word).exists() for word in inputs)


def test_make_targets_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for document in EVERY:
        for target in re.findall(r"`make ([a-z]+)\b|^make ([a-z]+)\b", document.read_text(encoding="utf-8"), re.M):
            assert re.search(rf"^{''.join(target)}:", makefile, re.M), (document.name, target)


@pytest.mark.slow
def test_the_python_of_the_readme_runs_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names = run_all(blocks(README, "python"))
    assert names["label_map"].shape == names["echo"].pixels.shape
    assert names["images"].shape == (8, *names["label_map"].shape)


@pytest.mark.slow
def test_the_python_of_the_library_runs_on_one_image_and_its_label_map(monkeypatch: pytest.MonkeyPatch) -> None:
    from EchoSynthLib.anatomy.views import VIEWS
    from EchoSynthLib.images import read_image
    from EchoSynthLib.systems import models_of

    monkeypatch.chdir(ROOT)
    outside = [block for block in blocks(ROOT / "Docs" / "python.md", "python") if "slicer." not in block]
    if not models_of("motion"):
        outside = [block for block in outside if "es.register(" not in block]
    if not models_of("retrieval"):
        outside = [block for block in outside if "es.retrieve(" not in block]
    image = read_image("Resources/SampleData/synthetic_4CH_ED.nii.gz").pixels
    names = run_all(outside, image=image, cine=np.stack([image, image]), moving=image, fixed=image)
    assert set(names["shares"]) == {view.name for view in VIEWS}
    assert len(names["points"]) == 7
    assert np.count_nonzero(names["heart"].label_map) > 0


def run_all(code: list[str], **given: object) -> dict[str, Any]:
    assert code
    names: dict[str, Any] = dict(given)
    exec(compile("\n".join(code), "document", "exec"), names)
    return names


def test_scripts_call_the_module_for_slicer_with_arguments_that_it_has() -> None:
    logic = arguments_of_logic()
    text = (ROOT / "Docs" / "python.md").read_text(encoding="utf-8")
    code = [block for block in blocks(ROOT / "Docs" / "python.md", "python") if "slicer." in block]
    # A call within a sentence may run over the end of a line.
    code += [call.replace("\n", " ") for call in re.findall(r"`((?:\w+ = )?logic\.[^`]+)`", text)]
    calls = [
        node
        for block in code
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("logic.")
    ]
    assert len(calls) >= 7
    for call in calls:
        name = ast.unparse(call.func).removeprefix("logic.")
        assert {keyword.arg for keyword in call.keywords} <= logic[name], name


def arguments_of_logic() -> dict[str, set[str | None]]:
    panels = ROOT / "EchoSynth" / "EchoSynthPanels"
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (panels / "logic.py", *panels.glob("*/logic.py"))]
    logics = [node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    methods = [node for logic in logics for node in logic.body if isinstance(node, ast.FunctionDef)]
    return {m.name: {a.arg for a in (*m.args.args, *m.args.kwonlyargs)} for m in methods}


@pytest.fixture(scope="module")
def bench() -> Any:
    """Testing/benchmarks/document.py, which is no package."""
    path = ROOT / "Testing" / "benchmarks" / "document.py"
    spec = importlib.util.spec_from_file_location("document", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("content", ["{", "[]", '{"cost": 3}', "[" * 100_000])
def test_damaged_figures_of_the_benchmarks_are_told_and_not_written_over(
    bench: Any, content: str, tmp_path: Path
) -> None:
    results = tmp_path / "results.json"
    results.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"results\.json (is damaged|holds no figures)"):
        bench.read_results(results)
    assert results.read_text(encoding="utf-8") == content


def test_the_benchmarks_are_those_that_were_measured(bench: Any, tmp_path: Path) -> None:
    again = tmp_path / "benchmarks.md"
    again.write_bytes(bench.DOCUMENT.read_bytes())
    bench.write(bench.read_results(), again)
    # Raw figures changed and the document was not written: python Testing/benchmarks/document.py
    assert again.read_text(encoding="utf-8") == bench.DOCUMENT.read_text(encoding="utf-8")


def test_a_part_that_is_measured_replaces_its_table_and_no_other(bench: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n<!-- cost: written by make bench -->\nold\n<!-- end -->\nby hand\n"
        "<!-- panel: written by make bench -->\nkept\n<!-- end -->\n"
    )
    figures = {"seconds": 0.08251, "same": True, "parts": [{"method": "a", "mm": 1.5}, {"method": "b", "mm": 2.0}]}
    bench.write({"cost": {"date": "2026-11-28", "machine": "a computer, 2 cores", "figures": figures}}, page)
    text = page.read_text(encoding="utf-8")
    assert "old" not in text
    assert "Measured on 2026-11-28: a computer, 2 cores." in text
    assert "| seconds | 0.0825 |\n| same | yes |" in text
    assert "**parts**\n\n| method | mm |\n|---|---|\n| a | 1.5 |\n| b | 2 |" in text
    assert "by hand" in text
    assert "kept" in text
    with pytest.raises(ValueError, match="0 places for the figures of contour"):
        bench.write({"contour": {"date": "", "machine": "", "figures": {"a": 1.0}}}, page)


def test_the_figures_of_the_readme_are_those_of_the_benchmarks(bench: Any) -> None:
    results = {part: kept["figures"] for part, kept in bench.read_results().items()}
    text = README.read_text(encoding="utf-8")
    clean = [f"{row['mean']:.3f}" for row in results["segmentation"]["clean"]]
    obeyed = [f"{value:.3f}" for value in results["synthesis"]["obeyed"]["synthetic, default steps"].values()]
    seconds = results["cost"]["seconds for one 256 x 256 image, default steps"]
    assert " / ".join(clean) in text
    assert " / ".join(obeyed) in text
    assert f"| {seconds:.2g} s |" in text
    (biplane,) = results["measurement"]["biplane EF"]
    assert f"| {biplane['mean absolute error']:.1f} points off on average, r {biplane['correlation']:.2f} |" in text

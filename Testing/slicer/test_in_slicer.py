"""The panels in a real 3D Slicer: every test of cases/ and failing/ runs in one Slicer process; each is an item here.

It needs a Slicer: `make test SLICER=/path/to/Slicer`. ECHOSYNTH_PICTURES names a folder for the cases' pictures.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from find_slicer import HOW, find_slicer
from inner_tests import inner_tests
from slicer_run import SlicerRun, slicer_command

HERE = Path(__file__).resolve().parent

# The run has a time limit of its own, which names the test that hung.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

# Inner tests that are wrong on purpose, what becomes of them, and words of the report.
WRONG = {
    "test_whose_slot_raises": ("failed", "no brush of this name"),
    "test_whose_timer_raises": ("failed", "the clock is broken"),
    "test_whose_observer_raises": ("failed", "the observer stumbled"),
    "test_after_which_the_scene_cannot_be_closed": ("failed", "the scene would not close"),
    "test_that_asserts_what_is_not_so": ("failed", "beats = 3"),
    "test_that_clicks_on_a_gray_button": ("failed", "is grayed out (Load an image first)"),
    "test_that_clicks_on_a_hidden_button": ("failed", "is not visible"),
    "test_that_clicks_on_a_covered_button": ("failed", "is covered by QLabel"),
    "test_that_clicks_behind_a_dialog": ("failed", "is blocked by the dialog QDialog 'In front'"),
    "test_that_waits_in_vain": ("failed", "waited 0.1 s in vain for the tide"),
    "test_whose_class_cannot_be_set_up": ("failed", "no probe"),
    "test_that_leaves_a_dialog_open": ("failed", "left open: QDialog 'Forgotten'"),
    "test_after_an_open_dialog": ("passed", ""),
    "test_that_is_no_unittest": ("failed", "is no unittest.TestCase"),
    "test_that_skips": ("skipped", "no probe at hand"),
    "test_during_which_slicer_logs_an_error": ("passed", ""),
}


@pytest.fixture(scope="session")
def slicer_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlicerRun]:
    """One Slicer that runs the inner tests of all items that pytest has selected."""
    launcher = find_slicer()
    if launcher is None:
        pytest.skip(HOW)
    own = (item for item in request.session.items if item.path == Path(__file__))
    names = [item.callspec.params["inner"] for item in own if hasattr(item, "callspec")]
    run = SlicerRun(slicer_command(launcher), names, tmp_path_factory.mktemp("slicer"))
    yield run
    run.close()


@pytest.mark.parametrize("inner", inner_tests(HERE / "cases"), ids=str)
def test_inside_slicer(inner: str, slicer_run: SlicerRun) -> None:
    result = slicer_run.result(inner)
    if result.outcome == "skipped":
        pytest.skip(result.details)
    if result.outcome == "failed":
        shown = [f"The main window then: {result.picture}"] if result.picture else []
        said = ["Meanwhile Slicer said:", *result.warnings] if result.warnings else []
        pytest.fail("\n".join([result.details, *said, *shown, f"Slicer's log: {slicer_run.log}"]), pytrace=False)
    if result.warnings:
        warnings.warn("\n".join([f"in {inner}:", *dict.fromkeys(result.warnings)]), stacklevel=1)


@pytest.mark.parametrize("inner", inner_tests(HERE / "failing"), ids=str)
def test_the_harness_tells_what_is_wrong(inner: str, slicer_run: SlicerRun) -> None:
    result = slicer_run.result(inner)
    outcome, words = WRONG[inner.rpartition(".")[2]]
    assert (result.outcome, words in result.details) == (outcome, True), result.details
    if inner.endswith("logs_an_error"):
        assert any("the gel has run out" in complaint for complaint in result.warnings)
    began = "WithoutProbe" not in inner and "NoUnittest" not in inner
    assert bool(result.picture) == Path(result.picture).is_file() == (outcome == "failed" and began)

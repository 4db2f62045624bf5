"""The scene and the nodes that the tests are about; where slicer-core is not installed, one test says how to get it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from drawn_nodes import Application

    from EchoSynthLib.client import Client
    from EchoSynthMRML.grid import Grid

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1] / "EchoSynth"), str(HERE)]

if importlib.util.find_spec("slicer") is None:
    collect_ignore = [path.name for path in HERE.glob("test_*.py") if path.name != "test_slicer_core.py"]


@pytest.fixture(scope="session")
def application() -> Application:
    """What Slicer has running beside a scene."""
    from drawn_nodes import Application

    return Application()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """One worker for all tests of a file."""
    from EchoSynthLib.client import Client

    with Client(sys.executable, grace=4.0) as client:
        yield client


@pytest.fixture
def scene(application: Application) -> Any:
    """An empty scene whose sequences play."""
    return application.new_scene()


@pytest.fixture
def codes() -> np.ndarray:
    """A label map (40, 52) with all structures in a checkerboard without symmetry, so that no flip or shift escapes."""
    squares = np.random.default_rng(0).integers(0, 4, (10, 13))
    return np.kron(squares, np.ones((4, 4), int)).astype(np.uint8)


@pytest.fixture
def grid() -> Grid:
    """The grid (40, 52) of a picture file: pixels of 1 x 1, as Slicer's readers lay them."""
    from drawn_nodes import GRIDS

    return GRIDS["picture"]


@pytest.fixture
def frame_volume(scene: Any, grid: Grid) -> Any:
    """A gray frame in the scene."""
    from drawn_nodes import new_volume

    return scene.AddNode(new_volume(grid))


@pytest.fixture
def rgb_volume(scene: Any, grid: Grid) -> Any:
    """A color frame in the scene."""
    from drawn_nodes import new_volume

    return scene.AddNode(new_volume(grid, components=3))


@pytest.fixture
def segmentation(scene: Any, grid: Grid, codes: np.ndarray) -> Any:
    """A segmentation of the label map in the scene."""
    from EchoSynthMRML.label_maps import new_segmentation

    return scene.AddNode(new_segmentation(codes, grid, "heart"))


@pytest.fixture(autouse=True)
def no_errors_in_the_log(capfd: pytest.CaptureFixture[str]) -> Any:
    """VTK reports what goes wrong to the log alone; a test that expects it reads the log itself."""
    yield
    assert "ERR|" not in capfd.readouterr().err

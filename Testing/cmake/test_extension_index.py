"""What the Extensions Index of 3D Slicer asks of a repository, read as its own checks read it."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
CMAKE_LISTS = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
RAW_FILES = "https://raw.githubusercontent.com/echosynth/SlicerEchoSynth/main/"
LARGEST_REPOSITORY = 100 * 1024**2


def value_of(field: str) -> str:
    """The value of an EXTENSION_ field that stands in one quoted set() on one line."""
    values = re.findall(rf'^set\(EXTENSION_{field} "([^"\n]+)"\)$', CMAKE_LISTS, re.M)
    assert len(values) == 1, f'EXTENSION_{field} needs one line: set(EXTENSION_{field} "...")'
    return values[0]


def file_behind(url: str) -> Path:
    assert url.startswith(RAW_FILES)
    return ROOT / url.removeprefix(RAW_FILES)


@cache
def repository_files() -> list[Path]:
    """What the repository holds or is about to hold: tracked files, and new ones that are not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("git does not know this folder")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_project_carries_the_extensions_name() -> None:
    names = re.findall(r"project\s*\(\s*([^\s\)]+)", CMAKE_LISTS, re.I)
    assert names[:1] == ["EchoSynth"]


def test_the_repository_is_named_after_slicer_and_the_extension() -> None:
    assert value_of("HOMEPAGE").rsplit("/", 1)[1] == "SlicerEchoSynth"


@pytest.mark.parametrize("field", ["CONTRIBUTORS", "DESCRIPTION", "DEPENDS"])
def test_the_extension_says_who_made_it_what_it_does_and_what_it_needs(field: str) -> None:
    assert value_of(field).strip()


def test_the_icon_is_a_png_of_128_by_128_and_the_modules_too() -> None:
    icon = file_behind(value_of("ICONURL"))
    with Image.open(icon) as image:
        assert (image.format, image.size) == ("PNG", (128, 128))
    assert icon.read_bytes() == (ROOT / "EchoSynth" / "Resources" / "Icons" / "EchoSynth.png").read_bytes()


def test_every_screenshot_that_is_named_is_in_the_repository() -> None:
    for url in value_of("SCREENSHOTURLS").split():
        picture = file_behind(url)
        assert picture.parent == ROOT / "Resources" / "Screenshots"
        with Image.open(picture) as image:
            assert image.format == "PNG"


def test_the_license_lies_in_the_root_and_permits_everyone() -> None:
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_lines_end_as_on_unix() -> None:
    contents = ((path, path.read_bytes()) for path in repository_files())
    assert not [path for path, content in contents if b"\r\n" in content and b"\0" not in content]


def test_the_repository_stays_small() -> None:
    assert sum(path.stat().st_size for path in repository_files()) < LARGEST_REPOSITORY


def test_the_extension_is_python_only_and_so_is_packaged_for_every_proposal() -> None:
    assert not [path for path in repository_files() if path.suffix in {".h", ".cxx"}]

"""The task `saliency`: a map and a picture of what a view rests on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shipped import needs_views
from task_files import SHAPE, names, write_echo

import EchoSynthLib as es
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.read import read_image
from EchoSynthLib.tasks import Context
from EchoSynthLib.tasks.common.folders import images_within
from EchoSynthLib.tasks.saliency import FindSaliency


@needs_views
def test_the_map_is_that_of_the_frame_asked_for_and_the_picture_is_redder_there(tmp_path: Path) -> None:
    path = write_echo(tmp_path / "cine.nii.gz", frames=3)
    record = FindSaliency(image=path, output=tmp_path, frame=2).run(Context())
    found = np.load(record["outputs"]["saliency"])
    frame = read_image(path).pixels[2]
    expected, told = es.saliency(frame, model="views")
    assert found.shape == SHAPE
    assert found == pytest.approx(expected, abs=1e-5)
    assert (record["view"], record["frame"]) == (told["view"], 2)
    assert record["largest"] == pytest.approx(float(found.max()))
    picture = np.asarray(Image.open(record["outputs"]["picture"])).astype(int)
    assert np.array_equal(picture[..., 1], frame)
    place = np.unravel_index(found.argmax(), SHAPE)
    assert picture[place][0] >= 254
    assert FindSaliency.findings(record)[0].startswith(f"{record['view']}: ")
    assert names(tmp_path) == [
        "cine.nii.gz", "cine_saliency.json", "cine_saliency.npy", "cine_saliency.png",
    ]  # fmt: skip
    assert images_within(tmp_path) == [path]


@needs_views
def test_a_view_that_the_model_does_not_tell_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="given was 'XYZ'"):
        FindSaliency(image=write_echo(tmp_path / "a.png"), output=tmp_path / "out", view="XYZ").run(Context())
    assert not (tmp_path / "out").exists()


@needs_views
def test_a_frame_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Frame 3 was asked for"):
        FindSaliency(image=write_echo(tmp_path / "a.nii.gz", frames=2), output=tmp_path / "out", frame=3).run(Context())

"""A set of cines is made by the worker, and its first cine comes into the scene as what it is."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from EchoSynthJobs import cine_set
from EchoSynthJobs.cine_set import CineSetRequest, make_cine_set, show_first_cine
from EchoSynthJobs.job import Report, finish
from EchoSynthLib import zoo
from EchoSynthMRML.cines import cine_of
from EchoSynthMRML.provenance import is_synthetic
from EchoSynthMRML.volumes import trusted_spacing

with_models = pytest.mark.skipif(
    not (zoo.has("beam-flow") and zoo.has("beating")), reason="the models are not in Resources/Models"
)


def done(job: Any) -> Any:
    return finish(job, lambda report: time.sleep(0.002))


@with_models
def test_the_first_cine_of_a_set_has_its_pixel_size_its_frame_time_and_what_made_it(scene, client, tmp_path) -> None:
    record = done(make_cine_set(client, CineSetRequest(tmp_path / "a", count=1, views="2CH", frames=8, fps=20)))
    volume = done(show_first_cine(scene, client, record))
    frames = cine_of(volume)
    assert (volume.GetName(), len(frames)) == ("heart00000_2CH", 8)
    assert float(frames.value(1)) == pytest.approx(0.05)
    assert trusted_spacing(volume)[0] < 3
    assert is_synthetic(volume)


def test_what_stays_of_a_cancelled_set_is_told_as_soon_as_a_heart_is_made(monkeypatch) -> None:
    def in_worker(*_: Any) -> Generator[Report, None, dict[str, Any]]:
        yield from (Report(waiting=True), Report(3, 40), Report(25, 40))
        return {}

    monkeypatch.setattr(cine_set, "in_worker", in_worker)
    told = [report.kept for report in make_cine_set(None, CineSetRequest(Path("a"), count=4))]
    assert told == ["", "", "2 of 4 hearts stay, and the same set goes on from there"]

"""`es.trust`, and what it puts on the record of everything that reads an image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shipped import needs_contour, needs_generator, needs_segmenter, needs_views

import EchoSynthLib as es
from EchoSynthLib import zoo
from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
from EchoSynthLib.anatomy.views import VIEWS
from EchoSynthLib.classification.views.drawn.tissue import tissue_picture
from EchoSynthLib.classification.views.drawn.traces import trace_screen
from EchoSynthLib.errors import InputError
from EchoSynthLib.image_trust import ImageTrust, trust_of, trusted
from EchoSynthLib.images.frame import EchoFrame
from EchoSynthLib.images.read import read_image
from EchoSynthLib.images.write import write_image
from EchoSynthLib.tasks import Context, find_task

SAMPLE = Path(__file__).resolve().parents[3] / "Resources" / "SampleData" / "synthetic_4CH_ED.nii.gz"
pytestmark = needs_views


@pytest.fixture(scope="module")
def sample() -> np.ndarray:
    frame = read_image(SAMPLE)
    assert isinstance(frame, EchoFrame)
    return frame.pixels


def spectrum() -> np.ndarray:
    return trace_screen(np.random.default_rng(11), tissue_picture)


def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (200, 240), dtype=np.uint8)


def test_an_upright_apical_frame_is_trusted_and_its_view_is_told(sample: np.ndarray) -> None:
    score, record = es.trust(sample)
    assert score >= record["threshold"]
    assert record["trust_reasons"] == []
    assert "warnings" not in record
    shares, told = es.classify_view(sample)
    assert told["view"] == "4CH"
    assert set(shares) == {view.name for view in VIEWS}
    assert sum(shares.values()) == pytest.approx(1)
    assert told["trust"] == pytest.approx(score, abs=1e-4)
    json.dumps(record)


@pytest.mark.parametrize(
    "image", [noise(), np.eye(120, dtype=np.uint8) * 255, spectrum()], ids=["noise", "line", "spectrum"]
)
def test_what_shows_no_heart_is_not_trusted_and_the_reason_is_told(image: np.ndarray) -> None:
    score, record = es.trust(image)
    assert score < record["threshold"]
    assert len(record["trust_reasons"]) == 1
    assert record["warnings"]
    with pytest.raises(InputError, match="cannot be trusted"):
        es.trust(image, strict=True)


def test_a_black_image_shows_nothing() -> None:
    score, record = es.trust(np.zeros((90, 100), np.uint8))
    assert score == 0
    assert "shows nothing" in record["trust_reasons"][0]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_frame_is_not_trusted_and_warned_of_once(sample: np.ndarray, turns: int) -> None:
    turned = np.ascontiguousarray(np.rot90(sample, turns))
    score, record = es.trust(turned)
    assert score < record["threshold"]
    assert len(record["warnings"]) == 1
    assert len(es.classify_view(turned)[1]["warnings"]) == 1


def test_what_is_asked_for_decides(sample: np.ndarray) -> None:
    apical, of_four = es.trust(sample)[0], es.trust(sample, view="A4C")[0]
    parasternal = es.trust(sample, view=["PLAX", "PSAX-PM"])[0]
    assert of_four <= apical
    assert parasternal < 0.5
    with pytest.raises(InputError, match="not known"):
        es.trust(sample, view="upside down")
    with pytest.raises(InputError, match="several in a list"):
        es.trust(sample, view=[])


def test_a_cine_has_the_mean_of_its_frames(sample: np.ndarray) -> None:
    cine = np.stack([sample, np.roll(sample, 2, axis=1), sample])
    shares, record = es.classify_view(cine)
    each = [es.classify_view(frame)[0]["4CH"] for frame in cine]
    assert shares["4CH"] == pytest.approx(np.mean(each))
    assert record["shape"] == list(cine.shape)
    assert es.trust(cine)[0] > 0.5
    assert es.classify_view(np.stack([cine, cine, cine], axis=-1))[1]["view"] == record["view"]


@pytest.mark.parametrize("frames", [1, 7, 20])
def test_a_frame_is_looked_at_once_for_its_view_and_its_trust(
    monkeypatch: pytest.MonkeyPatch, sample: np.ndarray, frames: int
) -> None:
    from EchoSynthLib.systems import load_pipeline

    kind = type(load_pipeline("views"))
    looks, look = [], kind.view_probabilities

    def counted(self: Any, image: np.ndarray) -> dict[str, float]:
        looks.append(image)
        return look(self, image)

    monkeypatch.setattr(kind, "view_probabilities", counted)
    cine = np.stack([np.roll(sample, step, axis=1) for step in range(frames)])
    es.classify_view(cine if frames > 1 else sample)
    assert len(looks) == frames


def test_where_no_judge_is_installed_nothing_is_told_unless_strictness_is_asked_for(
    sample: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoo, "has", lambda name: False)
    assert trust_of(sample) is None
    assert trusted({"task": "x"}, None) == {"task": "x"}
    assert trust_of(sample, strict=True) is not None


def test_the_warning_is_not_told_twice_of_an_image_that_is_turned() -> None:
    low = ImageTrust(0.1, {}, ("a reason",))
    assert low.on({})["warnings"] == ["do not trust this result (trust 0.10): a reason"]
    assert "warnings" not in ImageTrust(0.1, {}, ("it is turned",), is_turned=True).on({})
    assert "warnings" not in ImageTrust(0.9, {}).on({})


def labels_for(image: np.ndarray) -> np.ndarray:
    return parametric_heart("4CH", shape=(image.shape[0], image.shape[1])).label_map


def readers() -> list[Any]:
    """What reads an image, each with the image as it takes it; gives the record."""
    return [
        pytest.param(lambda image, **how: es.segment(image, **how)[1], id="segment", marks=needs_segmenter),
        pytest.param(
            lambda image, **how: es.segment_cine(np.stack([image, image]), motion=None, **how)[1],
            id="segment_cine",
            marks=needs_segmenter,
        ),
        pytest.param(lambda image, **how: es.contour_detailed(image, **how)[1], id="contour", marks=needs_contour),
        pytest.param(lambda image, **how: es.register(image, image, **how)[1], id="register"),
        pytest.param(lambda image, **how: es.classify_view(image, **how)[1], id="classify_view"),
        pytest.param(
            lambda image, **how: es.measure(parametric_heart("4CH", shape=image.shape).label_map, image=image, **how)[
                1
            ],
            id="measure",
            marks=needs_segmenter,
        ),
        pytest.param(
            lambda image, **how: es.animate(image, labels_for(image), frames=2, ejection_fraction=40, **how)[2],
            id="animate",
            marks=needs_generator,
        ),
    ]


@pytest.mark.parametrize("read", readers())
def test_everything_that_reads_an_image_says_how_far_to_trust_it_and_refuses_where_strictness_is_asked_for(
    read: Any, sample: np.ndarray
) -> None:
    record = read(sample)
    assert record["trust"] >= 0.5
    assert record["trust_reasons"] == []
    rows, columns = sample.shape
    upside = np.ascontiguousarray(tissue_picture(np.random.default_rng(4))[:rows, :columns])
    upside = np.pad(upside, ((0, rows - upside.shape[0]), (0, columns - upside.shape[1])))
    with pytest.raises(InputError, match="cannot be trusted"):
        read(upside, strict=True)


@needs_segmenter
def test_measurements_of_an_image_that_is_not_trusted_are_red(sample: np.ndarray) -> None:
    label_map = parametric_heart("4CH", shape=sample.shape).label_map
    image = np.random.default_rng(0).integers(0, 256, sample.shape, dtype=np.uint8)
    _, record = es.measure(label_map, (0.4, 0.4), image=image)
    assert record["light"]["color"] == "red"
    assert any("not trusted" in reason for reason in record["light"]["reasons"])
    assert record["trust"] < 0.5
    assert any("not trusted" in text for text in record["warnings"])


def test_the_task_tells_each_file_of_a_folder_and_writes_a_table(tmp_path: Path, sample: np.ndarray) -> None:
    (tmp_path / "in").mkdir()
    write_image(tmp_path / "in" / "echo.png", sample)
    write_image(tmp_path / "in" / "noise.png", noise())
    task = find_task("trust").build({"image": tmp_path / "in", "output": tmp_path / "out"})
    record = task.run(Context())
    rows = {row["file"]: row for row in record["results"]}
    assert rows["echo.png"]["trusted"]
    assert not rows["noise.png"]["trusted"]
    assert rows["noise.png"]["reason"]
    assert (tmp_path / "out" / "trust.csv").read_text(encoding="utf-8").startswith("file,trust,trusted,view,reason")
    assert type(task).findings(record)[0].startswith("echo.png: trust ")
    with pytest.raises(InputError, match="cannot be trusted"):
        find_task("segment").build(
            {"image": tmp_path / "in" / "noise.png", "output": tmp_path / "out", "strict": True}
        ).run(Context())
    with pytest.raises(InputError, match="not known"):
        find_task("trust").build({"image": tmp_path / "in", "view": "PLAX, upside down"}).run(Context())

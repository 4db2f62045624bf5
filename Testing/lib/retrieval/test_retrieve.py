"""The frame that shows the same is found, told and compared; by a network that was not trained, so that only the way
there is tried, and by the shipped one where it is there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from shipped import needs_retrieval, needs_segmenter

import EchoSynthLib as es
from EchoSynthLib.api.compare import BEYOND, WITHIN, differences, repeatability, scanned_again
from EchoSynthLib.errors import InputError
from EchoSynthLib.evaluation.roc import area_under_roc
from EchoSynthLib.images import read_image
from EchoSynthLib.images.write import write_image
from EchoSynthLib.measurement.quantities import Measurement, measurement
from EchoSynthLib.retrieval.baselines import registered_correlation, zero_mean_correlation
from EchoSynthLib.retrieval.contrastive.drawn.muscles import Scan, Thigh, muscle_scans, section
from EchoSynthLib.retrieval.contrastive.judge import ByPipeline, frame_errors, pair_scores
from EchoSynthLib.retrieval.contrastive.pipeline import ContrastivePipeline
from EchoSynthLib.retrieval.second_scan import SecondScan
from EchoSynthLib.retrieval.windows import best_frames, smoothed, window_means
from EchoSynthLib.systems import load_pipeline
from EchoSynthLib.tasks import Context, find_task

SAMPLE = Path(__file__).resolve().parents[3] / "Resources" / "SampleData" / "synthetic_4CH_ED.nii.gz"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model, called 'untrained'."""
    import torch

    from EchoSynthLib.retrieval.contrastive.export import export
    from EchoSynthLib.retrieval.contrastive.network import matcher_of
    from EchoSynthLib.training.card import Made
    from EchoSynthLib.training.settings import State

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "untrained"
    made = Made("nothing at all, for tests", "none", "echosynth train retrieval --data none")
    return export(matcher_of("small").eval(), folder, State(), made, "small", "not trained")


@pytest.fixture
def installed(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHOSYNTH_MODELS", str(model.parent))


@pytest.fixture(scope="module")
def sweep() -> np.ndarray:
    rng = np.random.default_rng(0)
    thigh, scan = Thigh.drawn(rng), Scan.drawn(rng)
    return np.stack([section(thigh, z, scan, 1) for z in np.linspace(-0.9, 0.9, 12)])


def test_windows_average_the_frames_around_and_fewer_at_the_ends() -> None:
    means = window_means(6)
    assert np.allclose(means.sum(axis=1), 1)
    assert np.allclose(means[0], [1 / 3, 1 / 3, 1 / 3, 0, 0, 0])
    assert np.allclose(means[2], [0.2] * 5 + [0])


def test_a_lone_high_score_is_none_and_the_next_frames_are_no_neighbors() -> None:
    scores = np.array([0.1, 0.1, 0.9, 0.1, 0.1, 0.3, 0.5, 0.6, 0.5, 0.3, 0.1, 0.1, 0.2])
    assert smoothed(scores)[2] < 0.2
    found = best_frames(scores)
    assert found[0] == 7
    assert min(abs(a - b) for a in found for b in found if a != b) >= 3
    assert best_frames(np.array([0.2, 0.8])) == [1, 0]


def test_correlation_is_one_with_itself_whatever_the_gain_and_registration_undoes_a_shift() -> None:
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 120, (40, 50)).astype(np.uint8)
    found = zero_mean_correlation(frame, np.stack([frame * 2 + 7, 255 - frame, frame[::-1]]))
    assert found[:2] == pytest.approx([1, -1], abs=1e-6)
    assert abs(found[2]) < 0.2
    shifted = np.roll(frame, 3, axis=1)

    def registrar(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
        return np.stack([np.zeros(fixed.shape), np.full(fixed.shape, 3.0)]).astype(np.float32)

    assert zero_mean_correlation(frame, shifted[None])[0] < 0.3
    assert registered_correlation(registrar, frame, shifted[None])[0] > 0.85


def test_a_second_scan_follows_its_seed_and_without_changes_is_the_first() -> None:
    clip = np.random.default_rng(0).integers(0, 255, (3, 40, 44), dtype=np.uint8)
    assert np.array_equal(SecondScan().of(clip, 0), clip)
    scan = SecondScan.drawn(np.random.default_rng(1))
    assert np.array_equal(scan.of(clip, 5), scan.of(clip, 5))
    assert not np.array_equal(scan.of(clip, 5), scan.of(clip, 6))
    turned = SecondScan(turn_deg=90.0).of(clip[:, :40, :40], 0)
    assert np.array_equal(turned[0], np.rot90(clip[0, :40, :40], -1)) or np.array_equal(
        turned[0], np.rot90(clip[0, :40, :40])
    )


def test_the_fast_path_and_torch_tell_the_same(model: Path, sweep: np.ndarray) -> None:
    from EchoSynthLib.retrieval.contrastive.export import torch_pipeline

    config = json.loads((model / "config.json").read_text())
    fast, slow = ContrastivePipeline.from_folder(model, config), torch_pipeline(model, config)
    ours, theirs = (pipeline.embedded(sweep[:3]) for pipeline in (fast, slow))
    assert np.allclose(ours, theirs, atol=2e-3)
    assert fast.likeness(ours[0], ours) == pytest.approx(slow.likeness(ours[0], ours), abs=1e-4)


def test_the_record_tells_the_best_frames_and_frames_that_show_nothing_are_never_best(
    installed: None, sweep: np.ndarray
) -> None:
    clip = sweep.copy()
    clip[4] = 0
    best, scores, record = es.retrieve(sweep[6], clip, model="untrained")
    assert scores.shape == (12,)
    assert scores[4] == 0
    assert (best, 4 in record["frames"]) == (record["frames"][0], False)
    assert len(record["frames"]) == 3
    assert "show nothing" in record["warnings"][0]
    assert json.loads(json.dumps(record))["model"] == "untrained"


def test_a_reference_is_a_frame_or_five_around_one_of_a_clip(installed: None, sweep: np.ndarray) -> None:
    _, around, _ = es.retrieve(sweep, sweep, frame=6, model="untrained")
    _, alone, _ = es.retrieve(sweep[4:9], sweep, model="untrained")
    assert around == pytest.approx(alone)
    with pytest.raises(InputError, match="frame is a whole number from 0 to 11"):
        es.retrieve(sweep, sweep, frame=12, model="untrained")
    with pytest.raises(InputError, match="shows nothing"):
        es.retrieve(np.zeros((40, 40), np.uint8), sweep, model="untrained")


def test_the_task_tells_which_clip_and_which_frame(installed: None, sweep: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "later").mkdir()
    for name, clip in (("a", sweep[:5]), ("b", sweep)):
        write_image(tmp_path / "later" / f"{name}.nii.gz", clip)
    reference = write_image(tmp_path / "earlier.nii.gz", sweep[:7])
    task = find_task("retrieve")
    record = task(
        image=tmp_path / "later", reference=reference, frame=3, output=tmp_path / "out", model="untrained"
    ).run(Context())
    assert [row["file"] for row in record["results"]] == ["a.nii.gz", "b.nii.gz"]
    assert [row["frames"] for row in record["results"]] == [5, 12]
    assert record["best"]["score"] == max(row["score"] for row in record["results"])
    table = (tmp_path / "out" / "retrieval.csv").read_text().splitlines()
    assert table[0] == "file,score,best,second,third,frames"
    assert task.findings(record)[-1].startswith("best: frame ")
    with pytest.raises(InputError, match="is a folder; give one image or cine of the earlier"):
        task(image=tmp_path / "later", reference=tmp_path / "later", model="untrained").run(Context())


def areas(value: float) -> dict[str, Measurement]:
    found = measurement("LV area", value, (1.0, 1.0))
    assert found is not None
    return {"LV area": found}


def test_a_difference_counts_where_measuring_again_does_not_explain_it() -> None:
    # s^2 = (1 + 4) / 2, worked out by hand: 1.96 sqrt(2) sqrt(2.5) = 4.383
    assert repeatability([9, 10, 11], [18, 20, 22]) == pytest.approx(4.383, abs=1e-3)
    again = [[areas(value) for value in values] for values in ((9, 10, 11), (18, 20, 22))]
    for later, verdict in ((14.0, WITHIN), (15.0, BEYOND), (5.0, BEYOND)):
        (row,) = differences([(areas(10.0), again[0]), (areas(later), again[1])])
        assert (row.name, row.unit, row.difference, row.verdict) == ("LV area", "mm2", later - 10, verdict)


def test_scanning_again_keeps_the_size_of_a_pixel() -> None:
    disk = (np.hypot(*(np.indices((120, 120)) - 60)) < 30).astype(np.uint8) * 200
    areas = [(scanned_again(disk, 0, repeat) > 60).sum() for repeat in range(4)]
    assert areas == pytest.approx([disk.astype(bool).sum()] * 4, rel=0.1)


@needs_segmenter
def test_the_same_heart_scanned_again_is_within_the_error_of_measuring(tmp_path: Path) -> None:
    echo = read_image(SAMPLE)
    later = SecondScan(gain=1.1, speckle=0.1).of(echo.pixels[None], 3)[0]
    table, record = es.compare(echo.pixels, later, echo.spacing, repeats=3)
    by_name = {row.name: row for row in table}
    assert by_name["LV area"].verdict == WITHIN
    assert by_name["LV area"].unit == "mm2"
    assert 0 < by_name["LV area"].error < 0.5 * by_name["LV area"].earlier
    assert record["table"][0]["name"] == table[0].name
    with pytest.raises(InputError, match="pixel size of one examination is known"):
        es.compare(echo.pixels, later, None, (0.3, 0.3))
    files = [
        write_image(tmp_path / f"{name}.nii.gz", image, like=echo) for name, image in (("a", echo.pixels), ("b", later))
    ]
    task = find_task("compare")
    told = task(image=files[1], earlier=files[0], output=tmp_path / "out", repeats=2).run(Context())
    assert (
        (tmp_path / "out" / "comparison.csv").read_text().startswith("name,unit,earlier,later,difference,error,verdict")
    )
    assert task.findings(told)[0] == "frame 0 of a.nii.gz, frame 0 of b.nii.gz"


@needs_segmenter
def test_frames_are_compared_at_the_same_phase() -> None:
    from EchoSynthLib.api.compare import frame_at_phase

    echo = read_image(SAMPLE).pixels[None]
    assert frame_at_phase(echo, "ES") == 0
    # The picture shrunk about its middle is a ventricle that is smaller.
    beat = np.concatenate([SecondScan(scale=scale).of(echo, 0) for scale in (0.9, 1.0, 0.9, 0.8, 0.7, 0.8, 0.9)])
    assert (frame_at_phase(beat, "ED"), frame_at_phase(beat, "ES")) == (1, 4)


@needs_retrieval
@pytest.mark.slow
def test_the_shipped_model_finds_the_right_section_of_thighs_that_it_never_saw() -> None:
    scans = [muscle_scans(31, number) for number in range(6)]
    scorer = ByPipeline(load_pipeline("retrieval"))
    assert area_under_roc(*pair_scores(scorer, scans)) > 0.85
    assert np.mean(frame_errors(scorer, scans) <= 2) > 0.7

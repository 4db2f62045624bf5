"""E-Pix2Vox++ learns hearts of ellipsoids: its losses, what a picture loses in training, and the folder it becomes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from ellipsoid_hearts import SPACING, EllipsoidHeart

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib import zoo  # noqa: E402
from EchoSynthLib.anatomy.heart3d.cohort import Cohort  # noqa: E402
from EchoSynthLib.api.reconstruction import reconstruct  # noqa: E402
from EchoSynthLib.errors import InputError  # noqa: E402
from EchoSynthLib.evaluation.voxel_metrics import box_normalized  # noqa: E402
from EchoSynthLib.reconstruction.pix2vox.data import Example, Hearts  # noqa: E402
from EchoSynthLib.reconstruction.pix2vox.losses import occupancy_loss, structure_loss  # noqa: E402
from EchoSynthLib.reconstruction.pix2vox.network import Layout  # noqa: E402
from EchoSynthLib.reconstruction.pix2vox.presets import LAYOUTS  # noqa: E402
from EchoSynthLib.reconstruction.pix2vox.recipe import VoxelLoss, train, train_on  # noqa: E402
from EchoSynthLib.reconstruction.volume import CLASSES, TISSUE, VolumeGrid  # noqa: E402
from EchoSynthLib.systems import load_pipeline, load_torch_pipeline  # noqa: E402
from EchoSynthLib.training.card import Made, missing  # noqa: E402
from EchoSynthLib.training.run import TrainingRun  # noqa: E402

MADE = Made(
    "hearts of ellipsoids, drawn from seeds",
    "Drawn from formulas: nobody has these hearts.",
    "echosynth train pix2vox --data none",
    "cpu",
    "val split",
)


def probabilities(labels: torch.Tensor, sure: float) -> torch.Tensor:
    members = torch.nn.functional.one_hot(labels, 3).movedim(-1, 1).float()
    return sure * members + (1 - sure) / 3


def test_the_structure_loss_falls_to_nothing_as_the_heart_is_found() -> None:
    labels = torch.randint(0, 3, (2, 8, 8, 8), generator=torch.Generator().manual_seed(0))
    losses = [float(structure_loss(p, p, labels)) for p in (probabilities(labels, s) for s in (0.0, 0.5, 0.9, 1.0))]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == pytest.approx(0, abs=1e-4)
    # Of knowing nothing: the entropy of three, and 1 - 2 (1/3 n) / (1/3 N + n) of two structures with n = N / 3 each.
    assert losses[0] == pytest.approx(np.log(3) + 1 - (2 / 9) / (2 / 3), abs=0.02)


def test_a_structure_that_no_heart_shows_does_not_weigh() -> None:
    labels = torch.zeros(1, 4, 4, 4, dtype=torch.long)
    labels[:, :2] = 1
    found = probabilities(labels, 0.8)
    before = float(structure_loss(found, found, labels))
    assert np.isfinite(before)
    background = probabilities(torch.zeros_like(labels), 0.8).requires_grad_()
    structure_loss(background, background, torch.zeros_like(labels)).backward()
    assert torch.isfinite(background.grad).all()


def test_a_voxel_that_is_wrong_for_sure_still_learns() -> None:
    scores = torch.tensor([[8.0, -8.0, -8.0]]).reshape(1, 3, 1, 1, 1).requires_grad_()
    structure_loss(volume := scores.softmax(1), volume, torch.ones(1, 1, 1, 1, dtype=torch.long)).backward()
    assert scores.grad[0, 1] < -0.5


def test_the_papers_loss_is_ten_times_the_cross_entropy_of_both_volumes() -> None:
    tissue = torch.tensor([0.0, 1.0]).reshape(1, 1, 1, 2)
    merged = torch.tensor([0.25, 0.5]).reshape(1, 1, 1, 1, 2)
    refined = torch.tensor([0.5, 0.5]).reshape(1, 1, 1, 1, 2)
    expected = 10 * ((-np.log(0.75) - np.log(0.5)) / 2 - np.log(0.5))
    assert float(occupancy_loss(merged, refined, tissue)) == pytest.approx(expected, rel=1e-5)
    assert float(occupancy_loss(refined, refined, tissue)) == pytest.approx(10 * np.log(2), rel=1e-5)


VIEWS = ("4CH", "2CH", "3CH")


def hearts(first: int, count: int, side: int = 32, views: tuple[str, ...] = VIEWS) -> list[Example]:
    return [EllipsoidHeart.drawn(seed).example(side, views, seed) for seed in range(first, first + count)]


def test_the_first_two_views_are_always_seen_and_later_ones_half_of_the_time() -> None:
    chosen = Hearts.of(hearts(0, 2, 16), VIEWS, 48)
    loss = VoxelLoss(chosen, VIEWS, "structures", "cpu")
    generator = torch.Generator().manual_seed(0)
    pictures = torch.from_numpy(chosen.pictures[[0] * 200])
    seen = loss.seen(pictures, generator)
    shown = seen.flatten(2).sum(2) > 0
    assert shown[:, :2].all()
    assert 0.35 < float(shown[:, 2].float().mean()) < 0.65
    # What is moved a little keeps its size.
    areas = seen[:, 0].sum((1, 2, 3))
    assert float((areas / areas.mean() - 1).abs().max()) < 0.03
    assert float((seen[0, 0] - seen[1, 0]).abs().mean()) > 0.001


TINY = Layout(grid=16, picture=48, stem=(8, 16), head=(), activation="leaky", cube=4, dense=(64, 16), decoder=(16, 8))


@pytest.fixture(scope="module")
def tiny() -> Iterator[None]:
    """A size that learns in a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LAYOUTS, "tiny", {16: TINY})
        yield


@pytest.fixture(scope="module")
def trained(tiny: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = TrainingRun(Path("none"), tmp_path_factory.mktemp("run"), iterations=150, name="hearts")
    two = ("4CH", "2CH")
    learned, judged = (Hearts.of(hearts(*which, 16, two), two, 48) for which in ((0, 40), (100, 8)))
    return train_on(run, learned, judged, made=MADE, sum_of_data="ellipsoids", preset="tiny", side=16, views=two)


@pytest.mark.slow
def test_the_loss_falls_and_the_card_tells_all(trained: Path) -> None:
    config = json.loads((trained / "config.json").read_text())
    figures = config["figures"]
    losses = [json.loads(line)["loss"] for line in (trained.parent / "log.jsonl").read_text().splitlines()]
    assert losses[-1] < losses[0] - 0.2
    assert 0 <= figures["IoU, all"] < 1
    assert 0.5 < figures["IoU, all, mean shape"] < 0.8
    assert {"LV volume error", "LV volume bias", "IoU, left ventricle", "IoU, aorta"} < set(figures)
    assert config["azimuth_deg"] == {"4CH": 0.0, "2CH": -60.0}
    assert not missing((trained / "README.md").read_text())


@pytest.mark.slow
def test_both_run_times_make_the_same_heart(trained: Path) -> None:
    folder = zoo.open_folder(trained)
    heart = EllipsoidHeart.drawn(100)
    maps = {view: heart.view(view, 5) for view in ("4CH", "2CH")}
    steps = dict.fromkeys(maps, SPACING)
    fast, slow = load_pipeline(folder)(maps, steps), load_torch_pipeline(folder)(maps, steps)
    assert fast.volumes_ml["left ventricle"] == pytest.approx(slow.volumes_ml["left ventricle"], rel=0.01)
    assert (fast.labels != slow.labels).mean() < 0.002
    assert fast.labels.max() < CLASSES


@pytest.mark.slow
def test_a_trained_model_reconstructs_as_python_users_call_it(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHOSYNTH_MODELS", str(trained.parent))
    heart = EllipsoidHeart.drawn(100)
    maps = {view: heart.view(view, 5) for view in ("4CH", "2CH")}
    labels, record = reconstruct(maps, SPACING, model="hearts")
    assert labels.shape == (16, 16, 16)
    assert record["model_sha256"]
    assert 0 <= record["trust"] <= 1


def tissue(heart: EllipsoidHeart, seed: int) -> Example:
    """The heart's walls in the cube around them."""
    example = heart.example(48, ("4CH", "2CH"), seed)
    walls = np.isin(example.volume, TISSUE)
    places = np.argwhere(walls)
    middle, side = (places.min(0) + places.max(0) + 1) / 2, (np.ptp(places, axis=0) + 1).max()
    corner = np.array(example.grid.corner_mm) + (middle - side / 2)[::-1] * example.grid.voxel_mm
    grid = VolumeGrid(16, side * example.grid.voxel_mm / 16, tuple(corner))
    return replace(example, volume=(box_normalized(walls, walls, 16) > 0.5).astype(np.uint8), grid=grid)


@pytest.mark.slow
@pytest.mark.usefixtures("tiny")
def test_tissue_is_learned_in_the_papers_protocol_too(tmp_path: Path) -> None:
    run = TrainingRun(Path("none"), tmp_path, iterations=150, name="walls")
    two, seeds = ("4CH", "2CH"), (range(16), range(50, 53))
    learned, judged = (Hearts.of([tissue(EllipsoidHeart.drawn(s), s) for s in some], two, 48) for some in seeds)
    folder = train_on(run, learned, judged, made=MADE, sum_of_data="walls", preset="tiny", side=16, head="tissue")
    config = json.loads((folder / "config.json").read_text())
    assert 0.4 < config["figures"]["peak IoU"] < 1
    assert config["threshold"] == config["figures"]["threshold"]
    assert 0.9 < config["side_over_length"] < 1.6
    heart = EllipsoidHeart.drawn(50)
    maps = {view: heart.view(view) for view in ("4CH", "2CH")}
    found = load_pipeline(zoo.open_folder(folder))(maps, dict.fromkeys(maps, SPACING))
    truth = tissue(heart, 50).grid
    assert found.grid.voxel_mm == pytest.approx(truth.voxel_mm, rel=0.15)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"side": 48}, "'small' of 32, 64 voxels"),
        ({"preset": "large"}, "asked for was 'large'"),
        ({"head": "blood"}, "'structures' or 'tissue'"),
        ({"side": 64}, "the hearts have 16"),
    ],
)
def test_what_cannot_be_trained_is_told_in_words(asked: dict[str, object], told: str, tmp_path: Path) -> None:
    examples = Hearts.of(hearts(0, 1, 16, ("4CH", "2CH")), ("4CH", "2CH"), 96)
    with pytest.raises(InputError, match=told):
        train_on(TrainingRun(Path("none"), tmp_path), examples, examples, made=MADE, sum_of_data="", **asked)


@pytest.mark.slow
@pytest.mark.usefixtures("tiny")
def test_a_cohorts_folder_is_all_that_training_needs(tmp_path: Path) -> None:
    cohort = Cohort(9, rows=96)
    settings = {**asdict(cohort), "motion": False, "tracing": "observer"}
    (tmp_path / "cohort.json").write_text(json.dumps(settings))
    (tmp_path / "hearts.csv").write_text("heart\n" + "".join(f"{i}\n" for i in range(5)))
    run = TrainingRun(tmp_path, tmp_path / "run", iterations=3, name="drawn")
    folder = train(run, preset="tiny", side="16")
    config = json.loads((folder / "config.json").read_text())
    assert config["figures"]["LV volume error"] >= 0
    assert -80 < config["azimuth_deg"]["2CH"] < -40
    assert "4 drawn hearts" in (folder / "README.md").read_text()
    kept = Hearts.from_arrays(dict(np.load(tmp_path / "run" / "hearts_val.npz")))
    assert len(kept) == 2  # one heart at two phases
    assert kept.grid == VolumeGrid.of(16)


def test_a_folder_without_a_cohort_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no cohort in .*echosynth cohort"):
        train(TrainingRun(tmp_path, tmp_path / "run"))
    (tmp_path / "cohort.json").write_text(json.dumps(asdict(Cohort(1))))
    (tmp_path / "hearts.csv").write_text("heart\n")
    with pytest.raises(InputError, match="has no hearts"):
        train(TrainingRun(tmp_path, tmp_path / "run"))

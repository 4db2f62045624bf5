from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from experiment_data import write_small_camus

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnxscript", reason="onnxscript is not installed")

from EchoSynthLib import zoo  # noqa: E402
from EchoSynthLib.classification.experts.network import FUSIONS, Expert, Fusion  # noqa: E402
from EchoSynthLib.classification.experts.recipe import mean_feature  # noqa: E402
from EchoSynthLib.classification.sites import Sites  # noqa: E402
from EchoSynthLib.errors import InputError  # noqa: E402
from EchoSynthLib.experiment.experts import steps  # noqa: E402
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames, joined  # noqa: E402
from EchoSynthLib.networks.resnet import on_meta  # noqa: E402
from EchoSynthLib.systems import load_pipeline, load_torch_pipeline  # noqa: E402
from EchoSynthLib.tasks import find_task  # noqa: E402
from EchoSynthLib.tasks.task import Context  # noqa: E402
from EchoSynthLib.training.card import missing as missing_on_card  # noqa: E402
from EchoSynthLib.training.labeled_batches import prepared  # noqa: E402

SITES = Sites({}).with_site("one", ["a", "b"]).with_site("two", ["b", "c", "d"]).with_site("three", ["a", "d"])
FEATURES, DISCREPANCIES = 5, (4, 4, 4)


def fusion(kind: str, sites: Sites = SITES) -> Fusion:
    torch.manual_seed(0)
    return Fusion(sites, FEATURES, DISCREPANCIES, kind).eval()


def seen(count: int = 6) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    sizes = ((count, 3, FEATURES), (count, 7), (count, sum(DISCREPANCIES)))
    features, logits, discrepancy = (torch.randn(size, generator=generator) for size in sizes)
    return features, logits, discrepancy


@pytest.mark.parametrize("kind", ["nmd-wSF", "attn-wSF"])
def test_weights_are_not_negative_and_sum_to_1(kind: str) -> None:
    network = fusion(kind)
    features, logits, discrepancy = seen()
    network.standardize(features, discrepancy)
    _, weights = network(features, logits, discrepancy)
    assert float(weights.min()) >= 0
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(6))


def test_without_weights_every_expert_has_the_same_say() -> None:
    _, weights = fusion("SF")(*seen())
    assert (weights == 1).all()


@pytest.mark.parametrize("site", SITES.names)
def test_an_expert_that_alone_has_a_say_gives_its_frozen_logits_exactly(site: str) -> None:
    features, logits, _ = seen()
    one_hot = torch.zeros(6, 3)
    one_hot[:, SITES.names.index(site)] = 1
    found = fusion("nmd-wSF").group_logits(site, features, logits, one_hot)
    assert torch.equal(found, logits[:, SITES.columns(site)])


@pytest.mark.parametrize("kind", FUSIONS)
def test_experts_in_another_order_with_their_votes_say_the_same(kind: str) -> None:
    order = [2, 0, 1]
    names = [SITES.names[i] for i in order]
    moved = Sites({name: SITES.classes_of[name] for name in names})
    network, other = fusion(kind), fusion(kind, moved)
    other.votes.load_state_dict(network.votes.state_dict())
    features, logits, discrepancy = seen()
    network.standardize(features, discrepancy)
    size = FEATURES if kind == "attn-wSF" else DISCREPANCIES[0]
    blocks = torch.cat([torch.arange(i * size, (i + 1) * size) for i in order])
    weights = network.weigh.state_dict()
    weights["0.weight"] = weights["0.weight"][:, blocks]
    weights["4.weight"], weights["4.bias"] = weights["4.weight"][order], weights["4.bias"][order]
    other.weigh.load_state_dict(weights)
    other.shift.copy_(network.shift[blocks])
    other.scale.copy_(network.scale[blocks])
    parts = torch.cat([logits[:, SITES.columns(name)] for name in names], dim=1)
    shuffled = discrepancy.reshape(6, 3, -1)[:, order].flatten(1)
    told, weighed = network(features, logits, discrepancy)
    again, reweighed = other(features[:, order], parts, shuffled)
    torch.testing.assert_close(weighed[:, order], reweighed)
    torch.testing.assert_close(told[:, [SITES.classes.index(name) for name in moved.classes]], again)


def test_the_logit_of_a_class_is_the_largest_of_those_that_own_it() -> None:
    network = fusion("SF")
    features, logits, discrepancy = seen()
    told, weights = network(features, logits, discrepancy)
    groups = {name: network.group_logits(name, features, logits, weights) for name in SITES.names}
    assert SITES.classes == ("a", "b", "c", "d")
    torch.testing.assert_close(told[:, 0], torch.maximum(groups["one"][:, 0], groups["three"][:, 0]))
    torch.testing.assert_close(told[:, 2], groups["two"][:, 1])


def test_discrepancies_are_standardized_over_train_rows() -> None:
    network = fusion("nmd-wSF")
    features, _, discrepancy = seen(200)
    far = 1000 * discrepancy + 500
    network.standardize(features, far)
    told = (network.told(features, far) - network.shift) * network.scale
    torch.testing.assert_close(told.mean(dim=0), torch.zeros(12), atol=1e-3, rtol=0)
    torch.testing.assert_close(told.std(dim=0, correction=0), torch.ones(12), atol=1e-3, rtol=0)


def frames(site: str, classes: tuple[str, ...], base: int, seed: int, count: int = 24) -> LabeledFrames:
    """Frames of a site whose machine has its own gain; a class is where its bright box stands."""
    rng = np.random.default_rng(seed)
    label = np.arange(count) % len(classes)
    image = rng.integers(0, base, (count, 32, 32)).astype(np.uint8)
    for i, one in enumerate(label):
        image[i, 4:12, 4 + 8 * one : 11 + 8 * one] += 90
    names = np.array([f"{site}{i}" for i in range(count)])
    split = np.where(np.arange(count) < count * 2 // 3, "train", "val")
    return LabeledFrames(image, label, classes, np.ones(image.shape, bool), np.ones(count, bool), names, split, site)


def test_the_mean_discrepancy_of_the_mean_is_zero_and_has_a_number_for_each_channel() -> None:
    torch.manual_seed(0)
    expert = Expert(2).eval()
    train = frames("one", ("a", "b"), 60, 0)
    expert.mean.copy_(mean_feature(expert, train))
    with torch.inference_mode():
        _, _, discrepancy = expert(prepared(train.image))
        means = expert.network.observed(prepared(train.image))[1]
    torch.testing.assert_close(discrepancy.mean(dim=0), torch.zeros(len(expert.mean)), atol=1e-4, rtol=0)
    one = Expert(2).eval()
    one.load_state_dict(expert.state_dict())
    one.mean.copy_(means[0])
    with torch.inference_mode():
        assert float(one(prepared(train.image[:1]))[2].abs().max()) < 1e-5


def test_at_the_papers_size_it_has_3904_numbers() -> None:
    features, means = on_meta("paper", 8).observed(torch.empty(2, 1, 112, 112, device="meta"))
    assert features.shape == (2, 512)
    assert means.shape == (2, 3904)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sites, joined."""
    place = tmp_path_factory.mktemp("experts")
    for number, (site, classes) in enumerate((("one", ("a", "b")), ("two", ("b", "c", "d")))):
        file = frames(site, classes, 60 + 80 * number, number).save(place / f"{site}.npz")
        run("add", place, data=file, iterations=3)
    return place


def run(action: str, place: Path, **given: object) -> dict:  # type: ignore[type-arg]
    return find_task("experts").build({"action": action, "output": place / "all", **given}).run(Context())


def test_a_site_joins_by_its_expert_and_feature_sets_and_the_fusion_learns_from_those_alone(folder: Path) -> None:
    place = folder / "all"
    assert steps.missing(place) == ["one by two"]
    with pytest.raises(InputError, match=r"one by two.*experts features"):
        run("train", folder)
    before = {path: path.read_bytes() for path in (place / "experts").rglob("*.safetensors")}
    record = run("features", folder, data=folder / "one.npz")
    assert record["missing"] == []
    (folder / "one.npz").rename(folder / "elsewhere.npz")
    try:
        record = run("train", folder, iterations=30)  # without any frames
    finally:
        (folder / "elsewhere.npz").rename(folder / "one.npz")
    assert 0 <= record["figures"]["accuracy"] <= 1
    assert {path: path.read_bytes() for path in (place / "experts").rglob("*.safetensors")} == before
    model = zoo.open_folder(steps.fused_model(place))
    assert missing_on_card((model.path / zoo.CARD).read_text(encoding="utf-8")) == []
    image = frames("one", ("a", "b"), 60, 5).image[0]
    shares, weights = load_pipeline(model, threads=1)(image)
    assert tuple(shares) == ("a", "b", "c", "d")
    assert sum(shares.values()) == pytest.approx(1)
    assert tuple(weights) == ("one", "two")
    assert sum(weights.values()) == pytest.approx(1)
    full, also = load_torch_pipeline(model)(image)
    assert full == pytest.approx(shares, abs=5e-3)
    assert also == pytest.approx(weights, abs=5e-3)
    judged = run("evaluate", folder, data=folder / "two.npz")
    assert set(judged["figures"]) == {"accuracy", "balanced accuracy", "own expert weighs more"}
    assert sum(judged["weights"].values()) == pytest.approx(1)
    assert len(find_task("experts").findings(judged)) == 4


def test_train_frames_are_seen_five_times_otherwise_and_val_frames_as_they_are(folder: Path) -> None:
    pipeline = load_torch_pipeline(zoo.open_folder(folder / "all" / "experts" / "one"))
    data = frames("one", ("a", "b"), 60, 0)
    found, again = (pipeline.feature_set(data, "one", seed=2) for _ in range(2))
    assert len(found) == 5 * 16 + 8
    assert np.array_equal(found.features, again.features)
    train = found.features[found.split == "train"].reshape(5, 16, -1)
    assert not np.allclose(train[0], train[1])
    assert found.features.shape[1] == 128


def test_what_does_not_belong_to_a_site_is_told(folder: Path, tmp_path: Path) -> None:
    other = frames("one", ("x", "y"), 60, 0).save(tmp_path / "other.npz")
    for action in ("features", "evaluate"):
        if action == "evaluate" and not steps.fused_model(folder / "all").exists():
            continue
        with pytest.raises(InputError, match="x, y"):
            run(action, folder, data=other)
    with pytest.raises(InputError, match="no site 'three'"):
        run("features", folder, data=folder / "one.npz", site="three")
    with pytest.raises(InputError, match="give --data"):
        run("add", folder)
    with pytest.raises(InputError, match="fewer than two sites"):
        run("train", tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_experiment_tells_of_all_ways_on_all_sites(tmp_path: Path) -> None:
    from EchoSynthLib.experiment.experts.run import run as run_experiment
    from EchoSynthLib.experiment.experts.settings import ExpertsSettings
    from EchoSynthLib.progress import part

    settings = ExpertsSettings(
        write_small_camus(tmp_path / "camus"), tmp_path / "out", effort=0.02, hearts=(3, 1), seed=1
    )
    run_experiment(settings, lambda *told: part(lambda *more: None, *told))
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert len(results["ways"]) == 9
    assert all(set(on) == {"base", "real", "other", "contrast"} for on in results["ways"].values())
    assert list(results["after"]) == ["nmd-wSF", "fine-tune, expanding head", "fine-tune, constant head"]
    for after in results["after"].values():
        assert [len(known) for known in after.values()] == [1, 2, 3, 4]
    assert "To add the last site" in (tmp_path / "out" / "report.md").read_text()
    assert (tmp_path / "out" / "steps.png").is_file()


def test_joined_sites_keep_their_groups_apart() -> None:
    both = joined([frames("one", ("a", "b"), 60, 0), frames("two", ("b", "c"), 60, 1)])
    assert both.classes == ("a", "b", "c")
    assert len(set(both.group.tolist())) == 48

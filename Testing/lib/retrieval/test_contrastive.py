"""How views are learned to be found again: losses, means over time, splits, drawn scans, both presets."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from EchoSynthLib.anatomy.heart3d.cohort import Cohort
from EchoSynthLib.anatomy.heart3d.probe import frame_view
from EchoSynthLib.evaluation.roc import area_under_roc
from EchoSynthLib.retrieval.contrastive.batches import Batches
from EchoSynthLib.retrieval.contrastive.drawn.hearts import plane_distances
from EchoSynthLib.retrieval.contrastive.drawn.muscles import FRAMES, SAME_FRAMES, Thigh, muscle_scans
from EchoSynthLib.retrieval.contrastive.export import pipeline_of
from EchoSynthLib.retrieval.contrastive.judge import by_correlation, frame_errors, pair_scores
from EchoSynthLib.retrieval.contrastive.losses import info_nce, match_loss
from EchoSynthLib.retrieval.contrastive.network import OrderBlindHead, PaperBackbone, matcher_of
from EchoSynthLib.retrieval.contrastive.paper import augmented, stillest, train_paper
from EchoSynthLib.retrieval.contrastive.recipe import RetrievalLoss
from EchoSynthLib.retrieval.contrastive.scans import Scans, sequence, split_by_subject
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.run import TrainingRun


@pytest.fixture(scope="module")
def thighs() -> list[Scans]:
    return [muscle_scans(3, number) for number in range(3)]


def test_equal_embeddings_cost_the_logarithm_of_their_number_and_perfect_ones_nothing() -> None:
    assert float(info_nce(torch.ones(12, 12))) == pytest.approx(math.log(12), abs=1e-5)
    assert float(info_nce(torch.eye(12))) == pytest.approx(0, abs=1e-3)


def test_the_loss_is_symmetric_in_its_views() -> None:
    products = torch.rand(7, 7, generator=torch.Generator().manual_seed(0))
    assert float(info_nce(products)) == pytest.approx(float(info_nce(products.T)), abs=1e-6)


def test_frames_without_a_partner_in_the_other_scan_are_not_asked_for_one() -> None:
    products = torch.rand(4, 4, generator=torch.Generator().manual_seed(0))
    same = torch.eye(4)
    same[3, 3] = 0.0
    changed = products.clone()
    changed[3, 3] += 1
    cut = torch.eye(4, 4)[:3] * 1.0
    assert torch.isfinite(info_nce(products[:3], cut))
    assert float(info_nce(products, torch.zeros(4, 4))) == 0
    assert float(info_nce(products, same)) != float(info_nce(products))


def test_matches_count_as_much_as_all_other_pairs() -> None:
    same = torch.eye(10)
    within = torch.ones(10, 10) > 0
    wrong_on_matches = match_loss(torch.full((10, 10), -9.0), same, within)
    wrong_on_others = match_loss(torch.full((10, 10), 9.0), same, within)
    assert float(wrong_on_matches) == pytest.approx(0.5 * 9, abs=0.1)
    assert float(wrong_on_others) == pytest.approx(0.3 * 9, abs=0.1)


@pytest.mark.parametrize("preset", ["small", "paper"])
def test_every_frame_twice_leaves_the_mean_over_time_as_it_is_and_pairs_have_no_order(
    preset: str, thighs: list[Scans]
) -> None:
    matcher = matcher_of(preset).eval()
    pipeline = pipeline_of(matcher.encoder, matcher.head)
    once, twice = (
        pipeline.embedded_seen(clip).mean(axis=0) for clip in (thighs[0].first, thighs[0].first.repeat(2, 0))
    )
    assert np.allclose(once, twice, atol=1e-4)
    other = pipeline.embedded_seen(thighs[1].first[:1])
    there, back = pipeline.likeness(once, other), pipeline.likeness(other[0], once[None])
    assert there == pytest.approx(back, abs=1e-5)


def test_the_published_pair_head_sees_the_mean_alone_and_the_siamese_one_more() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b, shift = (torch.randn(1, 32, generator=generator) for _ in range(3))
    blind = OrderBlindHead(PaperBackbone()).eval()
    assert torch.allclose(blind(a, b), blind(a + shift, b - shift), atol=1e-5)
    assert not any(weights.requires_grad for weights in blind.backbone.parameters())
    a, b, shift = (torch.randn(1, 192, generator=generator) for _ in range(3))
    siamese = matcher_of("small").eval().head
    assert not torch.allclose(siamese(a, b), siamese(a + shift, b - shift), atol=1e-4)


def test_no_subject_is_learned_from_and_judged_on() -> None:
    frames = np.zeros((2, 64, 64), np.uint8)
    scans = [Scans(frames, None, np.zeros((2, 2), np.float32), f"patient {i // 3}") for i in range(30)]
    learned, held = split_by_subject(scans, 0.3, seed=1)
    assert {one.subject for one in learned} & {one.subject for one in held} == set()
    assert (len(learned), len(held)) == (21, 9)


def test_a_thigh_is_drawn_from_its_number_alone_and_its_right_frames_have_the_same_area(thighs: list[Scans]) -> None:
    again = muscle_scans(3, 1)
    assert np.array_equal(again.first, thighs[1].first)
    assert not np.array_equal(again.second, again.first)
    assert again.apart.shape == (FRAMES, FRAMES)
    assert np.median(again.apart.min(axis=1)) < 0.5 / SAME_FRAMES + 0.1
    thigh = Thigh.drawn(np.random.default_rng(0))
    assert thigh.area_mm2(thigh.peak) > 1.15 * min(thigh.area_mm2(-1), thigh.area_mm2(1))


def test_planes_are_as_far_apart_as_they_were_moved() -> None:
    heart = Cohort(5).heart(0)
    pose = frame_view(heart, "4CH").pose
    moved = [pose, pose.moved(behind=4.0), pose.moved(right=30.0, down=10.0)]
    found = plane_distances(heart, [pose], moved)[0]
    assert found == pytest.approx([0.0, 4.0, 0.0], abs=1e-6)


def test_a_muscle_that_relaxes_again_looks_as_it_did() -> None:
    rows = np.arange(96)[:, None]
    clip = np.stack([127 + 100 * np.sin((rows + shift) / 9.0) * np.ones((96, 96)) for shift in (0, 2, 4, 2, 0)])
    apart = sequence(clip.astype(np.uint8), "muscle").apart
    assert apart[0, 4] == pytest.approx(0, abs=0.05)
    assert apart[0, 2] > 1.2


def test_a_batch_depends_on_its_generator_and_no_pair_of_two_subjects_is_the_same(thighs: list[Scans]) -> None:
    batches = Batches({"hearts": thighs, "muscles": thighs[:1]})
    one, again = (batches(torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(one.first, again.first)
    assert torch.equal(one.same, again.same)
    assert float(one.same[~one.within].max()) == 0
    assert float(one.same.max()) > 0.6
    assert torch.allclose(one.means[1].sum(dim=1), torch.ones(len(one.means[1])))


def test_a_perfect_scorer_is_told_as_perfect(thighs: list[Scans]) -> None:
    places = {id(one.first): one for one in thighs}

    def perfect(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        one = places[id(first)]
        return -one.apart.astype(float) if second is one.second else np.full(one.apart.shape, -99.0)

    same, other = pair_scores(perfect, thighs)
    assert area_under_roc(same, other) == 1
    assert frame_errors(perfect, thighs).max() == 0
    assert area_under_roc(np.array([1.0]), np.array([0.0, 1.0, 2.0, 1.0])) == 0.5
    assert 0.3 < area_under_roc(*pair_scores(by_correlation, thighs)) < 1


def test_a_step_of_learning_lowers_the_loss_of_what_it_learned_from(thighs: list[Scans]) -> None:
    torch.manual_seed(0)
    network = matcher_of("small")
    loss = RetrievalLoss(Batches({"muscles": thighs[:1]}), True, "cpu")
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3)

    def told() -> torch.Tensor:
        return loss(network, Moment(torch.Generator().manual_seed(0), network, 0.0))

    before = told()
    for _ in range(5):
        optimizer.zero_grad()
        value = told()
        value.backward()
        optimizer.step()
    assert float(told().detach()) < 0.8 * float(before.detach())


def test_the_stillest_frames_are_taken_and_the_flip_is_lost_as_published() -> None:
    clip = np.random.default_rng(0).integers(0, 255, (20, 32, 32), dtype=np.uint8)
    clip[6:16] = clip[6]
    assert np.array_equal(stillest(clip, 10), clip[6:16])
    clips = np.tile(np.arange(1, 33, dtype=np.uint8), (40, 5, 32, 1))
    made = augmented(clips, np.random.default_rng(0))
    erased = [bool((one == 0).any()) for one in made]
    assert 8 <= sum(erased) <= 24
    assert all(np.array_equal(one, clip) for one, clip, gone in zip(made, clips, erased, strict=True) if not gone)


def test_the_published_recipe_trains_in_two_stages(thighs: list[Scans], tmp_path: Path) -> None:
    run = TrainingRun(tmp_path, tmp_path / "out", iterations=4)
    matcher, state = train_paper(run, {"hearts": thighs, "muscles": []}, {"recipe": "test"}, lambda network: {"x": 1.0})
    assert state.iteration == 4
    assert state.figures == {"x": 1.0}
    assert matcher.encoder(torch.zeros(1, 1, 64, 64)).shape == (1, 32)

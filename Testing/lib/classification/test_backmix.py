from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.classification.backmix.backgrounds import BACKGROUNDS, Backgrounds  # noqa: E402
from EchoSynthLib.classification.backmix.batches import MixedBatches  # noqa: E402
from EchoSynthLib.classification.backmix.mix import (  # noqa: E402
    SHARES,
    choose_donors,
    emptied,
    loss_weights,
    masked_frames,
    mix,
)
from EchoSynthLib.errors import InputError  # noqa: E402
from EchoSynthLib.images.datasets.labeled_frames import LabeledFrames  # noqa: E402
from EchoSynthLib.training.labeled_batches import augmented, normalized  # noqa: E402
from EchoSynthLib.training.loop import Moment  # noqa: E402

SIZE = 24


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def frames(count: int = 12, masked: float = 1.0) -> LabeledFrames:
    """Frame i is i + 1 in its sector and 100 + i outside; sectors are boxes that differ."""
    image = np.zeros((count, SIZE, SIZE), np.uint8)
    mask = np.zeros(image.shape, bool)
    for i in range(count):
        mask[i, 4 + i % 5 : 16, 6 : 14 + i % 7] = True
        image[i] = np.where(mask[i], i + 1, 100 + i)
    label = np.arange(count) % 3
    known = masked_frames(count, masked).numpy()
    names = np.array([str(i) for i in range(count)])
    return LabeledFrames(image, label, ("a", "b", "c"), mask, known, names, np.array(["train"] * count))


def tensors(count: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    drawn = frames(count)
    return torch.from_numpy(drawn.image)[:, None].float(), torch.from_numpy(drawn.mask)[:, None]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("mu", [0.0, 1.0, 2.0])
def test_the_mean_of_the_weights_is_1_for_every_share_and_mu(share: float, mu: float) -> None:
    masked = masked_frames(1000, share)
    assert float(masked.float().mean()) == pytest.approx(share)
    weights = loss_weights(masked, share, mu)
    assert float(weights.mean()) == pytest.approx(1, abs=1e-5)
    assert float(weights.min()) >= 0


@pytest.mark.parametrize(("mu", "mixed", "plain"), [(1, 1.95, 0.95), (2, 2.9, 0.9)])
def test_weights_at_five_per_cent_are_those_of_the_paper(mu: float, mixed: float, plain: float) -> None:
    assert loss_weights(torch.tensor([True, False]), 0.05, mu).tolist() == pytest.approx([mixed, plain])


@pytest.mark.parametrize("mu", [0.0, 1.0, 2.0])
def test_with_all_masks_every_weight_is_1(mu: float) -> None:
    assert loss_weights(masked_frames(7, 1.0), 1.0, mu).tolist() == [1] * 7


def test_every_hundredth_frame_has_a_mask_where_one_in_a_hundred_has() -> None:
    assert masked_frames(250, 0.01).nonzero().ravel().tolist() == [0, 100, 200]


@pytest.mark.parametrize("share", [0, -0.1, 1.1, float("nan")])
def test_a_share_of_masks_beyond_0_and_1_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="above 0 and reaches 1"):
        masked_frames(10, share)


@pytest.mark.parametrize(("mu", "share"), [(-1, 0.5), (3, 0.5)])
def test_weights_below_nothing_are_refused(mu: float, share: float) -> None:
    with pytest.raises(InputError, match="counts less than nothing"):
        loss_weights(torch.tensor([True]), share, mu)


def test_the_own_sector_stays_bit_for_bit_and_no_pixel_beside_it_is_the_frames_own() -> None:
    image, inside = tensors()
    turned, sector = augmented(image, inside, generator())
    backgrounds = Backgrounds("backmix", image, inside)
    mixed = backgrounds(turned, sector, torch.arange(12), generator(1))
    assert torch.equal(mixed[sector], turned[sector])
    for i, one in enumerate(mixed):
        beside = one[~sector[i]]
        donor = int(beside.max()) - 100
        assert donor != i  # outside frame i was 100 + i, and is what another one has
        assert set(beside.unique().tolist()) <= {0.0, 100.0 + donor}


def test_the_donor_is_raw_and_black_where_its_own_sector_was() -> None:
    image, inside = tensors()
    donors = emptied(image, inside)
    mixed = mix(image[:1], inside[:1], donors[1:2])
    assert (mixed[0][inside[1] & ~inside[0]] == 0).all()
    assert bool((inside[1] & ~inside[0]).any())
    both = ~inside[0] & ~inside[1]
    assert torch.equal(mixed[0][both], image[1][both])


def test_donors_are_other_frames_and_each_as_often() -> None:
    own = torch.full((6000,), 2)
    drawn = choose_donors(own, 5, generator())
    counts = torch.bincount(drawn, minlength=5)
    assert counts[2] == 0
    assert (counts[[0, 1, 3, 4]] > 1350).all()


def test_a_frame_without_a_mask_may_get_none_and_gives_none() -> None:
    data = frames(20, masked=0.5)
    batches = MixedBatches(data, "backmix", mu=1.0)
    assert len(batches.backgrounds.donors) == 10
    image, inside = batches.image.float(), batches.inside
    mixed = batches.backgrounds(image, inside, batches.own, generator())
    assert torch.equal(mixed[1::2], image[1::2])
    donors = {int(one[~mask].max()) - 100 for one, mask in zip(mixed[::2], inside[::2], strict=True)}
    assert all(donor % 2 == 0 for donor in donors)


def test_one_mask_alone_is_told_to_be_too_few() -> None:
    with pytest.raises(InputError, match="two frames with masks"):
        MixedBatches(frames(4, masked=0.25), "backmix").batch(generator())


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_a_seed_makes_the_same_batch_and_another_seed_another(kind: str) -> None:
    batches = MixedBatches(frames(20, masked=0.5), kind, mu=2.0)
    one, two, other = (batches.batch(generator(seed), 8) for seed in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not torch.equal(one[0], other[0])


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_whatever_the_background_the_sector_stays_and_labels_weigh_1_on_average(kind: str) -> None:
    image, inside = tensors()
    found = Backgrounds(kind, image, inside)(image, inside, torch.arange(12), generator())
    assert torch.equal(found[inside], image[inside])
    weights = [MixedBatches(frames(20, masked=0.5), kind, mu=1.0).batch(generator(i), 64)[2] for i in range(20)]
    assert float(torch.cat(weights).mean()) == pytest.approx(1, abs=0.1)


def test_backgrounds_that_are_compared_are_black_noise_blurred_and_shuffled() -> None:
    image, inside = tensors(2)
    outside = ~inside

    def of(kind: str) -> torch.Tensor:
        return Backgrounds(kind, image, inside)(image, inside, torch.arange(2), generator())

    assert (of("block_black")[outside] == 0).all()
    noise = of("block_noise")[outside]
    assert 0 <= float(noise.min()) < 3
    assert 27 < float(noise.max()) <= 30
    assert torch.equal(of("none"), image)
    assert float(of("bokeh")[outside].max()) <= 0.74 * 101 + 1e-3
    text = image.clone()
    text[0, 0, 0, :5] = 250
    shuffled = Backgrounds("shuffled", text, inside)(text, inside, torch.arange(2), generator())
    assert not torch.equal(shuffled, text)
    assert torch.equal(shuffled[0][outside[0]].sort().values, text[0][outside[0]].sort().values)


def test_an_unknown_background_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"none, backmix, .*'blue'"):
        Backgrounds("blue", *tensors(2))


def test_frames_are_normalized_after_the_mix() -> None:
    image, _, _ = MixedBatches(frames(), "backmix").batch(generator(), 16)
    torch.testing.assert_close(image.mean(dim=(1, 2, 3)), torch.zeros(16), atol=1e-5, rtol=0)
    torch.testing.assert_close(image.std(dim=(1, 2, 3), correction=0), torch.ones(16), atol=1e-4, rtol=0)
    assert torch.isfinite(normalized(torch.zeros(1, 1, 4, 4))).all()


def moment() -> Moment:
    return Moment(generator(), torch.nn.Identity(), 0.0)


class Looks(torch.nn.Module):
    """Logits from the brightest place outside of, or the mean within, the sectors of `frames`."""

    def __init__(self, at_background: bool) -> None:
        super().__init__()
        self.at_background = at_background

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = x[:, 0, :, :2].mean(dim=(1, 2)) if self.at_background else torch.zeros(len(x))
        return torch.stack([seen, -seen, 0 * seen], dim=1)


@pytest.mark.parametrize(("at_background", "costs"), [(True, True), (False, False)])
def test_consistency_costs_what_looks_at_the_background_alone(at_background: bool, costs: bool) -> None:
    data = frames(20, masked=0.5)
    plain, consistent = (MixedBatches(data, "backmix", 1.0, consistency=weight) for weight in (0.0, 7.0))
    network = Looks(at_background)
    extra = float(consistent(network, moment()) - plain(network, moment()))
    assert (extra > 1e-3) == costs
    assert extra > -1e-6


def test_consistency_compares_a_frame_with_itself_on_its_own_background() -> None:
    batches = MixedBatches(frames(20, masked=0.5), "backmix", 1.0, consistency=1.0)
    mixed, own, _, weight = batches.drawn(generator(), 32)
    count = len(own)
    assert 0 < count < 32
    assert (weight[:count] == 1.5).all()
    assert (weight[count:] == 0.5).all()
    assert not torch.allclose(mixed[:count], own)
    assert len(MixedBatches(frames(20), "none", consistency=1.0).drawn(generator(), 8)[1]) == 0

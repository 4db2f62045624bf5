"""Cascades of video diffusion: their networks, what stages are given, and how they draw."""

from __future__ import annotations

import numpy as np
import pytest
from contracting_ellipses import contracting_ellipses, measured_ejection

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

from EchoSynthLib.errors import Cancelled, InputError  # noqa: E402
from EchoSynthLib.synthesis.video_diffusion.conditioning import augmented, between, every, resized  # noqa: E402
from EchoSynthLib.synthesis.video_diffusion.losses import StageLoss, to_gray, to_model  # noqa: E402
from EchoSynthLib.synthesis.video_diffusion.network import VideoUNet  # noqa: E402
from EchoSynthLib.synthesis.video_diffusion.presets import (  # noqa: E402
    CASCADES,
    PAPER,
    SMALL,
    Cascade,
    Stage,
    cascade_of,
)
from EchoSynthLib.synthesis.video_diffusion.sampler import Condition, Guided, draw, draw_stage, within  # noqa: E402
from EchoSynthLib.training.loop import Moment  # noqa: E402

EDM_OF_ALL = PAPER["4SCM"].process()
TINY = {"width": 8, "multipliers": (1, 2), "blocks": 1}
PARAMETERS = {
    "1SCM": [20_562_691],
    "2SCM": [20_826_371, 21_115_587],
    "4SCM": [20_826_371, 21_115_587, 21_115_587, 20_646_339],
}
"""Of this network, counted; the papers' own, of other attention and embeddings, has 381 M in the four stages of 4SCM as
ECHOPulse quotes it."""


def drawing(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tiny(**changes: object) -> VideoUNet:
    """A network that is not silent: its last layers begin at zero, and here do not."""
    torch.manual_seed(0)
    network = VideoUNet(**{**TINY, **changes}).eval()
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(0.05 * torch.randn_like(weights))
    return network


def condition(count: int = 1, side: int = 8, fraction: float = 0.4, kept: bool = True) -> Condition:
    image = torch.rand(count, 1, side, side, generator=drawing(1)) * 2 - 1
    return Condition(image, torch.full((count,), fraction), torch.full((count,), kept))


def asked(network: VideoUNet, x: torch.Tensor, **changes: object) -> torch.Tensor:
    told = {"image": x[:, :, 0], "ejection_fraction": torch.full((len(x),), 0.4), "kept": torch.ones(len(x)) > 0}
    with torch.no_grad():
        return network(x, torch.zeros(len(x)), **{**told, **changes})


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=drawing(2))


def two_stages(**last: object) -> Cascade:
    return Cascade(4, None, (Stage(4, 2, 2, 4), Stage(8, 1, 3, 4, **last)), TINY, guidance=2.0, batch=2)


def test_with_no_noise_the_denoised_cine_is_the_cine() -> None:
    x = noise(1, 1, 3, 8, 8)
    told = {"image": x[:, :, 0], "ejection_fraction": torch.tensor([0.4]), "kept": torch.tensor([True])}
    with torch.no_grad():
        torch.testing.assert_close(EDM_OF_ALL.denoise(tiny(), x, 1e-5, **told), x, atol=1e-3, rtol=0)


@pytest.mark.parametrize("preset", CASCADES)
@pytest.mark.parametrize("name", PAPER)
def test_each_stage_has_the_frames_and_size_of_its_cascade(preset: str, name: str) -> None:
    cascade = cascade_of(name, preset)
    for i, stage in enumerate(cascade.stages):
        with torch.device("meta"):
            network = cascade.build(i)
            x = torch.empty(1, cascade.channels, cascade.frames_of(i), stage.side, stage.side)
            given = {"low": x, "augmentation": torch.empty(1)} if i else {}
            out = network(
                x,
                torch.empty(1),
                image=x[:, :, 0],
                ejection_fraction=torch.empty(1),
                kept=torch.empty(1) > 0,
                **given,
            )
        assert out.shape == x.shape


@pytest.mark.parametrize("name", PAPER)
def test_the_papers_cascades_have_their_size(name: str) -> None:
    with torch.device("meta"):
        assert [PAPER[name].build(i).num_parameters() for i in range(len(PAPER[name].stages))] == PARAMETERS[name]


def test_the_papers_cascades_are_as_published() -> None:
    assert [PAPER["4SCM"].frames_of(i) for i in range(4)] == [16, 32, 64, 64]
    assert [PAPER["2SCM"].frames_of(i) for i in range(2)] == [16, 64]
    assert PAPER["1SCM"].frames_of(0) == 16
    told = {name: [(s.side, s.steps, s.S_churn) for s in cascade.stages] for name, cascade in PAPER.items()}
    assert told == {
        "1SCM": [(112, 64, 160)],
        "2SCM": [(56, 32, 80), (112, 64, 160)],
        "4SCM": [(56, 32, 40), (56, 32, 80), (56, 32, 160), (112, 64, 160)],
    }
    assert {cascade.guidance for cascade in PAPER.values()} == {5.0}
    assert (EDM_OF_ALL.sigma_data, EDM_OF_ALL.sigma_min, EDM_OF_ALL.sigma_max) == (0.25, 0.002, 80.0)
    assert (EDM_OF_ALL.P_mean, EDM_OF_ALL.P_std) == (-1.2, 1.2)


def test_small_cascades_are_small() -> None:
    with torch.device("meta"):
        sizes = [sum(one.build(i).num_parameters() for i in range(len(one.stages))) for one in SMALL.values()]
    assert max(sizes) < 5e6


def test_an_unknown_cascade_is_told_what_is_known() -> None:
    with pytest.raises(InputError, match=r"known are presets paper, small; cascades 1SCM, 2SCM, 4SCM"):
        cascade_of("3SCM")


def test_a_dropped_ejection_fraction_is_none_at_all() -> None:
    network, x = tiny(), noise(2, 1, 3, 8, 8)
    dropped = torch.zeros(2) > 0
    low, high = (asked(network, x, ejection_fraction=torch.full((2,), f), kept=dropped) for f in (0.1, 0.7))
    torch.testing.assert_close(low, high, atol=0, rtol=0)
    assert (asked(network, x) - low).abs().max() > 1e-4
    told = [asked(network, x, ejection_fraction=torch.full((2,), f)) for f in (0.1, 0.7)]
    assert (told[0] - told[1]).abs().max() > 1e-4


def test_without_time_every_frame_is_a_picture_alone() -> None:
    network, x = tiny(), noise(1, 1, 4, 8, 8)
    alone = asked(network, x, ignore_time=True)
    for t in range(4):
        torch.testing.assert_close(alone[:, :, t], asked(network, x[:, :, t : t + 1], image=x[:, :, 0])[:, :, 0])
    assert (asked(network, x) - alone).abs().max() > 1e-4


def test_any_number_of_frames_and_size_is_taken_but_what_cannot_be_halved() -> None:
    network = tiny()
    assert asked(network, noise(1, 1, 5, 8, 16)).shape == (1, 1, 5, 8, 16)
    with pytest.raises(ValueError, match="multiples of 2"):
        asked(network, noise(1, 1, 2, 7, 8))


def test_frames_between_are_mixed_and_every_one_of_the_slower_cine_is_kept() -> None:
    cine = torch.arange(4.0).reshape(1, 1, 4, 1, 1)
    fast = between(cine, 2)
    assert fast.flatten().tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3]
    assert torch.equal(every(fast, 2), cine)
    assert every(between(cine, 4), 4).shape == cine.shape


def test_a_smaller_cine_is_of_mean_gray_levels() -> None:
    cine = noise(2, 1, 3, 8, 8)
    small = resized(cine, (4, 4))
    assert small.shape == (2, 1, 3, 4, 4)
    torch.testing.assert_close(resized(cine[:, :, 1], (4, 4)), small[:, :, 1])
    flat = torch.full((1, 1, 2, 8, 8), 0.3)
    torch.testing.assert_close(resized(flat, (4, 4)), torch.full((1, 1, 2, 4, 4), 0.3))


def test_augmentation_keeps_the_variance_of_white_data_and_ends_in_noise() -> None:
    data, added = (torch.randn(3, 1, 8, 32, 32, generator=drawing(seed)) for seed in (3, 4))
    mixed = augmented(data, torch.tensor([0.0, 0.2, 1.0]), added)
    torch.testing.assert_close(mixed[0], data[0], atol=0.05, rtol=0)
    assert mixed[1].var() == pytest.approx(1, abs=0.05)
    snr = 1 / np.expm1(1e-4 + 10 * 0.2**2)
    assert np.corrcoef(mixed[1].flatten(), data[1].flatten())[0, 1] == pytest.approx((snr / (1 + snr)) ** 0.5, abs=0.02)
    torch.testing.assert_close(mixed[2], added[2], atol=0.05, rtol=0)


def test_guidance_goes_beyond_what_is_told_and_is_nothing_where_nothing_is_told() -> None:
    network, x, told = tiny(), 0.1 * noise(1, 1, 3, 8, 8), condition()
    with torch.no_grad():
        one, zero, three = (Guided(network, EDM_OF_ALL, told, w)(x, 0.5) for w in (1.0, 0.0, 3.0))
        torch.testing.assert_close(three, zero + 3 * (one - zero))
        untold = condition(kept=False)
        torch.testing.assert_close(Guided(network, EDM_OF_ALL, untold, 5.0)(x, 0.5), zero)


def test_a_cine_stays_within_its_gray_levels_by_its_own_extent() -> None:
    x = torch.cat([0.5 * noise(1, 1, 2, 16, 16), 4 * noise(1, 1, 2, 16, 16)])
    held = within(x)
    torch.testing.assert_close(held[0], x[0].clamp(-1, 1))
    assert held[1].abs().max() == 1
    assert (held[1].abs() == 1).float().mean() == pytest.approx(0.05, abs=0.01)


def test_heun_without_churn_is_of_second_order() -> None:
    """On a network that is silent D is known: the data are white with deviation sigma_data, and x shrinks with it."""
    stage, told = Stage(4, 1, 8, 40), condition(side=4)
    network = VideoUNet(**TINY).eval()  # its head begins at zero

    def error(steps: int) -> float:
        x, _ = draw_stage(network, EDM_OF_ALL, stage, 2, told, None, [drawing(5)], 1.0, steps, churn=False)
        start = 80 * torch.randn(1, 1, 2, 4, 4, generator=drawing(5))
        exact = start * 0.25 / (80**2 + 0.25**2) ** 0.5
        return float((x - exact).abs().max())

    assert np.log2(error(16) / error(32)) == pytest.approx(2.2, abs=0.1)
    assert np.log2(error(32) / error(64)) == pytest.approx(2.1, abs=0.1)


def test_a_cascade_draws_all_frames_at_full_size_whatever_crops_it_learned_from() -> None:
    cascade = two_stages(crop=4)
    networks = [tiny(), tiny(upsampling=True)]
    steps: list[tuple[int, int]] = []
    cine, evaluations = draw(
        networks, cascade, condition(2), [drawing(1), drawing(2)], on_step=lambda *told: steps.append(told)
    )
    assert cine.shape == (2, 1, 4, 8, 8)
    assert evaluations == 2 * (2 * 2 - 1 + 2 * 3 - 1)  # told and not told
    assert steps == [(i, 5) for i in range(1, 6)]


def test_a_cine_does_not_depend_on_those_drawn_with_it() -> None:
    cascade, networks = two_stages(), [tiny(), tiny(upsampling=True)]
    both, _ = draw(networks, cascade, condition(2), [drawing(1), drawing(2)])
    told = condition(2)
    alone = Condition(told.image[1:], told.ejection_fraction[1:], told.kept[1:])
    second, _ = draw(networks, cascade, alone, [drawing(2)])
    torch.testing.assert_close(both[1:], second, atol=1e-4, rtol=1e-4)


def test_drawing_can_be_cancelled_between_steps() -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        draw([tiny()], Cascade(2, None, (Stage(8, 1, 2, 4),), TINY), condition(), [drawing(1)], on_step=stop)


def test_a_stage_with_crops_learns_from_windows_and_one_without_from_whole_frames() -> None:
    clips, fractions = contracting_ellipses(6, 4, 8, seed=0)
    seen = []

    def network(x, c_noise, **told):
        seen.append((x.shape, told))
        return torch.zeros_like(x)

    moment = Moment(drawing(1), torch.nn.Identity(), 0.0)
    cascade = two_stages(crop=4)
    for stage in (0, 1):
        planes = torch.from_numpy(clips)[:, None]
        loss = StageLoss(planes, torch.from_numpy(fractions), cascade, stage, "cpu")
        for _ in range(40):
            assert torch.isfinite(loss(network, moment))
    base, upper = seen[:40], seen[40:]
    assert {tuple(shape) for shape, _ in base} == {(2, 1, 2, 4, 4)}
    assert {tuple(shape) for shape, _ in upper} == {(2, 1, 4, 4, 4)}
    assert all(told["low"] is None for _, told in base)
    assert all(told["low"].shape == shape and told["image"].shape == (2, 1, 4, 4) for shape, told in upper)
    told_of_ejection = np.mean([bool(one) for _, told in seen for one in told["kept"]])
    assert told_of_ejection == pytest.approx(0.9, abs=0.08)
    assert np.mean([told["ignore_time"] for _, told in seen]) == pytest.approx(0.25, abs=0.12)


def test_gray_levels_come_back_from_the_models_range() -> None:
    gray = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_gray(to_model(gray)), gray)
    assert to_model(gray).aminmax() == (-1, 1)


def test_the_ellipses_have_the_ejection_fraction_that_is_measured() -> None:
    clips, fractions = contracting_ellipses(20, 8, 16, seed=3)
    np.testing.assert_allclose(measured_ejection(clips), fractions, atol=0.02)

"""On Gaussian data x ~ N(m, s^2), where everything is known: z_t = (1 - t) x + t e has variance
V(t) = (1 - t)^2 s^2 + t^2, a path keeps its quantile n, so z_t = (1 - t) m + sqrt(V(t)) n, and
v(z, t) = -m + (t - (1 - t) s^2) / V(t) * (z - (1 - t) m)."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from EchoSynthLib.synthesis.beam_flow.flow_map import (  # noqa: E402
    column,
    draw_time,
    flow_matching_loss,
    guided_velocity_loss,
    semigroup_loss,
)

MEAN, SPREAD = 0.7, 0.4
COUNT = 2000


def drawing() -> torch.Generator:
    return torch.Generator().manual_seed(7)


def data() -> torch.Tensor:
    return MEAN + SPREAD * torch.randn(COUNT, 1, 2, 2, generator=torch.Generator().manual_seed(1))


NOTHING = torch.zeros(COUNT, 1, 1, 1)
UNGUIDED = torch.ones(COUNT)


def variance(t):
    return (1 - t) ** 2 * SPREAD**2 + t**2


def velocity(z, t, r, w, label, condition):
    t = column(t).double()
    slope = (t - (1 - t) * SPREAD**2) / variance(t)
    return (-MEAN + slope * (z - (1 - t) * MEAN)).to(z.dtype)


def average_velocity(z, t, r, w, label, condition):
    start, end = column(t).double(), column(r).double()
    quantile = (z - (1 - start) * MEAN) / variance(start).sqrt()
    arrived = (1 - end) * MEAN + variance(end).sqrt() * quantile
    gap = start - end
    long = (z - arrived) / torch.where(gap > 0, gap, torch.ones_like(gap))
    return torch.where(gap > 1e-9, long, velocity(z.double(), t, r, w, label, condition)).to(z.dtype)


def shifted(u, factor=1.0, offset=0.0):
    return lambda *args: factor * u(*args) + offset


def flow_loss(u) -> float:
    return float(flow_matching_loss(u, data(), NOTHING, NOTHING, drawing()).mean())


def test_times_are_drawn_between_0_and_1_and_reach_both_ends() -> None:
    t = draw_time(4000, drawing())
    assert 0 < float(t.min()) < 0.02
    assert 0.98 < float(t.max()) < 1


@pytest.mark.parametrize(("factor", "offset"), [(0.9, 0.0), (1.1, 0.0), (1.0, 0.15), (1.0, -0.15), (0.0, 0.0)])
def test_flow_matching_is_least_at_the_true_velocity(factor: float, offset: float) -> None:
    assert flow_loss(velocity) < flow_loss(shifted(velocity, factor, offset))


def test_flow_matching_leaves_what_a_point_on_the_path_does_not_tell() -> None:
    t = draw_time(200_000, drawing()).double()
    # Var(e - x | z_t) of two Gaussians
    left = (1 + SPREAD**2 - (t - (1 - t) * SPREAD**2) ** 2 / variance(t)).mean()
    assert flow_loss(velocity) == pytest.approx(float(left), rel=0.05)


def test_flow_matching_asks_for_the_unguided_velocity_at_one_time() -> None:
    def asked(z, t, r, w, label, condition):
        assert torch.equal(t, r)
        assert torch.equal(w, UNGUIDED)
        return velocity(z, t, r, w, label, condition)

    assert flow_loss(asked) > 0


def test_the_exact_average_velocity_composes() -> None:
    loss = semigroup_loss(average_velocity, average_velocity, data(), NOTHING, NOTHING, UNGUIDED, drawing())
    assert float(loss.max()) < 1e-8


@pytest.mark.parametrize(
    "wrong", [velocity, shifted(average_velocity, factor=1.1)], ids=["instantaneous velocity", "too long"]
)
def test_a_wrong_average_velocity_does_not_compose(wrong) -> None:
    loss = semigroup_loss(wrong, average_velocity, data(), NOTHING, NOTHING, UNGUIDED, drawing())
    assert float(loss.mean()) > 1e-3


def test_the_instantaneous_velocity_is_no_average_velocity_by_its_own_teaching_either() -> None:
    loss = semigroup_loss(velocity, velocity, data(), NOTHING, NOTHING, UNGUIDED, drawing())
    assert float(loss.mean()) > 1e-3


def label_velocity(z, t, r, w, label, condition):
    return z + 3 * label + condition


def blind_velocity(z, t, r, w, label, condition):
    return z + condition


def extrapolated(z, t, r, w, label, condition):
    return z + column(w) * 3 * label + condition


@pytest.mark.parametrize(
    ("weight", "student"),
    [(1.0, label_velocity), (0.0, blind_velocity), (2.5, extrapolated)],
    ids=["w=1 is the teacher", "w=0 is the blind teacher", "w=2.5 goes beyond"],
)
def test_guidance_goes_from_the_blind_teacher_through_the_seeing_one(weight: float, student) -> None:
    label, condition = torch.ones(COUNT, 1, 2, 2), 0.5 * torch.ones(COUNT, 1, 1, 1)
    w = torch.full((COUNT,), weight)

    def teacher(z, t, r, guidance, *told):
        assert bool((guidance == 1).all())
        assert torch.equal(t, r)
        return label_velocity(z, t, r, guidance, *told)

    right = guided_velocity_loss(student, teacher, data(), label, condition, w, drawing())
    wrong = guided_velocity_loss(shifted(student, offset=0.1), teacher, data(), label, condition, w, drawing())
    assert float(right.max()) < 1e-9
    assert float(wrong.min()) == pytest.approx(0.01, rel=0.01)


def test_no_gradient_reaches_the_teacher() -> None:
    scale = torch.ones(1, requires_grad=True)

    def teacher(z, t, r, w, label, condition):
        return scale * z

    own = torch.ones(1, requires_grad=True)

    def student(z, t, r, w, label, condition):
        return own * z * 0.5

    for loss in (guided_velocity_loss, semigroup_loss):
        loss(student, teacher, data(), NOTHING, NOTHING, UNGUIDED, drawing()).mean().backward()
    assert scale.grad is None
    assert own.grad is not None

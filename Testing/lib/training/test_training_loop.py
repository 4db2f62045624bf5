from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch import Tensor, nn  # noqa: E402

from EchoSynthLib.errors import Cancelled, InputError  # noqa: E402
from EchoSynthLib.training.loop import Moment, train  # noqa: E402
from EchoSynthLib.training.settings import Settings  # noqa: E402

SHORT = 0.15 / 60  # minutes


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(3, 1)


class Regression:
    """y = sum of x; stops the run before the iteration that it is told."""

    def __init__(self, stop: float = float("inf"), do: Callable[[Moment], None] | None = None) -> None:
        self.stop, self.do = stop, do
        self.losses: list[float] = []
        self.moments: list[Moment] = []

    def __call__(self, net: nn.Module, moment: Moment) -> Tensor:
        if len(self.losses) >= self.stop:
            raise Cancelled
        if self.do:
            self.do(moment)
        self.moments.append(moment)
        x = torch.randn(16, 3, generator=moment.generator)
        loss = (net(x) - x.sum(dim=1, keepdim=True)).square().mean()
        self.losses.append(float(loss.detach()))
        return loss


def cancelled(settings: Settings, folder: Path, stop: int) -> list[float]:
    """The losses of the first iterations of a long run."""
    loss = Regression(stop)
    with pytest.raises(Cancelled):
        train(network(), loss, settings, folder)
    return loss.losses


def steady(**changes: object) -> Settings:
    # A long budget whose first part has a constant learning rate: nothing depends on the clock.
    return Settings(**{"minutes": 60.0, "constant": 0.9, "warm_up": 5, **changes})  # type: ignore[arg-type]


def test_it_ends_when_the_minutes_are_used_up(tmp_path: Path) -> None:
    loss = Regression()
    average, state = train(network(), loss, Settings(minutes=SHORT), tmp_path)
    assert state.seconds >= 60 * SHORT
    assert loss.moments[-1].spent < 1
    assert state.iteration == len(loss.losses) > 0
    assert not average.training


def test_it_learns(tmp_path: Path) -> None:
    loss = Regression(stop=200)
    settings = steady(warm_up=1, learning_rate=0.03, save_every=0.0)
    with pytest.raises(Cancelled):
        train(network(), loss, settings, tmp_path)
    assert sum(loss.losses[-5:]) < 0.1 * sum(loss.losses[:5])
    average = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["average"]
    assert float((average["weight"] - 1).abs().max()) < 0.5


def test_a_second_run_goes_on_where_the_first_one_stopped(tmp_path: Path) -> None:
    first_loss, second_loss = Regression(), Regression()
    _, first = train(network(), first_loss, Settings(minutes=SHORT), tmp_path)
    ended_with = first_loss.moments[-1].generator.get_state()
    seen: list[Tensor] = []
    second_loss.do = lambda moment: seen.append(moment.generator.get_state())
    _, second = train(network(), second_loss, Settings(minutes=2 * SHORT), tmp_path)
    assert second_loss.moments[0].spent == pytest.approx(first.seconds / (120 * SHORT))
    assert torch.equal(seen[0], ended_with)
    assert second.iteration == first.iteration + len(second_loss.losses)
    assert second.seconds >= 120 * SHORT


def test_a_run_whose_minutes_are_used_up_trains_no_more(tmp_path: Path) -> None:
    _, first = train(network(), Regression(), Settings(minutes=SHORT), tmp_path)
    again = Regression()
    average, second = train(network(), again, Settings(minutes=SHORT), tmp_path)
    assert not again.losses
    assert second == first
    assert average is not None


def test_without_resume_it_starts_anew(tmp_path: Path) -> None:
    train(network(), Regression(), Settings(minutes=SHORT), tmp_path)
    again = Regression()
    train(network(), again, Settings(minutes=SHORT), tmp_path, resume=False)
    assert again.moments[0].spent == 0


def test_the_same_seed_gives_the_same_losses(tmp_path: Path) -> None:
    one = cancelled(steady(seed=1), tmp_path / "one", 25)
    assert cancelled(steady(seed=1), tmp_path / "two", 25) == pytest.approx(one, rel=1e-5)
    assert cancelled(steady(seed=2), tmp_path / "three", 25) != pytest.approx(one, rel=1e-2)


def test_an_interrupted_run_gives_the_losses_of_one_that_was_not(tmp_path: Path) -> None:
    whole = cancelled(steady(), tmp_path / "whole", 24)
    every_step = steady(save_every=0.0)
    parts = cancelled(every_step, tmp_path / "parts", 10) + cancelled(every_step, tmp_path / "parts", 14)
    assert parts == pytest.approx(whole, rel=1e-5)


def test_the_average_lags_behind_the_network_and_is_what_is_validated(tmp_path: Path) -> None:
    seen: list[nn.Module] = []

    def validate(average: nn.Module) -> dict[str, float]:
        seen.append(average)
        return {"dice": 0.5}

    average, _ = train(network(), Regression(), Settings(minutes=SHORT), tmp_path, validate=validate)
    assert seen[-1] is average
    assert all(not weight.requires_grad for weight in average.parameters())
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert last["dice"] == 0.5
    assert {"iteration", "seconds", "loss"} <= last.keys()


@pytest.mark.parametrize(
    ("budget", "told"),
    [({"minutes": 0.0}, "minutes, given was 0.0"), ({"iterations": -1}, "iterations, given was -1"), ({}, "a budget")],
)
def test_a_budget_that_is_not_positive_is_refused(tmp_path: Path, budget: dict[str, float], told: str) -> None:
    with pytest.raises(InputError, match=told):
        train(network(), Regression(), Settings(**budget), tmp_path)  # type: ignore[arg-type]


def weights_of(net: nn.Module) -> list[float]:
    return torch.cat([p.flatten() for p in net.parameters()]).tolist()


def test_iterations_are_the_budget_and_the_learning_rate_follows_them(tmp_path: Path) -> None:
    loss = Regression()
    settings = Settings(iterations=20, learning_rate=0.1, warm_up=1, constant=0.5)
    _, state = train(network(), loss, settings, tmp_path, validate=lambda _: {"dice": 0.5})
    assert state.iteration == len(loss.losses) == 20
    assert [moment.spent for moment in loss.moments] == pytest.approx([i / 20 for i in range(20)])
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert saved["optimizer"]["param_groups"][0]["lr"] == pytest.approx(
        0.1 * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * 0.9)))
    )


def test_a_run_in_pieces_and_on_a_slow_machine_gives_the_weights_of_one_in_one_go(tmp_path: Path) -> None:
    whole = Settings(iterations=30, learning_rate=0.05, warm_up=5)
    expected, _ = train(network(), Regression(), whole, tmp_path / "whole")
    hurried, done = replace(whole, minutes=0.04 / 60), 0
    while done < 30:
        slow = Regression(do=lambda _: time.sleep(0.005))
        told = r"minutes are over after \d+ of 30 iterations; .*goes on from there"
        with suppress(Cancelled) if done else pytest.raises(Cancelled, match=told):
            found, _ = train(network(), slow, hurried, tmp_path / "pieces")
        assert slow.losses
        done += len(slow.losses)
    assert done == 30
    assert weights_of(found) == pytest.approx(weights_of(expected), rel=1e-5)


def test_a_checkpoint_of_a_run_that_counted_minutes_is_gone_on_with_by_iterations(tmp_path: Path) -> None:
    _, first = train(network(), Regression(), steady(minutes=SHORT), tmp_path)
    more = steady(minutes=None, iterations=first.iteration + 7)
    again = Regression()
    assert train(network(), again, more, tmp_path)[1].iteration == first.iteration + 7
    assert len(again.losses) == 7


def test_a_budget_that_was_changed_on_the_way_is_told_and_the_same_one_is_not(tmp_path: Path) -> None:
    for _ in range(2):
        assert train(network(), Regression(), steady(minutes=None, iterations=2), tmp_path)[1].told == ""
    _, state = train(network(), Regression(), steady(minutes=None, iterations=6), tmp_path)
    assert "begun for 2 iterations, from iteration 2 on for 6 iterations" in state.told


def test_fewer_iterations_than_are_done_are_refused_with_both_numbers(tmp_path: Path) -> None:
    train(network(), Regression(), steady(minutes=None, iterations=6), tmp_path)
    with pytest.raises(InputError, match="has done 6 iterations already, and 3 were asked for"):
        train(network(), Regression(), steady(minutes=None, iterations=3), tmp_path)
    anew = Regression()
    train(network(), anew, steady(minutes=None, iterations=3), tmp_path, resume=False)
    assert len(anew.losses) == 3


def test_progress_tells_iterations_of_the_budget(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    settings = Settings(iterations=12, tell_every=0.0)
    train(network(), Regression(), settings, tmp_path, progress=lambda done, total, _: told.append((done, total)))
    assert told == [(i, 12) for i in range(1, 13)]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_run_and_spares_the_weights(tmp_path: Path, bad: float) -> None:
    net = network()
    before = net.weight.detach().clone()
    with pytest.raises(InputError, match=f"{bad} after 0 iterations"):
        train(net, lambda n, m: n(torch.ones(1, 3)).sum() * bad, Settings(minutes=SHORT), tmp_path)
    assert torch.equal(net.weight, before)


def test_a_checkpoint_cut_short_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, first = train(network(), Regression(), Settings(minutes=SHORT), tmp_path)

    def cut_short(_: object, path: Path) -> None:
        Path(path).write_bytes(b"half of a")
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", cut_short)
        with pytest.raises(OSError, match="space"):
            train(network(), Regression(), Settings(minutes=2 * SHORT), tmp_path)
    again = Regression()
    train(network(), again, Settings(minutes=2 * SHORT), tmp_path)
    assert again.moments[0].spent == pytest.approx(first.seconds / (120 * SHORT))


class _Harmful:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (self.target,))


def test_a_checkpoint_that_would_run_a_program_is_not_read(tmp_path: Path) -> None:
    target = tmp_path / "was run"
    torch.save({"network": _Harmful(target)}, tmp_path / "checkpoint.pt")
    with pytest.raises(InputError, match=r"checkpoint\.pt cannot be read.*--no-resume"):
        train(network(), Regression(), Settings(minutes=SHORT), tmp_path)
    assert not target.exists()


def test_progress_tells_seconds_of_the_budget(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    settings = Settings(minutes=SHORT, tell_every=0.01)
    train(network(), Regression(), settings, tmp_path, progress=lambda *t: told.append(t))
    assert told
    assert all(0 <= done <= total + 1 and "loss" in message for done, total, message in told)


def test_a_cancelled_run_keeps_its_last_step(tmp_path: Path) -> None:
    def cancel(done: int, total: int, message: str) -> None:
        raise Cancelled("enough")

    loss = Regression()
    with pytest.raises(Cancelled):
        train(network(), loss, Settings(minutes=10, tell_every=0.05), tmp_path, progress=cancel)
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert saved["state"]["iteration"] == len(loss.losses)


def test_an_interrupt_ends_the_iteration_keeps_it_and_the_next_run_goes_on(tmp_path: Path) -> None:
    whole = cancelled(steady(), tmp_path / "whole", 24)
    for number in (signal.SIGINT, signal.SIGTERM):
        folder = tmp_path / number.name
        parts = Regression()
        parts.do = lambda moment, n=number, p=parts: signal.raise_signal(n) if len(p.losses) == 9 else None
        before = signal.getsignal(number)
        with pytest.raises(KeyboardInterrupt, match=r"after 10 iterations.*checkpoint\.pt"):
            train(network(), parts, steady(), folder)
        assert signal.getsignal(number) is before
        assert parts.losses + cancelled(steady(), folder, 14) == pytest.approx(whole, rel=1e-5)


def test_an_interrupt_while_validating_keeps_the_iterations(tmp_path: Path) -> None:
    def validate(average: nn.Module) -> dict[str, float]:
        signal.raise_signal(signal.SIGTERM)
        return {}

    loss = Regression()
    with pytest.raises(KeyboardInterrupt):
        train(network(), loss, steady(validate_every=0.0), tmp_path, validate=validate)
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert saved["state"]["iteration"] == len(loss.losses) == 1


def test_a_second_interrupt_does_not_wait_and_spares_the_checkpoint_before(tmp_path: Path) -> None:
    def twice(moment: Moment) -> None:
        if len(loss.losses) == 3:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    loss = Regression(do=twice)
    with pytest.raises(KeyboardInterrupt):
        train(network(), loss, steady(save_every=0.0), tmp_path)
    assert len(loss.losses) == 3
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["state"]["iteration"] == 3


@pytest.mark.parametrize(
    ("settings", "basis", "told"),
    [
        ({"seed": 1}, {}, "seed: 0, now 1"),
        ({"learning_rate": 0.5}, {}, r"learning_rate: 0\.001, now 0\.5"),
        ({}, {"data": "b" * 64}, r"data: aaaaaaaaaaaa\.\.\., now bbbbbbbbbbbb\.\.\."),
        ({}, {"recipe": "another"}, "recipe: a line, now another"),
        ({"clip": 2.0}, {"autoencoder": "c"}, r"clip: 1\.0, now 2\.0; autoencoder: None, now c"),
    ],
)
def test_another_training_is_not_gone_on_with(
    settings: dict[str, float], basis: dict[str, str], told: str, tmp_path: Path
) -> None:
    begun = {"recipe": "a line", "data": "a" * 64}
    train(network(), Regression(), steady(minutes=SHORT), tmp_path, basis=begun)
    with pytest.raises(InputError, match=rf"{told}.*another output folder, or.*--no-resume"):
        train(network(), Regression(), steady(minutes=SHORT, **settings), tmp_path, basis=begun | basis)
    anew = Regression()
    train(network(), anew, steady(minutes=SHORT, **settings), tmp_path, basis=begun | basis, resume=False)
    assert anew.losses


def test_more_minutes_and_other_intervals_are_the_same_training(tmp_path: Path) -> None:
    _, first = train(network(), Regression(), steady(minutes=SHORT), tmp_path)
    more = steady(minutes=2 * SHORT, save_every=1.0, validate_every=2.0, tell_every=3.0)
    assert train(network(), Regression(), more, tmp_path)[1].iteration > first.iteration


def test_a_checkpoint_that_does_not_tell_its_data_is_not_gone_on_with(tmp_path: Path) -> None:
    train(network(), Regression(), Settings(minutes=SHORT), tmp_path)
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    del saved["basis"]
    torch.save(saved, tmp_path / "checkpoint.pt")
    with pytest.raises(InputError, match="of an earlier version and does not tell what it was trained on"):
        train(network(), Regression(), Settings(minutes=SHORT), tmp_path)


def test_a_checkpoint_of_another_network_is_told_in_words(tmp_path: Path) -> None:
    train(network(), Regression(), Settings(minutes=SHORT), tmp_path)
    with pytest.raises(InputError, match="of another network than this version trains"):
        train(nn.Linear(3, 2), Regression(), Settings(minutes=SHORT), tmp_path)


def test_the_last_validation_runs_once_and_its_figures_are_the_states(tmp_path: Path) -> None:
    seen: list[int] = []

    def validate(average: nn.Module) -> dict[str, float]:
        seen.append(len(loss.losses))
        return {"dice": len(seen) / 10}

    loss = Regression()
    _, state = train(network(), loss, Settings(minutes=SHORT, validate_every=0.0), tmp_path, validate=validate)
    assert seen == list(range(1, state.iteration + 1))
    assert state.figures == {"dice": len(seen) / 10}
    once, other = [], Regression()
    _, state = train(
        network(), other, Settings(minutes=SHORT), tmp_path / "b", validate=lambda a: once.append(1) or {"dice": 0.5}
    )
    assert (len(once), state.figures) == (1, {"dice": 0.5})

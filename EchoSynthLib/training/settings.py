"""What a recipe decides about its optimization, and how far a run has come."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from EchoSynthLib.errors import InputError


@dataclass(frozen=True)
class Settings:
    """What a recipe decides about its optimization.

    Attributes:
        iterations: the budget, which the learning rate follows to its end; a run that is interrupted, or made on
            another machine, ends with the same weights. None where time is the budget.
        minutes: of training, the time that the iterations take; reading the data, validation and checkpoints come on
            top. Beside `iterations` the longest that one call trains, else the budget itself.
        learning_rate: of AdamW after the warm-up.
        weight_decay: of AdamW.
        betas: of AdamW.
        warm_up: iterations over which the learning rate rises.
        constant: share of the budget, below 1, before the cosine decay begins.
        ema_decay: of the averaged weights, which are what is validated and shipped.
        clip: largest norm of the gradient.
        validate_every: seconds of training between validations; the last one is at the end.
        save_every: seconds of training between checkpoints; a run that is cancelled or interrupted writes one more.
        tell_every: seconds of training between calls of `progress`.
        seed: of the weights' initial values (set by the recipe) and of all batches.
    """

    iterations: int | None = None
    minutes: float | None = None
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.99)
    warm_up: int = 100
    constant: float = 0.3
    ema_decay: float = 0.999
    clip: float = 1.0
    validate_every: float = 300.0
    save_every: float = 120.0
    tell_every: float = 1.0
    seed: int = 0

    def decisive(self) -> dict[str, Any]:
        """Those that a run must be resumed with; it may be given more time, and look up more often or seldom."""
        free = ("iterations", "minutes", "validate_every", "save_every", "tell_every")
        return {name: value for name, value in asdict(self).items() if name not in free}

    def check(self) -> None:
        """InputError where there is no budget, or none that is positive."""
        if self.iterations is None and self.minutes is None:
            raise InputError("Training needs a budget; give a number of iterations, or of minutes.")
        for name in ("iterations", "minutes"):
            given = getattr(self, name)
            if given is not None and given <= 0:
                raise InputError(f"Training needs a positive number of {name}, given was {given}.")

    @property
    def budget(self) -> str:
        """What the learning rate follows, in words."""
        return f"{self.minutes:g} minutes" if self.iterations is None else f"{self.iterations} iterations"

    def spent(self, state: State) -> float:
        """Share of the budget that is used up, 0 to 1."""
        if self.iterations is not None:
            return min(1.0, state.iteration / self.iterations)
        return min(1.0, state.seconds / (60 * (self.minutes or 0)))


@dataclass
class State:
    """How far a run has come.

    Attributes:
        iteration: that many are done.
        seconds: that they took, without validation and checkpoints.
        loss: its running mean.
        figures: of the last validation.
        budgets: what it was trained for, each with the iteration from which on; more than one where it was changed.
    """

    iteration: int = 0
    seconds: float = 0.0
    loss: float = float("nan")
    figures: dict[str, float] = field(default_factory=dict)
    budgets: list[tuple[str, int]] = field(default_factory=list)

    def go_on_for(self, budget: str) -> None:
        """Notes what it is trained for from here on."""
        if self.budgets and self.budgets[-1][1] == self.iteration:
            self.budgets.pop()  # nothing was done for it
        if not self.budgets or self.budgets[-1][0] != budget:
            self.budgets.append((budget, self.iteration))

    @property
    def told(self) -> str:
        """That the budget was changed on the way, to go on a card's line; '' where it was not."""
        if len(self.budgets) < 2:
            return ""
        (first, _), *later = self.budgets
        then = ", ".join(f"from iteration {since} on for {budget}" for budget, since in later)
        return (
            f"; the budget was changed on the way: begun for {first}, {then}, so that the command makes this model "
            "in these steps alone"
        )

"""Jobs as generators: one that waits for the worker leaves its time to another."""

from __future__ import annotations

import pytest

from EchoSynthJobs.job import Job, Report, finish, meanwhile


class Steps:
    """Jobs that note what they do."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def asking(self, answer: str = "answer") -> Job[str]:
        """Prepares, waits twice for the worker, and gives its answer."""
        try:
            for step in ("prepare", "wait", "wait"):
                self.done.append(step)
                yield Report(waiting=step == "wait")
            return answer
        finally:
            self.done.append("closed")

    def working(self, fails: bool = False) -> Job[int]:
        """Works in two steps."""
        for step in ("work", "work"):
            self.done.append(step)
            if fails:
                raise ValueError(step)
            yield Report()
        return 2


def test_while_one_job_waits_for_the_worker_another_is_done() -> None:
    steps = Steps()
    assert finish(meanwhile(steps.asking(), steps.working()), lambda report: None) == ("answer", 2)
    assert steps.done == ["prepare", "wait", "work", "work", "wait", "closed"]


def test_a_job_that_needs_no_worker_is_done_first() -> None:
    assert finish(meanwhile(Steps().working(), Steps().working()), lambda report: None) == (2, 2)


def test_what_waits_is_cancelled_where_the_other_job_fails_or_the_user_has_had_enough() -> None:
    failing, left = Steps(), Steps()
    with pytest.raises(ValueError, match="work"):
        finish(meanwhile(failing.asking(), failing.working(fails=True)), lambda report: None)
    both = meanwhile(left.asking(), left.working())
    next(both)
    both.close()
    assert failing.done[-1] == left.done[-1] == "closed"

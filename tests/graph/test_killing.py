"""kill -9 and SIGSTOP at the writes of a whole response, in real processes, on both databases.

A few points here; WARROOM_ALL_POINTS=1 takes every one (docs/reliability.md).
"""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from warroom.tests.support.killing import LOCKED, LOST, Ending, Job, run

pytestmark = pytest.mark.reliability
ALL = bool(os.environ.get("WARROOM_ALL_POINTS"))
SOME = 5
UNKNOWN = "unverified"
"""How an action ends whose doer died: nobody knows what it did."""


@pytest.fixture(params=["sqlite", "postgresql"])
def job(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Job]:
    server = request.getfixturevalue("server") if request.param == "postgresql" else ""

    def made(*points: int, **named: object) -> Job:
        root = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        root.mkdir()
        return replace(Job(str(root), server, list(points)), **named)  # type: ignore[arg-type]

    return made


def spread(commits: int) -> list[int]:
    """All points, or some from the first to the last."""
    step = 1 if ALL else max(1, commits // SOME)
    return list(range(1, commits + 1, step))


def without_outcome(ending: Ending) -> Ending:
    """What has to be the same whatever was killed."""
    titles = [[title] for title, _outcome in ending.executions]
    return Ending(state=ending.state, executions=titles, told=ending.told)


def assert_same(found: Ending, whole: Ending) -> None:
    at = f"{found.when} {found.point}: {found}"
    assert len(found.acted) == len(set(found.acted)) <= len(whole.acted), at
    assert without_outcome(found) == without_outcome(whole), at
    outcomes = [outcome for _title, outcome in found.executions]
    assert outcomes == [o for _t, o in whole.executions] or UNKNOWN in outcomes, at
    assert found.decisions == whole.decisions, at
    assert found.events == list(range(1, len(found.events) + 1)), at


@pytest.mark.timeout(0 if ALL else 300)
def test_a_process_that_is_killed_changes_nothing_but_seconds(job: Callable[..., Job]) -> None:
    (whole,) = run(job(0))
    assert whole.acted and whole.executions
    # A step is one commit: fourteen of them, a message's two, and those of the work and the gate.
    assert whole.commits > 40
    endings = run(job(*spread(whole.commits)))
    assert sum(ending.cut for ending in endings) >= len(endings) - 2
    for ending in endings:
        assert_same(ending, whole)


@pytest.mark.timeout(0 if ALL else 300)
def test_a_process_that_is_killed_within_a_transaction_changes_nothing(
    job: Callable[..., Job],
) -> None:
    (whole,) = run(job(0))
    assert whole.statements > 200
    endings = run(job(*spread(whole.statements), when=("inside",)))
    assert sum(ending.cut for ending in endings) >= len(endings) - 1
    for ending in endings:
        assert_same(ending, whole)


@pytest.mark.timeout(0 if ALL else 300)
def test_a_process_that_is_killed_between_two_nodes_changes_nothing(
    job: Callable[..., Job],
) -> None:
    (whole,) = run(job(0))
    for ending in run(job(*range(1, 40, 1 if ALL else 9), when=("step",))):
        assert_same(ending, whole)


@pytest.mark.timeout(0 if ALL else 300)
def test_a_process_that_was_stopped_past_its_lease_neither_writes_nor_acts(
    job: Callable[..., Job],
) -> None:
    (whole,) = run(job(0))
    points = spread(whole.commits)[1:-1] if ALL else spread(whole.commits)[1:-1:2]
    endings = run(job(*points, signal=signal.SIGSTOP, when=("after",)))
    for ending in endings:
        assert_same(ending, whole)
        assert not ending.changed, ending
    # One that was stopped between two turns held nothing: it finds that all is over.
    assert LOST in {ending.code for ending in endings} <= {0, LOST, LOCKED}

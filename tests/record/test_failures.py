"""Who guesses a password waits, longer each time, for all servers together; nobody for good."""

from pathlib import Path

import pytest

from warroom.record.database import open_database
from warroom.record.failures import FORGOTTEN_S, FREE, FREE_OF_ALL, LONGEST_S, Failures


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def failures(place: Path | str, clock: Clock) -> Failures:
    return Failures(open_database(place), clock)


def test_the_wait_doubles_is_bounded_and_forgotten(failures: Failures, clock: Clock) -> None:
    waits = []
    for _attempt in range(20):
        assert failures.attempt("ann", "192.0.2.1") == 0
        wait = failures.attempt("ann", "192.0.2.1") if _attempt >= FREE - 1 else 0.0
        waits.append(round(wait))
        clock.now += wait
    assert waits[FREE - 1 : FREE + 4] == [1, 2, 4, 8, 16]
    assert max(waits) == LONGEST_S
    assert failures.attempt("ann", "192.0.2.1") == 0  # the last wait is over
    assert Failures(failures.engine, clock).attempt("ann", "192.0.2.1") > 0  # on another server too
    clock.now += FORGOTTEN_S + 1
    assert failures.attempt("ann", "192.0.2.1") == 0
    clock.now += FORGOTTEN_S + 1
    failures.forget()
    for _attempt in range(FREE):
        assert failures.attempt("ann", "192.0.2.1") == 0


def test_others_and_other_networks_do_not_wait(failures: Failures) -> None:
    for _attempt in range(FREE):
        failures.attempt("ann", "192.0.2.1")
    assert failures.attempt("ann", "192.0.2.1") > 0
    assert failures.attempt("ann", "192.0.2.2") == 0
    assert failures.attempt("bob", "192.0.2.1") == 0


def test_many_networks_together_wait(failures: Failures) -> None:
    for number in range(FREE_OF_ALL):
        assert failures.attempt("ann", f"192.0.2.{number}") == 0
    assert failures.attempt("ann", "198.51.100.1") > 0


def test_the_right_password_clears_its_network(failures: Failures) -> None:
    for _attempt in range(FREE):
        failures.attempt("ann", "192.0.2.1")
    failures.passed("ann", "192.0.2.1")
    assert failures.attempt("ann", "192.0.2.1") == 0

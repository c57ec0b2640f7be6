"""What failing requests carry that well ones do not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window
from warroom.tests.support.benches import ReadBench
from warroom.tests.support.bundles import START
from warroom.tests.support.calling_chain import BEGIN, FINE, SECONDS, Met, written
from warroom.tools.base import Frame

BROKEN = Met("orders", "KeyError", "'weight'")
FIRST = 2 * BEGIN
"""The first request of the incident."""


def marks(
    folder: Path, fails: Callable[[int], bool], carried: Callable[[int], dict[str, Any]]
) -> dict[str, dict]:
    """The tool's rows by attribute; each request carries something at a span of its own."""
    bundle = written(folder, lambda n: BROKEN if n >= FIRST and fails(n) else FINE)
    for number in range(2 * SECONDS):
        span = (f"{number:032x}", "f" * 16, "c" * 16)
        bundle.span(START + number / 2 + 0.004, "orders", "price", span, ms=1, **carried(number))
    bundle.flush()
    at = START + BEGIN
    frame = Frame(Window(at - 60, at), Window(at, START + SECONDS))
    rows = ReadBench(read_bundle(folder), frame).rows("told_apart")
    return {row["attribute"]: row for row in rows}


def third(number: int) -> bool:
    return number % 3 == 0


def test_a_flag_that_some_requests_carry_tells_the_failing_from_the_well(tmp_path) -> None:
    found = marks(tmp_path, third, lambda n: {"feature_flag__steps": third(n), "half": n % 2})
    flag = found["feature_flag.steps"]
    assert flag["tells"] and flag["value"] == "True"
    assert flag["failed"] == flag["requests"] > 30
    assert (flag["others_failed"], flag["service"]) == (0, "orders")
    assert not found["half"]["tells"]


def test_failures_that_meet_every_value_alike_are_not_told_apart(tmp_path) -> None:
    found = marks(tmp_path, third, lambda n: {"zone": "ab"[n % 2]})
    assert not found["zone"]["tells"]


def test_what_each_request_has_by_itself_and_how_it_ended_are_not_compared(tmp_path) -> None:
    def carried(number: int) -> dict[str, Any]:
        return {"order__id": number, "error__kind": third(number), "zone": "ab"[number % 2]}

    assert set(marks(tmp_path, third, carried)) == {"zone"}


def test_a_handful_of_failures_tells_nothing(tmp_path) -> None:
    assert marks(tmp_path, lambda n: n in (FIRST, FIRST + 9), lambda n: {"a": third(n)}) == {}

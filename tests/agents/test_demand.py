"""Demand that rose: from how many, and from whom."""

from pathlib import Path

from warroom.agents.causes.demand import surges
from warroom.agents.causes.observations import Observations
from warroom.tests.support.bundles import START
from warroom.tests.support.calling_chain import BEGIN, FINE, SECONDS, written
from warroom.tests.support.specialists import case_on


def surge(folder: Path, clients: int) -> str:
    """What is said where ten more requests a second come from so many clients."""
    with written(folder / "bundle", lambda _: FINE) as bundle:
        for number in range(10 * (SECONDS - BEGIN)):
            asked = {"http__route": "/search", "client__address": f"10.0.0.{number % clients}"}
            span = (f"{number + 10_000:032x}", "a" * 16, "")
            bundle.span(START + BEGIN + number / 10, "web", "GET /search", span, ms=9, **asked)
        for number in range(BEGIN):
            asked = {"http__route": "/search", "client__address": f"10.0.9.{number % 9}"}
            span = (f"{number + 90_000:032x}", "a" * 16, "")
            bundle.span(START + number, "web", "GET /search", span, ms=9, **asked)
    case = case_on(folder / "bundle", folder / "home", onset=BEGIN, now=SECONDS - 5, service="web")
    return next(candidate.statement for candidate in surges(Observations(case)))


def test_a_surge_from_one_client_names_it(tmp_path) -> None:
    assert "most of it comes from 10.0.0.0" in surge(tmp_path, 1)


def test_a_surge_from_many_names_none(tmp_path) -> None:
    assert "comes from" not in surge(tmp_path, 50)

"""Faults that are true side by side, told by routes whose failures begin in different places."""

from types import SimpleNamespace
from typing import Any

import pytest

from warroom.agents.causes.together import parts, side_by_side, split
from warroom.incident.finding import FaultKind, Hypothesis


def hypothesis(id: str, service: str, confidence: float, *routes: str) -> Hypothesis:
    return Hypothesis(
        id=id,
        statement=f"{service} fails",
        service=service,
        kind=FaultKind.application,
        confidence=confidence,
        explains=list(routes),
    )


def seen(*failures: tuple[str, int, int, str]) -> Any:
    """What side_by_side asks for: service, failing now, before, routes."""
    rows = [
        SimpleNamespace(service=service, count=count, before=before, routes=routes)
        for service, count, before, routes in failures
    ]
    return SimpleNamespace(failures=SimpleNamespace(rows=rows))


BOTH = [hypothesis("H1", "orders", 0.5), hypothesis("H2", "search", 0.4)]


def test_two_places_that_fail_different_routes_do_not_compete() -> None:
    found = side_by_side(
        seen(("orders", 30, 0, "POST /buy"), ("search", 12, 0, "GET /find")),
        BOTH,
    )
    assert [(h.id, h.confidence) for h in found] == [("H1", 0.833), ("H2", 0.8)]
    assert found[1].explains == ["GET /find"]


@pytest.mark.parametrize(
    "failures",
    [
        [("orders", 30, 0, "POST /buy"), ("search", 12, 0, "GET /find, POST /buy")],  # one route
        [("orders", 30, 0, "POST /buy"), ("search", 2, 0, "GET /find")],  # an accident
        [("orders", 30, 0, "POST /buy"), ("search", 12, 9, "GET /find")],  # as before
        [("orders", 30, 0, "POST /buy")],
    ],
)
def test_otherwise_all_share_one_whole(failures: list[tuple[str, int, int, str]]) -> None:
    assert side_by_side(seen(*failures), BOTH) == BOTH


def test_where_little_is_known_nobody_says_that_there_are_several() -> None:
    weak = [hypothesis("H1", "orders", 0.3), hypothesis("H2", "search", 0.1)]
    failures = seen(("orders", 30, 0, "POST /buy"), ("search", 12, 0, "GET /find"))
    assert side_by_side(failures, weak) == weak


def test_parts_that_touch_are_one() -> None:
    three = [
        hypothesis("H1", "a", 0.3, "/x"),
        hypothesis("H2", "b", 0.3, "/y"),
        hypothesis("H3", "c", 0.3, "/x", "/y"),
    ]
    assert len(parts(three)) == 1
    assert len(parts(three[:2])) == 2


def test_who_belongs_to_no_part_keeps_its_share() -> None:
    assert split({"a": 0.4, "b": 0.4, "c": 0.1}, [["a"], ["b"]]) == pytest.approx(
        {"a": 0.4 / 0.6, "b": 0.4 / 0.6, "c": 0.1}
    )

"""Levels around an action: shares of counted requests, their last seconds, their pauses."""

from collections.abc import Callable

import pytest

from warroom.tests.support.benches import ONSET, bench_over
from warroom.tests.support.bundles import START, BundleWriter

PER_SECOND = 20


def write(root, failing: Callable[[float], float]) -> None:
    """Two minutes of a gateway; `failing` says which share fails, by seconds since the onset."""
    good, bad = 0.0, 0.0
    with BundleWriter(root) as bundle:
        for second in range(140):
            at = START + second
            share = failing(at - ONSET)
            good, bad = good + PER_SECOND * (1 - share), bad + PER_SECOND * share
            bundle.metric(at, "up", "gateway", 1)
            for code, value in (("200", good), ("500", bad)):
                bundle.metric(at, "http_requests_total", "gateway", value, status=code)


def levels(tmp_path, failing, act: float, end: float) -> dict:
    """Of the gateway's error rate: acted at `act` seconds after the onset, watched until `end`."""
    write(tmp_path / "bundle", failing)
    bench = bench_over(tmp_path / "bundle", incident=act)
    at = ONSET + act
    windows = {"before": (at - 9, at), "after": (at + 6, ONSET + end)}
    (row,) = bench.rows("measure", targets=["gateway/error_rate"], **windows)
    return row


def test_a_share_is_that_of_all_requests_of_a_window(tmp_path):
    row = levels(tmp_path, lambda t: 0.4 if 0 <= t < 30 else 0.0, act=30, end=60)
    assert (row["baseline"], row["before"], row["last"], row["after"]) == (0, 0.4, 0.4, 0)
    assert row["requests_before"] == 9 * PER_SECOND and row["requests_last"] == 3 * PER_SECOND
    assert row["requests_after"] == 24 * PER_SECOND and row["pause_s"] is None


def test_bursts_count_and_their_pauses_are_measured(tmp_path):
    """Five bad seconds of twenty: the median would say that nothing failed."""
    row = levels(tmp_path, lambda t: 0.8 if 0 <= t < 50 and t % 20 < 5 else 0.0, act=50, end=75)
    assert 5 <= row["pause_s"] <= 15  # rates look back: a burst shows for longer than it lasts
    assert row["after"] == 0


def test_what_ends_before_the_action_shows_in_its_last_seconds(tmp_path):
    row = levels(tmp_path, lambda t: 0.4 if 0 <= t < 20 else 0.0, act=28.5, end=60)
    assert row["before"] > 0.03 and row["last"] == 0


def test_nothing_is_known_of_an_empty_window(tmp_path):
    row = levels(tmp_path, lambda _t: 0.0, act=30, end=36)
    assert row["after"] is None and row["requests_after"] is None


@pytest.mark.parametrize("target", ["gateway", ""])
def test_a_target_names_service_and_signal(tmp_path, target):
    write(tmp_path / "bundle", lambda _t: 0.0)
    bench = bench_over(tmp_path / "bundle")
    with pytest.raises(Exception, match="service/signal"):
        bench.rows("measure", targets=[target], before=(ONSET, ONSET + 9), after=(ONSET, ONSET + 9))


def requests(bundle: BundleWriter, second: int, answers: list[tuple[str, int]]) -> None:
    """One request each at the edge, with the status it was answered."""
    for n, (route, status) in enumerate(answers):
        bundle.span(
            START + second + n / 10,
            "gateway",
            f"GET {route}",
            (f"t{second}-{n}", f"s{second}-{n}", ""),
            error="it failed" if status >= 500 else "",
            http__route=route,
            http__response__status_code=status,
        )


def routes(tmp_path, answer: Callable[[int], list[tuple[str, int]]], spans_until=140) -> list[dict]:
    """Rows of routes: acted 30 s after the onset, measured until 60 s after it."""
    write(tmp_path / "bundle", lambda _t: 0.0)
    with BundleWriter(tmp_path / "bundle") as bundle:
        for second in range(spans_until):
            requests(bundle, second, answer(second - 60))
    bench = bench_over(tmp_path / "bundle", incident=30)
    at = ONSET + 30
    windows = {"before": (at - 9, at), "after": (at + 6, ONSET + 60)}
    rows = bench.rows("measure", targets=["gateway/error_rate"], **windows)
    return [row for row in rows if row["route"]]


def test_a_failing_route_is_measured_by_itself(tmp_path):
    def answer(t: int) -> list[tuple[str, int]]:
        return [("/cart", 500 if 0 <= t < 30 else 200), ("/", 200), ("/", 200)]

    (row,) = routes(tmp_path, answer)
    assert (row["route"], row["signal"]) == ("/cart", "error_rate")
    assert (row["before"], row["during"], row["after"]) == (1.0, 1.0, 0.0)
    assert (row["requests_during"], row["requests_after"]) == (30, 24)


def test_refusals_of_a_limit_and_answers_that_changed_are_measured(tmp_path):
    def answer(t: int) -> list[tuple[str, int]]:
        return [("/search", 429 if t >= 36 else 200), ("/order", 404 if t >= 0 else 200)]

    found = {(row["route"], row["signal"]): row["after"] for row in routes(tmp_path, answer)}
    assert found == {("/search", "throttled_rate"): 1.0, ("/order", "not_found_share"): 1.0}


def test_ordinary_refusals_are_no_rows(tmp_path):
    assert routes(tmp_path, lambda t: [("/login", 401 if t % 7 == 0 else 200)]) == []


def test_routes_are_unknown_where_traces_have_stopped(tmp_path):
    def answer(t: int) -> list[tuple[str, int]]:
        return [("/cart", 500 if 0 <= t < 30 else 200)]

    (row,) = routes(tmp_path, answer, spans_until=100)
    assert (row["after"], row["requests_after"]) == (None, 0)

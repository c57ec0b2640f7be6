"""Gauges that stood still and have stepped, and work that takes longer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window
from warroom.tests.support.benches import ReadBench
from warroom.tests.support.bundles import START, BundleWriter, gauge
from warroom.tests.support.calling_chain import FINE, SECONDS, Met, chain, written
from warroom.tools.base import Frame

HEALTHY, ILL = 150, 50


def bench(folder: Path) -> ReadBench:
    at = START + HEALTHY
    frame = Frame(Window(at - 60, at), Window(at, at + ILL))
    return ReadBench(read_bundle(folder), frame)


def steps(folder: Path, name: str, values: list[float], **labels: str) -> list[tuple]:
    with BundleWriter(folder) as bundle:
        gauge(bundle, name, "cart", values, **labels)
    found = bench(folder).rows("stepped_gauges")
    return [(row["step"], row["before"], row["now"], row["since"] - START) for row in found]


@pytest.mark.parametrize(
    ("name", "before", "now", "step"),
    [
        ("db_pool_size", 6.0, 1.0, "setting"),
        ("worker_max_threads", 32.0, 4.0, "setting"),
        ("pg_locks_waiting", 0.0, 12.0, "wait"),
        ("replication_lag_seconds", 0.0, 40.0, "wait"),
    ],
)
def test_a_step_from_a_constant(tmp_path, name, before, now, step) -> None:
    values = [before] * HEALTHY + [now] * ILL
    assert steps(tmp_path, name, values) == [(step, before, now, HEALTHY)]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("db_pool_size", [6.0] * (HEALTHY + ILL)),
        ("http_response_size", [float(i % 7) for i in range(HEALTHY + ILL)]),
        ("db_pool_waiting", [float(i % 9 == 0) for i in range(HEALTHY + ILL)]),
        ("cache_size", [100.0 + i for i in range(HEALTHY + ILL)]),
        ("pg_database_size_bytes", [1e9] * HEALTHY + [2e9] * ILL),
    ],
)
def test_what_stands_still_or_always_moved_has_not_stepped(tmp_path, name, values) -> None:
    assert steps(tmp_path, name, values) == []


def test_sessions_that_hold_are_told_by_their_label(tmp_path) -> None:
    values = [0.0] * HEALTHY + [1.0] * ILL
    found = steps(tmp_path, "pg_connections", values, state="idle in transaction")
    assert [row[0] for row in found] == ["held"]


def test_a_process_that_began_again(tmp_path) -> None:
    values = [START - 900] * HEALTHY + [START + HEALTHY - 1] * ILL
    ((step, _, began, _),) = steps(tmp_path, "process_start_time_seconds", values)
    assert (step, began) == ("restart", START + HEALTHY - 1)


def test_a_target_that_fell_silent_and_still_works(tmp_path) -> None:
    with written(tmp_path, lambda _: FINE) as bundle:
        gauge(bundle, "up", "orders", [1.0] * HEALTHY + [0.0] * ILL)
        gauge(bundle, "up", "web", [1.0] * (HEALTHY + ILL))
    (row,) = bench(tmp_path).rows("stepped_gauges")
    assert (row["service"], row["step"], row["now"]) == ("orders", "silent", None)
    assert row["served"] == pytest.approx(2 * ILL, abs=6)


def test_a_statement_that_gets_heavier_bit_by_bit_is_told_against_the_earliest_time(
    tmp_path,
) -> None:
    slow = lambda n: Met(store_ms=20.0 if n < 150 else 20.0 + 0.3 * (n - 150))  # noqa: E731
    with BundleWriter(tmp_path) as bundle:
        chain(bundle, slow)
    (row,) = bench(tmp_path).rows("slowed_work")
    assert (row["service"], row["operation"], row["callee"]) == ("orders", "SELECT orders", "store")
    assert row["before_ms"] == 20
    assert row["now_ms"] > 60
    assert "SELECT * FROM orders" in row["statement"]


def test_what_everything_is_slower_by_is_no_finding(tmp_path) -> None:
    with written(tmp_path, lambda _: FINE):
        pass
    assert bench(tmp_path).rows("slowed_work") == []


def lines_of(folder: Path, orders: Callable[[int], int]) -> list[tuple]:
    """Steps of log lines: web writes one a second, orders as many as said for each second."""
    with written(folder, lambda _: FINE) as bundle:
        for second in range(SECONDS):
            for service, often in (("web", 1), ("orders", orders(second)), ("audit", 1)):
                for number in range(often):
                    at = START + second + number / 100
                    bundle.log(at, service, f"ranked item {number} of {second}")
    rows = [row for row in bench(folder).rows("stepped_gauges") if row["metric"] == "log lines"]
    return [(row["service"], row["step"], row["since"], row["served"]) for row in rows]


def test_log_lines_that_stop_while_requests_go_on(tmp_path) -> None:
    ((service, step, since, served),) = lines_of(tmp_path, lambda at: int(at < HEALTHY))
    assert (service, step) == ("orders", "silent")
    assert since == pytest.approx(START + HEALTHY, abs=2)
    assert served == pytest.approx(2 * (SECONDS - HEALTHY), abs=6)


def test_log_lines_that_flood_for_the_same_requests(tmp_path) -> None:
    ((service, step, since, served),) = lines_of(tmp_path, lambda at: 1 if at < HEALTHY else 40)
    assert (service, step, served) == ("orders", "flood", None)
    assert since == pytest.approx(START + HEALTHY, abs=2)


def test_log_lines_that_come_as_they_did_are_no_step(tmp_path) -> None:
    assert lines_of(tmp_path, lambda at: 1 + at % 3) == []

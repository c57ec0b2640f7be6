"""Each signal's PromQL against its recipe: the same samples, one in our recording, one in a real
Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest

from warroom.analysis.capacity import fit_trend, seconds_to_limit
from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window, Windows
from warroom.telemetry.promql import SeriesScope
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.recording import Recording
from warroom.telemetry.rules import default_rules, prometheus_rules
from warroom.telemetry.signal_catalogue import MEASURED, MEMORY_TO_FULL, SignalName, definition
from warroom.telemetry.signals import read_signals
from warroom.telemetry.sources.registry import sources_of
from warroom.tests.support.bundles import START, BundleWriter, counter, gauge
from warroom.tests.support.prometheus_server import INSTALLED, as_openmetrics, prometheus

SECONDS, RATE_S = 240, 60
CART, BANK = "cart", "bank"
REAL = pytest.mark.skipif(
    not INSTALLED,
    reason="prometheus and promtool are not on PATH",
)


def wave(low: float, high: float, period: float) -> list[float]:
    """Values that swing slowly, so that each moment has its own."""
    swing = (1 - np.cos(2 * np.pi * np.arange(SECONDS) / period)) / 2
    return (low + (high - low) * swing).tolist()


def write_samples(root: Path) -> None:
    """One service with every metric that a signal is made of; failures begin in the middle."""
    begin = [0.0] * (SECONDS // 2)
    with BundleWriter(root) as bundle:
        for code, rates in (
            ("200", wave(40, 80, 150)),
            ("404", wave(1, 4, 90)),
            ("401", wave(1, 2, 70)),
            ("403", wave(0, 1, 50)),
            ("429", wave(0, 6, 200)),
            ("499", begin + wave(1, 3, 80)[: SECONDS // 2]),
            ("503", begin + wave(2, 9, 80)[: SECONDS // 2]),
        ):
            counter(bundle, "http_requests_total", CART, rates, code=code)
        for le, share in (("0.05", 0.3), ("0.2", 0.7), ("1", 0.99), ("+Inf", 1.0)):
            rates = [share * rate for rate in wave(50, 90, 150)]
            counter(bundle, "http_request_duration_seconds_bucket", CART, rates, le=le)
        counter(bundle, "http_request_duration_seconds_count", CART, wave(50, 90, 150))
        for outcome, rates in (("success", wave(5, 9, 120)), ("failed", wave(1, 4, 60))):
            counter(bundle, "login_attempts_total", CART, rates, outcome=outcome)
            counter(bundle, "ai_requests_total", CART, rates, outcome=outcome)
        for number, scale in (("1", 1.0), ("2", 1.5)):
            write_instance(bundle, f"{CART}-{number}", scale)
        for state, high in (("active", 40), ("idle", 20)):
            gauge(bundle, "pg_connections", CART, wave(5, high, 130), state=state)
        gauge(bundle, "pg_max_connections", CART, [100.0] * SECONDS)
        gauge(bundle, "pg_locks_waiting", CART, wave(0, 12, 110))
        gauge(bundle, "pg_database_size_bytes", CART, wave(5e6, 9e6, 300))
        for name in ("queue_oldest_age_seconds", "queue_depth", "queue_dead_letters"):
            gauge(bundle, name, CART, wave(0, 30, 80))
        for volume, high in (("/", 40e9), ("/data", 70e9)):
            gauge(bundle, "disk_free_bytes", CART, wave(10e9, high, 90), mountpoint=volume)
            gauge(bundle, "disk_size_bytes", CART, [100e9] * SECONDS, mountpoint=volume)
        gauge(bundle, "disk_used_share", BANK, wave(0.5, 0.9, 90), mountpoint="/")
        gauge(bundle, "network_latency_seconds", CART, wave(0.1, 2, 70))
        counter(bundle, "node_pressure_cpu_waiting_seconds_total", CART, wave(0.1, 0.8, 120))
        counter(bundle, "gen_ai_client_token_usage_total", CART, wave(10, 400, 90))
        gauge(bundle, "process_start_time_seconds", BANK, [1.0] * 150 + [9.0] * 90)


def write_instance(bundle: BundleWriter, instance: str, scale: float) -> None:
    """What each instance exposes; the second one is fuller."""
    own = {"instance": instance}
    gauge(bundle, "up", CART, [1.0] * 200 + [float(scale > 1)] * 40, **own)
    gauge(bundle, "http_requests_in_flight", CART, wave(1, 8 * scale, 140), **own)
    gauge(bundle, "service_concurrency_limit", CART, [16.0] * SECONDS, **own)
    memory = [scale * (50e6 + 2e5 * second) for second in range(SECONDS)]
    gauge(bundle, "process_resident_memory_bytes", CART, memory, **own)
    gauge(bundle, "service_memory_limit_bytes", CART, [220e6] * SECONDS, **own)
    gauge(bundle, "process_open_fds", CART, wave(20, 60 * scale, 160), **own)
    gauge(bundle, "db_pool_in_use", CART, wave(0, 4 * scale, 100), **own)
    gauge(bundle, "db_pool_size", CART, [6.0] * SECONDS, **own)
    gauge(bundle, "db_pool_waiting", CART, wave(0, 5, 100), **own)
    counter(bundle, "process_cpu_seconds_total", CART, wave(0.1, 0.6 * scale, 170), **own)
    fallen = [float(second in (130, 170)) for second in range(SECONDS)]
    counter(bundle, "process_restarts_total", CART, fallen, **own)


@dataclass(frozen=True)
class Both:
    """The same samples in two stores."""

    ours: Recording
    url: str

    def prometheus(self, query: str, service: str = CART) -> dict[float, float]:
        """What Prometheus answers second by second, once every rate has its window."""
        span = {"start": START + RATE_S, "end": START + SECONDS - 1, "step": 1}
        answer = httpx.get(f"{self.url}/api/v1/query_range", params={"query": query} | span)
        found = answer.raise_for_status().json()["data"]["result"]
        mine = [item["values"] for item in found if item["metric"].get("service") == service]
        return {float(ts): float(value) for values in mine for ts, value in values}

    def recording(self, name: str, service: str = CART) -> dict[float, float]:
        """What the engine reads at the same times."""
        window = Window(START + RATE_S, START + SECONDS)
        [found] = read_signals(self.ours, window, [service], [name], rate_s=RATE_S)
        return dict(zip(found.ts.tolist(), found.values.tolist(), strict=True))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    root = tmp_path_factory.mktemp("samples")
    write_samples(root)
    with prometheus(root, as_openmetrics(root)) as url:
        yield Both(read_bundle(root), url)


def assert_alike(theirs: dict[float, float], ours: dict[float, float]) -> None:
    """Within what a window's edges make: Prometheus extrapolates 59 of 60 increases. What is not
    there for Prometheus (nothing failed yet) is nought for us."""
    assert ours and theirs
    pairs = np.array([(theirs.get(ts, 0.0), value) for ts, value in ours.items()])
    largest = np.abs(pairs).max()
    assert pairs[:, 0] == pytest.approx(pairs[:, 1], rel=0.03, abs=0.02 * largest)


@REAL
@pytest.mark.parametrize("name", MEASURED)
def test_a_suggested_alert_measures_what_the_engine_measured(both: Both, name: SignalName):
    assert_alike(both.prometheus(definition(name).promql(CART)), both.recording(name))


@REAL
def test_a_recording_made_of_what_prometheus_holds_measures_the_same(both: Both):
    recorder = Recorder(sources_of("prometheus", both.url), clock=lambda: START + SECONDS)
    recorder.focus("", START - 60)
    theirs, window = recorder.advance(), Window(START, START + SECONDS)
    assert recorder.recording.gaps == ()
    for ours, made in zip(
        read_signals(both.ours, window), read_signals(theirs, window), strict=True
    ):
        assert (ours.service, ours.name) == (made.service, made.name)
        assert made.values == pytest.approx(ours.values, nan_ok=True)


@REAL
def test_restarts_are_told_by_start_times_where_nobody_counts_them(both: Both):
    query = definition(SignalName.restarts).promql(BANK)
    assert_alike(both.prometheus(query, BANK), both.recording(SignalName.restarts, BANK))


@REAL
def test_the_time_to_a_full_memory_is_that_of_the_trend(both: Both):
    theirs = both.prometheus(definition(SignalName.memory_exhaustion_s).promql(CART))
    [share] = read_signals(
        both.ours, Window(START, START + SECONDS), [CART], [SignalName.memory_share]
    )
    trend = fit_trend(share.ts, share.values)
    assert trend is not None
    left = seconds_to_limit(trend.level, trend.slope, 1.0)
    assert theirs[START + SECONDS - 1] == pytest.approx(left, rel=0.03)


@REAL
@pytest.mark.parametrize(("ahead_s", "instances"), [(60, 0), (400, 1), (1000, 2)])
def test_a_forecast_warns_of_instances_that_will_be_full(both: Both, ahead_s, instances):
    # At the end the fuller one has 73.3 MB left at 0.3 MB/s, the other 122.2 MB at 0.2 MB/s.
    query = f"count by (service) ({MEMORY_TO_FULL.within(SeriesScope(CART), ahead_s)})"
    assert both.prometheus(query).get(START + SECONDS - 1, 0) == instances


@REAL
def test_exported_rules_fire_where_the_level_is_crossed(both: Both):
    rules = [r for r in default_rules(Windows(detect_s=RATE_S)) if r.name == "HighErrorRate"]
    [group] = prometheus_rules(rules)["groups"]
    firing = both.prometheus(group["rules"][0]["expr"])
    ours = both.recording(SignalName.error_rate)
    crossed = {ts for ts, value in ours.items() if value > 0.05}
    assert crossed and len(crossed) < len(ours)
    assert len(crossed ^ firing.keys()) <= 2  # either may be a scrape ahead at the crossing

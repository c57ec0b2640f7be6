"""What Prometheus' source makes of what a team has, over a fake made from the published API."""

import json
from typing import Any

import pytest

from warroom.telemetry.detector import evaluate
from warroom.telemetry.model import Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.recording import Recording
from warroom.telemetry.signals import read_signals
from warroom.telemetry.sources import http, metric_plan, prometheus
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import connected
from warroom.telemetry.sources.source import EVER, Scope, SourceQuery
from warroom.tests.support.bundles import START
from warroom.tests.support.http_backends import FAILURES
from warroom.tests.support.prometheus_backend import PrometheusBackend
from warroom.tests.support.ways import Way, real_too

SECONDS = 120
REAL_TOO = real_too("prometheus")


@pytest.fixture(params=[Way("prometheus")], ids=str)
def way(request: pytest.FixtureRequest) -> Way:
    return request.param


def recorder(backend: PrometheusBackend, service: str = "", **facts: Any) -> Recorder:
    given = {"name": "prom", "type": "prometheus", "url": backend.where, **facts}
    made = Recorder(connected([Datasource.model_validate(given)]), clock=lambda: START + SECONDS)
    made.focus(service, START)
    return made


def scrape(
    backend: PrometheusBackend, name: str, per_second: Any = 0, first: Any = 0.0, **labels: str
) -> None:
    """A series with a sample each 5 s; labels as they come."""
    rows = (
        {"ts": START + second, "name": name, "service": "", "labels": labels}
        | {"value": first + per_second * second}
        for second in range(0, SECONDS, 5)
    )
    backend.write("metrics", *rows)


def last(recording: Recording, name: str, service: str = "shop") -> float:
    window = Window(START + 60, START + SECONDS)
    (found,) = read_signals(recording, window, [service], [name])
    return float(found.values[-1])


def said(made: Recorder) -> str:
    return next(one.problem for one in made.recording.coverage() if one.modality == "metrics")


@pytest.mark.parametrize("failing", [*FAILURES, "slow"])
def test_every_failure_ends_as_a_named_gap(backend, failing):
    scrape(backend, "up", job="shop")
    backend.failing = failing
    made = recorder(backend, timeout=0.3 if failing == "slow" else 60)
    recording = made.advance()
    ((modality, why),) = recording.gaps
    assert modality == "metrics"
    assert f"prom, prometheus at {backend.where}: " in why
    assert recording.held["metrics"] == 0


def test_half_an_answer_is_a_gap_and_the_next_step_goes_on(backend):
    scrape(backend, "up", job="shop")
    made = recorder(backend)
    answer = backend.answer
    backend.answer = lambda asked: FAILURES["partial"] if "query" in asked.path else answer(asked)
    assert made.advance().gaps
    backend.answer = answer
    assert made.advance().gaps == ()
    assert made.recording.held["metrics"] == SECONDS / 5


def test_a_wrong_clock_and_warnings_are_said(backend, monkeypatch):
    scrape(backend, "up", job="shop")
    backend.warnings = ["PartialResponse: store-2 is away"]
    monkeypatch.setattr(http, "SKEW_S", -1.0)  # as if no clock was right enough
    made = recorder(backend)
    ((_, why),) = made.advance().gaps
    assert "its clock is" in why
    assert "prom warns: PartialResponse: store-2 is away" in said(made)


@REAL_TOO
def test_opentelemetry_is_understood_and_the_label_said(backend):
    of = {"job": "shop", "instance": "a:1", "http_route": "/"}
    for code, rate in (("200", 9), ("500", 1)):
        labels = of | {"http_response_status_code": code}
        scrape(backend, "http_server_request_duration_seconds_count", rate, **labels)
    for le, rate in (("0.1", 5), ("0.2", 10), ("+Inf", 10)):
        scrape(backend, "http_server_request_duration_seconds_bucket", rate, le=le, **of)
    made = recorder(backend, "shop")
    recording = made.advance()
    assert last(recording, "request_rate") == pytest.approx(10)
    assert last(recording, "error_rate") == pytest.approx(0.1)
    assert last(recording, "latency_p50") == pytest.approx(0.1)
    series = recording.metrics(EVER, ["http_requests_total"])
    vendor = {one.labels["__name__"] for one in series}
    assert vendor == {"http_server_request_duration_seconds_count"}
    assert "services are told by job alone" in said(made)


@REAL_TOO
def test_of_two_conventions_one_counts(backend):
    mesh = {"reporter": "destination", "destination_app": "shop", "pod": "shop-0"}
    scrape(backend, "istio_requests_total", 7, response_code="200", **mesh)
    assert last(recorder(backend, "shop").advance(), "request_rate") == pytest.approx(7)
    scrape(backend, "http_requests_total", 5, code="200", service="shop")
    assert last(recorder(backend, "shop").advance(), "request_rate") == pytest.approx(5)


@REAL_TOO
def test_milliseconds_become_seconds(backend):
    mesh = {"reporter": "destination", "destination_app": "shop"}
    for le, rate in (("100", 5), ("200", 10), ("+Inf", 10)):
        scrape(backend, "istio_request_duration_milliseconds_bucket", rate, le=le, **mesh)
    assert last(recorder(backend, "shop").advance(), "latency_p50") == pytest.approx(0.1)


@REAL_TOO
def test_a_disk_that_fills_and_a_slow_network_raise_alerts(backend):
    scrape(backend, "up", first=1.0, job="shop")
    disks = {"/": ("ext4", 60.0), "/data": ("xfs", 4.0), "/snap/core": ("squashfs", 0.0)}
    for place, (kind, free) in disks.items():
        of = {"job": "shop", "mountpoint": place, "fstype": kind}
        scrape(backend, "node_filesystem_avail_bytes", first=free, **of)
        scrape(backend, "node_filesystem_size_bytes", first=100.0, **of)
    for phase, takes in (("connect", 1.5), ("processing", 9.0)):
        scrape(backend, "probe_http_duration_seconds", first=takes, job="shop", phase=phase)
    recording = recorder(backend, "shop").advance()
    assert last(recording, "disk_share") == pytest.approx(0.96)  # of what can grow
    firings = {one.rule: (one.severity, one.summary) for one in evaluate(recording, START + 118)}
    assert firings["DiskFilling"] == ("critical", "shop disk is at 96%")
    assert firings["NetworkLatency"] == ("warning", "it takes 1.5 s to connect to shop")


@REAL_TOO
def test_a_pod_belongs_to_its_workload(backend):
    for name in ("shop", "shop-backend"):
        pod = {"pod": f"{name}-7d9f8b6c5-x2x4z", "container": "main", "namespace": "prod"}
        scrape(backend, "container_memory_working_set_bytes", first=50.0, **pod)
        limit = "kube_pod_container_resource_limits"
        scrape(backend, limit, first=100.0, resource="memory", **pod)
        scrape(backend, limit, first=2.0, resource="cpu", **pod)
    recording = recorder(backend, "shop").advance()
    assert last(recording, "memory_share") == pytest.approx(0.5)
    assert {service for service, _ in recording.metric_names()} == {"shop"}


@REAL_TOO
def test_a_container_names_its_service_and_replicas_are_no_part_of_a_name(backend):
    for pod, container in (("shop-7d9f8b6c5-x2x4z", "app"), ("shop-backend-x2x4z", "app")):
        labels = {"pod": pod, "container": container}
        scrape(backend, "container_memory_working_set_bytes", first=50.0, **labels)
    of_pod = recorder(backend, "shop").advance().metrics(EVER, ["process_resident_memory_bytes"])
    assert [one.instance for one in of_pod] == ["shop-7d9f8b6c5-x2x4z"]
    whole = recorder(backend).advance()
    assert {service for service, _ in whole.metric_names()} == {"app"}


@REAL_TOO
def test_series_are_capped_and_said(backend, monkeypatch):
    monkeypatch.setattr(metric_plan, "MOST_SERIES", 3)
    for code in range(5):
        scrape(backend, "http_requests_total", 1, code=str(code), service="shop")
    scrape(backend, "up", service="shop")
    made = recorder(backend, "shop")
    assert {name for _, name in made.advance().metric_names()} == {"up"}
    assert "beyond 3 series, left out: http_requests_total (5 series)" in said(made)


@REAL_TOO
def test_nothing_known_is_said(backend):
    scrape(backend, "up", service="shop")
    made = recorder(backend, "cart")
    assert made.advance().gaps == ()
    assert "no known metric of cart by the labels service_name, service" in said(made)


@REAL_TOO
def test_a_long_window_is_raw_at_its_end_and_comes_in_steps_before(backend, monkeypatch):
    monkeypatch.setattr(prometheus, "MOST_SAMPLES", 500)
    day = 86_400
    row = {"name": "up", "service": "shop", "labels": {}, "value": 1}
    backend.write("metrics", *(row | {"ts": START - day + at} for at in range(0, day, 60)))
    source = connected([Datasource(name="prom", type="prometheus", url=backend.where)])[0]
    ask, times, batch = (
        SourceQuery(Scope(frozenset(["shop"])), Window(START - day, START)),
        [],
        None,
    )
    while batch is None or batch.more:
        after = batch.after if batch else None
        batch = source.read(SourceQuery(ask.scope, ask.window, after=after))
        times += [json.loads(line)["ts"] for line in batch.lines.splitlines()]
    assert len(times) <= 1000
    assert times == sorted(set(times))
    step = times[1] - times[0]
    assert step > 100
    assert START - day <= times[0] < START - day + step
    assert times[0] % step == 0
    assert times[-2:] == [START - 120, START - 60]
    assert any("in steps of" in text for text in batch.left_out)


def test_more_is_asked_of_a_server_than_fits_one_answer_in_parts(backend, monkeypatch):
    monkeypatch.setattr(prometheus, "SAMPLES_AT_ONCE", 2)
    scrape(backend, "up", job="shop")
    made = recorder(backend, "shop")
    assert made.advance().held["metrics"] == SECONDS / 5
    assert sum(one.path.endswith("/query") for one in backend.asked) > 2

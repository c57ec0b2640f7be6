"""OpenTelemetry's metrics and logs as lines of a bundle: names, units, kinds that are not read."""

from collections import Counter

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData

from warroom.telemetry.sources.otlp import from_protobuf
from warroom.telemetry.sources.otlp_logs import log_rows
from warroom.telemetry.sources.otlp_metrics import MetricRows, prometheus_name

NOW = "1700000000500000000"


def pairs(facts: dict) -> list[dict]:
    return [{"key": key, "value": {"stringValue": held}} for key, held in facts.items()]


def document(*metrics: dict, **resource: str) -> dict:
    named = {"service.name": "cart", **{k.replace("__", "."): v for k, v in resource.items()}}
    scope = {"metrics": list(metrics)}
    return {
        "resourceMetrics": [{"resource": {"attributes": pairs(named)}, "scopeMetrics": [scope]}]
    }


def point(value: float = 1.0, **labels: str) -> dict:
    known = {key.replace("__", "."): held for key, held in labels.items()}
    return {"timeUnixNano": NOW, "asDouble": value, "attributes": pairs(known)}


def total(name: str, *points: dict, unit: str = "", grows: bool = True, kind: object = 2) -> dict:
    held = {"dataPoints": list(points), "isMonotonic": grows, "aggregationTemporality": kind}
    return {"name": name, "unit": unit, "sum": held}


def histogram(name: str, counts: list, bounds: list, unit: str = "s", **labels: str) -> dict:
    known = pairs({key.replace("__", "."): held for key, held in labels.items()})
    held = {"timeUnixNano": NOW, "bucketCounts": counts, "explicitBounds": bounds}
    held |= {"count": str(sum(map(int, counts))), "attributes": known}
    return {
        "name": name,
        "unit": unit,
        "histogram": {"dataPoints": [held], "aggregationTemporality": 2},
    }


def read(*metrics: dict, **resource: str) -> tuple[list[dict], Counter]:
    refused = Counter[str]()
    return MetricRows().rows(document(*metrics, **resource), refused), refused


@pytest.mark.parametrize(
    ("name", "unit", "kind", "grows", "told"),
    [
        (
            "http.server.request.duration",
            "s",
            "histogram",
            False,
            "http_server_request_duration_seconds",
        ),
        ("http.server.duration", "ms", "histogram", False, "http_server_duration_milliseconds"),
        ("process.memory.usage", "By", "sum", False, "process_memory_usage_bytes"),
        ("process.cpu.time", "s", "sum", True, "process_cpu_time_seconds_total"),
        ("db.client.connection.count", "{connection}", "sum", False, "db_client_connection_count"),
        ("http_requests_total", "", "sum", True, "http_requests_total"),
        ("system.memory.utilization", "1", "gauge", False, "system_memory_utilization_ratio"),
        ("jobs", "1", "sum", True, "jobs_total"),
        ("disk.io", "By/s", "gauge", False, "disk_io_bytes_per_second"),
        ("queue_seconds", "s", "gauge", False, "queue_seconds"),
        ("(odd)..name-", "", "gauge", False, "odd_name"),
    ],
)
def test_names_are_those_that_prometheus_makes(name, unit, kind, grows, told):
    assert prometheus_name(name, unit, kind, grows) == told


def test_a_histogram_of_requests_is_latency_and_a_counter():
    made = histogram(
        *("http.server.request.duration", ["1", 2, "0"], [0.1, 0.5]),
        http__response__status_code="503",
    )
    rows, refused = read(made, k8s__pod__name="cart-7f")
    assert not refused
    buckets = {row["labels"]["le"]: row["value"] for row in rows if "le" in row["labels"]}
    assert buckets == {"0.1": 1, "0.5": 3, "+Inf": 3}
    (counter,) = [row for row in rows if row["name"] == "http_requests_total"]
    assert counter == {
        "ts": 1700000000.5,
        "name": "http_requests_total",
        "service": "cart",
        "instance": "cart-7f",
        "labels": {
            "__name__": "http_server_request_duration_seconds_count",
            "http_response_status_code": "503",
            "code": "503",
        },
        "value": 3.0,
    }


def test_bounds_of_milliseconds_become_seconds():
    rows, _ = read(histogram("http.server.duration", ["1", "1"], [250.0], unit="ms"))
    bounds = [float(row["labels"]["le"]) for row in rows if "le" in row["labels"]]
    assert bounds == [0.25, float("inf")]


def test_of_two_conventions_of_one_metric_the_first_counts():
    todays = histogram("http.server.request.duration", ["1", "0"], [0.1])
    older = histogram("http.server.duration", ["5", "0"], [100.0], unit="ms")
    rows, _ = read(older, todays)
    assert {row["labels"]["__name__"] for row in rows} == {
        "http_server_request_duration_seconds_bucket",
        "http_server_request_duration_seconds_count",
    }
    kept = MetricRows()
    assert kept.rows(document(older), Counter())
    assert kept.rows(document(todays), Counter())
    assert not kept.rows(document(older), Counter())


def test_what_no_signal_uses_is_not_kept_and_not_refused():
    rows, refused = read(total("own.counter", point()), total("queue", point(), grows=False))
    assert (rows, refused) == ([], {})


def test_process_and_pool():
    rows, _ = read(
        total("process.memory.usage", point(5e7), unit="By", grows=False),
        total("process.cpu.time", point(3.0, cpu__mode="user"), unit="s"),
        total("process.open_file_descriptor.count", point(9), unit="{count}", grows=False),
        total(
            "db.client.connection.count",
            point(3, db__client__connection__state="used"),
            grows=False,
        ),
        total(
            "db.client.connection.count",
            point(7, db__client__connection__state="idle"),
            grows=False,
        ),
    )
    assert {(row["name"], row["value"]) for row in rows} == {
        ("process_resident_memory_bytes", 5e7),
        ("process_cpu_seconds_total", 3.0),
        ("process_open_fds", 9.0),
        ("db_pool_in_use", 3.0),
    }


@pytest.mark.parametrize(
    ("metric", "why"),
    [
        ({"exponentialHistogram": {"dataPoints": [{}, {}]}}, "have a view keep explicit buckets"),
        ({"summary": {"dataPoints": [{}, {}]}}, "have histograms sent"),
        (total("x", point(), point(), kind=1), "TEMPORALITY_PREFERENCE=cumulative"),
        (total("x", point(), point(), kind=None), "TEMPORALITY_PREFERENCE=cumulative"),
    ],
)
def test_what_is_not_read_is_counted_with_the_cure(metric, why):
    rows, refused = read({"name": "http.server.request.duration", "unit": "s"} | metric)
    assert rows == []
    ((said, count),) = refused.items()
    assert why in said
    assert count == 2


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {"resourceMetrics": 3},
        document({"name": None, "sum": {"dataPoints": "x"}}),
        document({"name": "up", "gauge": {"dataPoints": [None, {"attributes": 3}]}}),
        document(
            {"name": "up", "gauge": {"dataPoints": [{"asDouble": "NaN", "timeUnixNano": "x"}]}}
        ),
        document({"name": "up", "histogram": {"dataPoints": [{"bucketCounts": ["x", "9"]}]}}),
    ],
)
def test_what_is_broken_does_no_harm(broken):
    assert [row["value"] for row in MetricRows().rows(broken, Counter()) if row["value"]] == []


def test_protobuf_says_the_same_as_json():
    message = MetricsData()
    part = message.resource_metrics.add()
    part.resource.attributes.add(key="service.name").value.string_value = "cart"
    metric = part.scope_metrics.add().metrics.add(name="up")
    sent = metric.gauge.data_points.add(as_double=0.0, time_unix_nano=int(NOW))
    sent.attributes.add(key="zone").value.string_value = "a"
    rows = MetricRows().rows(from_protobuf(message.SerializeToString(), "metrics"), Counter())
    gauge = {"name": "up", "gauge": {"dataPoints": [point(0.0, zone="a")]}}
    assert rows == read(gauge)[0]
    assert rows[0]["value"] == 0.0


def logged(**record: object) -> dict:
    scope = {"logRecords": [{"timeUnixNano": NOW} | record]}
    resource = {"attributes": pairs({"service.name": "cart", "k8s.pod.name": "cart-1"})}
    (row,) = log_rows({"resourceLogs": [{"resource": resource, "scopeLogs": [scope]}]})
    return row


def test_a_log_record_is_a_line_of_a_bundle():
    row = logged(
        body={"stringValue": "payment failed"},
        severityNumber=17,
        traceId="0AF7651916CD43DD8448EB211C80319C",
        spanId="b7ad6b7169203331",
        attributes=pairs({"exception.type": "Timeout"}),
    )
    assert row == {
        "ts": 1700000000.5,
        "service": "cart",
        "instance": "cart-1",
        "level": "error",
        "message": "payment failed",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "b7ad6b7169203331",
        "attributes": {"exception.type": "Timeout"},
    }


@pytest.mark.parametrize(
    ("record", "level"),
    [
        ({"severityNumber": 1}, "debug"),
        ({"severityNumber": 9}, "info"),
        ({"severityNumber": "SEVERITY_NUMBER_WARN2"}, "warning"),
        ({"severityNumber": 24}, "critical"),
        ({"severityNumber": 0, "severityText": "WARN"}, "warning"),
        ({"severityNumber": 99}, "info"),
        ({"body": {"stringValue": "ERROR it broke"}}, "error"),
    ],
)
def test_levels(record, level):
    assert logged(**{"body": {"stringValue": "x"}} | record)["level"] == level


def test_a_body_of_fields_is_read_as_a_structured_line():
    fields = {"values": pairs({"msg": "declined", "code": "402"})}
    row = logged(body={"kvlistValue": fields})
    assert (row["message"], row["attributes"]) == ("declined", {"code": "402"})


def test_an_event_without_a_body_is_its_name():
    assert logged(eventName="cart.emptied")["message"] == "cart.emptied"


@pytest.mark.parametrize("wrong", [{"timeUnixNano": "soon"}, {"timeUnixNano": None}])
def test_a_record_without_a_time_says_none(wrong):
    assert logged(**wrong)["ts"] is None
    observed = logged(**wrong, observedTimeUnixNano=NOW)
    assert observed["ts"] == 1700000000.5

"""What a metric's name says."""

import pytest

from warroom.analysis.metrics.kinds import metric_kind


@pytest.mark.parametrize(
    ("name", "kind", "worse"),
    [
        ("http.server.request.duration", "latency", 1),
        ("istio_request_duration_milliseconds", "latency", 1),
        ("TargetResponseTime", "latency", 1),
        ("http_request_duration_seconds_count", "traffic", 0),
        ("http_5xx_rate", "error", 1),
        ("HTTPCode_Target_5XX_Count", "error", 1),
        ("UnHealthyHostCount", "error", 1),
        ("Availability", "availability", -1),
        ("probe_success", "availability", -1),
        ("requests_per_second", "traffic", 0),
        ("CPUUtilization", "cpu", 1),
        ("container_cpu_usage_seconds_total", "cpu", 1),
        ("node_memory_MemAvailable_bytes", "memory", -1),
        ("FreeStorageSpace", "disk", -1),
        ("DiskReadBytes", "disk", 0),
        ("network.io.receive", "disk", 0),
        ("NetworkTransmitBytes", "network", 0),
        ("hikaricp_connections_pending", "saturation", 1),
        ("orders_db_pool_in_use", "saturation", 1),
        ("kafka_consumergroup_lag", "saturation", 1),
        ("foo_bar", "unknown", 0),
        ("", "unknown", 0),
    ],
)
def test_kind_and_worse_side(name, kind, worse):
    found = metric_kind(name)
    assert (found.kind, found.worse) == (kind, worse)


def test_units_and_viewpoints():
    assert metric_kind("db_query_latency_p99_ms").seconds == 1e-3
    assert metric_kind("requests_per_sec").seconds is None
    assert metric_kind("upstream_rq_time_ms").client
    assert metric_kind("NodeCpuUsageRate(%)").host
    assert metric_kind("NodeCpuUsageRate(%)").percent
    assert metric_kind("error_ratio").ratio
    assert metric_kind("latency_Average").mean

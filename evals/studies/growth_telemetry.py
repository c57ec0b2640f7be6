"""The telemetry of a made-up incident of any size, as queries that make its lines.

They read four tables: `services` with the share of their requests that meets the fault, `series`
of a service's metrics, `paths` from the edge to every service, and `requests`.
"""

import json
from dataclasses import dataclass

from .synthetic import BOUNDS

START, SECONDS, STEP = 1_760_000_000, 3600, 15
ONSET, ALERTED = START + 3000, START + 3300
HOT, FAILING = 0.3, 0.6
"""Share of requests that go to the guilty service, and of those the share that fails."""
OWN_MS, SLOW_MS = 5.0, 900.0
"""Own time of a service, and what the fault adds to it."""
BEFORE, AFTER = (0.02, 0.7, 0.9, 0.97, 0.99, 1.0, 1.0, 1.0), (0.0, 0.1, 0.2, 0.3, 0.4, 0.9, 1, 1)
"""Share of requests below each bound of the histogram, healthy and where the fault is."""
MESSAGES = (
    ("info", "GET /api/v1/orders/' || h || ' 200 in ' || (h % 90) || ' ms"),
    ("info", "cache hit for key user:' || h || ':profile (ttl ' || (h % 300) || ' s)"),
    ("info", "consumed offset ' || h || ' of partition ' || (h % 12) || ' topic orders"),
    ("info", "SELECT * FROM items WHERE id = ' || h || ' took ' || (h % 40) / 10.0 || ' ms"),
    ("debug", "connection 10.' || (h % 250) || '.4.' || (h % 99) || ':5432 taken from the pool"),
    ("info", "published event ' || md5(h::VARCHAR) || ' to exchange orders.created"),
    ("info", "token refreshed for client mobile-' || (h % 7) || ', expires in 3600 s"),
    ("warning", "retry ' || (h % 3) || ' of request ' || h || ': upstream answered late"),
)
ERROR = "order ' || h || ' failed: connection pool exhausted after ' || (h % 900 + 100) || ' ms"


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    services: int
    logs: int
    spans: int

    @property
    def guilty(self) -> str:
        """The service with the fault."""
        return name(self.services // 2)

    @property
    def samples(self) -> int:
        """Metric values: 20 series a service."""
        return self.services * 20 * SECONDS // STEP


def name(number: int) -> str:
    """Of a service; 0 is the edge."""
    return f"service-{number:04d}"


def series() -> list[tuple[str, str, str, float, float]]:
    """Twenty series a service: metric, labels, kind, and its values without and with the fault."""
    ok, failed, route = (
        {"route": "/", "code": "200"},
        {"route": "/", "code": "500"},
        {"route": "/"},
    )
    duration = "http_request_duration_seconds"
    found: list[tuple[str, dict[str, str], str, float, float]] = [
        ("http_requests_total", ok, "counter", 1.0, 1 - FAILING),
        ("http_requests_total", failed, "counter", 0.001, FAILING),
        (f"{duration}_sum", route, "counter", 0.02, SLOW_MS / 1000),
        (f"{duration}_count", route, "counter", 1.0, 1.0),
        *(
            (f"{duration}_bucket", {**route, "le": bound}, "counter", was, now)
            for bound, was, now in zip(BOUNDS, BEFORE, AFTER, strict=True)
        ),
        ("up", {}, "exact", 1.0, 1.0),
        ("process_resident_memory_bytes", {}, "gauge", 60e6, 62e6),
        ("service_memory_limit_bytes", {}, "exact", 220e6, 220e6),
        ("http_requests_in_flight", {}, "gauge", 1.0, 9.0),
        ("service_concurrency_limit", {}, "exact", 16.0, 16.0),
        ("process_cpu_seconds_total", {}, "counter", 0.002, 0.003),
        ("db_pool_size", {}, "exact", 6.0, 6.0),
        ("db_pool_in_use", {}, "gauge", 1.0, 6.0),
    ]
    return [
        (metric, json.dumps(labels), kind, was, now) for metric, labels, kind, was, now in found
    ]


def log_lines(size: Size) -> str:
    """Lines spread over the hour; the guilty service writes its errors among them."""
    cases = " ".join(
        f"WHEN {number} THEN '{text}'" for number, (_level, text) in enumerate(MESSAGES)
    )
    levels = " ".join(
        f"WHEN {number} THEN '{level}'" for number, (level, _text) in enumerate(MESSAGES)
    )
    return f"""
    SELECT ts, service, service || '-1' AS instance,
        CASE WHEN bad THEN 'error' ELSE CASE k {levels} END END AS level,
        CASE WHEN bad THEN '{ERROR}' ELSE CASE k {cases} END END AS message,
        '' AS trace_id, '' AS span_id, '{{}}'::JSON AS attributes
    FROM (SELECT l, h, h // 16 % {len(MESSAGES)} AS k,
            {START} + l * {SECONDS}.0 / {size.logs} AS ts,
            ts >= {ONSET} AND h % 10 < 1 AS bad,
            CASE WHEN bad THEN '{size.guilty}'
                ELSE printf('service-%04d', h // 128 % {size.services}) END AS service
        FROM (SELECT range AS l, (hash(range) % 1000000000)::BIGINT AS h FROM range({size.logs})))
    """


METRICS = f"""
SELECT ts, metric AS name, service, service || '-1' AS instance, labels::JSON AS labels,
    CASE kind WHEN 'exact' THEN a
        WHEN 'gauge' THEN round(mean * (0.95 + 0.1 * noise), 3)
        ELSE floor(1000 * (10 * a * (least(ts, {ONSET}) - {START})
            + 10 * mean * greatest(ts - {ONSET}, 0) + noise * a)) / 1000 END AS value
FROM (SELECT {START} + {STEP} * (range + 1) AS ts, service, metric, labels, kind, a,
        CASE WHEN ts > {ONSET} THEN a + (b - a) * hit ELSE a END AS mean,
        (hash(service, metric, labels, range) % 1000) / 1000.0 AS noise
    FROM range({SECONDS // STEP}), services, series)
"""
REQUESTS = f"""
CREATE TABLE requests AS
SELECT t, {START} + t * {SECONDS}.0 / $count AS began, h % 1000 / 1000.0 AS noise,
    began >= {ONSET} AND h // 1000 % 100 < {FAILING * 100} AS unlucky,
    CASE WHEN h // 100000 % 100 < {HOT * 100} THEN $n // 2 ELSE h // 10000000 % $n END AS target
FROM (SELECT range AS t, (hash(range, 7) % 10000000000000)::BIGINT AS h FROM range($count))
"""
SPANS = f"""
SELECT start, trace_id, trace_id || '-' || depth || kind[1] AS span_id,
    CASE WHEN kind = 'client' THEN trace_id || '-' || depth || 's'
        WHEN depth = 0 THEN '' ELSE trace_id || '-' || (depth - 1) || 'c' END AS parent_id,
    service, service || '-1' AS instance,
    CASE kind WHEN 'client' THEN 'GET /' || callee ELSE 'GET /' || service END AS name, kind,
    round(ms, 2) AS duration_ms, CASE WHEN fails THEN 'error' ELSE 'unset' END AS status,
    CASE WHEN fails THEN 'connection pool exhausted' ELSE '' END AS status_message,
    CASE kind WHEN 'client' THEN json_object('peer.service', callee)
        ELSE json_object('http.route', '/', 'http.response.status_code',
            CASE WHEN fails THEN 500 ELSE 200 END) END AS attributes
FROM (SELECT began + depth * 0.001 + CASE kind WHEN 'client' THEN 0.0005 ELSE 0 END AS start,
        printf('%032x', t) AS trace_id, depth, kind, service, callee, unlucky AND above AS fails,
        {OWN_MS} * (len - depth - CASE kind WHEN 'client' THEN 0.5 ELSE 0 END) * (0.7 + 0.6 * noise)
            + CASE WHEN above AND began >= {ONSET}
                THEN {SLOW_MS} * (0.5 + 0.5 * noise) ELSE 0 END AS ms
    FROM requests JOIN paths USING (target), (VALUES ('server'), ('client')) kinds(kind)
    WHERE kind = 'server' OR callee <> '')
"""

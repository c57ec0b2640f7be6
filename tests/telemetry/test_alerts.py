"""Alerts as people and Alertmanager hand them over."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.errors import AlertError
from warroom.incident.document import Alert
from warroom.telemetry.alerts import CUT, MOST_ALERTS, MOST_BYTES, parse_alerts, read_alerts

WEBHOOK = {
    "receiver": "responder",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "QueueBacklog", "service": "checkout", "severity": "warning"},
            "annotations": {"summary": "queue email depth 80"},
            "startsAt": "2026-11-21T07:51:15.019Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": "dd3e4c7bc4640f73",
        },
        {
            "status": "resolved",
            "labels": {"alertname": "HighErrorRate", "job": "cart"},
            "annotations": {},
            "startsAt": "0001-01-01T00:00:00Z",
        },
    ],
    "commonLabels": {"env": "prod"},
    "version": "4",
}


def test_alertmanagers_webhook():
    first, second = parse_alerts(WEBHOOK)
    assert first == Alert(
        name="QueueBacklog",
        service="checkout",
        severity="warning",
        summary="queue email depth 80",
        starts_at=datetime(2026, 11, 21, 7, 51, 15, 19000, tzinfo=UTC),
        labels={
            "env": "prod",
            "alertname": "QueueBacklog",
            "service": "checkout",
            "severity": "warning",
        },
        annotations={"summary": "queue email depth 80"},
        fingerprint="dd3e4c7bc4640f73",
        source="alertmanager",
    )
    assert (second.status, second.service, second.starts_at) == ("resolved", "cart", None)
    assert len(second.fingerprint) == 16


def test_a_kept_request_with_headers_is_the_same():
    wrapped = {"headers": {"User-Agent": "Alertmanager/0.25.0"}, "body": WEBHOOK}
    assert read_alerts(json.dumps(wrapped).encode()) == parse_alerts(WEBHOOK)


@pytest.mark.parametrize(
    ("given_time", "year"),
    [("2026-01-31T09:15:00Z", 2026), ("2026-01-31 10:15:00+01:00", 2026), (1_769_850_900, 2026)],
)
def test_the_plain_format(given_time, year):
    [alert] = parse_alerts(
        {
            "title": "Checkout slow",
            "service": "checkout",
            "severity": "SEV-2",
            "message": "P95 is 4 s",
            "starts_at": given_time,
        }
    )
    assert (alert.name, alert.service, alert.severity) == ("Checkout slow", "checkout", "SEV-2")
    assert alert.summary == "P95 is 4 s"
    assert alert.starts_at == datetime(year, 1, 31, 9, 15, tzinfo=UTC)
    assert alert.source == "plain"


def test_an_unknown_severity_word_is_kept_as_the_source_says_it():
    assert parse_alerts({"name": "x", "severity": "purple"})[0].severity == "purple"


def test_the_same_alert_has_the_same_fingerprint():
    one, same, other = parse_alerts(
        [
            {"name": "x", "service": "a", "severity": "warning", "summary": "1"},
            {"name": "x", "service": "a", "severity": "critical", "summary": "2"},
            {"name": "x", "service": "b"},
        ]
    )
    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_long_text_is_cut_visibly():
    [alert] = parse_alerts(
        {"name": "x" * 5000, "summary": "y" * 50_000, "labels": {"k": "z" * 9999}}
    )
    assert len(alert.name) == 200
    assert alert.name.endswith(CUT)
    assert alert.summary.endswith(CUT)
    assert alert.labels["k"].endswith(CUT)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (b"x" * (MOST_BYTES + 1), "larger than 32 MB"),
        (b"null", "not an object"),
        (b"[]", "holds no alert"),
        (b"[1]", "not an object"),
        (b"{}", "neither name nor summary"),
        (b'{"alerts": []}', "alerts is empty"),
        (b'{"alerts": {}}', "alerts is not a list"),
        (b'{"alerts": [3]}', "no object"),
        (b'{"alerts": [{"labels": {}}]}', "no label alertname"),
        (b'{"alerts": [{"labels": ["a"]}]}', "must be objects"),
        (b'{"alerts": [{}], "version": "3"}', "version '3' is unknown"),
        (b'{"name": "x", "starts_at": "yesterday"}', "cannot be read"),
        (b'{"name": "x", "starts_at": 1e300}', "cannot be read"),
        (b'{"name": "x", "starts_at": {"at": 1}}', "cannot be read"),
    ],
)
def test_what_cannot_be_read_says_why(data, said):
    with pytest.raises(AlertError, match=said):
        read_alerts(data)


def test_a_flood_of_alerts_is_refused():
    with pytest.raises(AlertError, match=f"{MOST_ALERTS + 1} alerts at once"):
        parse_alerts([{"name": "x"}] * (MOST_ALERTS + 1))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
KEYS = st.sampled_from(
    ["alerts", "labels", "annotations", "body", "headers", "name", "title", "summary", "service"]
) | st.sampled_from(
    ["severity", "status", "startsAt", "starts_at", "fingerprint", "version", "alertname", "x"]
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


@given(JSON)
def test_any_json_is_alerts_or_an_alert_error(content):
    said = said_of(content)
    assert said and all(said)


@given(st.binary(max_size=200))
def test_any_bytes_are_alerts_or_an_alert_error(data):
    try:
        assert read_alerts(data)
    except AlertError as error:
        assert str(error)


def said_of(content: object) -> list[str]:
    """Names of the alerts, or why there are none."""
    try:
        alerts = parse_alerts(content)
    except AlertError as error:
        return [str(error)]
    assert all(isinstance(alert, Alert) and alert.model_dump_json() for alert in alerts)
    return [alert.name for alert in alerts]

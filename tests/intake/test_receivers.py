"""What each vendor sends, as its documentation shows it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.incident.document import Alert
from warroom.incident.severity import Severity
from warroom.intake.authentication import Request
from warroom.intake.mapping import vendors
from warroom.intake.receiving import Reader
from warroom.tests.support.alerts import delivered, real, receiver


def read(kind: str, content: Any, headers: dict[str, str] | None = None, **settings: Any):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Reader(receiver(kind, **settings)).read(Request(headers or {}, body)).delivery


def one(kind: str, content: Any, **settings: Any) -> Alert:
    delivery = read(kind, content, **settings)
    assert delivery.problem == ""
    (alert,) = delivery.alerts
    assert alert.receiver == "r"
    return alert


PAGERDUTY = {
    "event": {
        "id": "5ac64822-4adc-4fda-ade0-410becf0de4f",
        "event_type": "incident.triggered",
        "resource_type": "incident",
        "occurred_at": "2020-10-02T18:45:22.169Z",
        "data": {
            "id": "PGR0VU2",
            "type": "incident",
            "html_url": "https://acme.pagerduty.com/incidents/PGR0VU2",
            "status": "triggered",
            "incident_key": "d3640fbd41094207a1c11e58e46b1662",
            "created_at": "2020-04-09T15:16:27Z",
            "title": "A little bump in the road",
            "service": {"id": "PF9KMXH", "summary": "API Service"},
            "priority": {"summary": "P1"},
            "urgency": "high",
        },
    }
}


def test_real_deliveries_of_alertmanager() -> None:
    alerts = []
    for path in real():
        headers, body = delivered(path.name)
        alerts.append(one("alertmanager", body, severity={"critical": "P1", "warning": "P2"}))
        assert headers["User-Agent"].startswith("Alertmanager")
    assert [(a.name, a.status, a.level) for a in alerts] == [
        ("QueueBacklog", "firing", Severity.P2),
        ("HighErrorRate", "firing", Severity.P1),
        ("QueueBacklog", "resolved", Severity.P2),
        ("HighErrorRate", "resolved", Severity.P1),
    ]
    assert alerts[0].ends_at is None
    assert alerts[2].ends_at == datetime(2026, 11, 21, 7, 51, 47, 19000, UTC)
    assert alerts[0].fingerprint == alerts[2].fingerprint


def test_grafana_says_version_1() -> None:
    body = {
        "receiver": "warroom",
        "status": "firing",
        "orgId": 1,
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "High memory usage", "team": "blue", "zone": "us-1"},
                "annotations": {"description": "The system has high memory usage"},
                "startsAt": "2018-08-03T09:52:26.739266876+02:00",
                "endsAt": "0001-01-01T00:00:00Z",
                "fingerprint": "c6eadffa33fcdf37",
                "silenceURL": "https://play.grafana.org/alerting/silence/new",
                "values": {"B": 44.2, "C": 1},
            }
        ],
        "version": "1",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "title": "[FIRING:1]",
        "state": "alerting",
    }
    alert = one("grafana", body)
    assert (alert.source, alert.name) == ("grafana", "High memory usage")
    assert alert.starts_at is not None and alert.starts_at.hour == 7


def test_pagerduty() -> None:
    alert = one("pagerduty", PAGERDUTY, severity={"P1": "P0"})
    assert (alert.name, alert.service) == ("A little bump in the road", "API Service")
    assert (alert.severity, alert.level) == ("P1", Severity.P0)
    assert alert.seen_at == datetime(2020, 10, 2, 18, 45, 22, 169000, UTC)
    assert read("pagerduty", PAGERDUTY).key == "id:5ac64822-4adc-4fda-ade0-410becf0de4f"
    over = json.loads(json.dumps(PAGERDUTY).replace('"triggered"', '"resolved"'))
    assert one("pagerduty", over).status == "resolved"
    note = {"event": {**PAGERDUTY["event"], "resource_type": "incident", "data": {"type": "note"}}}
    assert read("pagerduty", note).alerts == []
    assert read("pagerduty", note).problem == ""


@pytest.mark.parametrize(("action", "status"), [("critical", "firing"), ("resolved", "resolved")])
def test_a_metric_alert_of_sentry(action: str, status: str) -> None:
    body = {
        "action": action,
        "data": {
            "description_text": "1000 events in the last 10 minutes\nFilter: level:error",
            "description_title": "Too many errors",
            "metric_alert": {
                "id": "4",
                "identifier": "1",
                "projects": ["checkout"],
                "title": "Too many errors",
                "date_started": "2018-08-03T09:52:26.739266876Z",
                "date_closed": None,
                "status": 20,
            },
        },
    }
    alert = one("sentry", body)
    assert (alert.name, alert.status, alert.service) == ("Too many errors", status, "checkout")
    assert alert.severity == ("critical" if status == "firing" else "")


def test_an_issue_alert_of_sentry_is_over_with_its_issue() -> None:
    fired = {
        "action": "triggered",
        "data": {
            "event": {
                "datetime": "2018-08-03T09:52:26.739266Z",
                "environment": "production",
                "issue_id": "1117540176",
                "level": "error",
                "metadata": {"type": "ReferenceError", "value": "blooopy is not defined"},
                "title": "ReferenceError: blooopy is not defined",
                "web_url": "https://sentry.io/organizations/test/issues/1117540176/",
            },
            "triggered_rule": "Very Important Alert Rule!",
        },
    }
    issue = {"id": "1117540176", "title": "ReferenceError", "project": {"slug": "shop"}}
    resolved = {"action": "resolved", "data": {"issue": issue}}
    first, last = one("sentry", fired), one("sentry", resolved)
    assert first.name == "Very Important Alert Rule!"
    assert first.labels["exception_type"] == "ReferenceError"
    assert first.fingerprint == last.fingerprint
    assert last.status == "resolved"
    assert read("sentry", {"action": "created", "data": {"comment": "hi"}}).alerts == []


def test_datadog_with_its_variables() -> None:
    body = {
        "id": "7381",
        "title": "[Triggered] High error rate",
        "body": "more than 5%",
        "date": "1406662672000",
        "transition": "Triggered",
        "cycle": "991",
        "priority": "P2",
        "tags": "env:prod,service:cart,urgent",
    }
    alert = one("datadog", body)
    assert (alert.service, alert.fingerprint) == ("cart", "991")
    assert alert.labels == {"env": "prod", "service": "cart", "urgent": "true"}
    assert alert.seen_at == datetime(2014, 7, 29, 19, 37, 52, tzinfo=UTC)
    assert one("datadog", {**body, "transition": "Recovered"}).status == "resolved"
    assert one("datadog", {**body, "transition": "Re-Triggered"}).status == "firing"


def test_opsgenie() -> None:
    alert = {
        "alertId": "052652ac",
        "message": "host is down",
        "tags": ["tag1"],
        "entity": "cart",
        "alias": "aliastest",
        "createdAt": 1426858000000,
        "updatedAt": 1426858300000000000 // 10**6,
        "priority": "P1",
        "details": {"env": "prod"},
    }
    fired = one("opsgenie", {"action": "Create", "alert": alert})
    over = one("opsgenie", {"action": "Close", "alert": alert})
    assert (fired.service, fired.labels, fired.severity) == ("cart", {"env": "prod"}, "P1")
    assert (fired.status, over.status) == ("firing", "resolved")
    for action in ("AddNote", "Acknowledge", "AssignOwnership"):
        assert read("opsgenie", {"action": action, "alert": alert}).alerts == []


EVENT = {
    "specversion": "1.0",
    "id": "A234-1234-1234",
    "source": "/monitoring/cart",
    "type": "com.example.alert.v1",
    "time": "2018-04-05T17:31:00Z",
}


def test_cloudevents_in_each_of_their_forms() -> None:
    data = {"name": "Down", "status": "firing", "service": "cart", "severity": "high"}
    forms = [
        ({}, {**EVENT, "data": data}),
        ({}, [{**EVENT, "data": data}]),
        ({}, {**EVENT, "data_base64": base64.b64encode(json.dumps(data).encode()).decode()}),
        ({f"ce-{name}": value for name, value in EVENT.items()}, data),
    ]
    for headers, content in forms:
        delivery = read("cloudevents", content, headers)
        (alert,) = delivery.alerts
        assert (alert.name, alert.service, alert.severity) == ("Down", "cart", "high")
        assert alert.seen_at == datetime(2018, 4, 5, 17, 31, tzinfo=UTC)
    assert "specversion" in read("cloudevents", data).problem


def test_any_json_by_a_mapping() -> None:
    mapping = {
        "each": "events[]",
        "name": "what",
        "status": "state",
        "resolved": ["green"],
        "service": "host.role || host.name",
        "starts_at": "since",
        "fingerprint": "nr",
        "labels": "{env: stage}",
    }
    body = {
        "events": [
            {"what": "disk", "state": "red", "host": {"name": "db1"}, "nr": 7, "since": 1e9},
            {"what": "disk", "state": "GREEN", "host": {"role": "db"}, "nr": 8, "stage": "test"},
        ]
    }
    first, second = read("generic", body, mapping=mapping).alerts
    assert (first.service, first.status, first.fingerprint) == ("db1", "firing", "7")
    assert first.starts_at == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)
    assert (second.service, second.status, second.labels) == ("db", "resolved", {"env": "test"})


def test_one_bad_alert_sinks_no_good_one() -> None:
    _, body = delivered(real()[0].name)
    body["alerts"] = [{"labels": "none"}, *body["alerts"], 7]
    delivery = read("alertmanager", body)
    assert [alert.name for alert in delivery.alerts] == ["QueueBacklog"]
    assert delivery.problem.startswith("2 of 3 alerts cannot be read")


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"\xff", b"NaN", b"[" * 5000, b"[" * 600_000),
        *(b"1," * 2_100_000, b"9" * 5000),
    ],
)
def test_what_cannot_be_read_is_kept_with_the_reason(body: bytes) -> None:
    for kind in ("alertmanager", "pagerduty", "cloudevents"):
        delivery = read(kind, body)
        assert not delivery.alerts
        assert delivery.problem
        assert delivery.body == body
    assert read("alertmanager", {"alerts": 7}).problem


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "event",
                    "data",
                    "alert",
                    "labels",
                    "name",
                    "title",
                    "type",
                    "id",
                    "alerts",
                    "tags",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(content=JSON, kind=st.sampled_from([*vendors(), "alertmanager", "grafana", "generic"]))
def test_whatever_comes_is_read_or_told_why_not(content: Any, kind: str) -> None:
    delivery = read(kind, content)
    assert delivery.problem or all(isinstance(alert, Alert) for alert in delivery.alerts)

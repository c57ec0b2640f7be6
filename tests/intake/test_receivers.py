"""What each vendor sends, as its documentation shows it, and how it is known to be it."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from warroom.errors import StoreUnavailable, TableError
from warroom.incident.document import Alert
from warroom.incident.severity import Severity
from warroom.intake.authentication import REPLAY_S, Request
from warroom.intake.configuration import Receiver
from warroom.intake.identity import Labels, labels_with
from warroom.intake.mapping import vendors
from warroom.intake.receiving import Reader
from warroom.intake.sns import canonical, is_of_sns
from warroom.tests.support.alerts import delivered, real
from warroom.tests.support.house import ROOT
from warroom.yaml_tables import Entry, parse_table

NOW = 1_795_000_000.0
OLD, NEW = b"old secret", b"new secret"


@pytest.fixture
def secrets(tmp_path: Path) -> list[Path]:
    files = [tmp_path / "new", tmp_path / "old"]
    for file, secret in zip(files, (NEW, OLD), strict=True):
        file.write_bytes(secret + b"\n")
    return files


def receiver(kind: str, **settings: Any) -> Receiver:
    given = {"name": "r", "type": kind, "unauthenticated": True, "topics": ["t"], **settings}
    return Receiver.model_validate(given)


def read(kind: str, content: Any, headers: dict[str, str] | None = None, **settings: Any):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Reader(receiver(kind, **settings)).read(Request(headers or {}, body)).delivery


def one(kind: str, content: Any, **settings: Any) -> Alert:
    delivery = read(kind, content, **settings)
    assert delivery.problem == ""
    (alert,) = delivery.alerts
    assert alert.receiver == "r"
    return alert


def signature(secret: bytes, body: bytes) -> str:
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


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


# Who is it.

BODY = b'{"a": 1}'


@pytest.mark.parametrize("kind", ["grafana", "pagerduty", "sentry"])
@pytest.mark.parametrize(("secret", "known"), [(NEW, True), (OLD, True), (b"other", False)])
def test_signed_bodies(secrets, kind: str, secret: bytes, known: bool) -> None:
    one = receiver(kind, signing_secret_files=secrets)
    sign = signature(secret, BODY)
    header, value = {
        "grafana": ("x-grafana-alerting-signature", sign),
        "pagerduty": ("x-pagerduty-signature", f"v1={'0' * 64},v1={sign}"),
        "sentry": ("sentry-hook-signature", sign),
    }[kind]
    assert one.signed(Request({header: value}, BODY), NOW) is known
    assert not one.signed(Request({header: value}, BODY + b" "), NOW)
    assert not one.signed(Request({header: ""}, BODY), NOW)
    assert not one.signed(Request({}, BODY), NOW)


@pytest.mark.parametrize(
    ("at", "known"),
    [(f"{NOW:.0f}", True), (f"{NOW - REPLAY_S - 1:.0f}", False), ("x", False), ("", False)],
)
def test_a_signed_time_is_believed_for_a_while(secrets, at: str, known: bool) -> None:
    one = receiver(
        "grafana",
        signing_secret_files=secrets,
        signature_header="X-Sign",
        timestamp_header="X-At",
    )
    headers = {"x-sign": signature(NEW, at.encode() + b":" + BODY), "x-at": at}
    assert one.signed(Request(headers, BODY), NOW) is known
    # A signature of the body alone does not do where a time is asked for.
    bare = {"x-sign": signature(NEW, BODY), "x-at": f"{NOW:.0f}"}
    assert not one.signed(Request(bare, BODY), NOW)


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ({"authorization": "Bearer new secret"}, True),
        ({"authorization": "bearer old secret"}, True),
        ({"authorization": "Bearer "}, False),
        ({"authorization": "Token new secret"}, False),
        ({}, False),
    ],
)
def test_bearers(secrets, headers: dict[str, str], known: bool) -> None:
    one = receiver("alertmanager", authorization={"credentials_files": secrets})
    assert one.knows(Request(headers, b"")) is known


def test_users_and_secret_headers(secrets) -> None:
    one = receiver("alertmanager", basic_auth={"username": "am", "password_files": secrets})
    assert one.knows(Request(basic("am", "new secret"), b""))
    assert not one.knows(Request(basic("am", "newer"), b""))
    assert not one.knows(Request(basic("me", "new secret"), b""))
    assert not one.knows(Request({"authorization": "Basic §"}, b""))
    two = receiver("datadog", header={"name": "X-Dog", "secret_files": secrets})
    assert two.knows(Request({"x-dog": "old secret"}, b""))
    assert not two.knows(Request({"x-dog": ""}, b""))


def test_a_secret_that_is_gone_is_not_no_secret(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("")
    for file in (tmp_path / "missing", empty):
        one = receiver("alertmanager", authorization={"credentials_file": file})
        with pytest.raises(StoreUnavailable):
            one.knows(Request({"authorization": "Bearer "}, b""))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {name: am, type: alertmanager}", "say how its sender is known"),
        ("- {name: sns, type: cloudwatch}", "which TopicArn may send"),
        ("- {name: Am, type: alertmanager, unauthenticated: true}", "name"),
        ("- {name: x, type: datadog, signing_secret_files: [f]}", "signs nothing"),
        ("- {name: x, type: nagios, unauthenticated: true}", "alertmanager"),
        ("- {name: x, type: generic, unauthenticated: true, mapping: {name: 'a['}}", "not a path"),
        ("- {name: x, type: generic, unauthenticated: true, severity: {a: P9}}", "P0"),
    ],
)
def test_a_wrong_section_says_what_to_write(text: str, said: str) -> None:
    with pytest.raises(TableError, match=said):
        parse_table(text, list[Receiver], "warroom.yaml")


def test_the_documented_configuration_is_one() -> None:
    block = (ROOT / "docs/alerts.md").read_text().split("```")[1].removeprefix("yaml\n")
    read = parse_table(block, Documented, "alerts.md")
    assert [one.type for one in read.receivers] == [
        *("alertmanager", "pagerduty", "cloudwatch", "generic")
    ]
    assert labels_with(read.labels).environment == ("env", "stage")
    assert labels_with(read.labels).service == labels_with(None).service


class Documented(Entry):
    receivers: list[Receiver]
    labels: Labels


# SNS.

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem"


@pytest.fixture(scope="module")
def amazon() -> tuple[rsa.RSAPrivateKey, bytes]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    built = built.public_key(key.public_key()).serial_number(1).not_valid_before(begin)
    certificate = built.not_valid_after(begin + timedelta(days=999)).sign(key, hashes.SHA256())
    return key, certificate.public_bytes(serialization.Encoding.PEM)


ALARM = {
    "AlarmName": "checkout errors",
    "AlarmDescription": "too many",
    "AWSAccountId": "123456789012",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed",
    "StateChangeTime": "2026-11-21T07:51:15.019+0000",
    "Region": "EU (Ireland)",
    "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:checkout",
    "Trigger": {
        "MetricName": "5xx",
        "Namespace": "ECS",
        "Dimensions": [
            {"name": "ClusterName", "value": "prod"},
            {"name": "ServiceName", "value": "checkout"},
        ],
    },
}


def notification(key: rsa.RSAPrivateKey, version: str = "2", **changes: str) -> dict[str, Any]:
    message: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": "ALARM",
        "Message": json.dumps(ALARM),
        "Timestamp": "2026-11-21T07:51:16.000Z",
        "SigningCertURL": CERTIFICATE,
        "SignatureVersion": version,
        **changes,
    }
    kind = hashes.SHA1() if version == "1" else hashes.SHA256()
    signed = key.sign(canonical(message), padding.PKCS1v15(), kind)
    return {**message, "Signature": base64.b64encode(signed).decode()}


def sns(amazon, fetched: list[str] | None = None) -> Reader:
    def fetch(url: str) -> bytes:
        if fetched is not None:
            fetched.append(url)
        return amazon[1]

    settings = {"name": "r", "type": "cloudwatch", "topics": [TOPIC]}
    return Reader(Receiver.model_validate(settings), fetch)


def asked(message: dict[str, Any]) -> Request:
    return Request({}, json.dumps(message).encode())


@pytest.mark.parametrize("version", ["1", "2"])
def test_an_alarm_by_sns(amazon, version: str) -> None:
    fetched: list[str] = []
    reader = sns(amazon, fetched)
    message = asked(notification(amazon[0], version))
    assert reader.admits(message, NOW)
    assert reader.admits(message, NOW)
    assert fetched == [CERTIFICATE]
    delivery = reader.read(message).delivery
    (alert,) = delivery.alerts
    assert (alert.service, alert.name, alert.status) == ("checkout", "checkout errors", "firing")
    assert delivery.key == "id:22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"


@pytest.mark.parametrize(
    "changes",
    [
        {"Message": "{}"},
        {"Timestamp": "2026-11-21T08:00:00Z"},
        {"TopicArn": TOPIC + "x"},
        {"SignatureVersion": "3"},
        {"SignatureVersion": "1"},
        {"Type": "Other"},
        {"Signature": "AAAA"},
        {"Signature": "§"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.test/a.pem"},
    ],
)
def test_a_changed_message_is_none_of_sns(amazon, changes: dict[str, str]) -> None:
    message = {**notification(amazon[0]), **changes}
    assert not sns(amazon).admits(asked(message), NOW)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        (CERTIFICATE, True),
        ("https://sns.us-gov-west-1.amazonaws.com/a.pem", True),
        ("https://sns.cn-north-1.amazonaws.com.cn/a.pem", True),
        ("http://sns.eu-west-1.amazonaws.com/a.pem", False),
        ("https://sns.eu-west-1.amazonaws.com:8443/a.pem", False),
        ("https://sns.eu-west-1.amazonaws.com@evil.test/a.pem", False),
        ("https://evil.test/sns.eu-west-1.amazonaws.com/a.pem", False),
        ("https://bucket.s3.amazonaws.com/a.pem", False),
        ("https://sns.evil.amazonaws.com/a.pem", False),
        ("https://169.254.169.254/a.pem", False),
        ("https://[::1/a.pem", False),
        (7, False),
    ],
)
def test_only_hosts_of_sns_are_asked(url: Any, known: bool) -> None:
    assert is_of_sns(url) is known


def test_a_subscription_is_confirmed_at_who_signed_it_only(amazon) -> None:
    place = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1"
    asks = {"Type": "SubscriptionConfirmation", "Token": "1"}
    good = asked(notification(amazon[0], **asks, SubscribeURL=place))
    reader = sns(amazon)
    assert reader.admits(good, NOW)
    assert reader.read(good).confirm == place
    elsewhere = place.replace("eu-west-1", "us-east-1")
    bad = asked(notification(amazon[0], **asks, SubscribeURL=elsewhere))
    assert reader.admits(bad, NOW)
    assert reader.read(bad).confirm == ""
    assert "not confirmed" in reader.read(bad).delivery.problem

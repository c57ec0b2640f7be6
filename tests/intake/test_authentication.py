"""How a sender is known to be who it says it is."""

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from warroom.errors import StoreUnavailable, TableError
from warroom.intake.authentication import REPLAY_S, Request
from warroom.intake.configuration import Receiver
from warroom.intake.identity import Labels, labels_with
from warroom.tests.support.alerts import receiver
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


def signature(secret: bytes, body: bytes) -> str:
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


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

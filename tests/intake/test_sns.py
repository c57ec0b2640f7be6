"""CloudWatch by SNS: signed by Amazon, and confirmed at Amazon only."""

import base64
import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from warroom.intake.authentication import Request
from warroom.intake.configuration import Receiver
from warroom.intake.receiving import Reader
from warroom.intake.sns import canonical, fetch, is_of_sns
from warroom.tests.support.canary import canary

NOW = 1_795_000_000.0
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


def test_a_redirect_of_a_certificate_is_not_followed() -> None:
    with canary() as (url, heard):
        with pytest.raises(OSError, match="302"):
            fetch(f"{url}/a.pem")
        assert heard == ["GET /a.pem"]


def test_a_name_that_leads_elsewhere_is_not_believed(
    amazon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever address a host of SNS has just now: it is asked only where its certificate is."""
    kept = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    mine = tmp_path / "mine.pem"
    mine.write_bytes(amazon[0].private_bytes(serialization.Encoding.PEM, *kept) + amazon[1])
    with canary(mine) as (url, heard):
        here = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", here)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with pytest.raises(OSError, match="certificate verify failed"):
            fetch(CERTIFICATE)
        assert heard == []

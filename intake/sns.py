"""Amazon SNS in front of CloudWatch: a message is signed by a certificate, whose place is named in
the message itself. So the place is pinned: https, a host of SNS, a path to a .pem; nothing there is
followed elsewhere. A subscription is confirmed only at the host that signed it, and only for topics
that the configuration names.

No window for replays: a retry carries the time of the first try. A message counts once by its id.
"""

import base64
import binascii
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import re2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .. import outgoing
from ..errors import AlertError

HOST = re2.compile(r"sns\.[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}\.amazonaws\.com(\.cn)?")
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
"""Fields that are signed, in this order; of a notification without a subject, the others."""
SIGNED["UnsubscribeConfirmation"] = SIGNED["SubscriptionConfirmation"]
HASHES: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}
"""By SignatureVersion; a topic has 1 until somebody sets 2."""
FETCH_S = 5.0
MOST_BYTES = 100_000
Fetch = Callable[[str], bytes]
"""Gets what is at a URL that was checked."""


def signed_by_sns(message: Mapping[str, Any], topics: Sequence[str], fetch: Fetch) -> bool:
    """Whether SNS signed this message, of one of these topics.

    Raises OSError where the certificate cannot be fetched now: that is no forgery.
    """
    kind, version = message.get("Type"), str(message.get("SignatureVersion"))
    url = message.get("SigningCertURL")
    known = kind in SIGNED and version in HASHES and message.get("TopicArn") in topics
    if not known or not is_of_sns(url) or not urlsplit(str(url)).path.endswith(".pem"):
        return False
    try:
        key = x509.load_pem_x509_certificate(fetch(str(url))).public_key()
        signature = base64.b64decode(str(message.get("Signature")), validate=True)
    except (ValueError, binascii.Error):
        return False
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    text = canonical(message)
    try:
        key.verify(signature, text, padding.PKCS1v15(), HASHES[version])
    except InvalidSignature:
        return False
    return True


def canonical(message: Mapping[str, Any]) -> bytes:
    """What is signed: name and value of each field, each on a line."""
    names = [name for name in SIGNED[message["Type"]] if message.get(name) is not None]
    return "".join(f"{name}\n{message[name]}\n" for name in names).encode()


def is_of_sns(url: Any) -> bool:
    """Whether this is a plain https URL at a host of SNS."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = parts.scheme == "https" and port in (None, 443) and not parts.username
    return plain and HOST.fullmatch(parts.hostname or "") is not None


def place_to_confirm(message: Mapping[str, Any]) -> str:
    """Where a subscription is confirmed; empty for every other message.

    Raises AlertError where that is not the host that signed the message.
    """
    if message.get("Type") != "SubscriptionConfirmation":
        return ""
    url, signed_at = message.get("SubscribeURL"), str(message.get("SigningCertURL"))
    if not is_of_sns(url) or urlsplit(str(url)).hostname != urlsplit(signed_at).hostname:
        raise AlertError("SubscribeURL leads elsewhere than to who signed it: not confirmed")
    return str(url)


def fetch(url: str) -> bytes:
    """What is there: no redirects, a little, soon. Raises OSError."""
    until = time.monotonic() + FETCH_S
    try:
        with outgoing.client(timeout=FETCH_S) as client, client.stream("GET", url) as answer:
            found = outgoing.body(answer, MOST_BYTES, until)
        if answer.status_code != httpx.codes.OK:
            raise OSError(f"{url} answers {answer.status_code}")
    except httpx.HTTPError as error:
        raise OSError(f"{url} cannot be read: {error}") from error
    return found

"""Whether a delivery comes from who may send to a receiver: each vendor signs in its own way, and
several secrets count at once, so that they can be changed without losing an alert.

Comparisons take the same time whatever they find; who is refused is not told why.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

REPLAY_S = 300.0
"""A signed time may be so far from ours."""


@dataclass(frozen=True)
class Request:
    """A delivery as it came: header names in small letters, the body inflated."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Signature:
    """An HMAC-SHA256 of the body under a shared secret, in hex."""

    header: str
    prefix: str = ""  # before each signature in the header; several stand with commas between
    timestamp: str = ""  # header of the time that is signed with the body; empty: none is

    def fits(self, request: Request, secrets: Sequence[bytes], now: float) -> bool:
        """Whether one of the signatures is one of these secrets'."""
        given = request.headers.get(self.header.lower(), "")
        signed = self._signed(request, now)
        if signed is None:
            return False
        words = [part.strip() for part in given.split(",")]
        found = [word.removeprefix(self.prefix) for word in words if word.startswith(self.prefix)]
        made = [hmac.new(secret, signed, hashlib.sha256).hexdigest() for secret in secrets]
        return sum(_same(word, own) for word in found[:MOST] for own in made) > 0

    def _signed(self, request: Request, now: float) -> bytes | None:
        """The bytes that were signed; None: the time is missing, or too far from ours."""
        if not self.timestamp:
            return request.body
        at = request.headers.get(self.timestamp.lower(), "")
        if not at.isdecimal() or len(at) > 12 or abs(int(at) - now) > REPLAY_S:
            return None
        return at.encode() + b":" + request.body


MOST = 8
"""Signatures that are looked at: some for rotation, no more."""
SIGNATURES = {
    "grafana": Signature("X-Grafana-Alerting-Signature"),
    "pagerduty": Signature("X-PagerDuty-Signature", prefix="v1="),
    "sentry": Signature("Sentry-Hook-Signature"),
}
"""How vendors sign by default."""


def bears(request: Request, scheme: str, secrets: Sequence[bytes]) -> bool:
    """Whether the Authorization header has this scheme and one of these credentials."""
    given, _, credentials = request.headers.get("authorization", "").partition(" ")
    return _one_of(credentials.strip(), secrets) and given.casefold() == scheme.casefold()


def knows(request: Request, username: str, passwords: Sequence[bytes]) -> bool:
    """Whether it is basic authentication by this user."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    try:
        pair = base64.b64decode(credentials, validate=True) if scheme.lower() == "basic" else b""
    except (binascii.Error, ValueError):
        return False
    wanted = [username.encode() + b":" + password for password in passwords]
    return _one_of(pair.decode("utf-8", "replace"), wanted)


def shows(request: Request, header: str, secrets: Sequence[bytes]) -> bool:
    """Whether a header of the sender's configuration holds one of these secrets."""
    return _one_of(request.headers.get(header.lower(), ""), secrets)


def _one_of(given: str, secrets: Sequence[bytes]) -> bool:
    """All are compared, whichever fits."""
    return sum(_same(given, secret.decode("utf-8", "replace")) for secret in secrets) > 0


def _same(given: str, wanted: str) -> bool:
    """Both as digests: their lengths show neither."""
    pair = [hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (given, wanted)]
    return hmac.compare_digest(*pair) and bool(wanted)

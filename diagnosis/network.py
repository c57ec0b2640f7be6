"""A place in the network, asked in the order in which it can fail: its name, its port, its
certificate, what it answers. What comes after the first thing that is wrong is not asked."""

import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlsplit

import httpx
from cryptography import x509

from ..errors import InputError
from .look import Health, Look, measured

TIMEOUT_S = 3.0
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Place:
    """Where something answers: http(s)://HOST[:PORT]/PATH, or HOST:PORT."""

    text: str
    scheme: str  # empty: a port, and nothing known of what speaks there
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InputError for what names no host or no port."""
        url = urlsplit(text if "://" in text else f"//{text}")
        try:
            port = url.port or PORTS.get(url.scheme)
        except ValueError:
            port = None
        if not url.hostname or port is None or url.scheme not in ("", *PORTS) or url.username:
            raise InputError(
                f"{text!r} is no place to look at: give http(s)://HOST/PATH, or HOST:PORT, "
                "without credentials"
            )
        return cls(text, url.scheme, url.hostname, port)


def look_at(place: Place) -> list[Look]:
    """All that can be seen of it from here."""
    return list(_asked(place))


def _asked(place: Place) -> Iterator[Look]:
    steps = [_name, _port]
    if place.scheme == "https":
        steps.append(_certificate)
    if place.scheme:
        steps.append(_answer)
    for step in steps:
        look = step(place)
        yield look
        if look.health is Health.bad:
            return


def _name(place: Place) -> Look:
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except OSError as error:
        do = "look at its record and at /etc/resolv.conf: `getent hosts NAME`"
        return Look("name", place.host, Health.bad, f"does not resolve: {_why(error)}", do)
    addresses = sorted({str(one[4][0]) for one in found})
    return Look("name", place.host, Health.well, f"resolves to {', '.join(addresses[:3])}")


def _port(place: Place) -> Look:
    subject, begun = f"{place.host}:{place.port}", time.monotonic()
    try:
        socket.create_connection((place.host, place.port), TIMEOUT_S).close()
    except OSError as error:
        do = "refused: nothing listens there, start it; timed out: look at firewalls and its host"
        return Look("port", subject, Health.bad, f"does not connect: {_why(error)}", do)
    return measured("port", subject, "connected after", time.monotonic() - begun)


def _certificate(place: Place) -> Look:
    """Whether it is trusted here, for this name, and for how long."""
    subject = f"{place.host}:{place.port}"
    try:
        with (
            socket.create_connection((place.host, place.port), TIMEOUT_S) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=place.host) as secure,
        ):
            held = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
    except ssl.SSLCertVerificationError as error:
        do = "renew it, or serve the whole chain for this name"
        return Look("certificate", subject, Health.bad, error.verify_message, do)
    except (OSError, ValueError) as error:
        do = "look whether TLS is what it speaks on this port"
        return Look("certificate", subject, Health.bad, f"no TLS: {_why(error)}", do)
    left = held.not_valid_after_utc - datetime.now(UTC)
    return measured("certificate", subject, "days left", left.total_seconds() / 86_400)


def _answer(place: Place) -> Look:
    """Its status, and how long it took. A certificate was looked at before."""
    begun = time.monotonic()
    try:
        with httpx.Client(trust_env=False, timeout=TIMEOUT_S, verify=False) as client:
            status = client.get(place.text).status_code
    except httpx.HTTPError as error:
        do = "look at its process and log: it takes connections and does not answer"
        return Look("endpoint", place.text, Health.bad, f"does not answer: {_why(error)}", do)
    if status >= 500:
        do = "read its log for the error, then look at what it calls"
        return Look("endpoint", place.text, Health.bad, f"answers {status}", do)
    if status >= 400:
        do = "a path that is not there, or wants credentials: name its health endpoint"
        return Look("endpoint", place.text, Health.warning, f"answers {status}", do)
    return measured("endpoint", place.text, "answered after", time.monotonic() - begun)


def _why(error: Exception) -> str:
    return str(error).strip() or type(error).__name__

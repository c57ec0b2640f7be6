"""A question to another server: it reaches no other host than it was meant for, and its answer is
bounded in time and size. Redirects are not followed, the environment's proxies not used.
"""

import ssl
import time
from functools import cache
from typing import Any

import httpx


class TooLarge(httpx.HTTPError):
    """More came than was wanted; the rest was not read."""


@cache
def trusted() -> ssl.SSLContext:
    """Whom we trust unless told otherwise: read once, it takes a tenth of a second."""
    return httpx.create_ssl_context(trust_env=False)


def client(trust: ssl.SSLContext | None = None, **known: Any) -> httpx.Client:
    """By which all of ours are asked."""
    return httpx.Client(verify=trust or trusted(), trust_env=False, follow_redirects=False, **known)


def body(answer: httpx.Response, most: int, until: float) -> bytes:
    """Of an answer whose head has come, inflated; read to its end.

    Args:
        most: bytes.
        until: by time.monotonic(); a server that sends little by little gets no longer.

    Raises httpx.HTTPError: TooLarge, ReadTimeout, what breaks on the way.
    """
    found = bytearray()
    for chunk in answer.iter_bytes():
        found += chunk
        if len(found) > most:
            raise TooLarge(f"answered more than {most / 2**20:.3g} MB")
        if time.monotonic() > until:
            raise httpx.ReadTimeout("its answer is too long under way")
    return bytes(found)

"""A question to another server: it reaches no other host than it was meant for, and its answer is
bounded in time and size. Redirects are not followed, the environment's proxies not used.
"""

import json
import ssl
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from .errors import ToolFailed, Unheard

MOST_BYTES, SAID = 16 * 2**20, 300
"""Of a JSON answer; characters of the server's own words that are passed on."""


class TooLarge(httpx.HTTPError):
    """More came than was wanted; the rest was not read."""


@cache
def trusted() -> ssl.SSLContext:
    """Whom we trust unless told otherwise: read once, it takes a tenth of a second."""
    return httpx.create_ssl_context(trust_env=False)


def client(trust: ssl.SSLContext | None = None, **known: Any) -> httpx.Client:
    """By which all of ours are asked."""
    return httpx.Client(verify=trust or trusted(), trust_env=False, follow_redirects=False, **known)


def read_secret(file: Path) -> str:
    """The one line in it. Raises ToolFailed where there is none."""
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is not text"
        raise ToolFailed(f"{file}: {reason}; write the secret there") from error
    if not secret or not secret.isprintable():
        raise ToolFailed(f"{file} is empty or has more than one line: write the secret there")
    return secret


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


def asked(
    who: str, method: str, url: str, cures: Mapping[int, str], timeout: float, **request: Any
) -> Any:
    """The JSON that it answers within so many seconds; None: nothing.

    Raises ToolFailed with its refusal and, by its status, what to do; Unheard where it may have
    done what it was asked.
    """
    until = time.monotonic() + timeout
    try:
        with client(timeout=timeout) as http, http.stream(method, url, **request) as answer:
            said = body(answer, MOST_BYTES, until)
        if answer.is_success:
            return json.loads(said) if said else None
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise ToolFailed(f"{who} cannot be reached: {error}") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
        raise Unheard(f"{who} does not answer: {error}") from error
    status, cure = answer.status_code, cures.get(answer.status_code, "look there, at its own log")
    failed = Unheard if answer.is_server_error else ToolFailed
    raise failed(f"{who} answers {status}{_own_words(said)}: {cure}")


def _own_words(said: bytes) -> str:
    try:
        return f" ({json.dumps(json.loads(said))[:SAID]})"
    except (ValueError, RecursionError):  # a page of a proxy's
        return ""

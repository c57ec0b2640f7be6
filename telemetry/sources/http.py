"""How every backend over HTTP is asked: bounded in time and size, errors in words.

The address is the configuration's alone: text of an alert is at most a parameter or one encoded
segment of a path. Redirects are not followed and the environment's proxies not used, so that a
secret reaches no other host. One retry is here and nowhere else; all questions only read.
"""

import json
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any
from urllib.parse import quote

import httpx

from ... import outgoing
from ...errors import TelemetryError
from ...incident.evidence import BackendLoad
from .datasource import Datasource, read_secret

MOST_BYTES = 64 * 2**20
"""Of one answer, inflated."""
PASSING = {502, 503, 504}
"""Answers of what stands before a server that just restarts: asked once more."""
SKEW_S = 30.0
"""A clock that is off by more is named: rows of the last minutes may be missing."""
SAID = 200
"""Characters of a server's own words that are passed on."""
REFUSED = {
    401: "does not accept our credentials (401): renew the file that the datasource names",
    403: "knows us and forbids it (403): give this login the right to read",
    404: "has no such address (404): is it really {kind}? look at the datasource's type and url",
    413: "finds the question too large (413)",
    429: "asks to be left alone for now (429){wait}: it is asked again with the next step",
}
Params = Mapping[str, str | int | float | Sequence[str]]
NONE: Mapping[str, str] = {}
SHAPE = (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError)
"""What reading an answer of another shape than documented ends in."""


class Refused(TelemetryError):
    """It answered, and said no; `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class HttpApi:
    """One backend's API. Safe to use from several threads.

    Args:
        source: where it is and how we are known there.
        transport: another way to the wire.
    """

    def __init__(self, source: Datasource, transport: httpx.BaseTransport | None = None) -> None:
        self.source = source
        self.root = source.url.rstrip("/")
        self.skew = 0.0
        """Seconds that its clock was ahead of ours when it answered last."""
        self._load, self._counting = BackendLoad(datasource=source.name), Lock()
        self._transport = transport
        self._opened: httpx.Client | None = None

    def json(self, *path: str, **asked: Any) -> Any:
        """Decoded JSON of an answer. Raises TelemetryError as `ask` does, and for what is none."""
        body = self.ask(*path, **asked)
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise TelemetryError(
                f"answered {_start(body)} and no JSON at {self._place(path)}: is it really "
                f"{self.source.type}? look at the datasource's url"
            ) from error

    def json_lines(self, *path: str, **asked: Any) -> list[dict[str, Any]]:
        """The same of an answer that is one JSON object a line."""
        body = self.ask(*path, **asked)
        with suppress(ValueError, RecursionError):
            found = [json.loads(line) for line in body.split(b"\n") if line.strip()]
            if all(isinstance(one, dict) for one in found):
                return found
        raise TelemetryError(
            f"answered {_start(body)} and no JSON lines at {self._place(path)}: is it really "
            f"{self.source.type}? look at the datasource's url"
        )

    def ask(
        self,
        *path: str,
        params: Params = NONE,
        form: bool = False,
        body: Any = None,
        method: str = "",
        headers: Mapping[str, str] = NONE,
        seconds: float = 60.0,
    ) -> bytes:
        """The body of an answer.

        Args:
            path: segments below the datasource's url; each is encoded as one.
            params: of the question.
            form: posted as a form, for long ones.
            body: posted as JSON.
            method: another than GET, or POST of what is posted.
            headers: of this question alone.
            seconds: that it may take at most; the datasource's own timeout holds as well.

        Raises TelemetryError saying what is wrong with the backend and what to do.
        """
        given = min(seconds, self.source.timeout)
        until = time.monotonic() + given
        asked: dict[str, Any] = {"data" if form else "params": params, "headers": {**headers}}
        if body is not None:
            asked["content"] = json.dumps(body).encode()
            asked["headers"]["Content-Type"] = "application/json"
        asked["method"] = method or ("GET" if body is None and not form else "POST")
        for last in (False, True):
            try:
                answer = self._once(path, asked, until)
            except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError) as error:
                if last or time.monotonic() >= until:
                    raise TelemetryError(_down(self._place(path), error)) from error
                continue
            except httpx.TimeoutException as error:
                raise self._slow(path, given) from error
            except outgoing.TooLarge as error:
                raise TelemetryError(f"{error} at {self._place(path)}") from error
            except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
                raise TelemetryError(_down(self._place(path), error)) from error
            if last or answer[0] not in PASSING:
                break
        return self._accepted(path, *answer)

    def clock(self) -> str:
        """What is wrong with its clock, in words; empty where nothing is."""
        if abs(self.skew) < SKEW_S:
            return ""
        way = "ahead of" if self.skew > 0 else "behind"
        about = round(abs(self.skew), -1)  # else the words change with each answer
        return (
            f"its clock is {about:.0f} s {way} ours: what it says of the last minutes "
            "may be missing or early; set both by NTP"
        )

    def loaded(self) -> BackendLoad:
        """What was asked of it since this was called last."""
        with self._counting:
            load, self._load = self._load, BackendLoad(datasource=self.source.name)
        return load

    def _count(self, answer: httpx.Response | None, seconds: float) -> None:
        with self._counting:
            self._load.requests += 1
            self._load.bytes += answer.num_bytes_downloaded if answer is not None else 0
            self._load.seconds += seconds

    def _once(
        self, path: tuple[str, ...], asked: dict[str, Any], until: float
    ) -> tuple[int, httpx.Headers, bytes]:
        left = max(0.001, until - time.monotonic())
        known = asked | {"headers": asked["headers"] | self._headers()}
        request = self._client().build_request(url=self._place(path), timeout=left, **known)
        begun, answer = time.monotonic(), None
        try:
            answer = self._client().send(request, stream=True, auth=None)
            body = outgoing.body(answer, MOST_BYTES, until)
            self._compare(answer.headers.get("date", ""))
            return answer.status_code, answer.headers, body
        finally:
            self._count(answer, time.monotonic() - begun)
            if answer is not None:
                answer.close()

    def _accepted(
        self, path: tuple[str, ...], status: int, headers: httpx.Headers, body: bytes
    ) -> bytes:
        if status == httpx.codes.OK:
            return body
        place = self._place(path)
        if 300 <= status < 400:
            raise TelemetryError(
                f"sends us elsewhere ({status}) from {place}: name the address behind it as url, "
                "or give it credentials"
            )
        wait = f", for {headers['retry-after']} s" if "retry-after" in headers else ""
        known = REFUSED.get(status, f"answered HTTP {status}")
        words = known.format(kind=self.source.type, wait=wait[:20])
        said = "" if status in (401, 404, 429) else _said(body)
        raise Refused(f"{words}{said} at {place}", status)

    def _headers(self) -> dict[str, str]:
        """With the secrets as they are now."""
        source = self.source
        found = {name: ",".join(_values(name, one)) for name, one in source.http_headers.items()}
        if source.authorization:
            secret = read_secret(source.authorization.credentials_file)
            found["Authorization"] = f"{source.authorization.type} {secret}"
        if source.basic_auth:
            password = read_secret(source.basic_auth.password_file)
            login = f"{source.basic_auth.username}:{password}".encode()
            found["Authorization"] = f"Basic {b64encode(login).decode()}"
        return found

    def _client(self) -> httpx.Client:
        if self._opened is None:
            self._opened = outgoing.client(
                trust=_trust(self.source) if self.root.startswith("https") else None,
                transport=self._transport,
            )
        return self._opened

    def _place(self, path: tuple[str, ...]) -> str:
        """The address of a question, without its parameters."""
        if any(part in ("", ".", "..") for part in path):
            raise TelemetryError("was not asked: an empty name or dots are no name")
        return "/".join([self.root, *(quote(part, safe="") for part in path)])

    def _slow(self, path: tuple[str, ...], given: float) -> TelemetryError:
        said = f"did not answer within {given:.3g} s at {self._place(path)}"
        if given < self.source.timeout:
            return TelemetryError(f"{said}, which were left for this reading: look at its load")
        return TelemetryError(f"{said}: look at its load, or give the datasource a longer timeout")

    def _compare(self, date: str) -> None:
        try:
            self.skew = parsedate_to_datetime(date).timestamp() - time.time()
        except (ValueError, OverflowError):
            self.skew = 0.0


def _values(name: str, header: Any) -> Iterator[str]:
    yield from header.values
    yield from (read_secret(file) for file in header.files)


def _trust(source: Datasource) -> ssl.SSLContext:
    tls = source.tls_config
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except (OSError, ssl.SSLError) as error:
        raise TelemetryError(
            f"its tls_config cannot be used ({error}): look at its files"
        ) from error
    return context


def _down(place: str, error: Exception) -> str:
    if "CERTIFICATE" in str(error):
        return f"shows a certificate at {place} that is not trusted: name its tls_config.ca_file"
    if isinstance(error, httpx.ConnectError):
        return f"cannot be reached at {place} ({_line(str(error))}): is it up, is the url right?"
    return f"broke off at {place} ({type(error).__name__}): it may be restarting, or be no HTTP"


def _said(body: bytes) -> str:
    """A server's own words, as far as they are short: Prometheus has them in `error`, Elasticsearch
    in its `reason`."""
    try:
        found = json.loads(body)
        text = found.get("error") or found.get("message") if isinstance(found, dict) else ""
        text = text.get("reason") if isinstance(text, dict) else text
    except (ValueError, RecursionError):
        text = "" if body.lstrip().startswith(b"<") else body[: 4 * SAID].decode(errors="replace")
    line = _line(str(text or ""))
    return f": {line}" if line else ""


def _start(body: bytes) -> str:
    return "nothing" if not body.strip() else repr(_line(body[:80].decode(errors="replace")))


def _line(text: str) -> str:
    return " ".join(text.split())[:SAID]

"""What surrounds every request: an id, what may come in, headers that keep an answer where it
belongs, and how long it took.
"""

import re
import secrets
import time

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .metrics import REQUESTS
from .problems import problem

GIVEN_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Of what is no page: a browser may show none of it, and no other site may read it."""
PAGE_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # with none at all, a form of ours names no origin
}
"""Of pages: what they load is ours, nothing stands in them that runs, nobody frames them."""
API = ("/api/", "/mcp")
MOST_BODY = 64 * 1024
"""Bytes of a request to the API; a webhook has a cap of its own."""


class Edge:
    """Outermost of our own middleware; knows nothing of routes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or another of ASGI's events, which passes as it is."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        began, status = time.perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(MutableHeaders(scope=message), request_id)
            await send(message)

        refused = _refused(scope, headers, request_id)
        try:
            await (refused or self.app)(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            label = REQUESTS.labels(scope["method"] if route != "none" else "", route, status)
            label.observe(time.perf_counter() - began)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if GIVEN_ID.fullmatch(given) else secrets.token_hex(8)


def _dress(headers: MutableHeaders, request_id: str) -> None:
    is_page = headers.get("content-type", "").startswith("text/html")
    for name, value in (PAGE_HEADERS if is_page else HEADERS).items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Request-Id"] = request_id


def _refused(scope: Scope, headers: Headers, request_id: str) -> JSONResponse | None:
    """The answer to a body that the API does not take."""
    if not scope["path"].startswith(API):
        return None
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > MOST_BODY:
        return problem(request_id, 413, f"the API takes {MOST_BODY} bytes: send less")
    if _not_json(headers):
        say = "the API takes JSON: send it with Content-Type: application/json"
        return problem(request_id, 415, say)
    return None


def _not_json(headers: Headers) -> bool:
    """Whether a body comes that says to be something else."""
    comes = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return comes and kind != "application/json" and not kind.endswith("+json")

"""What went wrong, as RFC 9457 has it: a status, what happened, what to do next, and never a row of
ours. `request_id` finds it again in the log.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from math import ceil

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from ..errors import (
    ApprovalError,
    InputError,
    LifecycleError,
    NotFound,
    Overwritten,
    WarroomError,
)
from ..misfit import place, said
from .pages.rendering import page

LOG = logging.getLogger(__name__)
MEDIA = "application/problem+json"
STATUS: Mapping[type[WarroomError], int] = {
    NotFound: 404,
    ApprovalError: 409,
    LifecycleError: 409,
    Overwritten: 409,
    InputError: 422,
}
"""The first that an error is one of. Anything else of ours is the record's trouble: 503."""
RETRY_S = 2
"""What a client is asked to wait for a database that is busy, full or gone."""


class Problem(BaseModel):
    """The body of every answer that is no success."""

    type: str = Field(default="about:blank", description="the status says it all")
    title: str = Field(description="the status in words")
    status: int = Field(description="HTTP status")
    detail: str = Field(description="what happened, and what to do next")
    request_id: str = Field(default="", description="of this request, as in the log")


class Refused(Exception):
    """An answer that is no success; its detail says what to do next."""

    def __init__(self, status: int, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.retry_after_s = status, detail, retry_after_s


DOCUMENTED = (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
RESPONSES: dict[int | str, dict] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in DOCUMENTED
}
"""For the OpenAPI: what any route may answer."""


def explain_errors(app: FastAPI) -> None:
    """Answer every error of this app as a problem."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(WarroomError, _ours)
    app.add_exception_handler(SQLAlchemyError, _database)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def problem(
    request_id: str, status: int, detail: str, retry_after_s: float | None = None
) -> JSONResponse:
    """The answer."""
    headers = {} if retry_after_s is None else {"Retry-After": str(max(1, ceil(retry_after_s)))}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    title = HTTPStatus(status).phrase
    body = Problem(title=title, status=status, detail=detail, request_id=request_id)
    return JSONResponse(body.model_dump(), status, headers, MEDIA)


NEXT = {
    401: "Sign in, then come back to it.",
    403: "Ask whoever may, or an admin for another role.",
    404: "It may belong to another team, or its address is not whole.",
    409: "Load the page anew: it says who decided, and when.",
    422: "Go back, correct that and send it again.",
    429: "Wait a minute.",
    503: "Nothing was lost; what was not answered was not done. Try it again in a moment.",
}
"""What a person does about it; the detail says what happened."""


def _answer(
    request: Request, status: int, detail: str, retry_after_s: float | None = None
) -> Response:
    """For a browser a page, for everybody else a problem."""
    found = problem(_id(request), status, detail, retry_after_s)
    asked = request.headers.get("accept", "")
    if "text/html" not in asked or request.url.path.startswith(("/api/", "/hooks/")):
        return found
    title, following = HTTPStatus(status).phrase, NEXT.get(status, "")
    view = {"number": status, "title": title, "detail": detail, "next": following}
    view["request_id"] = _id(request)
    who = getattr(request.state, "who", None)
    shown = page("problem.html", status, request, who, view=view)
    kept = ("retry-after", "www-authenticate")
    shown.headers.update({name: found.headers[name] for name in kept if name in found.headers})
    return shown


def _id(request: Request) -> str:
    return request.scope.get("state", {}).get("request_id", "")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _answer(request, error.status, error.detail, error.retry_after_s)


async def _ours(request: Request, error: Exception) -> Response:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 503)
    return _answer(request, status, str(error)) if status < 500 else _down(request, error)


def _down(request: Request, error: Exception) -> Response:
    """Why stands in the log only: it names hosts and users, and anybody may have asked."""
    LOG.error("request %s: %s", _id(request), error)
    return _answer(request, 503, "the record cannot be used now: try again", RETRY_S)


async def _database(request: Request, error: Exception) -> Response:
    return _down(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [f"{place(each)}: {said(each)}" for each in error.errors()[:5]]
    see = ". See /api/v1/openapi.json" if request.url.path.startswith("/api/") else ""
    return _answer(request, 422, "; ".join(found) + see)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = _answer(request, error.status_code, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


async def _unexpected(request: Request, error: Exception) -> Response:
    LOG.error("request %s: %s", _id(request), type(error).__name__, exc_info=error)
    detail = "Warroom met something it does not know: the log has it under this request's id"
    return _answer(request, 500, detail)

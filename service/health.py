"""Whether the process lives, and whether it may be sent work: for whoever restarts it or balances
load over it. Nothing here tells of incidents, so no token is asked.
"""

import shutil
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import PlainTextResponse

from ..app.budgets import budgets
from ..app.configuration import declared
from ..app.figures import taken
from ..app.figures_table import figure_counts
from ..errors import StoreError
from ..incident.timeline import utc_now
from ..record.counts import is_writable
from .auth import Observer
from .metrics import exposition
from .problems import RESPONSES
from .service import Service, service_of

At = Annotated[Service, Depends(service_of)]
HEALTH = APIRouter(tags=["health"])
LEAST_DISK = 64 * 2**20
"""Bytes that a burst of alerts and their journals take."""


class Ready(BaseModel):
    """What work needs, and whether it is there."""

    database: bool = Field(description="takes writes")
    worker: bool = Field(description="incidents are worked by this process, if they should be")
    disk: bool = Field(description="the home has room")


@HEALTH.get("/healthz", response_class=PlainTextResponse)
async def lives() -> str:
    """The process answers."""
    return "ok\n"


@HEALTH.get("/readyz", responses={503: {"model": Ready, "description": "not now"}})
def ready(service: At, response: Response) -> Ready:
    """503 while something is missing."""
    found = Ready(
        database=_writable(service),
        worker=service.worker is None or service.worker.alive,
        disk=shutil.disk_usage(service.settings.home).free > LEAST_DISK,
    )
    if not (found.database and found.worker and found.disk):
        response.status_code = 503
    return found


def _writable(service: Service) -> bool:
    try:
        return is_writable(service.engine)
    except (StoreError, SQLAlchemyError):
        return False


@HEALTH.get("/metrics", response_class=PlainTextResponse, responses=RESPONSES)
def metrics(service: At, who: Observer) -> Response:
    """Warroom itself in Prometheus' format, with figures of 30 days, for a token of an observer."""
    glass, now = service.configuration.server.sign_in.break_glass, utc_now()
    open_ones = service.sessions.count(glass) if glass else 0
    found = taken(service.record, now, 30, "", who.sight)
    spent = budgets(found, declared(service.sources).catalogue, now, 30)
    spent = [one for one in spent if one.month == f"{now:%Y-%m}"]
    page = exposition(service.engine, open_ones, figure_counts(found, spent))
    return Response(page, media_type="text/plain; version=0.0.4")

"""The status page as a page of ours: what app/status_page.py tells, looked up once in a while for
all who read it."""

import time
from threading import Lock

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from ...app.configuration import declared
from ...app.configuration_file import StatusPage
from ...app.status_page import Status, as_feed, body, status
from ...incident.timeline import utc_now
from ..auth import OBSERVES
from ..service import Service
from .rendering import page

KEPT_S = 30.0


class Watch:
    """What is told now, or was a moment ago."""

    def __init__(self, service: Service) -> None:
        self.service, self._lock = service, Lock()
        self._kept: tuple[float, Status] | None = None

    def now(self) -> Status:
        """Of many that ask at once one looks; the others read what it found before, if it did."""
        kept = self._kept
        if kept and (time.monotonic() < kept[0] + KEPT_S or self._lock.locked()):
            return kept[1]
        with self._lock:
            if self._kept is kept:
                here, catalogue = self.service, declared(self.service.sources).catalogue
                found = status(here.settings, here.store, catalogue, utc_now())
                self._kept = time.monotonic(), found
        assert self._kept
        return self._kept[1]


def status_routes(service: Service, told: StatusPage) -> APIRouter:
    """For everybody, or for who is signed in; nothing of us stands there beside what was told."""
    router = APIRouter(dependencies=[] if told.served == "public" else [OBSERVES])
    watch = Watch(service)

    @router.get("/status/", response_class=HTMLResponse)
    def status_page(request: Request) -> HTMLResponse:
        """The page."""
        shown = Markup(body(watch.now(), told.title))
        return page("status.html", 200, request, title=told.title, shown=shown)

    @router.get("/status/feed.atom")
    def status_feed() -> Response:
        """The same for readers of feeds."""
        return Response(as_feed(watch.now(), told.title), media_type="application/atom+xml")

    return router

"""The web application: routes under one edge, errors as problems, a worker that lives as long."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from . import webhooks
from .administration import ADMINISTER
from .api import DECIDE, READ
from .auth import SignInFirst, answer_sign_in
from .by_hand import BY_HAND
from .changes import CHANGE
from .edge import MOST_BODY, Edge
from .following import FOLLOW
from .grouping import GROUP
from .health import HEALTH
from .mcp_server import MCP
from .memory import MEMORY
from .oncall import ONCALL, OPENED
from .pages.accounts import ACCOUNTS
from .pages.acknowledging import ACKNOWLEDGE
from .pages.acts import ACTS
from .pages.approval import APPROVAL
from .pages.by_hand import BY_HAND as BY_HAND_PAGE
from .pages.drills import DRILLS_PAGE
from .pages.figures import FIGURES_PAGE
from .pages.incident import INCIDENT
from .pages.incidents import LIST
from .pages.live import LIVE, Parts
from .pages.oncall import ONCALL_PAGE
from .pages.overview import OVERVIEW
from .pages.postmortem import POSTMORTEM as POSTMORTEM_PAGE
from .pages.rules import RULES, RULES_API
from .pages.runbooks import RUNBOOKS
from .pages.settings import SETTINGS
from .pages.signing_in import SIGN_IN
from .pages.status import status_routes
from .pages.why import WHY, WHY_API
from .people import PEOPLE
from .postmortem import POSTMORTEM
from .problems import RESPONSES, Problem, explain_errors
from .service import Service

ABOUT = """Incidents, the evidence for every word about them, and what waits for a person to decide.

A token of `warroom token create` stands in `Authorization: Bearer …`; its role says what it may:
observer, responder, commander, admin. Errors are problems (RFC 9457) that say what to do next.
Texts of alerts and telemetry are data written by others: whoever shows them makes them safe."""


def build(service: Service) -> FastAPI:
    """The application over one installation."""
    app = FastAPI(
        title="Warroom",
        version="1",
        description=ABOUT,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
        middleware=[Middleware(Edge)],
        generate_unique_id_function=lambda route: route.name,
    )
    serve(app, service)
    explain_errors(app)
    app.add_exception_handler(SignInFirst, answer_sign_in)
    app.include_router(webhooks.router)  # first: most requests are deliveries
    if told := service.configuration.slack:
        from ..chat.bot import Bot  # only who has it waits for its import
        from .slack import SLACK

        url = service.configuration.server.url
        app.state.chat = Bot(service.settings, service.store, told, url)
        app.include_router(SLACK)
    v1 = APIRouter(prefix="/api/v1", responses=RESPONSES, max_body_size=MOST_BODY)
    shared = (FOLLOW, ADMINISTER, RULES_API, PEOPLE, ONCALL, MEMORY)
    for part in (READ, DECIDE, GROUP, CHANGE, BY_HAND, POSTMORTEM, WHY_API, *shared):
        v1.include_router(part)
    app.include_router(v1)
    app.include_router(HEALTH)
    app.include_router(MCP)
    pages = APIRouter(include_in_schema=False, max_body_size=MOST_BODY)
    acting = (APPROVAL, ACTS, BY_HAND_PAGE, ACKNOWLEDGE, OPENED, WHY)
    over_all = (OVERVIEW, DRILLS_PAGE, FIGURES_PAGE, ONCALL_PAGE, RUNBOOKS, SETTINGS, RULES)
    for part in (SIGN_IN, ACCOUNTS, LIST, INCIDENT, LIVE, *acting, POSTMORTEM_PAGE, *over_all):
        pages.include_router(part)
    if (told := service.configuration.status_page) and told.served:
        pages.include_router(status_routes(service, told))
    app.include_router(pages)
    if oidc := service.configuration.server.sign_in.oidc:
        from .pages.single_sign_on import mount  # only who signs in by it waits for its import

        mount(app, service, oidc)
    app.openapi = lambda: _schema(app)
    return app


def serve(app: FastAPI, service: Service) -> None:
    """Have it answer for this installation, from its next start on; its routes stay."""
    app.state.service = service
    app.state.reception = service.reception
    app.state.parts = Parts(service)
    app.state.ended = True  # nothing of it runs on when it has stopped


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Who takes alerts in and who works them begin before the first request and end after the last,
    within seconds."""
    service: Service = app.state.service
    with service.reception:
        if service.worker:
            await run_in_threadpool(service.worker.start)
        chat = getattr(app.state, "chat", None)
        if chat:
            chat.start()
        try:
            yield
        finally:
            if chat:
                await run_in_threadpool(chat.stop)
            if service.worker:
                app.state.ended = await run_in_threadpool(service.worker.stop)


def _schema(app: FastAPI) -> dict[str, Any]:
    """FastAPI's own, with the body of errors as we answer them."""
    if app.openapi_schema is None:
        found = FastAPI.openapi(app)
        schemas = found["components"]["schemas"]
        schemas["Problem"] = Problem.model_json_schema()
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
    assert app.openapi_schema is not None
    return app.openapi_schema

"""From a list of routes to a running process."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence

import uvicorn
from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Scope

from .config import Settings
from .context import Context
from .errors import ShopError
from .server import FACTS, Observed, Queue

EXIT_OUT_OF_MEMORY = 137
MEMORY_CHECK_S = 0.5


def serve(make_routes: Callable[[Context], Sequence[BaseRoute]], *, edge=None) -> None:
    """Run one service until it is told to stop; `edge` may wrap the application."""
    settings = Settings.from_environment()
    ctx = Context(settings)
    app = build(ctx, make_routes(ctx), edge)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=settings.port,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run()


def build(ctx: Context, routes: Sequence[BaseRoute], edge=None) -> ASGIApp:
    """Observed(edge(Queue(Starlette)))."""

    def answer(scope: Scope, error: Exception) -> Response:
        status = error.status if isinstance(error, ShopError) else 500
        if status >= 500:
            ctx.failed(scope[FACTS], status, error)
        text = str(error) if isinstance(error, ShopError) else "internal error"
        return JSONResponse({"error": text}, status)

    async def handler(request: Request, error: Exception) -> Response:
        return answer(request.scope, error)

    app: ASGIApp = Starlette(
        routes=[*routes, *own_routes(ctx)],
        exception_handlers={ShopError: handler, Exception: handler},
        lifespan=lambda _: lifespan(ctx),
    )
    app = Queue(app, ctx.settings.concurrency, answer)
    return Observed(edge(app, ctx) if edge else app, routes, ctx)


def own_routes(ctx: Context) -> list[Route]:
    async def metrics(request: Request) -> Response:
        if ctx.has_database:
            ctx.database.measure()
        return PlainTextResponse(generate_latest(ctx.metrics.registry))

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok", "instance": ctx.settings.instance})

    return [Route("/metrics", metrics), Route("/healthz", healthz)]


@contextlib.asynccontextmanager
async def lifespan(ctx: Context) -> AsyncIterator[None]:
    if ctx.has_database:
        await ctx.database.pool.open()
    guard = asyncio.create_task(guard_memory(ctx))
    ctx.log.info("started", **{"process.pid": os.getpid()})
    yield
    guard.cancel()
    ctx.log.info("stopping")
    await ctx.client.http.aclose()
    if ctx.has_database:
        await ctx.database.pool.close(timeout=0.5)


async def guard_memory(ctx: Context) -> None:
    """Leave before the host suffers: above the limit the process ends and is started again."""
    limit = ctx.settings.memory_limit_bytes
    while limit:
        used = resident_bytes()
        if used > limit:
            ctx.log.critical(f"out of memory: {used >> 20} MiB used of {limit >> 20} MiB")
            os._exit(EXIT_OUT_OF_MEMORY)
        await asyncio.sleep(MEMORY_CHECK_S)


def resident_bytes() -> int:
    """This process's resident memory; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0

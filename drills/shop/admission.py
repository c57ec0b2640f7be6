"""Bounded concurrency: a place per worker, a short wait, then an honest 503."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import Overloaded
from .server import UNWATCHED

QUEUE_TIMEOUT_S = 1.5

Answer = Callable[[Scope, Exception], Response]


class Queue:
    """Admits `limit` requests at once; the others wait, and are turned away after a while."""

    def __init__(self, app: ASGIApp, limit: int, answer: Answer) -> None:
        self.app = app
        self.limit = limit
        self.answer = answer
        self.places = asyncio.Semaphore(limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNWATCHED:
            await self.app(scope, receive, send)
            return
        if not await admitted(self.places.acquire()):
            await self.answer(scope, self.shed())(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            self.places.release()

    def shed(self) -> Overloaded:
        waited = f"request shed after {QUEUE_TIMEOUT_S:g} s in the queue"
        return Overloaded(f"{waited}: all {self.limit} workers are busy")


async def admitted(place: Awaitable[bool]) -> bool:
    try:
        return await asyncio.wait_for(place, QUEUE_TIMEOUT_S)
    except TimeoutError:
        return False

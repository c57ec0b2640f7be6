"""A proxy before an OpenAI-compatible endpoint. Who is compared asks there: calls and tokens are
counted alike for all, nobody is handed the key, and what is too much is refused alike."""

import json
import socket
from asyncio import to_thread
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ...errors import ModelUnavailable
from ...models.openai_model import NO_KEY, is_local
from ...settings import Settings

TOKENS, SECONDS = 200_000, 900.0
"""That one answer may take."""
USED_UP = {"error": {"message": "the tokens of this comparison are used up"}}


@dataclass
class Meter:
    """What went through."""

    url: str = ""  # where it is asked
    calls: int = 0
    tokens: int = 0  # read and written, as the endpoint says


@contextmanager
def counted(configured: Settings) -> Iterator[Meter]:
    """The proxy before the configured endpoint while the block runs; streams come in one piece.

    Raises ModelUnavailable where none is configured.
    """
    if not configured.endpoint:
        raise ModelUnavailable("no endpoint is configured: set WARROOM_MODEL_BASE_URL")
    meter, key, url = Meter(), configured.endpoint_key, configured.endpoint
    token = key.get_secret_value() if key else NO_KEY
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    client = httpx.Client(
        base_url=url, headers=headers, trust_env=not is_local(url), timeout=SECONDS
    )

    async def hand_on(request: Request) -> Response:
        if meter.tokens >= TOKENS:
            return JSONResponse(USED_UP, 400)
        place, asked = request.path_params["place"], await request.body()
        found = await to_thread(client.request, request.method, place, content=asked)
        meter.calls += request.method == "POST"
        meter.tokens += tokens_of(found.text)
        return Response(found.content, found.status_code, found.headers)

    app = Starlette(routes=[Route("/v1/{place:path}", hand_on, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:  # who asks early waits
        meter.url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        running = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        running.start()
        try:
            yield meter
        finally:
            server.should_exit = True
            running.join()


def tokens_of(answer: str) -> int:
    """Read and written, as an answer or the last event of its stream says; else 0."""
    events = [line[5:] for line in answer.splitlines() if line.startswith("data:")]
    for event in reversed(events or [answer]):
        try:
            if usage := json.loads(event).get("usage"):
                return usage.get("prompt_tokens", 0) + usage.get("completion_tokens", 0)
        except (ValueError, AttributeError):
            continue
    return 0

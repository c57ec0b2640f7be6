"""Stand-ins for two external AI APIs with a token quota each, in one process.

They are somebody else's systems: no logs, no traces, hardly a metric. The quota is set
through PUT /quota/{tokens}?says=…&late_s=…&model=…, which customers of such an API do not have:
with a model named, only that one speaks so or is late.
"""

import asyncio
import random
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from .layout import QUOTA, Layout

NOUNS = ("atlas", "drum", "harp", "jug", "lantern", "kettle", "globe", "easel")
OVER = "You exceeded your current quota, please check your plan and billing details."


class Provider:
    """One API: answers until its tokens are used up."""

    def __init__(self) -> None:
        self.tokens = QUOTA
        self.says, self.late_s, self.model = "", 0.0, ""

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/completions", self.complete, methods=["POST"]),
                Route("/quota/{tokens:int}", self.set_quota, methods=["PUT"]),
                Route("/metrics", nothing),
            ]
        )

    async def complete(self, request: Request) -> JSONResponse:
        body = await request.json()
        used = len(body["prompt"]) // 4 + int(body.get("max_tokens", 16))
        if self.tokens < used:
            error = {"type": "insufficient_quota", "code": "insufficient_quota", "message": OVER}
            return JSONResponse({"error": error}, 429)
        self.tokens -= used
        ill = self.model in ("", body.get("model"))
        await asyncio.sleep(random.uniform(0.03, 0.09) + self.late_s * ill)
        text = (ill and self.says) or ", ".join(random.sample(NOUNS, 4))
        choice = {"text": text, "finish_reason": "stop"}
        return JSONResponse({"choices": [choice], "usage": {"total_tokens": used}})

    async def set_quota(self, request: Request) -> JSONResponse:
        self.tokens = request.path_params["tokens"]
        asked = request.query_params
        self.says, self.model = asked.get("says", ""), asked.get("model", "")
        self.late_s = float(asked.get("late_s", 0))
        return JSONResponse({"tokens": self.tokens})


async def nothing(request: Request) -> PlainTextResponse:
    return PlainTextResponse("")


async def main(root: Path) -> None:
    layout = Layout.load(root)
    servers = []
    for name in layout.world.providers:
        port = layout.ports[f"ai-{name}"]
        config = uvicorn.Config(Provider().app(), port=port, log_level="error", lifespan="off")
        servers.append(uvicorn.Server(config).serve())
    await asyncio.gather(*servers)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

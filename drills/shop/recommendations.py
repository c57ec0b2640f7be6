"""Recommendations: suggestions from an AI provider, remembered for a while."""

import re
import time
from collections import OrderedDict
from contextvars import ContextVar
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .client import Reply
from .context import Context
from .errors import ShopError, UpstreamFailed
from .server import FACTS, Bucket
from .service import serve

FRESH_S = 4.0
LARGEST_CACHE = 400
FEWEST = 3
TO_THE_MODEL = re.compile(r"\b(?:ignore|instructions?|system prompt)\b", re.IGNORECASE)
TASTES = "SELECT sku, title, category FROM products ORDER BY popularity DESC LIMIT %s"


class ProviderError(UpstreamFailed):
    """The AI provider refused or failed."""


class Guarded(ShopError):
    """The guardrail in front of the model refused it."""

    status = 403


class NoModel(ShopError):
    """What models.json says keeps this request from the model."""


CALLS = ContextVar("CALLS", default=0)
"""How often the model was asked for this request."""


class Suggestions:
    """The last suggestions per session: bounded, oldest out first."""

    def __init__(self, largest: int = LARGEST_CACHE, fresh_s: float = FRESH_S) -> None:
        self.largest = largest
        self.fresh_s = fresh_s
        self.entries: OrderedDict[str, tuple[float, Any]] = OrderedDict()

    def get(self, session: str, now: float) -> Any:
        made, items = self.entries.get(session, (-self.fresh_s, None))
        return items if now - made < self.fresh_s else None

    def put(self, session: str, items: Any, now: float) -> None:
        self.entries[session] = (now, items)
        while len(self.entries) > self.largest:
            self.entries.popitem(last=False)


class Recommendations:
    """GET /recommendations?session=..."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.cache = Suggestions()
        self.budget = Bucket(0)
        self.calls = Counter(
            "ai_requests",
            "Calls to the AI provider",
            ("provider", "outcome"),
            registry=ctx.metrics.registry,
        )
        names, told = ("gen_ai_provider_name", "gen_ai_request_model"), ctx.metrics.registry
        name = "gen_ai_client_operation_duration_seconds"
        self.seconds = Histogram(name, "Of a call to the model", names, registry=told)
        self.tokens = Counter("gen_ai_client_token_usage", "Tokens", names, registry=told)

    def routes(self) -> list[Route]:
        return [Route("/recommendations", self.recommend)]

    async def recommend(self, request: Request) -> JSONResponse:
        session, now = request.query_params.get("session", ""), time.monotonic()
        if TO_THE_MODEL.search(session):
            address = request.scope[FACTS]["client.address"]
            text = f"guardrail refused instructions in a session: {session[:80]}"
            self.ctx.log.warning(text, **{"client.address": address})
            raise Guarded("no such session")
        items = self.cache.get(session, now)
        if items is None:
            CALLS.set(0)
            try:
                items = await self.ask(session)
            except NoModel:
                popular = await self.ctx.database.rows(TASTES, (4,))
                return JSONResponse({"items": [row["title"] for row in popular]})
            self.cache.put(session, items, now)
        return JSONResponse({"items": items})

    async def ask(self, session: str) -> list[str]:
        """Ask the provider that providers.json names."""
        providers = self.ctx.config.providers.read()
        name = providers["recommendations"]["ai"]
        products = await self.ctx.database.rows(TASTES, (8,))
        prompt = f"Suggest for {session}: " + ", ".join(row["title"] for row in products)
        reply = await self.complete(name, providers["providers"][name]["url"], prompt)
        text = reply.body["choices"][0]["text"]
        items = text.split(", ")
        if len(items) < FEWEST:
            raise ProviderError(f"could not parse LLM output: {text[:80]!r}")
        return items

    async def complete(self, name: str, url: str, prompt: str) -> Reply:
        peer, began = f"ai-{name}", time.monotonic()
        model = self.allowed(began)
        outcome = "error"
        try:
            reply = await self.ctx.client.request(
                peer,
                "POST",
                f"{url}/v1/completions",
                route="/v1/completions",
                json={"model": model, "prompt": prompt, "max_tokens": 64},
            )
            outcome = "rate_limited" if reply.status == 429 else "ok"
        finally:
            self.calls.labels(name, outcome).inc()
            self.seconds.labels(name, model).observe(time.monotonic() - began)
        if reply.status != 200:
            code = reply.body.get("error", {}).get("code", "unknown")
            raise ProviderError(f"{peer} answered {reply.status} {code} to POST /v1/completions")
        self.tokens.labels(name, model).inc(reply.body["usage"]["total_tokens"])
        self.budget.tokens -= reply.body["usage"]["total_tokens"]
        return reply

    def allowed(self, now: float) -> str:
        """The model to ask. Raises NoModel where it is not to be asked, or not again."""
        use, asked = self.ctx.config.models.read()["recommendations"], CALLS.get()
        calls, tokens = use.get("calls_per_request"), use.get("tokens_per_minute")
        if tokens and self.budget.rate != tokens / 60:
            self.budget = Bucket(tokens / 60)  # what a call took is paid once it is over
        spent = (calls and asked >= calls) or (tokens and not self.budget.take(now))
        if use.get("canned") or spent:
            raise NoModel("answered without the model")
        CALLS.set(asked + 1)
        return use["model"]


if __name__ == "__main__":
    serve(lambda ctx: Recommendations(ctx).routes())

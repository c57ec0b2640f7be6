"""The edge gateway: the only service that customers reach."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .client import Reply
from .context import Context
from .errors import ShopError
from .server import FACTS, Edge
from .service import serve

FEATURED = 12


class Gateway:
    """Fans requests out to the services behind it."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def routes(self) -> list[Route]:
        return [
            Route("/", self.home),
            Route("/products", self.products),
            Route("/products/{sku}", self.product),
            Route("/search", self.search),
            Route("/recommendations", self.recommendations),
            Route("/login", self.login, methods=["POST"]),
            Route("/cart", self.cart, methods=["POST"]),
            Route("/checkout", self.checkout, methods=["POST"]),
        ]

    async def home(self, request: Request) -> JSONResponse:
        """Featured products, and suggestions when they can be had."""
        catalog, suggested = await asyncio.gather(
            self.get(request, "catalog", f"/products?limit={FEATURED}", "/products"),
            self.suggestions(request),
        )
        page = {"featured": catalog.body.get("products", []), "suggested": suggested}
        return JSONResponse(page, catalog.status)

    async def suggestions(self, request: Request) -> list[Any]:
        try:
            reply = await self.recommend(request)
        except ShopError as error:
            self.ctx.log.warning(f"home page without suggestions: {error}")
            return []
        return reply.body.get("items", [])

    async def products(self, request: Request) -> JSONResponse:
        return answer(await self.get(request, "catalog", f"/products?{request.url.query}"))

    async def product(self, request: Request) -> JSONResponse:
        path = f"/products/{request.path_params['sku']}"
        return answer(await self.get(request, "catalog", path, "/products/{sku}"))

    async def search(self, request: Request) -> JSONResponse:
        return answer(await self.get(request, "catalog", f"/search?{request.url.query}"))

    async def recommendations(self, request: Request) -> JSONResponse:
        return answer(await self.recommend(request))

    async def recommend(self, request: Request) -> Reply:
        path = f"/recommendations?session={request.headers.get('x-session', '')}"
        return await self.get(request, "recommendations", path, "/recommendations")

    async def login(self, request: Request) -> JSONResponse:
        return answer(await self.post(request, "login", "/login"))

    async def cart(self, request: Request) -> JSONResponse:
        return answer(await self.post(request, "checkout", "/cart"))

    async def checkout(self, request: Request) -> JSONResponse:
        return answer(await self.post(request, "checkout", "/checkout"))

    async def get(self, request: Request, service: str, path: str, route: str = "") -> Reply:
        return await self.ctx.client.call(
            service,
            "GET",
            path,
            route=route or path.partition("?")[0],
            headers=passed_on(request),
        )

    async def post(self, request: Request, service: str, path: str) -> Reply:
        body = await request.json()
        return await self.ctx.client.call(
            service, "POST", path, json=body, headers=passed_on(request)
        )


def passed_on(request: Request) -> dict[str, str]:
    """The headers that the services behind the edge get to see."""
    headers = {"x-forwarded-for": request.scope[FACTS]["client.address"]}
    for name in ("x-session", "user-agent"):
        if name in request.headers:
            headers[name] = request.headers[name]
    return headers


def answer(reply: Reply) -> JSONResponse:
    return JSONResponse(reply.body, reply.status)


if __name__ == "__main__":
    serve(lambda ctx: Gateway(ctx).routes(), edge=Edge)

"""The catalog: product pages, lists and search."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .context import Context
from .errors import BadRequest, NotFound, ShopError
from .service import serve

LIST_PRODUCTS = """
    SELECT sku, title, category, price_cents FROM products
    ORDER BY popularity DESC LIMIT %s OFFSET %s
"""
FIND_PRODUCT = """
    SELECT sku, title, category, description, price_cents FROM products WHERE sku = %s
"""
SEARCH = """
    WITH page AS MATERIALIZED (
        SELECT id, title, price_cents, popularity FROM listings
        WHERE keyword = %(term)s ORDER BY popularity DESC LIMIT 20
    )
    SELECT page.id, page.title, page.price_cents FROM page, ranking_weights(%(term)s) AS rank
    ORDER BY page.popularity * rank.weight DESC
"""
PAGE_SIZE = 24
LARGEST_PAGE = 100


class Catalog:
    """Reads products and listings; asks inventory what is in stock."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def routes(self) -> list[Route]:
        return [
            Route("/products", self.products),
            Route("/products/{sku}", self.product),
            Route("/search", self.search),
        ]

    async def products(self, request: Request) -> JSONResponse:
        limit = min(number(request, "limit", PAGE_SIZE), LARGEST_PAGE)
        page = number(request, "page", 0)
        rows = await self.ctx.database.rows(LIST_PRODUCTS, (limit, page * limit))
        return JSONResponse({"products": rows})

    async def product(self, request: Request) -> JSONResponse:
        sku = request.path_params["sku"]
        row = await self.ctx.database.row(FIND_PRODUCT, (sku,))
        if row is None:
            raise NotFound(f"no product {sku}")
        return JSONResponse({**row, "available": await self.available(sku)})

    async def available(self, sku: str) -> int | None:
        """Units in stock; None (the page says "ask us") when inventory cannot tell."""
        try:
            reply = await self.ctx.client.call(
                "inventory", "GET", f"/stock/{sku}", route="/stock/{sku}"
            )
        except ShopError as error:
            self.ctx.log.warning(f"availability of {sku} is not known: {error}")
            return None
        return reply.body.get("available")

    async def search(self, request: Request) -> JSONResponse:
        term = request.query_params.get("q", "").strip().lower()
        if not term:
            raise BadRequest("a search needs a term")
        rows: list[dict[str, Any]] = await self.ctx.database.rows(SEARCH, {"term": term})
        return JSONResponse({"term": term, "listings": rows})


def number(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, str(default))
    if not value.isdigit():
        raise BadRequest(f"{name} is a number, not {value!r}")
    return int(value)


if __name__ == "__main__":
    serve(lambda ctx: Catalog(ctx).routes())

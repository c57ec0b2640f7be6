"""Carts and checkout: price the cart, reserve the stock, take the payment."""

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .context import Context
from .errors import BadRequest
from .pricing import price
from .service import serve

ADD = "INSERT INTO cart_items (session, sku, quantity) VALUES (%s, %s, %s)"
LINES = """
    SELECT c.sku, sum(c.quantity)::int AS quantity, p.price_cents, p.category
    FROM cart_items c JOIN products p ON p.sku = c.sku
    WHERE c.session = %s GROUP BY c.sku, p.price_cents, p.category
"""
EMPTY = "DELETE FROM cart_items WHERE session = %s"
ORDER = "INSERT INTO orders (id, session, total_cents, coupon) VALUES (%s, %s, %s, %s)"


class Checkout:
    """POST /cart {"sku", "quantity"}, POST /checkout {"card", "brand", "coupon"}."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def routes(self) -> list[Route]:
        return [
            Route("/cart", self.add, methods=["POST"]),
            Route("/checkout", self.checkout, methods=["POST"]),
        ]

    async def add(self, request: Request) -> JSONResponse:
        body, session = await request.json(), session_of(request)
        await self.ctx.database.rows(ADD, (session, body["sku"], body["quantity"]))
        return JSONResponse({"lines": len(await self.lines(session))})

    async def lines(self, session: str) -> list[dict[str, Any]]:
        return await self.ctx.database.rows(LINES, (session,))

    async def checkout(self, request: Request) -> JSONResponse:
        body, session = await request.json(), session_of(request)
        lines = await self.lines(session)
        if not lines:
            raise BadRequest("the cart is empty")
        invoice = self.invoice(lines, body.get("coupon"))
        items = [{"sku": line["sku"], "quantity": line["quantity"]} for line in lines]
        reserved = await self.post("inventory", "/reserve", {"items": items})
        if reserved.status != 200:
            return JSONResponse(reserved.body, reserved.status)
        return await self.pay(session, items, invoice, body)

    def invoice(self, lines: list[dict[str, Any]], coupon: str | None) -> dict[str, int]:
        volume = bool(self.ctx.config.flag("volume-pricing"))
        with self.ctx.tracer.start_as_current_span(
            "price cart", attributes={"feature_flag.volume-pricing": volume}
        ):
            return price(lines, coupon, volume=volume)

    async def pay(
        self,
        session: str,
        items: list[dict[str, Any]],
        invoice: dict[str, int],
        body: dict[str, Any],
    ) -> JSONResponse:
        """Authorise the card, then the order is placed; a declined card frees the stock."""
        card = {"card": body["card"], "brand": body["brand"], "amount_cents": invoice["total"]}
        paid = await self.post("payments", "/authorise", card)
        if paid.status != 200:
            await self.post("inventory", "/release", {"items": items})
            return JSONResponse(paid.body, paid.status)
        order = uuid.uuid4().hex
        await self.ctx.database.rows(ORDER, (order, session, invoice["total"], body.get("coupon")))
        await self.ctx.database.rows(EMPTY, (session,))
        return JSONResponse({"order": order, **invoice})

    async def post(self, service: str, path: str, body: dict[str, Any]):
        return await self.ctx.client.call(service, "POST", path, json=body)


def session_of(request: Request) -> str:
    session = request.headers.get("x-session")
    if not session:
        raise BadRequest("the X-Session header is needed")
    return session


if __name__ == "__main__":
    serve(lambda ctx: Checkout(ctx).routes())

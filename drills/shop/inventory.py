"""Inventory: what is in stock, and reservations against it."""

import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .context import Context
from .errors import NotFound
from .service import serve

FIND = "SELECT sku, on_hand, reserved, warehouse, attributes FROM stock WHERE sku = %s"
TAKE = "UPDATE stock SET on_hand = on_hand - %s WHERE sku = %s AND on_hand >= %s RETURNING sku"
PUT_BACK = "UPDATE stock SET on_hand = on_hand + %s WHERE sku = %s"


class StockRecordError(Exception):
    """A row of the stock table that makes no sense."""


@dataclass(frozen=True)
class Stock:
    """One row of the stock table, checked."""

    sku: str
    on_hand: int
    reserved: int
    warehouse: str
    weight_g: int

    @classmethod
    def decode(cls, row: dict[str, Any]) -> "Stock":
        sku, on_hand, reserved = row["sku"], row["on_hand"], row["reserved"]
        if on_hand < 0 or reserved < 0:
            raise StockRecordError(
                f"stock record {sku} is invalid: on_hand={on_hand} reserved={reserved}"
            )
        try:
            weight = int(json.loads(row["attributes"])["weight_g"])
        except (ValueError, KeyError, TypeError) as error:
            raise StockRecordError(
                f"stock record {sku} is invalid: attributes cannot be read"
            ) from error
        return cls(sku, on_hand, reserved, row["warehouse"], weight)

    @property
    def available(self) -> int:
        return max(0, self.on_hand - self.reserved)


class Inventory:
    """GET /stock/{sku}, POST /reserve, POST /release."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def routes(self) -> list[Route]:
        return [
            Route("/stock/{sku}", self.stock),
            Route("/reserve", self.reserve, methods=["POST"]),
            Route("/release", self.release, methods=["POST"]),
        ]

    async def stock(self, request: Request) -> JSONResponse:
        stock = await self.find(request.path_params["sku"])
        return JSONResponse({"sku": stock.sku, "available": stock.available})

    async def find(self, sku: str) -> Stock:
        row = await self.ctx.database.row(FIND, (sku,))
        if row is None:
            raise NotFound(f"no stock record for {sku}")
        return Stock.decode(row)

    async def reserve(self, request: Request) -> JSONResponse:
        """Take every item, or none: 409 names the one that is short."""
        items = (await request.json())["items"]
        weight, taken = 0, []
        for item in items:
            sku, quantity = item["sku"], item["quantity"]
            weight += (await self.find(sku)).weight_g * quantity
            if not await self.ctx.database.row(TAKE, (quantity, sku, quantity)):
                await self.put_back(taken)
                return JSONResponse({"error": "out of stock", "sku": sku}, 409)
            taken.append(item)
        return JSONResponse({"weight_g": weight})

    async def release(self, request: Request) -> JSONResponse:
        await self.put_back((await request.json())["items"])
        return JSONResponse({})

    async def put_back(self, items: list[dict[str, Any]]) -> None:
        for item in items:
            await self.ctx.database.rows(PUT_BACK, (item["quantity"], item["sku"]))


if __name__ == "__main__":
    serve(lambda ctx: Inventory(ctx).routes())

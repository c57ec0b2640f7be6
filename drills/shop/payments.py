"""Payments: authorises cards with their issuers and keeps the ledger."""

import asyncio
import random
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .context import Context
from .service import serve

INSERT = "INSERT INTO payments (id, amount_cents, brand, outcome) VALUES (%s, %s, %s, %s)"
DECLINED_SUFFIX = "0002"
CALL_BACK_BRANDS = {"jcb"}  # these issuers decline first and may call back to change their mind


class Payments:
    """POST /authorise {"card", "brand", "amount_cents"}: 200, or 402 when declined."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.held: dict[str, Any] = {}  # open transactions by payment

    def routes(self) -> list[Route]:
        return [
            Route("/authorise", self.authorise, methods=["POST"]),
            Route("/issuer/{payment}", self.called_back, methods=["POST"]),
        ]

    async def authorise(self, request: Request) -> JSONResponse:
        body = await request.json()
        payment, brand, amount = uuid.uuid4().hex, body["brand"], body["amount_cents"]
        approved = await self.ask_issuer(body["card"])
        if not approved and brand in CALL_BACK_BRANDS:
            await self.hold(payment, amount, brand)
        else:
            outcome = "approved" if approved else "declined"
            await self.ctx.database.rows(INSERT, (payment, amount, brand, outcome))
        if approved:
            return JSONResponse({"payment": payment})
        self.ctx.log.info(f"card declined by the issuer, brand {brand}")
        return JSONResponse({"error": "card declined", "payment": payment}, 402)

    async def ask_issuer(self, card: str) -> bool:
        with self.ctx.tracer.start_as_current_span("issuer authorisation"):
            await asyncio.sleep(random.uniform(0.02, 0.05))  # the card network's round trip
        return not card.endswith(DECLINED_SUFFIX)

    async def hold(self, payment: str, amount: int, brand: str) -> None:
        """Keep the row uncommitted until the issuer calls back with the final word."""
        connection = await self.ctx.database.take()
        await self.ctx.database.run(connection, "BEGIN")
        await self.ctx.database.run(connection, INSERT, (payment, amount, brand, "declined"))
        self.held[payment] = connection

    async def called_back(self, request: Request) -> JSONResponse:
        connection = self.held.pop(request.path_params["payment"], None)
        if connection is None:
            return JSONResponse({"error": "no such payment is held"}, 404)
        await self.ctx.database.run(connection, "COMMIT")
        await self.ctx.database.give_back(connection)
        return JSONResponse({})


if __name__ == "__main__":
    serve(lambda ctx: Payments(ctx).routes())

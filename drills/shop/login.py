"""Login: checks a password and hands out a session token."""

import asyncio
import secrets

from prometheus_client import Counter
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .context import Context
from .errors import BadRequest
from .passwords import matches
from .server import FACTS
from .service import serve

FIND_USER = "SELECT id, name, password FROM users WHERE name = %s"


class Login:
    """POST /login {"user", "password"}: 200 with a token, or 401."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.attempts = Counter(
            "login_attempts", "Logins by outcome", ("outcome",), registry=ctx.metrics.registry
        )

    def routes(self) -> list[Route]:
        return [Route("/login", self.login, methods=["POST"])]

    async def login(self, request: Request) -> JSONResponse:
        body = await request.json()
        name, password = body.get("user"), body.get("password")
        if not isinstance(name, str) or not isinstance(password, str):
            raise BadRequest("user and password are needed")
        user = await self.ctx.database.row(FIND_USER, (name,))
        if user is None:
            return self.refuse(request, name, "unknown_user")
        if not await asyncio.to_thread(matches, password, user["password"]):
            return self.refuse(request, name, "wrong_password")
        self.attempts.labels("success").inc()
        return JSONResponse({"user": user["id"], "token": secrets.token_hex(16)})

    def refuse(self, request: Request, name: str, outcome: str) -> JSONResponse:
        self.attempts.labels(outcome).inc()
        facts = request.scope[FACTS]
        self.ctx.log.warning(
            f"login failed for {name}: {outcome.replace('_', ' ')}",
            **{
                "user.name": name,
                "client.address": facts["client.address"],
                "user_agent.original": request.headers.get("user-agent", ""),
                "http.route": facts["http.route"],
            },
        )
        return JSONResponse({"error": "wrong user or password"}, 401)


if __name__ == "__main__":
    serve(lambda ctx: Login(ctx).routes())

"""POST /slack/events: what Slack sends where it reaches us by HTTP, signed as it signs: an HMAC of
the time and the body, no more than five minutes old. The same again is done once."""

from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from slack_sdk.signature import SignatureVerifier
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from ..chat.bot import Bot
from ..chat.handling import parsed
from ..errors import ToolFailed
from ..outgoing import read_secret

SLACK = APIRouter(include_in_schema=False)
MOST_BYTES = 512 * 1024


@SLACK.post("/slack/events", max_body_size=MOST_BYTES)
async def take(request: Request) -> Response:
    """Events, buttons, forms and commands: all of them come here."""
    bot: Bot | None = getattr(request.app.state, "chat", None)
    if bot is None or bot.told.mode != "http":
        return Response(status_code=404)
    body = await request.body()
    try:
        if len(body) > MOST_BYTES or not _signed(bot, body, request):
            return Response(status_code=401)
    except ToolFailed:
        return Response(status_code=503)
    payload = _payload(body, request.headers.get("content-type", ""))
    if payload.get("type") == "url_verification":
        return JSONResponse({"challenge": str(payload.get("challenge", ""))[:200]})
    taken = await run_in_threadpool(bot.handler.take, payload)
    bot.follow(taken)
    return JSONResponse(taken.reply) if taken.reply else Response(status_code=200)


def _signed(bot: Bot, body: bytes, request: Request) -> bool:
    assert bot.told.signing_secret_file is not None
    at = request.headers.get("x-slack-request-timestamp", "")
    if not at.isdecimal() or len(at) > 12:
        return False
    secret = read_secret(bot.told.signing_secret_file)
    return SignatureVerifier(secret).is_valid(
        body, at, request.headers.get("x-slack-signature", "")
    )


def _payload(body: bytes, kind: str) -> dict[str, Any]:
    text = body.decode("utf-8", "replace")
    if "json" in kind:
        return parsed(text)
    fields = {name: values[0] for name, values in parse_qs(text, max_num_fields=50).items()}
    return parsed(fields["payload"]) if "payload" in fields else fields

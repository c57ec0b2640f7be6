"""Slack's Web API as we use it: one try a call, and whether a failed one may have had an effect."""

import time
from http.client import HTTPException
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import WebClient

from ..app.chatting import Slack
from ..errors import ChatAway, InputError
from ..outgoing import read_secret
from .cards import Block, Card

TIMEOUT_S = 10
EVENT = "warroom"
"""Of the metadata by which we know our own messages again."""


class Workspace:
    """One workspace; the token is read when it is opened. Raises ToolFailed without one."""

    def __init__(self, told: Slack) -> None:
        token = read_secret(told.bot_token_file)
        self.web = WebClient(token, told.url, TIMEOUT_S, retry_handlers=[])
        self._own = ""
        self._quiet: dict[str, float] = {}  # methods that are left alone, until when

    def call(self, method: str, **asked: Any) -> dict[str, Any]:
        """What it answers. Raises ChatAway where it cannot now, InputError where it will not."""
        if (wait := self._quiet.get(method, 0.0) - time.monotonic()) > 0:
            raise ChatAway(f"Slack's {method} is left alone for now", wait=wait)
        try:
            return dict(self.web.api_call(method, json=asked).data)  # pyright: ignore
        except SlackApiError as error:
            refused = _refused(method, error)
            if isinstance(refused, ChatAway) and refused.wait:
                self._quiet[method] = time.monotonic() + refused.wait
            raise refused from error
        except (SlackClientError, HTTPException, OSError, ValueError) as error:
            raise ChatAway(f"Slack's {method}: {type(error).__name__}", unsure=True) from error

    def post(self, channel: str, card: Card, key: str, thread: str = "") -> tuple[str, str]:
        """Channel and ts of a new message. Raises as `call`."""
        asked = {**_message(card), "channel": channel, "metadata": _metadata(key)}
        asked |= {"unfurl_links": False, "unfurl_media": False}
        found = self.call("chat.postMessage", **asked, **({"thread_ts": thread} if thread else {}))
        return str(found["channel"]), str(found["ts"])

    def edit(self, channel: str, ts: str, card: Card, key: str) -> None:
        """Have a message say this; again does no harm. Raises as `call`."""
        told = {"channel": channel, "ts": ts, "metadata": _metadata(key)}
        self.call("chat.update", **_message(card), **told)

    def ours(self, channel: str, thread: str = "") -> dict[str, str]:
        """Messages of ours by their keys, with their ts: what arrived although nobody heard so.
        Raises as `call`."""
        method = "conversations.replies" if thread else "conversations.history"
        asked: dict[str, Any] = {"channel": channel, "include_all_metadata": True, "limit": 200}
        found = self.call(method, **asked, **({"ts": thread} if thread else {}))
        return {key: str(m["ts"]) for m in found.get("messages", []) if (key := _key(m))}

    def whisper(self, channel: str, user: str, text: str) -> None:
        """Tell one person something, in a channel. Raises as `call`."""
        self.call("chat.postEphemeral", channel=channel, user=user, text=text, mrkdwn=False)

    def ask(self, trigger: str, view: Block) -> None:
        """Open a form before somebody who just pressed a button. Raises as `call`."""
        self.call("views.open", trigger_id=trigger, view=view)

    def user(self, user: str) -> dict[str, Any]:
        """Somebody's profile; of another workspace than ours it is empty. Raises as `call`."""
        self._own = self._own or str(self.call("auth.test").get("team_id", ""))
        found = self.call("users.info", user=user).get("user", {})
        return found if found.get("team_id") == self._own else {}


def _message(card: Card) -> dict[str, Any]:
    return {"text": _escaped(card.text), "blocks": list(card.blocks), "mrkdwn": False}


def _escaped(text: str) -> str:
    """So that no mention comes of it, in a notification either."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _metadata(key: str) -> Block:
    return {"event_type": EVENT, "event_payload": {"key": key}}


def _key(message: dict[str, Any]) -> str:
    about = message.get("metadata") or {}
    return about.get("event_payload", {}).get("key", "") if about.get("event_type") == EVENT else ""


def _refused(method: str, error: SlackApiError) -> ChatAway | InputError:
    response: Any = error.response
    status = getattr(response, "status_code", 200)
    if status == 429:
        after = str(next(iter(_header(response, "retry-after")), "30"))
        wait = float(after) if after.isdigit() else 30.0
        return ChatAway(f"Slack's {method} asks to be left alone for {wait:.0f} s", wait=wait)
    said = response.get("error", "") if hasattr(response, "get") and status < 500 else ""
    if said in ("", "internal_error", "fatal_error", "service_unavailable", "request_timeout"):
        return ChatAway(f"Slack's {method} answers {status} {said}".strip(), unsure=True)
    return InputError(f"Slack's {method} says {said}: look at the app's scopes and its channels")


def _header(response: Any, name: str) -> list[str]:
    found = {key.lower(): value for key, value in (response.headers or {}).items()}.get(name, [])
    return [found] if isinstance(found, str) else list(found)

"""Chat over a store and a Slack on loopback."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from warroom.app.chatting import Slack
from warroom.chat.handling import Handler
from warroom.chat.people import People
from warroom.chat.posting import Poster
from warroom.chat.workspace import Workspace
from warroom.incident.action import ActionPlan
from warroom.incident.document import Incident
from warroom.record.accounts import Accounts
from warroom.record.ledger import Asks, Request
from warroom.record.store import Store
from warroom.record.tokens import Role
from warroom.settings import Settings
from warroom.tests.support.incidents import running
from warroom.tests.support.slack_workspace import FakeSlack

PAGE = "https://warroom.example.org"


@dataclass
class Chat:
    """One server's part."""

    store: Store
    slack: FakeSlack
    told: Slack
    poster: Poster
    handler: Handler

    def incident(self, name: str = "INC-1", **more: object) -> Incident:
        """One that runs."""
        document = running().model_copy(update={"id": name, **more})
        self.store.create(document)
        with self.store.engine.begin() as connection:
            connection.execute(text("UPDATE incidents SET taken_at = :now"), {"now": time.time()})
        return document

    def asks(self, document: Incident, number: int = 1, wanted: int = 1) -> ActionPlan:
        """It asks about a plan of its own."""
        plan = document.proposals[number]
        now = time.time()
        told = (document.id, plan.hash, Asks.action.value, plan.title, now, now + 900)
        self.store.ledger.ask(Request(*told, wanted=wanted))
        return plan

    def round(self, later: bool = True) -> None:
        """As when a while has passed."""
        if later:
            with self.store.engine.begin() as connection:
                connection.execute(text("UPDATE chats SET due_at = 0"))
        self.poster._all_at = 0.0
        self.poster.round()

    def press(self, user: str, button: dict[str, Any]) -> None:
        """Somebody presses a button, and everything that follows is done."""
        pressed = {"action_id": button["action_id"], "value": button["value"]}
        payload = {"type": "block_actions", "user": {"id": user}, "actions": [pressed]}
        payload |= {"channel": {"id": "C100"}, "trigger_id": "t1"}
        taken = self.handler.take(payload)
        assert taken.later
        taken.later()

    def says(self, user: str, words: str) -> str:
        """What /warroom answers."""
        asked = {"command": "/warroom", "text": words, "user_id": user, "channel_id": "C100"}
        reply = self.handler.take(asked).reply
        assert reply and reply["response_type"] == "ephemeral"
        return reply["blocks"][0]["text"]["text"]

    def whispered(self) -> str:
        return self.slack.whispers[-1]["text"] if self.slack.whispers else ""


def configured(home: Path, slack: FakeSlack, **more: object) -> Slack:
    """The section of warroom.yaml, with its secrets."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("xoxb", "xapp", "secret"):
        (home / name).write_text(f"{name}-0123456789")
    told = {"bot_token_file": home / "xoxb", "app_token_file": home / "xapp", "url": slack.url}
    told |= {"signing_secret_file": home / "secret", "channels": {"default": "C100"}}
    told["users"] = {"U1ANN": "ann", "U2BEN": "ben", "U3OBS": "obs"}
    return Slack.model_validate({**told, **more})


def people(store: Store, names: Sequence[str] = ("ann", "ben")) -> None:
    """Accounts: commanders, and one who only looks."""
    accounts = Accounts(store.engine)
    for name in names:
        accounts.create(name, Role.commander, by="test")
    accounts.create("obs", Role.observer, by="test")


def chat(home: Path, place: Path | str, slack: FakeSlack, **more: object) -> Chat:
    """Over this database; of several over one, the accounts are made once."""
    store, told = Store.open(place), configured(home, slack, **more)
    if not Accounts(store.engine).all():
        people(store)
    workspace = Workspace(told)
    poster = Poster(Settings(home=home), store, told, workspace, PAGE)
    handler = Handler(store, People(store, told, workspace), workspace, lambda: None)
    return Chat(store, slack, told, poster, handler)

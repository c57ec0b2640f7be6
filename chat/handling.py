"""What people do in Slack: buttons, a form, a command, questions. Each is what the page of its name
does, under the same policy; whoever is too late is told who was first."""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..agents.reporting.wording import headline
from ..app.decisions import approve, reject
from ..app.escalating import acknowledge
from ..app.record import masked, masked_content
from ..errors import ChatAway, InputError, WarroomError
from ..incident.document import Incident
from ..incident.lifecycle import ACTIVE
from ..record.chat import Chats
from ..record.lists import incidents
from ..record.store import Store
from ..record.tokens import Role
from ..text_safety.lines import one_line
from .answers import HELP, answer
from .by_hand import COMMANDS, listed, resumed
from .cards import ACKNOWLEDGE, APPROVE, REJECT, Card, decidable, section, words
from .people import People, Person
from .workspace import Workspace

log = logging.getLogger(__name__)
INCIDENT = re.compile(r"\bINC-[A-Za-z0-9-]{1,60}\b")
MENTION = re.compile(r"<[@!#][^>]*>")
LISTED = 10
Payload = dict[str, Any]


@dataclass(frozen=True)
class Taken:
    """What is answered at once, within Slack's three seconds, and what is done after that."""

    reply: Payload | None = None
    later: Callable[[], None] | None = None


class Handler:
    """Over one record and one workspace; `changed` is told when something was decided."""

    def __init__(
        self, store: Store, people: People, workspace: Workspace, changed: Callable[[], None]
    ) -> None:
        self.store, self.people, self.workspace = store, people, workspace
        self.changed, self.chats = changed, Chats(store.engine)

    def take(self, payload: Payload) -> Taken:
        """One payload of Slack's, whose sender was authenticated: however it came."""
        kind = "command" if "command" in payload else payload.get("type")
        if kind == "command":
            return Taken(_whispered(self._safely(lambda: self._command(payload))))
        if kind == "view_submission":
            return Taken(self._rejected(payload))
        if kind == "block_actions":
            return Taken(later=lambda: self._pressed(payload))
        if kind == "event_callback" and self._mentions(payload):
            return Taken(later=lambda: self._mentioned(payload["event"]))
        return Taken()

    def _safely(self, tell: Callable[[], str]) -> str:
        """What it says, or why it does not."""
        try:
            return tell()
        except WarroomError as error:
            return str(error)
        except (KeyError, TypeError, IndexError, AttributeError, ValueError):
            log.warning("chat: a payload of another shape than documented")
            return "Slack sent something that I cannot read: use the page"

    # Commands and questions.

    def _command(self, payload: Payload) -> str:
        text = str(payload.get("text", ""))[:500].strip()
        word, _, rest = text.partition(" ")
        if word in ("", "help"):
            return HELP
        who = self.people.person(payload["user_id"])
        if word == "ack":
            return self._acknowledged(who, self._named(who, rest).id)
        if word in COMMANDS:
            return self._by_hand(who, word, rest)
        if word == "alerts":
            return listed(self.store, self.people.seen(who, rest.strip()))
        if word == "resume":
            incident = self.people.seen(who, rest.strip(), Role.responder)
            return resumed(self.store, incident, who.identity)
        if word == "list":
            return self._list(who)
        return self._answer(self._named(who, text), text)

    def _by_hand(self, who: Person, word: str, rest: str) -> str:
        (act, _words), (incident, _, text) = COMMANDS[word], rest.strip().partition(" ")
        self.people.seen(who, incident, act.needs)
        said = COMMANDS[word].read(text.strip(), who.identity)
        for other in act.others(said):  # it is changed too
            self.people.seen(who, other, act.needs)
        now = act.do(self.store, incident, said, who.identity)
        self.changed()
        return f"{now}: it is so, under your name."

    def _list(self, who: Person) -> str:
        rows = incidents(self.store.engine, ACTIVE, limit=LISTED, sight=who.sight).items
        found = [
            f"{row.severity or '-'} {row.id} {row.state}: {headline(row.title)}" for row in rows
        ]
        return str(masked_content("\n".join(found))) or "Nothing runs."

    def _named(self, who: Person, text: str) -> Incident:
        """The incident of this id; the newest of a service that is named, running ones first."""
        if found := INCIDENT.search(text):
            return masked(self.store.load(self.people.seen(who, found[0])))
        said = set(re.findall(r"[\w.-]+", text.casefold()))
        for states in (ACTIVE, ()):
            rows = incidents(self.store.engine, states, limit=50, sight=who.sight).items
            for row in rows:
                if row.service and row.service.casefold() in said:
                    return masked(self.store.load(row.id))
        raise InputError(f"no incident of that name or service is yours to see\n{HELP}")

    def _answer(self, doc: Incident, question: str) -> str:
        return answer(doc, question, self.store.ledger.waiting(doc.id))

    def _mentions(self, payload: Payload) -> bool:
        """Whether it is a question, and comes for the first time."""
        event, known = payload.get("event"), str(payload.get("event_id", ""))[:100]
        if not isinstance(event, dict) or event.get("type") != "app_mention" or not known:
            return False
        return not event.get("bot_id") and self.chats.first(known)

    def _mentioned(self, event: Payload) -> None:
        channel, user = str(event.get("channel", "")), str(event.get("user", ""))
        thread, text = str(event.get("thread_ts", "")), MENTION.sub(" ", str(event.get("text", "")))
        incident = self.chats.at(channel, thread)

        def tell() -> str:
            who = self.people.person(user)
            if incident:
                return self._answer(masked(self.store.load(self.people.seen(who, incident))), text)
            return self._answer(self._named(who, text), text)

        said = self._safely(tell)
        if incident and said.startswith(incident):
            card = Card([section(said)], said.partition("\n")[0])
            self._sent(lambda: self.workspace.post(channel, card, f"answer {event['ts']}", thread))
        else:
            self._sent(lambda: self.workspace.whisper(channel, user, said))

    # Buttons and the form.

    def _pressed(self, payload: Payload) -> None:
        user, channel = (payload.get(of, {}).get("id", "") for of in ("user", "channel"))
        if said := self._safely(lambda: self._act(payload)):
            self._sent(lambda: self.workspace.whisper(channel, user, said))

    def _act(self, payload: Payload) -> str:
        pressed, user = payload["actions"][0], payload["user"]["id"]
        act = str(pressed["action_id"]).partition(" ")[0]
        incident, _, subject = str(pressed.get("value", "")).partition(" ")
        if act == ACKNOWLEDGE:
            return self._acknowledged(self.people.person(user), incident)
        if act not in (APPROVE, REJECT):
            return ""
        who = self._decider(user, incident, subject)
        if act == REJECT:
            self.workspace.ask(payload["trigger_id"], _form(incident, subject))
            return ""
        approve(self.store, incident, subject, who.identity)
        self.changed()
        return ""

    def _decider(self, user: str, incident: str, subject: str) -> Person:
        who = self.people.person(user)
        doc = masked(self.store.load(self.people.seen(who, incident, Role.commander)))
        if decidable(doc, self.store.ledger.request(incident, subject)) is None:
            raise InputError("this is decided on its page, where all of it is shown")
        return who

    def _acknowledged(self, who: Person, incident: str) -> str:
        acknowledge(self.store, self.people.seen(who, incident, Role.responder), who.identity)
        self.changed()
        return f"{incident} is yours."

    def _rejected(self, payload: Payload) -> Payload:
        """Nothing where it was; else what is wrong, in the form."""

        def decide() -> str:
            view = payload["view"]
            incident, _, subject = str(view["private_metadata"]).partition(" ")
            reason = str(view["state"]["values"]["reason"]["reason"]["value"] or "")[:2000]
            who = self._decider(payload["user"]["id"], incident, subject)
            reject(self.store, incident, subject, who.identity, one_line(reason))
            self.changed()
            return ""

        wrong = self._safely(decide)
        return {"response_action": "errors", "errors": {"reason": wrong[:150]}} if wrong else {}

    def _sent(self, send: Callable[[], object]) -> None:
        try:
            send()
        except (ChatAway, InputError) as error:  # the record has it all the same
            log.warning("chat: an answer was lost: %s", error)


def _whispered(text: str) -> Payload:
    return {"response_type": "ephemeral", "text": " ", "blocks": [section(text)]}


def _form(incident: str, subject: str) -> Payload:
    field = {"type": "plain_text_input", "action_id": "reason", "multiline": True}
    field |= {
        "max_length": 2000,
        "placeholder": words("the response reads it, and people after you"),
    }
    label = {"label": words("Why not?"), "block_id": "reason", "element": field}
    return {
        "type": "modal",
        "callback_id": REJECT,
        "private_metadata": f"{incident} {subject}",
        "title": words("Reject", 24),
        "submit": words("Reject", 24),
        "close": words("Not yet", 24),
        "blocks": [{"type": "input", **label}],
    }


def parsed(text: str) -> Payload:
    """JSON that came from outside; nothing where it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

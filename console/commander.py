"""The commander's decision: one exact plan or text, all of it that matters, a yes or a no.

At the prompt of a response, or from anywhere by `warroom approve` and `warroom reject`.
"""

import select
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..actions.catalogue import CATALOGUE
from ..agents.runtime.context import ResponseContext
from ..app.configuration import settings
from ..app.decisions import approve, changed, edit, put_edited, reject
from ..app.record import Record
from ..app.words import clock, seconds
from ..errors import ApprovalError, ToolError
from ..incident.action import ActionPlan, Decision, Verdict
from ..incident.communication import Message
from ..incident.document import Incident
from ..incident.evidence import Quote, short
from ..incident.identity import at_terminal
from ..incident.timeline import from_ts, utc_now
from ..record.ledger import Asks, Request
from .desk import print_json
from .exits import Exit
from .screen import heading, line, say, screen, shown

RISK = {"low": "good", "medium": "watch", "high": "bad"}
QUOTES, LOOK_S = 5, 0.5


def card(
    plan: ActionPlan, document: Incident, expires: datetime | None, now: datetime
) -> RenderableType:
    """Two columns: what it is, what it risks, why, how it is checked and undone, until when."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for label, content in _rows(plan, document):
        table.add_row(f"  {label}", content)
    if expires:
        left = (expires - now).total_seconds()
        until = f"{clock(expires)} UTC (in {seconds(max(left, 0.0))})"
        table.add_row("  expires", Text(until))
    return table


def _rows(plan: ActionPlan, document: Incident) -> list[tuple[str, Text]]:
    rows = [
        ("action", Text(f"{plan.kind} {shown(plan.target)}", "strong")),
        *(("parameter", Text(_whole(key, value))) for key, value in plan.parameters.items()),
        *(("only while", Text(f"{key} is {shown(str(was))}")) for key, was in plan.found.items()),
        ("risk", Text(plan.risk.value, RISK[plan.risk.value])),
        ("who notices", Text(shown(plan.blast_radius))),
        ("expected", Text(shown(plan.expected_effect))),
        ("verified by", Text(shown(plan.verification))),
        ("undo", Text(shown(plan.undo), "" if plan.reversible else "bad")),
        ("why", Text(shown(plan.rationale))),
    ]
    if plan.kind in CATALOGUE:
        rows.append(("runbook", Text(CATALOGUE[plan.kind].profile.runbook)))
    cause = next((h for h in document.hypotheses if h.id == plan.hypothesis), None)
    if cause:
        text = f"{cause.id}, {cause.confidence:.0%}: {shown(cause.statement)}"
        rows.append(("cause", Text(text)))
    rows += [("evidence", Text(_quote(quote, document))) for quote in plan.quotes[:QUOTES]]
    return [*rows, ("plan", Text(plan.short_hash, "strong"))]


def _whole(key: str, value: object) -> str:
    """Every character of it: nobody approves what is not shown."""
    return f"{shown(key)} = {shown(value, len(str(value)))}"


def _quote(quote: Quote, document: Incident) -> str:
    """E4 failure_origins: share = 0.93."""
    record = next((item for item in document.evidence if item.id == quote.evidence), None)
    name = quote.pointer.rsplit("/", 1)[-1] or "value"
    tool = f" {record.tool}" if record else ""
    return f"{quote.evidence}{tool}: {name} = {shown(quote.value, 120)}"


def text_card(message: Message, expires: datetime) -> RenderableType:
    """Audience, channels, subject and the whole body."""
    body = Text("\n".join(shown(row, len(row)) for row in message.body.splitlines()))
    return Group(
        line(("  to       ", "dim"), f"{message.audience.value} by {', '.join(message.channels)}"),
        line(("  subject  ", "dim"), (shown(message.subject), "strong")),
        Padding(body, (1, 2, 1, 4)),
        line(("  text     ", "dim"), (short(message.hash), "strong")),
        line(("  expires  ", "dim"), f"{clock(expires)} UTC"),
    )


Ask = Callable[[str], str]
CHOICES = {"a": "approve", "r": "reject", "e": "edit", "l": "later"}


class Prompt:
    """Asks the person at the terminal; an end of input leaves the question open."""

    def __init__(
        self,
        console: Console,
        context: ResponseContext,
        ask: Ask | None = None,
        by: str = "on-call commander",
    ) -> None:
        self.console = console
        self.context = context
        self.ask = ask or self._fresh
        self.by = at_terminal(by)
        self.request: Request | None = None

    def _fresh(self, question: str) -> str:
        """An answer given to this question: what was typed before it was asked is no answer.

        Raises ApprovalError where somebody answers elsewhere meanwhile, on a page perhaps.
        """
        with suppress(termios.error, OSError, ValueError):  # no terminal: nothing to type ahead on
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        self.console.print(question, end="")
        while not select.select([sys.stdin], [], [], LOOK_S)[0]:
            if answer := self._answered():
                self.console.print()
                raise ApprovalError(f"{answer.verdict.value} by {answer.by} meanwhile")
        if not (typed := sys.stdin.readline()):
            raise EOFError
        return typed

    def _answered(self) -> Decision | None:
        asked = self.request
        ledger = self.context.store.ledger
        return ledger.decision(asked.incident_id, asked.subject) if asked else None

    def __call__(self, request: Request) -> bool:
        """Show what is asked and record the answer; False: no answer was given."""
        self.request = request
        try:
            match request.kind:
                case Asks.action:
                    return self._action(request)
                case Asks.effect:
                    return self._effect(request)
            return self._text(request)
        except EOFError:
            return False
        except ApprovalError as error:  # somebody else answered meanwhile: that counts
            say(self.console, ("  ", ""), shown(error))
            return True

    def _action(self, request: Request) -> bool:
        document = self.context.store.load(request.incident_id)
        plan = document.plan(request.subject)
        if plan is None:
            return False
        self._title(f"Decision · {plan.title}")
        expires = from_ts(request.expires_at)
        self.console.print(card(plan, document, expires, utc_now()))
        while True:
            match self._choice("are"):
                case "approve":
                    return self._decide(request, Verdict.approved)
                case "reject":
                    return self._decide(request, Verdict.rejected, self._reason())
                case "edit":
                    new = self._edited(plan)
                    if new and new.hash != plan.hash:
                        return self._confirm(request, new)
                case _:
                    return False

    def _text(self, request: Request) -> bool:
        document = self.context.store.load(request.incident_id)
        message = next((m for m in document.communications if m.hash == request.subject), None)
        if message is None:
            return False
        self._title(f"Decision · text to {message.audience.value}")
        self.console.print(text_card(message, from_ts(request.expires_at)))
        match self._choice("ar"):
            case "approve":
                return self._decide(request, Verdict.approved)
            case "reject":
                return self._decide(request, Verdict.rejected, self._reason())
        return False

    def _effect(self, request: Request) -> bool:
        """Whether something was done that nobody reported on: look at the system first."""
        self._title(f"Was it done? · {request.title}")
        text = "  whoever began it ended without a word; look at the system, then approve if it was"
        say(self.console, (text, "dim"), (" done, reject if it was not", "dim"))
        match self._choice("ar"):
            case "approve":
                return self._decide(request, Verdict.approved)
            case "reject":
                return self._decide(request, Verdict.rejected, self._reason())
        return False

    def _edited(self, plan: ActionPlan) -> ActionPlan | None:
        """A plan with other parameters, checked; None where the person gave up."""
        if not plan.parameters:
            say(self.console, ("  ✖ ", "bad"), f"{plan.kind} has no parameters to edit")
        for key, old in plan.parameters.items():
            say(self.console, (f"  {key}", "strong"), f" is {shown(old)}")
        while plan.parameters:
            text = self.ask("  key=value, blank to go back: ").strip()
            if not text:
                return None
            try:
                return changed(plan, [text], self.context.inventory)
            except ToolError as error:
                say(self.console, ("  ✖ ", "bad"), shown(error))
        return None

    def _confirm(self, request: Request, new: ActionPlan) -> bool:
        """Show the edited plan, with its new hash, and ask once more."""
        document = self.context.store.load(request.incident_id)
        self._title(f"Edited · {new.title}")
        self.console.print(card(new, document, None, utc_now()))
        if self._choice("ar") != "approve":
            return self._decide(request, Verdict.rejected, self._reason())
        answer = put_edited(self.context, request.incident_id, request.subject, new, self.by)
        self._said(f"{answer.verdict.value} as edited, plan {new.short_hash}")
        return True

    def _choice(self, letters: str) -> str:
        words = [CHOICES[letter] for letter in (*letters, "l")]
        shown_as = ", ".join(f"({word[0]}){word[1:]}" for word in words)
        while True:
            given = self.ask(f"  {shown_as}: ").strip().lower()
            match = [word for word in words if given and word.startswith(given)]
            if match:
                return match[0]

    def _reason(self) -> str:
        return self.ask("  why? ").strip() or "rejected at the prompt"

    def _decide(self, request: Request, verdict: Verdict, reason: str = "") -> bool:
        ledger = self.context.store.ledger
        answer = ledger.decide(request.incident_id, request.subject, verdict, self.by, reason)
        self._said(f"{answer.verdict.value} by {self.by.name}")
        return True

    def _title(self, text: str) -> None:
        self.console.print()
        self.console.print(heading(shown(text, 120)))

    def _said(self, text: str) -> None:
        say(self.console, ("  ✓ ", "good"), text)


def approve_command(
    incident_id: str, subject: str, edits: list[str], by: str, as_json: bool
) -> Exit:
    """Approve as asked, or with changed parameters: then another plan, with another hash."""
    record, person = Record(settings()), at_terminal(by)
    if not edits:
        answer = approve(record.store, incident_id, subject, person)
        return _said(incident_id, answer.subject, answer.verdict.value, by, as_json)
    plan = edit(record.settings, incident_id, subject, edits, person)
    if not as_json:
        request = record.store.ledger.request(incident_id, plan.hash)
        incident = record.incident(incident_id)
        screen().print(card(plan, incident, from_ts(request.expires_at), utc_now()))
    return _said(incident_id, plan.hash, "approved", by, as_json)


def reject_command(incident_id: str, subject: str, reason: str, by: str, as_json: bool) -> Exit:
    """Reject; the reason goes on the record and the response looks for another way."""
    answer = reject(Record(settings()).store, incident_id, subject, at_terminal(by), reason)
    return _said(incident_id, answer.subject, "rejected", by, as_json)


def _said(incident_id: str, subject: str, verdict: str, by: str, as_json: bool) -> Exit:
    if as_json:
        print_json({"incident": incident_id, "subject": subject, "verdict": verdict, "by": by})
        return Exit.done
    console = screen()
    say(console, ("  ✓ ", "good"), f"{short(subject)} {verdict} by {shown(by)}")
    say(console, ("    carry on with  ", "dim"), f"warroom resume {incident_id}")
    return Exit.done

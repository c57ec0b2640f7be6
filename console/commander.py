"""The commander's decision: one exact plan or text, all of it that matters, a yes or a no.

At the prompt of a response, or from anywhere by `warroom approve` and `warroom reject`.
"""

from pathlib import Path

from rich.console import Console, RenderableType

from ..actions.catalogue import sentence_of
from ..agents.runtime.context import ResponseContext
from ..app.configuration import settings
from ..app.configuration_file import read_configuration
from ..app.decisions import approve, changed, edit, put_edited, reject
from ..app.plans import due
from ..app.record import Record
from ..app.texts import asked_text, checked_text, edit_text
from ..app.words import clock
from ..errors import ApprovalError, InputError, ToolError
from ..incident.action import ActionPlan, Verdict
from ..incident.communication import Message
from ..incident.evidence import short
from ..incident.identity import at_terminal
from ..incident.timeline import from_ts, utc_now
from ..record.ledger import Asks, Request
from .asking import Ask, agreed, choice, edited, fresh, reason
from .decision import in_brief, in_full, text_card
from .desk import print_json
from .exits import Exit
from .screen import called, heading, say, screen, shown


class Prompt:
    """Asks the person at the terminal; an end of input leaves the question open. `whole`: all of a
    plan is shown at once."""

    def __init__(
        self,
        console: Console,
        context: ResponseContext,
        ask: Ask | None = None,
        by: str = "on-call commander",
        whole: bool = False,
    ) -> None:
        self.console = console
        self.context = context
        self.ask = ask or (lambda question: fresh(console, question, self._look))
        self.by = at_terminal(by)
        self.whole = whole
        self.request: Request | None = None

    def _look(self) -> None:
        """Raises ApprovalError where somebody answers elsewhere meanwhile, on a page perhaps, or a
        runbook's step goes first."""
        asked = self.request
        ledger = self.context.store.ledger
        answer = ledger.decision(asked.incident_id, asked.subject) if asked else None
        if answer:
            self.console.print()
            raise ApprovalError(f"{answer.verdict.value} by {answer.by} meanwhile")
        if asked and due(self.context.store, asked.incident_id):
            self.console.print()
            raise ApprovalError("the runbook goes on first; you are asked again after that")

    def __call__(self, request: Request) -> bool:
        """Show what is asked and record the answer; False: no answer was given."""
        self.request = request
        try:
            match request.kind:
                case Asks.action:
                    answered = self._action(request)
                case Asks.effect:
                    answered = self._effect(request)
                case _:
                    answered = self._text(request)
        except EOFError:
            return False
        except ApprovalError as error:  # somebody else answered meanwhile: that counts
            say(self.console, ("  ", ""), shown(error))
            return True
        if not answered:
            say(self.console, (f"  it stays open until {_until(request)}", "dim"))
        return answered

    def _action(self, request: Request) -> bool:
        document = self.context.store.load(request.incident_id)
        plan = document.plan(request.subject)
        if plan is None:
            return False
        expires = from_ts(request.expires_at)
        full = lambda: self.console.print(in_full(plan, document, expires, utc_now()))  # noqa: E731
        self._title(f"Decision · {sentence_of(plan)}")
        if self.whole:
            full()
        else:
            self.console.print(in_brief(plan, document, expires, utc_now()))
        while (chosen := choice(self.console, self.ask, "are", full)) == "edit":
            new = self._edited(plan)
            if new and new.hash != plan.hash:
                return self._confirm(request, new)
        return self._answer(request, chosen)

    def _text(self, request: Request) -> bool:
        document = self.context.store.load(request.incident_id)
        message = next((m for m in document.communications if m.hash == request.subject), None)
        if message is None:
            return False
        card = text_card(message, document, from_ts(request.expires_at))
        title = f"Decision · text to {message.audience.value}"
        while (chosen := self._shown(title, card, "are")) == "edit":
            if new := self._reworded(request, message):
                return self(self.context.store.ledger.request(request.incident_id, new.hash))
        return self._answer(request, chosen)

    def _reworded(self, request: Request, old: Message) -> Message | None:
        """The text as the person has it; None where they left it, or it may not go out so."""
        head, _, body = edited(whole(old)).partition("\n")
        if (head.strip(), body.strip()) == (old.subject, old.body.strip()):
            return None
        here = (self.context.store, self.context.policy, request.incident_id, request.subject)
        try:
            found = checked_text(*here[:1], *here[2:], head, body)
            for one in found:
                say(self.console, ("  ✖ ", "bad"), shown(one))
            firm = any(one.firm for one in found)
            if firm or (found and not agreed(self.ask, "  say it all the same, under your name?")):
                return None
            clock = self.context.now
            return edit_text(*here, head, body, self.by, anyway=True, clock=clock)
        except InputError as error:
            say(self.console, ("  ✖ ", "bad"), shown(error))
            return None

    def _effect(self, request: Request) -> bool:
        """Whether something was done that nobody reported on: look at the system first."""
        text = "  whoever began it ended without a word: look at the system, then approve where it "
        card = f"{text}was done, reject where it was not"
        return self._answer(request, self._shown(f"Was it done? · {request.title}", card, "ar"))

    def _shown(self, title: str, card: RenderableType, letters: str) -> str:
        self._title(title)
        self.console.print(card)
        return choice(self.console, self.ask, letters, lambda: self.console.print(card))

    def _answer(self, request: Request, chosen: str) -> bool:
        """Whether it is decided."""
        if chosen == "approve":
            return self._decide(request, Verdict.approved)
        why = reason(self.console, self.ask) if chosen == "reject" else ""
        return bool(why) and self._decide(request, Verdict.rejected, why)

    def _edited(self, plan: ActionPlan) -> ActionPlan | None:
        """A plan with other parameters, checked; None where the person gave up."""
        if not plan.parameters:
            say(self.console, ("  ✖ ", "bad"), f"{plan.kind} has no parameters to edit")
        for key, old in plan.parameters.items():
            was = plan.found.get(key)
            now = f", now {shown(was)}" if was is not None else ""
            say(self.console, (f"  {key}", "strong"), f" is planned as {shown(old)}{now}")
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
        """Show the edited plan, with its new hash, and ask once more: a no leaves what was asked
        as it is."""
        document = self.context.store.load(request.incident_id)
        self._title(f"Edited · {sentence_of(new)}")
        self.console.print(in_brief(new, document, None, utc_now()))
        full = lambda: self.console.print(in_full(new, document, None, utc_now()))  # noqa: E731
        chosen = choice(self.console, self.ask, "ar", full)
        if chosen != "approve":
            return self._answer(request, chosen)
        answer = put_edited(self.context, request.incident_id, request.subject, new, self.by)
        self._said(f"{answer.verdict.value} as edited, plan {new.short_hash}")
        return True

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


def whole(text: Message) -> str:
    """As it is edited: its subject, then what it says."""
    return f"{text.subject}\n\n{text.body.strip()}\n"


def _until(request: Request) -> str:
    command = f"`warroom approve {request.incident_id} {short(request.subject)}`"
    return f"{clock(from_ts(request.expires_at))} UTC: {command}"


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
        screen().print(in_full(plan, incident, from_ts(request.expires_at), utc_now()))
    return _said(incident_id, plan.hash, "approved", by, as_json)


def edit_command(incident_id: str, subject: str, file: Path | None, anyway: bool, by: str) -> Exit:
    """Another text in the place of one: from a file, or by the person's own editor."""
    store = Record(settings()).store
    old = asked_text(store, incident_id, subject)
    try:
        text = file.read_text(encoding="utf-8") if file else edited(whole(old))
    except (OSError, UnicodeError) as error:
        raise InputError(f"{file}: {getattr(error, 'strerror', '') or 'is no text'}") from error
    head, _, body = text.partition("\n")
    policy = read_configuration().policy
    new = edit_text(store, policy, incident_id, old.hash, head, body, at_terminal(by), anyway)
    told = f"{short(old.hash)} is {short(new.hash)} now: `warroom approve {incident_id} "
    say(screen(), ("  ✓ ", "good"), f"{told}{short(new.hash)}`")
    return Exit.done


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
    say(console, ("    carry on with  ", "dim"), f"{called()} resume {incident_id}")
    return Exit.done

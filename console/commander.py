"""The commander's prompt: one exact plan or text, all that matters about it, a yes or a no."""

import sys
import termios
from collections.abc import Callable
from contextlib import suppress

from rich.console import Console

from ..agents.runtime.context import ResponseContext
from ..app.decisions import changed, put_edited
from ..errors import ApprovalError, ToolError
from ..incident.action import ActionPlan, Verdict
from ..incident.ledger import Request
from ..incident.timeline import from_ts, utc_now
from .cards import card, text_card
from .screen import heading, say, shown

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
        self.by = by

    def _fresh(self, question: str) -> str:
        """An answer given to this question: what was typed before it was asked is no answer."""
        with suppress(termios.error, OSError, ValueError):  # no terminal: nothing to type ahead on
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        return self.console.input(question)

    def __call__(self, request: Request) -> bool:
        """Show what is asked and record the answer; False: no answer was given."""
        try:
            if request.kind == "action":
                return self._action(request)
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
        put_edited(self.context, request.incident_id, request.subject, new, self.by)
        self._said(f"approved as edited, plan {new.short_hash}")
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
        ledger.decide(request.incident_id, request.subject, verdict, self.by, reason)
        self._said(f"{verdict.value} by {self.by}")
        return True

    def _title(self, text: str) -> None:
        self.console.print()
        self.console.print(heading(shown(text, 120)))

    def _said(self, text: str) -> None:
        say(self.console, ("  ✓ ", "good"), text)

"""A bounded conversation: the model asks tools, code answers, a reply ends it and may be mended.

brief -> ask -> tool calls? look, answer, ask again -> … -> reply -> does all of it hold? else mend

It ends when the question is answered or what it may use is spent, whichever comes first. What the
model may look at, and the answers, are the desk's. Messages are only ever added, and tools stay
listed to the end: what an endpoint has cached of the prompt stays good.
"""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from ...errors import BudgetSpent, ModelError, ModelMuddled, ToolRetry
from ...models.budget import size_of
from ...models.protocol import Answer, Ask, ChatMessage, Model, ToolCall
from ...models.usage import CHARACTERS_A_TOKEN, estimated
from .cells import OPEN

MOST_CALLS = 6
"""Calls of one answer that are looked up; the others are told that they were not."""
FAILURES = 3
"""Rounds that cost none because every call in them failed."""
LEAST_REPLY = 350
"""Tokens of a short reply: a question that leaves less room is not asked."""
A_ROUND = 700
"""Tokens by which a round of look-ups makes the next question longer, about."""
NOW = "No more tool calls. Hand in your report now, from what you have seen."
AGAIN = "You asked exactly this before; the answer is {}. Ask something else or report."
TOO_MANY = f"Not looked up: an answer may hold {MOST_CALLS} calls. Ask again if you still need it."
NO_ROOM = "Not shown: your context has no room for it. Ask for less, or report."
MEND = """These of your statements do not hold against the evidence:
{}
Hand in the whole report again: cite what does prove them, correct them, or leave them out."""

Look = Callable[[ToolCall], str]
"""Answers one call with text for the model. Raises ToolRetry, with the correction, for one that
failed or is refused."""
Key = tuple[str, str]
"""A call by its name and arguments."""


@dataclass(frozen=True)
class Limits:
    """What a conversation may use."""

    rounds: int = 3
    characters: int = 40_000
    """Of one question: all messages, tools and the schema."""
    tokens: int = 1_000_000
    """Of all questions and answers together; cached ones count their share."""
    left: int = 1_000_000
    """Of the incident: a question passes its budget only as if nothing of it were cached."""
    cached_share: float = 1.0
    repeat: float = 1.0
    """What a question is expected to count that only adds to the one before it, as a share."""


def converse(
    model: Model,
    ask: Ask,
    look: Look,
    limits: Limits,
    complaints: Callable[[BaseModel], str] = lambda _reply: "",
) -> BaseModel:
    """The model's reply, after look-ups and at most one correction.

    Args:
        model: who is asked.
        ask: the first question, with the tools that may be called.
        look: answers one call.
        limits: rounds, size and tokens.
        complaints: what of a reply does not hold, in words; empty: all of it does.

    Raises ModelError: BudgetSpent where not even one question fits the tokens, ModelMuddled where
    the model never replies.
    """
    talk = _Talk(model, ask, look, limits)
    answer = talk.ended()
    assert answer.reply is not None
    wrong = complaints(answer.reply)
    return talk.mended(answer, wrong) if wrong else answer.reply


@dataclass
class _Talk:
    """A conversation under way; `ask` grows."""

    model: Model
    ask: Ask
    look: Look
    limits: Limits
    spent: int = 0
    paid: float = 1.0  # of the next question, as the endpoint's cache spares
    given: dict[Key, str] = field(default_factory=dict)  # calls answered, and where
    full: bool = False  # an answer had no room

    def ended(self) -> Answer:
        """The answer with the reply. Raises ModelError."""
        self._fits()
        left, spare = self.limits.rounds, FAILURES
        while self.ask.tools and left > 0 and not self.full and self._affords(2):
            answer = self._asked()
            if answer.reply is not None:
                return answer
            if self._answered(answer) or not spare:
                left -= 1
            else:
                spare -= 1
        if self.ask.tools:
            self._say(NOW, last=True)
        answer = self._asked()
        if answer.reply is None:
            raise ModelMuddled("the model handed in no report")
        return answer

    def mended(self, answer: Answer, wrong: str) -> BaseModel:
        """The second reply; the first where the model has no other."""
        assert answer.reply is not None
        self._add(ChatMessage("assistant", answer.text))
        self._say(MEND.format(wrong), last=bool(self.ask.tools))
        if not self._affords(1):
            return answer.reply
        try:
            return self._asked().reply or answer.reply
        except ModelError:
            return answer.reply

    def _fits(self) -> None:
        need = self._need()
        if need + LEAST_REPLY > self.limits.tokens:
            raise BudgetSpent(
                f"{self.limits.tokens} tokens of the incident's budget are for this question; it "
                f"takes {need} and an answer; WARROOM_TOKENS_PER_INCIDENT sets the budget"
            )

    def _need(self) -> int:
        return round(estimated(size_of(self.ask)) * self.paid)

    def _affords(self, questions: int) -> bool:
        """Whether so many more questions like the next one and a reply are within the tokens."""
        later = self.paid if self.spent else self.limits.repeat
        whole, more = estimated(size_of(self.ask)), questions - 1
        need = self._need() * (1 + more * later / self.paid) + more * A_ROUND
        passes = self.spent + more * self._need() + more * A_ROUND + whole
        return (
            self.spent + need + LEAST_REPLY <= self.limits.tokens
            and passes + LEAST_REPLY <= self.limits.left
        )

    def _asked(self) -> Answer:
        answer = self.model.ask(self.ask)
        used = answer.usage
        counted = used.counted(self.limits.cached_share)
        seen = (counted - used.output) / used.input if self.spent and used.input else 1.0
        self.paid = seen if self.spent else self.limits.repeat
        self.spent += counted
        return answer

    def _say(self, text: str, *, last: bool) -> None:
        self._add(ChatMessage("user", text))
        self.ask = replace(self.ask, last=last)

    def _add(self, *messages: ChatMessage) -> None:
        self.ask = replace(self.ask, messages=(*self.ask.messages, *messages))

    def _answered(self, answer: Answer) -> bool:
        """Answer the calls, looked up side by side; whether one of them told something."""
        first: dict[Key, ToolCall] = {}
        for call in answer.calls[:MOST_CALLS]:
            if key_of(call) not in self.given:
                first.setdefault(key_of(call), call)
        with ThreadPoolExecutor(MOST_CALLS) as pool:  # each in the graph's context: it tells people
            jobs = {
                call.id: pool.submit(copy_context().run, self._looked, call)
                for call in first.values()
            }
            found = {id: job.result() for id, job in jobs.items()}
        self._add(ChatMessage("assistant", answer.text, calls=answer.calls))
        for number, call in enumerate(answer.calls):
            text, _told = found.get(call.id, (self._unasked(call, number), False))
            self._add(ChatMessage("tool", self._within(text), call_id=call.id))
        return any(told for _text, told in found.values())

    def _looked(self, call: ToolCall) -> tuple[str, bool]:
        """The answer to a call, and whether it told something."""
        try:
            text = self.look(call)
        except ToolRetry as error:
            return str(error), False
        self.given[key_of(call)] = place_of(text) or f"that of your call {call.id}"
        return text, True

    def _unasked(self, call: ToolCall, number: int) -> str:
        if key_of(call) in self.given:
            return AGAIN.format(self.given[key_of(call)])
        return TOO_MANY if number >= MOST_CALLS else "You asked this twice; it failed, as above."

    def _payable(self) -> float:
        """Characters of the next question that the budget would still let pass."""
        of_incident = self.limits.left - self.spent - LEAST_REPLY
        of_share = (self.limits.tokens - self.spent - LEAST_REPLY) / (self.paid or 1.0)
        return min(of_incident, of_share) * CHARACTERS_A_TOKEN

    def _within(self, text: str) -> str:
        """The text where there is room for it, and for a reply after it."""
        if size_of(self.ask) + len(text) <= min(self.limits.characters, self._payable()):
            return text
        self.full = True
        return NO_ROOM


def key_of(call: ToolCall) -> Key:
    """What makes two calls the same."""
    return call.name, repr(sorted(call.arguments.items()))


def place_of(text: str) -> str:
    """Where an answer stands: its evidence's number; empty where it is no table."""
    found = re.match(rf"{re.escape(OPEN)}(E\d+)", text)
    return f"{found[1]}, above" if found else ""

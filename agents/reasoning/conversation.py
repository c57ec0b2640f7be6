"""A bounded conversation: the model asks tools, code answers, a reply ends it.

brief -> ask -> tool calls? look, answer, ask again -> … -> the reply, wanted at the latest now

What it may look at, and the answers, are the desk's.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace

from pydantic import BaseModel

from ...errors import ModelMuddled
from ...models.budget import size_of
from ...models.protocol import Answer, Ask, ChatMessage, Model, ToolCall

MOST_CALLS = 4
"""Calls answered per round: more of them would not fit the context."""
NOW = "No more tool calls. Hand in your report now, from what you have seen."
AGAIN = "You asked exactly this before; the answer stands above. Ask something else or report."

Look = Callable[[ToolCall], str]
"""Answers one call with text for the model; never raises for what a model may get wrong."""


@dataclass(frozen=True)
class Limits:
    """What a conversation may use."""

    rounds: int = 3
    characters: int = 40_000


def converse(model: Model, ask: Ask, look: Look, limits: Limits) -> BaseModel:
    """The model's reply, after at most `limits.rounds` rounds of tool calls.

    Raises ModelError (also ModelMuddled, when it never replies).
    """
    seen: set[tuple[str, str]] = set()
    for _ in range(limits.rounds if ask.tools else 0):
        if size_of(ask) > limits.characters:
            break
        answer = model.ask(ask)
        if answer.reply is not None:
            return answer.reply
        ask = replace(ask, messages=(*ask.messages, *_round(answer, look, seen)))
    if ask.tools:
        ask = replace(ask, tools=(), messages=(*ask.messages, ChatMessage("user", NOW)))
    reply = model.ask(ask).reply
    if reply is None:
        raise ModelMuddled("the model handed in no report")
    return reply


def _round(answer: Answer, look: Look, seen: set[tuple[str, str]]) -> list[ChatMessage]:
    """The model's calls and their answers, looked up side by side."""
    calls = answer.calls[:MOST_CALLS]
    keys = [(call.name, repr(sorted(call.arguments.items()))) for call in calls]
    fresh = [call for call, key in zip(calls, keys, strict=True) if key not in seen]
    seen.update(keys)
    with ThreadPoolExecutor(MOST_CALLS) as pool:  # each in the graph's context: it tells people
        jobs = {call.id: pool.submit(copy_context().run, look, call) for call in fresh}
        texts = {id: job.result() for id, job in jobs.items()}
    said = ChatMessage("assistant", answer.text, calls=calls)
    return [said, *(ChatMessage("tool", texts.get(c.id, AGAIN), call_id=c.id) for c in calls)]

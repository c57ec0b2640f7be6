"""A model that is never told a secret: what leaves is masked here, what comes back is put right.

It stands outside of everything that sends, so there is no second way out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from pydantic import BaseModel

from .masking import Mask
from .protocol import Answer, Ask, Message, Model, ToolCall, ToolSpec


@dataclass(frozen=True)
class Masked:
    """Wraps a model; `mask_for` gives the masks of an incident by its id."""

    inner: Model
    mask_for: Callable[[str], Mask]

    @property
    def name(self) -> str:
        """The model's name, for the record."""
        return self.inner.name

    def ask(self, ask: Ask) -> Answer:
        """Ask with masks; the reply and the arguments of calls come back with what they mean.

        Text for the conversation and text that is streamed stay masked. Secrets return only as
        values cited from evidence, where they have to be found again: no sentence needs them.
        """
        mask = self.mask_for(ask.incident)
        mask.learn(text for message in ask.messages for text in _texts(message))
        messages = tuple(_masked(message, mask) for message in ask.messages)
        tools = tuple(_described(tool, mask) for tool in ask.tools)
        answer = self.inner.ask(replace(ask, messages=messages, tools=tools))
        reply = answer.reply and restored(answer.reply, mask)
        return replace(answer, reply=reply, calls=tuple(_called(c, mask) for c in answer.calls))


def _texts(message: Message) -> list[str]:
    return [message.content, *(repr(call.arguments) for call in message.calls)]


def _masked(message: Message, mask: Mask) -> Message:
    calls = tuple(replace(c, arguments=mask.mask_value(c.arguments)) for c in message.calls)
    return replace(message, content=mask.mask(message.content), calls=calls)


def _described(tool: ToolSpec, mask: Mask) -> ToolSpec:
    parameters = mask.mask_value(tool.parameters)
    return replace(tool, description=mask.mask(tool.description), parameters=parameters)


def _called(call: ToolCall, mask: Mask) -> ToolCall:
    """Arguments with addresses and people; secrets stay masked, as arguments are on record."""
    return replace(call, arguments=_walk(call.arguments, mask.reveal))


def restored(reply: BaseModel, mask: Mask) -> BaseModel:
    """The reply with what its masks stand for. It was checked already: what is put back may be
    longer than a model may write."""
    cites = {"evidence", "value"} <= type(reply).model_fields.keys()
    changed = {}
    for name in type(reply).model_fields:
        put_back = mask.unmask if cites and name == "value" else mask.reveal
        changed[name] = _walk(getattr(reply, name), put_back, mask)
    return reply.model_copy(update=changed)


def _walk(value: Any, put_back: Callable[[str], str], mask: Mask | None = None) -> Any:
    """The value with every text in it put back."""
    if isinstance(value, BaseModel) and mask:
        return restored(value, mask)
    if isinstance(value, dict):
        return {key: _walk(item, put_back, mask) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_walk(item, put_back, mask) for item in value)
    return put_back(value) if isinstance(value, str) and not isinstance(value, Enum) else value

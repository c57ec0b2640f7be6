"""What a model is to us: messages, tools and a schema in; a parsed reply or tool calls out.

Nothing here knows an endpoint. `ScriptedModel` and `OpenAIModel` answer; retries, masking, budget
and a second model are wrapped around them (assembled in `models/assembly.py`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from ..incident.severity import Severity

Role = Literal["system", "user", "assistant", "tool"]
Listen = Callable[[str], None]
"""Gets the text of an answer while it is written."""


def nobody(_text: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class ToolCall:
    """A call that the model asks for; arguments as parsed, unchecked."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class ChatMessage:
    """One message of the conversation."""

    role: Role
    content: str
    calls: tuple[ToolCall, ...] = ()  # of an assistant's message
    call_id: str = ""  # of a tool's message: which call it answers


@dataclass(frozen=True)
class ToolSpec:
    """A tool as the model reads it."""

    name: str
    description: str
    parameters: dict[str, Any]  # JSON Schema of the arguments


@dataclass(frozen=True)
class Usage:
    """Tokens of one answer, all requests it took together."""

    input: int = 0
    output: int = 0
    estimated: bool = False  # the endpoint gave no figure, or an impossible one
    requests: int = 1
    cached: int = 0  # of the input: read from the endpoint's cache

    def counted(self, cached_share: float) -> int:
        """Tokens as they count: cached ones by their share."""
        return self.input - self.cached + round(self.cached * cached_share) + self.output


@dataclass(frozen=True)
class Deadline:
    """A moment (time.monotonic seconds) after which nobody waits any more."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """So many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.at - time.monotonic())

    def sooner(self, seconds: float) -> "Deadline":
        """The earlier of this one and so many seconds from now."""
        return Deadline(min(self.at, time.monotonic() + seconds))


@dataclass(frozen=True)
class Ask:
    """One question to a model."""

    messages: tuple[ChatMessage, ...]
    schema: type[BaseModel]  # what the final reply has to be
    tools: tuple[ToolSpec, ...] = ()  # empty: the reply is wanted now
    max_tokens: int = 1200  # of the answer
    allowance: int | None = None  # tokens for all requests that it takes; None: no limit
    last: bool = False  # the tools stay listed, as caches want, and none may be called any more
    specialist: str = ""
    step: int = 0
    incident: str = ""
    severity: Severity | None = None  # of the incident: what it may use follows
    purpose: str = "reason"  # reason, skeptic, write
    prompt: str = ""  # stamp of the prompt files: debugger.md@0123456789ab
    deadline: Deadline = field(default_factory=lambda: Deadline.after(60))
    listen: Listen = nobody


@dataclass(frozen=True)
class Answer:
    """What came back: a parsed reply, or calls of tools; never both."""

    model: str  # as the endpoint names it
    reply: BaseModel | None = None
    calls: tuple[ToolCall, ...] = ()
    text: str = ""  # as written, for the conversation
    usage: Usage = Usage()
    finish: str = "stop"  # why the model ended: stop, tool_calls, length
    note: str = ""  # what was odd and could be mended: repaired once, stepped down, …


class Model(Protocol):
    """Somebody who answers. Raises ModelError (errors.py) when there is no usable answer."""

    @property
    def name(self) -> str:
        """The model's name, for the record."""
        ...

    def ask(self, ask: Ask) -> Answer:
        """One answer: a reply of the schema, or tool calls."""
        ...


class Wrapped:
    """What stands around a model goes by its name."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

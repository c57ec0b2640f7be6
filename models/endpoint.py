"""What one OpenAI-compatible endpoint takes: our messages in its words, with native tools or as
plain text; and what it has shown it can do.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from .protocol import ChatMessage, ToolCall, ToolSpec

Wired = dict[str, Any]


def native(messages: tuple[ChatMessage, ...], instruction: str = "") -> list[Wired]:
    """With tool calls and tool results as the endpoint's own kinds of message."""
    return _instructed([_native(message) for message in messages], instruction)


def plain(messages: tuple[ChatMessage, ...], instruction: str = "") -> list[Wired]:
    """With calls and results written out as text: every endpoint and chat template takes it."""
    told: list[Wired] = []
    for message in messages:
        role, text = _plain(message)
        if told and told[-1]["role"] == role:  # many templates want the roles to take turns
            told[-1]["content"] += f"\n\n{text}"
        else:
            told.append({"role": role, "content": text})
    return _instructed(told, instruction)


def functions(tools: tuple[ToolSpec, ...]) -> list[Wired]:
    """The tools as the endpoint's `tools` parameter."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            },
        }
        for tool in tools
    ]


def call_text(call: ToolCall) -> str:
    """A call as a model without native tools writes it."""
    return json.dumps({"action": "call", "tool": call.name, "arguments": call.arguments})


def _native(message: ChatMessage) -> Wired:
    told: Wired = {"role": message.role, "content": message.content}
    if message.calls:
        told["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in message.calls
        ]
    if message.role == "tool":
        told["tool_call_id"] = message.call_id
    return told


def _plain(message: ChatMessage) -> tuple[str, str]:
    if message.role == "tool":
        return "user", f"Result of your call {message.call_id}:\n{message.content}"
    said = [message.content] if message.content and not message.calls else []
    return message.role, "\n".join(said + [call_text(call) for call in message.calls])


def _instructed(told: list[Wired], instruction: str) -> list[Wired]:
    """The instruction belongs to the system message: what telemetry says comes after it."""
    if not instruction:
        return told
    if told and told[0]["role"] == "system":
        first = {**told[0], "content": f"{told[0]['content']}\n\n{instruction}"}
        return [first, *told[1:]]
    return [{"role": "system", "content": instruction}, *told]


SILENT = 2
"""Replies without a single tool call after which native tools are no longer believed in."""


@dataclass
class Habits:
    """Of one model at one endpoint. Two threads that learn the same thing at once do no harm."""

    rungs: dict[str, int] = field(default_factory=dict)  # form of the reply -> rung that answered
    native: bool | None = None  # tools: proven, proven useless, not known yet
    silent: int = 0  # unproven native asks that were answered without a call
    refused: set[str] = field(default_factory=set)  # parameters that it does not take
    unstreamed: set[str] = field(default_factory=set)  # kinds of request whose streams are empty

    @property
    def start(self) -> int:
        """The rung to try first with a form that is new here."""
        return min(self.rungs.values(), default=0)

    def no_call(self) -> None:
        """Tools were offered and answered with a report. A server that drops `tools` unread does
        that every time, and the model would never look at anything."""
        if self.native is None:
            self.silent += 1
            self.native = False if self.silent >= SILENT else None


KNOWN: dict[tuple[str, str], Habits] = {}
"""(base URL, model) -> its habits."""


def habits_of(endpoint: str, model: str) -> Habits:
    """The habits of this model there; new ones when it was never asked."""
    return KNOWN.setdefault((endpoint, model), Habits())

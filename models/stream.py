"""Puts a streamed answer together: text, tool calls, refusal, how it ended, what it cost."""

import json
from dataclasses import dataclass
from typing import Any

from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage
from openai.types.chat.chat_completion_chunk import ChoiceDelta

from .forms import first_object
from .protocol import ToolCall
from .usage import weight

LONGEST_TOKEN = 6
"""Characters a token, more than any prose or JSON reaches: an answer that is longer than its limit
by this measure comes from a server that does not know the limit."""


@dataclass(frozen=True)
class WrittenCall:
    """A tool call as written; the arguments may be broken JSON."""

    id: str
    name: str
    arguments: str

    def call(self) -> ToolCall:
        """Raises ValueError when the arguments are no JSON object."""
        if not self.arguments.strip():
            return ToolCall(self.id, self.name, {})
        try:
            return ToolCall(self.id, self.name, first_object(self.arguments))
        except ValueError as error:
            raise ValueError(f"the arguments of {self.name} are no JSON object") from error


@dataclass(frozen=True)
class Raw:
    """An answer before anybody asks whether it fits."""

    text: str
    calls: tuple[WrittenCall, ...]
    finish: str  # stop, length, tool_calls, content_filter; empty: the stream broke off
    refusal: str
    model: str


class StreamReading:
    """Takes chunks until the answer is complete, or longer than was allowed."""

    def __init__(self, max_tokens: int) -> None:
        self.longest = max_tokens * LONGEST_TOKEN
        self.reported: tuple[int | None, int | None] = (None, None)
        self.length = 0  # characters that the model wrote, thoughts and calls included
        self.size = 0.0  # the same as `weight` counts them: for the estimate
        self.cached = 0  # tokens of the question that came from the endpoint's cache
        self.hidden = 0  # tokens of thoughts that it says it had and did not send
        self.empty = True  # nothing has come yet
        self.read = False  # the endpoint has taken the question: its tokens count
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}
        self._finish = ""
        self._model = ""

    @property
    def over(self) -> bool:
        """Whether the model wrote on beyond its limit."""
        return self.length > self.longest

    def take(self, chunk: ChatCompletionChunk) -> str:
        """One chunk more; the text in it. Raises ValueError for what is none: the client does not
        check what a server sends."""
        try:
            return self._take(chunk)
        except (AttributeError, TypeError, KeyError, IndexError) as error:
            raise ValueError(f"this is no chat completion: {error}") from error

    def _take(self, chunk: ChatCompletionChunk) -> str:
        self._about(chunk)
        for choice in (chunk.choices or [])[:1]:
            self._finish = choice.finish_reason or self._finish
            if choice.delta:
                self._delta(choice.delta)
                return choice.delta.content or ""
        return ""

    def take_whole(self, completion: ChatCompletion) -> str:
        """An answer in one piece; the text in it. Raises ValueError for what is none."""
        try:
            self._about(completion)
            choice = completion.choices[0]
            self._finish = choice.finish_reason or "stop"
            self._delta(choice.message)
            return choice.message.content or ""
        except (AttributeError, TypeError, KeyError, IndexError) as error:
            raise ValueError(f"this is no chat completion: {error}") from error

    def _about(self, part: ChatCompletion | ChatCompletionChunk) -> None:
        self.empty = False
        self._model = part.model or self._model
        if part.usage:
            usage, details = part.usage, part.usage.completion_tokens_details
            self.reported = (_count(usage.prompt_tokens), _count(usage.completion_tokens))
            self.hidden = (_count(details.reasoning_tokens) or 0) if details else 0
            read = usage.prompt_tokens_details  # some servers leave the figure out
            self.cached = _count(getattr(read, "cached_tokens", None)) or 0

    def _delta(self, delta: ChoiceDelta | ChatCompletionMessage) -> None:
        if delta.content:
            self._text.append("" + delta.content)
        if delta.refusal:
            self._refusal.append(delta.refusal)
        for position, part in enumerate(delta.tool_calls or ()):
            self._part(part, position)
        thought = _thought(delta)
        self._wrote((delta.content or "") + (delta.refusal or "") + thought)

    def _part(self, part: Any, position: int) -> None:
        """A call, or a piece of one: in streams pieces carry the index of their call."""
        index = getattr(part, "index", None)
        index = position if index is None else index
        call = self._calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
        call["id"] = part.id or call["id"]
        if part.function:
            call["name"] = part.function.name or call["name"]
            call["arguments"] += part.function.arguments or ""
            self._wrote(part.function.arguments or "")

    def _wrote(self, text: str) -> None:
        self.length += len(text)
        self.size += weight(text)

    def raw(self) -> Raw:
        """All of it."""
        calls = [
            WrittenCall(call["id"] or f"call-{index + 1}", call["name"], call["arguments"])
            for index, call in sorted(self._calls.items())
        ]
        finish = "length" if self.over else self._finish
        text, refusal = "".join(self._text), "".join(self._refusal)
        return Raw(text, tuple(calls), finish, refusal, self._model)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _thought(delta: Any) -> str:
    """Reasoning that some servers send beside the answer: paid for, not shown."""
    thought = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None)
    return thought if isinstance(thought, str) else json.dumps(thought) if thought else ""

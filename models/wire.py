"""One streamed HTTP request to a chat endpoint, ended at the deadline whatever the server does."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
import openai
from openai.types.chat import ChatCompletionChunk

from ..errors import BudgetSpent, ModelUnavailable
from .endpoint import Habits, Wired
from .protocol import Deadline, Listen, nobody
from .stream import Raw, StreamReading
from .usage import Tally, estimated, weight

CONNECT_S = 10
"""A server that takes longer to accept a connection is not there."""
SPELLINGS = {"max_completion_tokens": "max_tokens", "max_tokens": "max_completion_tokens"}
"""The same limit under an older and a newer name."""
CONTEXT = re.compile(r"context[ _](?:length|size|window|limit)", re.IGNORECASE)
"""How servers say that a question does not fit; the word alone stands in other refusals too."""
EXTRA = "schema"
"""Beside json_object: some servers hold a model to it, others refuse it."""


Read = Callable[["ChatRequest", dict[str, Any], Deadline, StreamReading], None]
"""Sends a request and reads what comes."""


@dataclass(frozen=True)
class ChatRequest:
    """What one HTTP request carries."""

    messages: list[Wired]
    max_tokens: int
    deadline: Deadline
    tools: list[Wired] = field(default_factory=list)
    tool_choice: Literal["auto", "none"] = "auto"
    response_format: dict[str, Any] | None = None
    listen: Listen = nobody
    tally: Tally = field(default_factory=Tally)
    allowance: int | None = None

    @property
    def size(self) -> float:
        """Characters, as `weight` counts them, that the model has to read."""
        return weight(str(self.messages)) + weight(str(self.tools or ""))

    @property
    def kind(self) -> str:
        """Some servers stream replies, and of calls nothing."""
        return "calls" if self.tools else "reply"


class Wire:
    """Sends requests for one model name through one client."""

    def __init__(self, client: openai.OpenAI, name: str, habits: Habits, call_s: float) -> None:
        self.client = client
        self.name = name
        self.habits = habits
        self.call_s = call_s

    def send(self, request: ChatRequest) -> Raw:
        """The answer as it came. A parameter that this endpoint refuses is left off from then on.

        Raises openai's errors, and ModelUnavailable when there is no time left.
        """
        while True:
            parameters = self._parameters(request)
            try:
                return self._once(request, parameters)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._refused(str(error), parameters):
                    raise

    def _parameters(self, request: ChatRequest) -> dict[str, Any]:
        """Without what was refused before."""
        limit = "max_tokens" if "max_tokens" not in self.habits.refused else SPELLINGS["max_tokens"]
        wanted: dict[str, Any] = {
            "temperature": 0,  # the same question deserves the same answer
            "stream_options": {"include_usage": True},
            limit: request.max_tokens,
        }
        kept = {name: v for name, v in wanted.items() if name not in self.habits.refused}
        if request.tools:
            kept["tools"] = request.tools
            if "tool_choice" not in self.habits.refused:  # the default, and yet some want it said
                kept["tool_choice"] = request.tool_choice
        if request.response_format:
            kept["response_format"] = dict(request.response_format)
            if EXTRA in self.habits.refused:
                kept["response_format"].pop(EXTRA, None)
        return kept

    def _refused(self, message: str, sent: dict[str, Any]) -> bool:
        """Whether the refusal is about a parameter that we can do without; it is remembered."""
        if "too large" in message or CONTEXT.search(message):
            return False  # of the question's size: no parameter cures it
        for name in ("temperature", "stream_options", "tool_choice", *SPELLINGS):
            if name in sent and name in message:
                self.habits.refused.add(name)
                return True
        about = EXTRA in message or "response_format" in message
        if about and EXTRA in sent.get("response_format", {}):
            self.habits.refused.add(EXTRA)
            return True
        return False

    def _once(self, request: ChatRequest, parameters: dict[str, Any]) -> Raw:
        """Streamed; where nothing at all comes of that, in one piece, now and from then on."""
        if request.kind not in self.habits.unstreamed:
            raw = self._read(request, parameters, self._streamed)
            if raw is not None:
                return raw
            self.habits.unstreamed.add(request.kind)
        raw = self._read(request, parameters, self._whole)
        return raw or Raw("", (), "stop", "", "")

    def _read(self, request: ChatRequest, parameters: dict[str, Any], read: Read) -> Raw | None:
        """What came; None: nothing did."""
        deadline = request.deadline.sooner(self.call_s)
        if deadline.left <= 0:
            raise ModelUnavailable("the time for this question is over")
        _afforded(request)
        request.tally.request()
        reading = StreamReading(request.max_tokens)
        try:
            read(request, parameters, deadline, reading)
        except (openai.APIConnectionError, httpx2.RequestError) as error:
            reading.read = reading.read or deadline.left <= 0
            raise _late(error, deadline) from error
        finally:
            if reading.read:
                written = estimated(reading.size) + reading.hidden
                guess = (estimated(request.size), written)
                request.tally.tokens(reading.reported, guess, reading.cached)
        return None if reading.empty else reading.raw()

    def _streamed(
        self,
        request: ChatRequest,
        parameters: dict[str, Any],
        deadline: Deadline,
        reading: StreamReading,
    ) -> None:
        create: Any = self.client.chat.completions.create  # its overloads want literal types
        stream: openai.Stream[ChatCompletionChunk] = create(
            model=self.name,
            messages=request.messages,
            stream=True,
            timeout=_timeout(deadline),
            **parameters,
        )
        reading.read = True
        with stream, ended_at(deadline, stream.response):
            for chunk in stream:
                if text := reading.take(chunk):
                    request.listen(text)
                if reading.over or deadline.left <= 0:
                    break
        if not reading.over and deadline.left <= 0:
            raise openai.APITimeoutError(stream.response.request)
        reading.read = not reading.empty  # nobody worked for a stream without a single word

    def _whole(
        self,
        request: ChatRequest,
        parameters: dict[str, Any],
        deadline: Deadline,
        reading: StreamReading,
    ) -> None:
        create: Any = self.client.chat.completions.with_streaming_response.create
        kept = {name: value for name, value in parameters.items() if name != "stream_options"}
        asked = create(
            model=self.name, messages=request.messages, timeout=_timeout(deadline), **kept
        )
        with asked as response, ended_at(deadline, response.http_response):
            reading.read = True
            request.listen(reading.take_whole(response.parse()))


def _afforded(request: ChatRequest) -> None:
    """Raise BudgetSpent for one more request (a retry, a correction) than the budget has room for.
    The first one was admitted before."""
    used, need = request.tally.used, estimated(request.size)
    if request.allowance is None or not used.requests:
        return
    if used.input + used.output + need > request.allowance:
        count = f"{used.requests} request{'s' * (used.requests != 1)}"
        raise BudgetSpent(f"no usable answer after {count}, and no budget for one more")


def _timeout(deadline: Deadline) -> httpx2.Timeout:
    return httpx2.Timeout(deadline.left, connect=min(CONNECT_S, deadline.left))


def _late(
    error: openai.APIConnectionError | httpx2.RequestError, deadline: Deadline
) -> openai.APIConnectionError:
    """As openai says it; a connection that we cut at the deadline is a timeout."""
    if deadline.left <= 0:
        return openai.APITimeoutError(error.request)
    if isinstance(error, openai.APIConnectionError):
        return error
    return openai.APIConnectionError(message=str(error), request=error.request)


@contextmanager
def ended_at(deadline: Deadline, response: httpx2.Response) -> Iterator[None]:
    """Cuts the connection at the deadline. A read timeout alone would start anew with every chunk,
    so that a server could stall for almost twice as long."""
    stream = response.extensions.get("network_stream")
    line = stream.get_extra_info("socket") if stream else None
    timer = threading.Timer(deadline.left, _cut, [line])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(line: socket.socket | None) -> None:
    with suppress(OSError):  # closed already: that is all we want
        if line is not None:
            line.shutdown(socket.SHUT_RDWR)

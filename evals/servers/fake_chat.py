"""A FAKE chat completions server's words: streams, calls, errors; and what it has seen."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

NAME = "fake-faulty-model"

Body = dict[str, Any]


@dataclass
class Behaviour:
    """What the server does, and what it saw. A mode can be changed while it runs."""

    mode: str = "well"
    faults: int | None = None  # so many requests meet the fault, later ones do well; None: all
    retry_after: str = "1"
    seen: list[Body] = field(default_factory=list)  # every request's body
    keys: list[str] = field(default_factory=list)  # every request's Authorization
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def requests(self) -> int:
        """Requests for an answer so far."""
        return len(self.seen)

    def next_mode(self, body: Body) -> str:
        """Note the request; the mode that it meets."""
        self.seen.append(body)
        hit = self.faults is None or len(self.seen) <= self.faults
        return self.mode if hit else "well"


class Chat(BaseHTTPRequestHandler):
    """One connection: the words of the protocol. What is said with them is a mode's."""

    protocol_version = "HTTP/1.1"
    body: Body
    behaviour: Behaviour

    def do_GET(self) -> None:
        """The list of models."""
        self.answer(200, {"object": "list", "data": [{"id": NAME, "object": "model"}]})

    def answer(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        """Plain JSON."""
        text = json.dumps(value).encode()
        self.send_response(status)
        for name, header in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, header)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def refuse(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        """An error as OpenAI words it."""
        self.answer(status, {"error": {"message": f"{NAME}: {message}"}}, headers)

    def begin(self) -> None:
        """The head of a stream; it ends with the connection."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def chunk(self, delta: Body, finish: str | None = None) -> None:
        """One piece of the answer."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self.event({"choices": [choice]})

    def event(self, part: Body) -> None:
        """One event of the stream."""
        whole = {"id": "fake", "object": "chat.completion.chunk", "created": 0, "model": NAME}
        self.wfile.write(f"data: {json.dumps({**whole, **part})}\n\n".encode())
        self.wfile.flush()

    def end(self, finish: str = "stop", usage: tuple[int, int] | None = None) -> None:
        """How it finished, and the usage: figures that fit unless others are given."""
        size = len(json.dumps(self.body.get("messages", ""))) // 4
        read, written = usage or (size, 40)
        counts = {"prompt_tokens": read, "completion_tokens": written}
        self.chunk({}, finish)
        self.event({"choices": [], "usage": {**counts, "total_tokens": read + written}})
        self.wfile.write(b"data: [DONE]\n\n")

    def say(self, text: str, finish: str = "stop", usage: tuple[int, int] | None = None) -> None:
        """A whole answer of this text."""
        self.begin()
        for at in range(0, len(text), 40):
            self.chunk({"content": text[at : at + 40]})
        self.end(finish, usage)

    def call(self, name: str, arguments: Body) -> None:
        """A whole answer that calls one tool."""
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"index": 0, "id": f"call_{self.behaviour.requests}", "type": "function"}
        self.begin()
        self.chunk({"tool_calls": [{**call, "function": function}]})
        self.end("tool_calls")

    def whole(self, message: Body, finish: str = "stop") -> None:
        """An answer in one piece."""
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
        usage = {"prompt_tokens": 100, "completion_tokens": 40, "total_tokens": 140}
        about = {"id": "fake", "object": "chat.completion", "created": 0, "model": NAME}
        self.answer(200, {**about, "choices": [choice], "usage": usage})

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""

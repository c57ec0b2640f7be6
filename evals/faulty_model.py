"""A FAKE model server on loopback that misbehaves as told: for drills of the model boundary.

It speaks the chat completions protocol and understands nothing. In mode "well" it answers whatever
schema is asked for with the smallest instance that fits; every other mode is a fault.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .least_instance import least_instance

NAME = "fake-faulty-model"
LONG_WAIT_S = 30
"""A stall lasts until the client goes away, at most so long."""

Body = dict[str, Any]


@dataclass
class Behaviour:
    """What the server does, and what it saw. A mode can be changed while it runs."""

    mode: str = "well"
    faults: int | None = None  # so many requests meet the fault, later ones do well; None: all
    retry_after: str = "1"
    seen: list[Body] = field(default_factory=list)  # every request's body
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


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        """The list of models."""
        self.answer(200, {"object": "list", "data": [{"id": NAME, "object": "model"}]})

    def do_POST(self) -> None:
        """An answer, or the fault."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.body = body
        FAULTS[self.server.behaviour.next_mode(body)](self)

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
        call = {"index": 0, "id": f"call_{self.server.behaviour.requests}", "type": "function"}
        self.begin()
        self.chunk({"tool_calls": [{**call, "function": function}]})
        self.end("tool_calls")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


def wanted(body: Body) -> Body:
    """The schema that a request names; an empty object when it names none."""
    shape = body.get("response_format", {}).get("json_schema", {}).get("schema")
    return shape or {"type": "object"}


def well(handler: Handler) -> None:
    """The smallest answer that fits."""
    handler.say(json.dumps(least_instance(wanted(handler.body))))


def rate_limit(handler: Handler) -> None:
    """Too many requests, come back later."""
    headers = {"Retry-After": handler.server.behaviour.retry_after}
    handler.refuse(429, "slow down", headers)


def stall(handler: Handler) -> None:
    """A few words, then nothing more."""
    handler.begin()
    handler.chunk({"content": '{"'})
    handler.server.behaviour.over.wait(LONG_WAIT_S)


def reset(handler: Handler) -> None:
    """A few words, then the connection is gone."""
    handler.begin()
    handler.chunk({"content": '{"'})


def over_long(handler: Handler) -> None:
    """Never stops, and does not know max_tokens."""
    handler.begin()
    for _ in range(100_000):
        handler.chunk({"content": "again and again and again "})


def unknown_tool(handler: Handler) -> None:
    """Calls a tool that nobody offered."""
    if handler.body.get("tools"):
        handler.call("delete_everything", {"sure": True})
    else:
        well(handler)


def tool_loop(handler: Handler) -> None:
    """Calls the first tool again and again as long as there are tools."""
    tools = handler.body.get("tools")
    if not tools:
        well(handler)
        return
    function = tools[0]["function"]
    handler.call(function["name"], least_instance(function.get("parameters") or {}))


def wrong_usage(handler: Handler) -> None:
    """A good answer with impossible figures."""
    text = json.dumps(least_instance(wanted(handler.body)))
    handler.say(text, usage=(-5, 10_000_000))


def no_formats(handler: Handler) -> None:
    """A server without structured output and without tools, as old ones are."""
    if handler.body.get("response_format") or handler.body.get("tools"):
        handler.refuse(500, "unknown parameter")
    else:
        handler.say("I am only a fake. {}")


def refusal(handler: Handler) -> None:
    """Declines."""
    handler.begin()
    handler.chunk({"refusal": "I can't help with that."})
    handler.end()


FAULTS: dict[str, Callable[[Handler], None]] = {
    "well": well,
    "429 with Retry-After": rate_limit,
    "429": lambda handler: handler.refuse(429, "slow down"),
    "500": lambda handler: handler.refuse(500, "out of order"),
    "401": lambda handler: handler.refuse(401, "wrong key"),
    "stall": stall,
    "reset": reset,
    "empty": lambda handler: handler.say(""),
    "truncated": lambda handler: handler.say('{"summary": "and then it', finish="length"),
    "prose": lambda handler: handler.say("Well, it is hard to say. It may be the database."),
    "wrong schema": lambda handler: handler.say('{"color": "green"}'),
    "no formats": no_formats,
    "refusal": refusal,
    "unknown tool": unknown_tool,
    "tool loop": tool_loop,
    "over-long": over_long,
    "wrong usage": wrong_usage,
}
"""Mode -> what a request meets."""


class Server(ThreadingHTTPServer):
    """The server with its behaviour."""

    daemon_threads = True

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = behaviour

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is what many faults are about."""

    @property
    def url(self) -> str:
        """Base URL for a client."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def faulty_model(behaviour: Behaviour) -> Iterator[Server]:
    """The server while the block runs."""
    with Server(behaviour) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield server
        finally:
            behaviour.over.set()
            server.shutdown()
            thread.join()

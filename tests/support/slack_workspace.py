"""Slack on loopback: the part of the Web API that we use, with its limits and outages, and a real
websocket for Socket Mode."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

TEAM = "T1"
NAMES = {"#incidents": "C100"}
Said = dict[str, Any]


@dataclass
class FakeSlack:
    """What stands in its channels, and what it does wrong: `failing` holds what is answered next:
    "429", "500", "lost" (done, and no answer), or, as long as `down`, nothing at all."""

    url: str = ""
    socket: str = ""
    messages: list[Said] = field(default_factory=list)
    whispers: list[Said] = field(default_factory=list)
    views: list[Said] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    down: bool = False
    users: dict[str, Said] = field(default_factory=dict)
    answers: dict[str, Said] = field(default_factory=dict)
    open: list[ServerConnection] = field(default_factory=list)
    greets: bool = True
    _count: int = 0

    def does(self, method: str, asked: Said) -> Said:
        """One call."""
        self.calls.append(method)
        answer = getattr(self, "_" + method.replace(".", "_"), None)
        return answer(asked) if answer else {"ok": False, "error": "unknown_method"}

    def heads(self) -> list[Said]:
        """Messages that are in no thread."""
        return [m for m in self.messages if not m.get("thread_ts")]

    def thread(self) -> list[str]:
        """What stands in threads."""
        return [shown(m) for m in self.messages if m.get("thread_ts")]

    def _chat_postMessage(self, asked: Said) -> Said:
        self._count += 1
        channel = str(NAMES.get(asked["channel"]) or asked["channel"])
        if not channel.startswith("C"):
            return {"ok": False, "error": "channel_not_found"}
        message = {**asked, "channel": channel, "ts": f"{1700000000 + self._count}.000100"}
        self.messages.append(message)
        return {"ok": True, "channel": channel, "ts": message["ts"]}

    def _chat_update(self, asked: Said) -> Said:
        found = [m for m in self.messages if m["ts"] == asked["ts"]]
        if not found:
            return {"ok": False, "error": "message_not_found"}
        found[0].update(asked)
        return {"ok": True}

    def _conversations_history(self, asked: Said) -> Said:
        return {
            "ok": True,
            "messages": [m for m in self.heads() if m["channel"] == asked["channel"]],
        }

    def _conversations_replies(self, asked: Said) -> Said:
        ts = asked["ts"]
        found = [m for m in self.messages if ts in (m["ts"], m.get("thread_ts"))]
        return {"ok": True, "messages": found}

    def _chat_postEphemeral(self, asked: Said) -> Said:
        self.whispers.append(asked)
        return {"ok": True}

    def _views_open(self, asked: Said) -> Said:
        self.views.append(asked)
        return {"ok": True}

    def _auth_test(self, _asked: Said) -> Said:
        return {"ok": True, "team_id": TEAM}

    def _users_info(self, asked: Said) -> Said:
        found = self.users.get(asked["user"])
        return {"ok": True, "user": found} if found else {"ok": False, "error": "user_not_found"}

    def _apps_connections_open(self, _asked: Said) -> Said:
        return {"ok": True, "url": self.socket}

    def sends(self, kind: str, payload: Said, envelope: str = "e1") -> Said:
        """Send an envelope over the newest connection; what was answered, once it was."""
        self.answers.pop(envelope, None)
        message = {"type": kind, "envelope_id": envelope, "payload": payload}
        self.open[-1].send(json.dumps(message))
        return waited(lambda: self.answers.get(envelope))


def shown(message: Said) -> str:
    """All letters of a message's blocks."""
    found: list[str] = []

    def look(part: Any) -> None:
        if isinstance(part, dict):
            if part.get("type") == "plain_text":
                found.append(part["text"])
            for each in part.values():
                look(each)
        elif isinstance(part, list):
            for each in part:
                look(each)

    look(message["blocks"])
    return "\n".join(found)


def buttons(message: Said) -> dict[str, Said]:
    """Its buttons by their acts."""
    blocks = [b for b in message["blocks"] if b["type"] == "actions"]
    found = [button for block in blocks for button in block["elements"]]
    return {button["action_id"].partition(" ")[0]: button for button in found}


def waited(what: Any, seconds: float = 60.0) -> Any:
    """What it gives, once that is something."""
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)
    return found


@contextmanager
def fake_slack() -> Iterator[FakeSlack]:
    """It answers until the block ends."""
    there = FakeSlack()
    api = ThreadingHTTPServer(("127.0.0.1", 0), _handler(there))
    there.url = f"http://127.0.0.1:{api.server_port}/api/"
    threading.Thread(target=api.serve_forever, args=(0.02,), daemon=True).start()

    def talk(connection: ServerConnection) -> None:
        there.open.append(connection)
        if there.greets:
            connection.send(json.dumps({"type": "hello", "num_connections": 1}))
        with suppress(ConnectionClosed):
            for message in connection:
                told = json.loads(message)
                there.answers[told["envelope_id"]] = {"payload": told.get("payload")}

    with serve(talk, "127.0.0.1", 0) as sockets:
        there.socket = f"ws://127.0.0.1:{sockets.socket.getsockname()[1]}/link"
        threading.Thread(target=sockets.serve_forever, daemon=True).start()
        try:
            yield there
        finally:
            sockets.shutdown()
            api.shutdown()
            api.server_close()


def _handler(there: FakeSlack) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            fault = "down" if there.down else there.failing.pop(0) if there.failing else ""
            if fault == "down":
                self.close_connection = True
                return
            if fault in ("429", "500"):
                self._answer(int(fault), {"ok": False, "error": "ratelimited"}, "7")
                return
            is_json = "json" in self.headers.get("content-type", "")
            asked = (
                json.loads(text)
                if is_json and text
                else {k: v[0] for k, v in parse_qs(text).items()}
            )
            told = there.does(self.path.rpartition("/")[2], asked)
            if fault != "lost":
                self._answer(200, told)

        def _answer(self, status: int, told: Said, after: str = "") -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if after:
                self.send_header("Retry-After", after)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is printed."""

    return Answers

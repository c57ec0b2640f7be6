"""What a real API server answered in a drill, kept and played: everything before its one write, the
write, everything after it. However often something is asked, it is as it was then."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from warroom.tests.support.fresh_files import FRESH
from warroom.tests.support.http_backends import HttpBackend, Question, Reply, serving

TAPE = Path(__file__).parents[1] / "cassettes" / "kubernetes" / "rollout.json"
KEY = re.compile(r"INC-[\w-]+:\w+:\w+(?::\d+)*")
Kept = dict[str, Any]


class Recorder(HttpBackend):
    """Stands before a real API server with somebody's token, and keeps what it answers."""

    def __init__(self, where: str, token: str) -> None:
        super().__init__()
        login = {"Authorization": f"Bearer {token}"}
        self.api = httpx.Client(base_url=where, headers=login, verify=False, trust_env=False)
        self.began = time.time()
        self.before: Kept = {}
        self.after: Kept = {}
        self.writes: list[Kept] = []

    def answer(self, question: Question) -> Reply:
        """What it says."""
        params = {name: values[0] for name, values in question.params.items() if question.raw}
        headers = {"Content-Type": question.headers.get("content-type", "application/json")}
        path = question.raw.partition("?")[0]
        asked = self.api.request(
            question.method,
            path,
            params=_asked(question, params),
            content=question.body,
            headers=headers,
        )
        plain = asked.headers["content-type"].startswith("text/")  # a group that is not served
        body = {"message": asked.text.strip()} if plain else asked.json()
        told = {"status": asked.status_code, "body": _bare(body)}
        if question.method == "GET":
            (self.after if self.writes else self.before)[path] = told
        elif "dryRun" not in question.raw:
            sent = json.loads(KEY.sub("KEY", question.body))
            self.writes.append({"method": question.method, "path": path, "asked": sent, **told})
        return Reply(told["body"], asked.status_code)

    def keep(self) -> None:
        """As the tape, once the whole run is good."""
        assert len(self.writes) == 1
        kept = {"at": self.began, "before": self.before, "write": self.writes[0]}
        text = json.dumps({**kept, "after": self.after}, indent=0) + "\n"
        FRESH.place(TAPE).write_text(text)


def _asked(question: Question, params: dict[str, str]) -> dict[str, str]:
    names = re.findall(r"[?&]([^=&]+)=", question.raw)
    return {name: value for name, value in params.items() if name in names}


def _bare(told: Any) -> Any:
    """Without who set which field, which is most of it."""
    if isinstance(told, dict):
        return {key: _bare(one) for key, one in told.items() if key != "fieldsV1"}
    return [_bare(one) for one in told] if isinstance(told, list) else told


class Player(HttpBackend):
    """The tape."""

    def __init__(self) -> None:
        super().__init__()
        self.tape: Kept = json.loads(TAPE.read_text())
        self.written: list[Question] = []
        self.opened = time.monotonic()

    def now(self) -> datetime:
        """By the clock of then."""
        return datetime.fromtimestamp(self.tape["at"] + time.monotonic() - self.opened, UTC)

    def answer(self, question: Question) -> Reply:
        """As it was then."""
        path, write = question.raw.partition("?")[0], self.tape["write"]
        if question.method == "GET":
            told = self.tape["after" if self.written else "before"].get(path)
            missing = {"kind": "Status", "message": f"{path} was not asked for then"}
            return Reply(told["body"], told["status"]) if told else Reply(missing, 404)
        asked = json.loads(KEY.sub("KEY", question.body))
        assert (question.method, path, asked) == (write["method"], write["path"], write["asked"])
        if "dryRun" not in question.raw:
            self.written.append(question)
        return Reply(write["body"], write["status"])


@contextmanager
def played() -> Iterator[Player]:
    """It answers on loopback."""
    with serving(Player()) as player:
        assert isinstance(player, Player)
        yield player

"""A FAKE endpoint that answers by script, to try `warroom eval peers` without a model:

    python -m warroom.tests.support.scripted_endpoint warroom eval peers --cases DIR

It looks twice where tools are offered, then blames the first service that what it was told names as
`service`, and understands nothing. So harness, packages and servers are seen to work together.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any

from warroom.evals.servers.fake_chat import Body, Chat
from warroom.evals.servers.least_instance import least_instance

NAME = "scripted-fake"
LOOKS: dict[str, Body] = {
    "execute_prometheus_instant_query": {
        "query": 'count by (service) ({service!=""})',
        "description": "which services are measured",
        "timeout": 20,
    },
    "victorialogs_query": {"query": "*", "limit": 5},
}
"""HolmesGPT's tools that it calls."""
PLANNED = {"actions": ["query_grafana_logs"]}
"""The reply in which opensre wants its next looks."""
SCHEMA = "Return ONLY valid JSON that matches this schema:"
SEEN = re.compile(r'\\*"(?:service|service\.name)\\*"\s*:\s*\\*"([^"\\]+)')
BLAMING = "{head} {name} (a scripted answer: nothing was understood)."
NOBODY = "{head} cannot be determined: no telemetry was seen (a scripted answer)."


class Scripted(Chat):
    """One connection."""

    server: "ScriptedServer"

    def do_GET(self) -> None:
        """The list of models."""
        self.answer(200, {"object": "list", "data": [{"id": NAME, "object": "model"}]})

    def do_POST(self) -> None:
        """Looks, a reply of a schema, or the last word."""
        self.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.seen.append(self.body)
        self.server.keys.add(self.headers["authorization"] or "")
        message = self._message(self.body["messages"])
        if self.body.get("stream"):
            return self.say(message.get("content") or "")
        return self.whole(message, "tool_calls" if "tool_calls" in message else "stop")

    def _message(self, messages: list[Body]) -> Body:
        looked = any(message["role"] == "tool" for message in messages)
        if not looked and (calls := [*looks(self.body.get("tools") or [])]):
            return {"content": None, "tool_calls": calls}
        last = str(messages[-1].get("content"))
        if schema := wanted(self.body, last):
            return {"content": json.dumps(least_instance(schema) | _planned(schema))}
        return {"content": last_word(json.dumps(messages), "ROOT_CAUSE:" in last)}


class ScriptedServer(ThreadingHTTPServer):
    """The server, with what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Scripted)
        self.seen: list[Body] = []
        self.keys: set[str] = set()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"


def looks(tools: list[Body]) -> Iterator[Body]:
    """Calls of the tools that it knows."""
    for number, tool in enumerate(one["function"] for one in tools):
        if tool["name"] in LOOKS:
            given = least_instance(tool["parameters"]) | LOOKS[tool["name"]]
            function = {"name": tool["name"], "arguments": json.dumps(given)}
            yield {"id": f"call_{number}", "type": "function", "function": function}


def wanted(body: Body, last: str) -> dict[str, Any] | None:
    """The schema of a reply that is asked for, by the protocol or in words."""
    form = (body.get("response_format") or {}).get("json_schema")
    if form:
        return form["schema"]
    found = last.partition(SCHEMA)[2].strip()
    return json.JSONDecoder().raw_decode(found)[0] if found else None


def _planned(schema: dict[str, Any]) -> Body:
    return PLANNED if "actions" in schema.get("properties", {}) else {}


def last_word(seen: str, formal: bool) -> str:
    """In the form that is asked for."""
    head = "ROOT_CAUSE:\n" if formal else "**Root cause:**"
    found = SEEN.search(seen)
    return BLAMING.format(head=head, name=found[1]) if found else NOBODY.format(head=head)


@contextmanager
def scripted() -> Iterator[ScriptedServer]:
    """The endpoint while the block runs."""
    with ScriptedServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    with scripted() as one:
        known = {**os.environ, "WARROOM_MODEL_BASE_URL": one.url}
        sys.exit(subprocess.run(sys.argv[1:], env=known, check=False).returncode)

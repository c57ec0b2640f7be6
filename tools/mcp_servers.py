"""Tools of other servers by MCP, for the specialists that warroom.yaml names: each only where a
person listed it and it reads. What they say is evidence, and hostile as all telemetry is.
"""

import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import TelemetryError, ToolFailed
from ..incident.evidence import BackendQuery
from ..telemetry.sources.datasource import McpServer, read_secret
from ..text_safety.injection import speaks
from ..text_safety.lines import one_line
from .base import MAX_ROWS, REGISTRY, Bench, Effect, Row, Table, Tool
from .coverage import SqlRow

if TYPE_CHECKING:
    from mcp import Client

T = TypeVar("T")
LANGUAGE, FRESH_S = "mcp", 300.0
LONGEST, MOST_TEXT = 2000, 65_536
"""Characters of a cell, and of an answer; a tool may say a tenth of that of itself."""
_LOOKED: dict[str, tuple[float, list[tuple[str, str]]]] = {}
"""By configuration: when a server was asked what it has, and what is missing."""


@dataclass(frozen=True)
class Remote(Tool):
    """A tool of a server's, which checks arguments itself."""

    own: dict[str, Any] = field(default_factory=dict)

    def parse(self, raw: dict[str, Any]) -> dict[str, Any]:
        """As they are."""
        return raw

    def schema(self) -> dict[str, Any]:
        """As its server describes it."""
        return self.own


def offer(servers: Sequence[McpServer]) -> list[tuple[str, str]]:
    """Register what may be asked; what is missing, as gaps. Asked once in a while."""
    for server in servers:
        at, _gaps = _LOOKED.get(server.model_dump_json(), (0.0, []))
        if not at or time.monotonic() - at > FRESH_S:
            gaps = list(_registered(server))
            _LOOKED[server.model_dump_json()] = time.monotonic(), gaps
    return [gap for server in servers for gap in _LOOKED[server.model_dump_json()][1]]


def _registered(server: McpServer) -> Iterator[tuple[str, str]]:
    for name in server.tools:
        REGISTRY.pop(f"{server.name}_{name}", None)
    try:
        listed = _asked(server, lambda client: client.list_tools()).tools
    except ToolFailed as error:
        yield f"tools of {server.name}", str(error)
        return
    known = {tool.name: tool for tool in listed}
    for name, specialists in server.tools.items():
        if not (tool := known.get(name)):
            yield f"{name} of {server.name}", f"it has: {', '.join(sorted(known))[:LONGEST]}"
            continue
        about, own = one_line(tool.description or ""), dict(tool.input_schema)
        said = json.dumps([about, own], ensure_ascii=False)
        if not (name in server.trusted or (tool.annotations and tool.annotations.read_only_hint)):
            yield f"{name} of {server.name}", "it is not said to only read: see `trusted`"
        elif speaks(said) or len(said) > MOST_TEXT / 10:
            yield f"{name} of {server.name}", "what it says of itself addresses a model, or is long"
        else:
            made = (f"{server.name}_{name}", Effect.read, about, _calling(server, name), dict)
            REGISTRY[made[0]] = Remote(*made, language=LANGUAGE, offered=specialists, own=own)


def _calling(server: McpServer, name: str) -> Callable[..., Table[Row]]:
    def call(_bench: Bench, **arguments: Any) -> Table[SqlRow]:
        answer = _asked(server, lambda client: client.call_tool(name, arguments))
        texts = [one.text for one in answer.content if one.type == "text"]
        if answer.is_error:
            raise ToolFailed(f"{server.name}: {one_line(' '.join(texts))[:LONGEST]}")
        rows = list(_rows([answer.structured_content] if answer.structured_content else texts))
        said = {phrase for row in rows for cell in row.columns.values() for phrase in speaks(cell)}
        warned = f"; texts in it address their reader: {', '.join(sorted(said))}" if said else ""
        query = f"{name} {json.dumps(arguments)}"
        asked = BackendQuery(datasource=server.name, language=LANGUAGE, query=query)
        return Table(rows, f"{len(rows)} rows of {server.name}{warned}", backends=[asked])

    return call


def _rows(contents: Sequence[Any]) -> Iterator[SqlRow]:
    """What is a list of objects as rows, anything else line by line; no more than is kept."""
    left = MOST_TEXT
    for row in [row for content in contents for row in _objects(content)][:MAX_ROWS]:
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in row.items()}
        columns = {str(name)[:60]: text[:LONGEST] for name, text in texts.items()}
        left -= sum(map(len, columns.values()))
        if left < 0:
            return
        yield SqlRow(columns)


def _objects(content: Any) -> list[dict[str, Any]]:
    while isinstance(content, dict) and len(content) == 1:
        (content,) = content.values()
    if isinstance(content, str):
        try:
            told = json.loads(content)
        except (ValueError, RecursionError):
            told = content
        if not isinstance(told, (dict, list)):
            return [{"line": line} for line in content.splitlines() if line.strip()]
        content = told
    found = content if isinstance(content, list) else [content]
    return [one if isinstance(one, dict) else {"value": one} for one in found]


def _asked(server: McpServer, does: Callable[["Client"], Awaitable[T]]) -> T:
    """What comes of it within the server's time. Raises ToolFailed, by its name."""
    if find_spec("mcp") is None:
        raise ToolFailed(f"{server.name}: MCP takes the package mcp: `pip install 'warroom[mcp]'`")
    import anyio  # comes with it
    from httpx2 import HTTPError
    from mcp import MCPError

    async def speak() -> T:
        with anyio.fail_after(server.timeout):
            async with _client(server) as client:
                return await does(client)

    down = (MCPError, HTTPError, OSError, ValueError, RuntimeError, TelemetryError)
    try:
        return anyio.run(speak)
    except (*down, ExceptionGroup) as error:
        first: BaseException = error
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        why = one_line(str(first))[:LONGEST] or type(first).__name__
        raise ToolFailed(f"the MCP server {server.name} does not answer: {why}") from error


@asynccontextmanager
async def _client(server: McpServer) -> AsyncIterator["Client"]:
    """Started or reached for this one question."""
    from httpx2 import AsyncClient
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamable_http_client

    if server.command:
        program, *args = server.command
        started = StdioServerParameters(command=program, args=args, env=server.environment)
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            async with Client(stdio_client(started, nowhere)) as client:
                yield client
        return
    known, headers = server.authorization, {}
    if known:
        headers["Authorization"] = f"{known.type} {read_secret(known.credentials_file)}"
    async with (
        AsyncClient(headers=headers, timeout=server.timeout, trust_env=False) as http,
        Client(streamable_http_client(server.url, http_client=http)) as client,
    ):
        yield client

"""The official client of MCP, spoken through the whole application or to a process."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import anyio
import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from warroom.tests.support.services import Asked

T = TypeVar("T")
Does = Callable[[Client], Coroutine[Any, Any, T]]


def as_role(service: Asked, role: str, does: Does[T], mode: str = "auto") -> T:
    """What comes of it with the token of this role, over HTTP in this process."""

    async def speak() -> T:
        headers = {"Authorization": f"Bearer {service.tokens[role]}"}
        through = httpx2.ASGITransport(app=service[""].app)
        async with httpx2.AsyncClient(transport=through, headers=headers) as http:
            wire = streamable_http_client("http://testserver/mcp", http_client=http)
            async with Client(wire, mode=mode) as client:  # pyright: ignore[reportArgumentType]
                return await does(client)

    return anyio.run(speak)


def at_process(started: StdioServerParameters, does: Does[T]) -> T:
    """The same with a server that is started for it, on its stdin and stdout."""

    async def speak() -> T:
        async with Client(started) as client:
            return await does(client)

    return anyio.run(speak)


def call(service: Asked, role: str, tool: str, /, **arguments: Any) -> CallToolResult:
    """One call of a tool."""
    return as_role(service, role, lambda client: client.call_tool(tool, arguments))


def told(answer: CallToolResult) -> dict[str, Any]:
    """What a tool told."""
    assert not answer.is_error and answer.structured_content, answer.content
    return answer.structured_content


def refused(answer: CallToolResult) -> str:
    """Why a tool did not do it."""
    (text,) = answer.content
    assert answer.is_error and text.type == "text", answer
    return text.text

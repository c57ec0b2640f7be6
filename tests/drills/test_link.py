"""The stretch of network between two services, on real sockets."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from warroom.drills.layout import free_ports
from warroom.drills.link import Line, Link
from warroom.drills.repositories import write_json

GET = b"GET /x HTTP/1.1\r\nuser-agent: shop-checkout/1\r\n\r\n"
BODY = "x" * 400


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An HTTP server of one page that keeps connections open."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while await reader.readuntil(b"\r\n\r\n"):
            head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(BODY)}\r\n\r\n"
            writer.write((head + BODY).encode())
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def laid(file: Path) -> AsyncIterator[tuple[Link, httpx.AsyncClient]]:
    """A link in front of a server, and a client of it."""
    near, far = free_ports(2)
    server = await asyncio.start_server(answering, "127.0.0.1", far)
    link = Link(near, far, file)
    running = asyncio.create_task(link.run())
    client = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{near}",
        headers={"user-agent": "shop-checkout"},
        trust_env=False,
        timeout=30.0,
    )
    try:
        await until(lambda: link.server is not None)
        yield link, client
    finally:
        running.cancel()
        await client.aclose()
        if link.server:
            link.server.close()
        server.close()


async def until(ready: Callable[[], bool]) -> None:
    while not ready():
        await asyncio.sleep(0.01)


def on_a_link(tmp_path: Path, play: Callable[[Link, httpx.AsyncClient], Awaitable[None]]) -> None:
    async def main() -> None:
        async with laid(tmp_path / "line.json") as (link, client):
            assert (await client.get("/x")).text == BODY
            await play(link, client)

    asyncio.run(asyncio.wait_for(main(), 60))


async def steer(link: Link, **line: object) -> None:
    write_json(link.file, line)
    await until(lambda: link.line == Line(**line))  # pyright: ignore[reportArgumentType]


def test_a_delay_holds_each_request_back(tmp_path):
    async def play(link: Link, client: httpx.AsyncClient) -> None:
        await steer(link, delay_s=0.3)
        begun = time.monotonic()
        assert (await client.get("/x")).status_code == 200
        assert time.monotonic() - begun >= 0.3

    on_a_link(tmp_path, play)


def test_a_slow_line_carries_so_many_bytes_a_second(tmp_path):
    async def play(link: Link, client: httpx.AsyncClient) -> None:
        await steer(link, bytes_per_s=1500)
        begun = time.monotonic()
        assert (await client.get("/x")).text == BODY
        assert time.monotonic() - begun >= 0.2

    on_a_link(tmp_path, play)


def test_a_refusal_ends_open_connections_and_is_taken_back(tmp_path):
    async def play(link: Link, client: httpx.AsyncClient) -> None:
        await steer(link, refuse=True)
        await until(lambda: not link.open)
        with pytest.raises(httpx.ConnectError):
            await client.get("/x")
        await steer(link)
        await until(lambda: link.server is not None)
        assert (await client.get("/x")).status_code == 200

    on_a_link(tmp_path, play)


def test_silence_lets_callers_wait(tmp_path):
    async def play(link: Link, client: httpx.AsyncClient) -> None:
        await steer(link, silent=True)
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/x", timeout=0.3)
        assert (await client.get("/healthz")).status_code == 200  # asked on its own host

    on_a_link(tmp_path, play)


def test_a_caller_may_be_the_only_one_that_feels_it(tmp_path):
    async def play(link: Link, client: httpx.AsyncClient) -> None:
        await steer(link, caller="shop-checkout", reset=True)
        other = {"user-agent": "shop-catalog"}
        assert (await client.get("/x", headers=other)).status_code == 200
        with pytest.raises(httpx.TransportError):
            await client.get("/x")

    on_a_link(tmp_path, play)


def test_another_address_answers(tmp_path):
    async def play(link: Link, client: httpx.AsyncClient) -> None:
        [port] = free_ports(1)
        await steer(link, port=port)
        with pytest.raises(httpx.TransportError):
            await client.get("/x")

    on_a_link(tmp_path, play)


@pytest.mark.parametrize(
    ("line", "chunk", "head", "felt"),
    [
        (Line(), GET, None, True),
        (Line(share=0.5), GET, None, False),
        (Line(share=0.5), b'{"a": 1}', True, True),  # the body of a request that felt it
        (Line(share=0.5), b"Q\x00\x00", None, False),
        (Line(), b"Q\x00\x00", None, True),  # no HTTP: what everyone feels
        (Line(caller="shop-catalog"), GET, None, False),
        (Line(caller="shop-checkout"), GET, None, True),
        (Line(), b"GET /healthz HTTP/1.1\r\n", None, False),
    ],
)
def test_who_feels_it(line, chunk, head, felt):
    assert line.feels(chunk, head, 0.7) is felt


def test_nothing_written_is_a_good_line(tmp_path):
    assert Line.load(tmp_path / "none.json") == Line()
    (tmp_path / "some.json").write_text(json.dumps({"delay_s": 0.4}))
    assert Line.load(tmp_path / "some.json").delay_s == 0.4

"""A stretch of network between two services: a TCP proxy, a process of the run.

It carries bytes as they come until traffic/link-NAME.json says otherwise (`Line`). Connections that
are open feel a change as well: pools keep them for long.
"""

import asyncio
import json
import random
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from .layout import Layout

LOOK_S = 0.1
CHUNK = 65536
PIECE_S = 0.1  # a slow line sends what it can carry in this time, again and again
VERBS = (b"GET ", b"POST ", b"PUT ", b"DELETE ")
PROBE = b"GET /healthz"  # whoever runs the process asks it on its own host

Send = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True)
class Line:
    """How the line is: `share` of the requests feel it, of `caller` alone where one is named."""

    share: float = 1.0
    caller: str = ""  # as its requests begin: "shop-checkout"
    delay_s: float = 0.0
    jitter_s: float = 0.0  # up to this much more, anew for each request
    bytes_per_s: float = 0.0  # of the answers; 0: as fast as it goes
    refuse: bool = False  # nobody listens
    silent: bool = False  # what is sent is lost and nobody says so
    reset: bool = False  # the connection breaks
    port: int = 0  # another address answers; 0: the right one

    @classmethod
    def load(cls, path: Path) -> "Line":
        """The line as steered; a good one when nothing was written."""
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return cls()

    def feels(self, chunk: bytes, head: bool | None, luck: float) -> bool:
        """Whether what is sent now is affected; the body of a request fares as its `head` did, and
        what is no HTTP (None) feels what everyone feels."""
        if chunk.startswith(PROBE):
            return False
        if not chunk.startswith(VERBS):
            return (self.share >= 1 and not self.caller) if head is None else head
        named = not self.caller or f"user-agent: {self.caller}".encode() in chunk.lower()
        return named and luck < self.share


class Link:
    """Listens on `port` and carries to `to`."""

    def __init__(self, port: int, to: int, file: Path) -> None:
        self.port, self.to, self.file = port, to, file
        self.line = Line()
        self.server: asyncio.Server | None = None
        self.open: set[asyncio.StreamWriter] = set()

    async def run(self) -> None:
        """Carry, and look at the steering, until ended."""
        while True:
            line = Line.load(self.file)
            if line != self.line or (self.server is None and not line.refuse):
                await self.change(line)
            await asyncio.sleep(LOOK_S)

    async def change(self, line: Line) -> None:
        """Put a line in force; what it takes away is taken from open connections too."""
        moved = (line.port, line.refuse) != (self.line.port, self.line.refuse)
        self.line = line
        if line.refuse and self.server:
            self.server.close()
            self.server = None
        if not line.refuse and self.server is None:
            self.server = await asyncio.start_server(self.accept, "127.0.0.1", self.port)
        for writer in list(self.open) if moved else ():
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either end leaves."""
        self.open.add(writer)
        try:
            far = await asyncio.open_connection("127.0.0.1", self.line.port or self.to)
            self.open.add(far[1])
            both = (self.requests(reader, far[1], writer), self.answers(far[0], writer))
            tasks = [asyncio.create_task(each) for each in both]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.leave(far[1])
        except OSError:
            writer.transport.abort()
        finally:
            self.leave(writer)

    def leave(self, writer: asyncio.StreamWriter) -> None:
        self.open.discard(writer)
        writer.close()

    async def requests(
        self,
        reader: asyncio.StreamReader,
        far: asyncio.StreamWriter,
        near: asyncio.StreamWriter,
    ) -> None:
        head: bool | None = None
        while chunk := await reader.read(CHUNK):
            line = self.line
            felt = line.feels(chunk, head, random.random())
            head = felt if chunk.startswith(VERBS) else head
            if felt and line.reset:
                near.transport.abort()
                return
            if felt and line.silent:
                continue
            if felt and (line.delay_s or line.jitter_s):
                await asyncio.sleep(line.delay_s + random.uniform(0, line.jitter_s))
            far.write(chunk)
            await far.drain()

    async def answers(self, far: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        while chunk := await far.read(CHUNK):
            rate = self.line.bytes_per_s
            piece = max(1, int(rate * PIECE_S)) if rate else len(chunk)
            for start in range(0, len(chunk), piece):
                near.write(chunk[start : start + piece])
                await near.drain()
                await asyncio.sleep(PIECE_S if rate else 0)


async def main(root: Path, name: str) -> None:
    layout = Layout.load(root)
    link = Link(layout.ports[f"link-{name}"], layout.far_end(name), layout.line_file(name))
    await link.run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))

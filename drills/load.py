"""The customers: a process that sends the traffic of `traffic.py` to the gateway.

Steered through traffic/steering.json, which is no part of the telemetry.
"""

import asyncio
import random
import sys
import time
from pathlib import Path

import httpx
import numpy as np

from .layout import Layout
from .repositories import write_json
from .traffic import CustomerRequest, Customers, Steering, rates

TICK_S = 0.05
MOST_AT_ONCE = 250
TIMEOUT_S = 6.0


class Load:
    """Sends visits at the planned rates until it is ended."""

    def __init__(self, layout: Layout, rng: random.Random) -> None:
        self.url = layout.of("gateway")[0].url
        self.file = layout.traffic / "steering.json"
        self.rng = rng
        self.numbers = np.random.default_rng()
        self.customers = Customers(rng)
        self.clients: dict[str, httpx.AsyncClient] = {}
        self.visits: set[asyncio.Task] = set()
        self.counts: dict[str, int] = {}

    async def run(self) -> None:
        started = last = time.monotonic()
        while True:
            steering = Steering.load(self.file)
            now = time.monotonic()
            for kind, rate in rates(steering, now - started).items():
                for _ in range(self.numbers.poisson(rate * (now - last))):
                    self.begin(kind, steering)
            last = now
            await asyncio.sleep(TICK_S)

    def begin(self, kind: str, steering: Steering) -> None:
        if len(self.visits) < MOST_AT_ONCE:
            task = asyncio.create_task(self.visit(self.customers.visit(kind, steering)))
            self.visits.add(task)
            task.add_done_callback(self.visits.discard)

    async def visit(self, requests: list[CustomerRequest]) -> None:
        for number, request in enumerate(requests):
            if number:
                await asyncio.sleep(self.rng.uniform(0.1, 0.5))  # thinks
            await self.send(request)

    async def send(self, request: CustomerRequest) -> None:
        headers = {"user-agent": request.agent}
        if request.session:
            headers["x-session"] = request.session
        try:
            answer = await self.client(request.source).request(
                request.method, self.url + request.path, json=request.body, headers=headers
            )
            outcome = str(answer.status_code)
        except httpx.HTTPError as error:
            outcome = type(error).__name__
        self.counts[outcome] = self.counts.get(outcome, 0) + 1

    def client(self, source: str) -> httpx.AsyncClient:
        """A client whose connections come from that loopback address."""
        if source not in self.clients:
            transport = httpx.AsyncHTTPTransport(
                local_address=source if sys.platform == "linux" else None,
                limits=httpx.Limits(max_connections=80, max_keepalive_connections=10),
            )
            self.clients[source] = httpx.AsyncClient(transport=transport, timeout=TIMEOUT_S)
        return self.clients[source]


async def report(load: Load, path: Path, every_s: float = 1.0) -> None:
    """What the customers got, by status, replaced whole: others read it while it is written."""
    while True:
        await asyncio.sleep(every_s)
        write_json(path, {"at": time.time(), "answers": load.counts})


async def main(root: Path) -> None:
    layout = Layout.load(root)
    load = Load(layout, random.Random())
    await asyncio.gather(load.run(), report(load, layout.traffic / "answers.json"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

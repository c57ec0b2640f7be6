"""Pages of a large installation: how large and how quick they are with many incidents stored; and
what people who watch one live cost those who send alerts.

The incidents are one recorded drill, copied under other ids, times and states; alerts are posted as
fast as they are taken. Watchers are a process of their own that only reads.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Any

import httpx
import numpy as np
from sqlalchemy import insert, select

from ...incident.events import StepStarted
from ...incident.lifecycle import State
from ...incident.severity import Severity
from ...record.store import Store
from ...record.tables import INCIDENTS
from ..framework.grid import ResultGrid
from .exhibits import exhibit
from .figure import Figure, in_ms, target
from .installation import Installation, Serving, installation
from .sending import posts, send

MOST_BYTES, MOST_S, TIMES, ROWS = 100_000, 0.3, 15, 5000
"""Of a page, how often each is asked for, and the rows of one piece of evidence."""
TYPED = {"text": "The cause was a release of checkout [E4]; nobody saw it.\n" * 400}
WATCHERS, SLOWER, SOON_S = 50, 0.2, 1.0
ALERTS, EVERY_S = 6000, 2.0
"""Sent alone and while all watch; and how often something happens to what they watch."""


def pages(database: str, size: int, seed: int) -> Figure:
    """Ask for each kind of page, with so many incidents stored."""
    with installation(database) as made:
        over = exhibit(made.settings.home, "hung-dependency", ("action", "text"))
        incident = exhibit(made.settings.home, "bad-deploy")
        stored(made.store, incident, size, random.Random(seed))
        many = _many_rows(made.store, incident)
        asked = {
            "the list": "/",
            "searched": "/?q=checkout",
            "filtered": "/?severity=P0&state=investigating",
            "a later page": f"/?after={time.time() - 3600 * size / 2!r}+INC",
            "an incident": f"/incidents/{incident}",
            "its evidence": f"/incidents/{incident}/evidence/E22",
            f"evidence of {ROWS:,} rows": f"/incidents/{incident}/evidence/{many}",
            "related incidents": f"/api/v1/incidents/{incident}/related",
            "figures": "/figures",
            "a postmortem": f"/incidents/{over}/postmortem",
            "its check as one types": f"/incidents/{over}/postmortem/marks",
        }
        with made.serving("--no-worker") as serving:
            found = {name: _asked(serving, path) for name, path in asked.items()}
    rows = [[name, f"{n / 1000:.0f}", *in_ms(waits)] for name, (n, waits) in found.items()]
    met = all(n <= MOST_BYTES and max(waits) <= MOST_S for n, waits in found.values())
    goal = f"each ≤ {MOST_BYTES // 1000} kB and ≤ {MOST_S * 1000:g} ms, each of {TIMES} times"
    heads = ["", "kB", "p50 ms", "p99 ms", "max ms"]
    grid = ResultGrid(f"Pages, {size:,} incidents: {database}", heads, rows, [target(goal, met)])
    return Figure(grid, met)


def _many_rows(store: Store, incident: str) -> str:
    """One more piece of evidence, with so many rows; its id."""
    like = store.load(incident).evidence[0]
    rows = [
        {"service": "checkout", "at": n, "line": f"GET /cart {n} in 12 ms"} for n in range(ROWS)
    ]
    return store.add_evidence(incident, like, {"rows": rows}).id


def stored(store: Store, like: str, size: int, rng: random.Random) -> None:
    """So many copies of an incident, an hour between each, some of each state and severity."""
    with store.engine.begin() as connection:
        row = dict(
            connection.execute(select(INCIDENTS).where(INCIDENTS.c.id == like)).mappings().one()
        )
        states, levels = list(State), list(Severity)
        for begin in range(0, size, 500):
            rows = [_copy(row, n, rng, states, levels) for n in range(begin, begin + 500)]
            connection.execute(insert(INCIDENTS), rows[: size - begin])


def _copy(
    row: dict[str, Any], number: int, rng: random.Random, states: list[State], levels: list
) -> dict[str, Any]:
    service = rng.choice(("checkout", "payments", "login", "catalog"))
    at = row["taken_at"] - 3600.0 * (number + 1)
    own = {"id": f"INC-copy-{number}", "taken_at": at, "opened_at": at, "updated_at": at}
    told = {"state": rng.choice(states).value, "severity": rng.choice(levels).value}
    return {**row, **own, **told, "service": service, "title": f"{service} fails, {number}"}


def _asked(serving: Serving, path: str) -> tuple[int, list[float]]:
    headers = {"Authorization": f"Bearer {serving.token}", "Accept": "text/html"}
    length, waits = 0, []
    with httpx.Client(base_url=serving.url, headers=headers, timeout=60) as client:
        client.get("/")  # the first one loads modules
        for _time in range(TIMES):
            began = time.perf_counter()
            answer = client.post(path, data=TYPED) if path.endswith("marks") else client.get(path)
            waits.append(time.perf_counter() - began)
            length = len(answer.raise_for_status().content)
    return length, waits


def watching(database: str, size: int, seed: int) -> Figure:
    """Take alerts in with nobody watching, and with so many; how late each hears of an event."""
    with installation(database) as made:
        incident = exhibit(made.settings.home, "bad-deploy")
        with made.serving("--no-worker") as serving:
            send(made, serving, posts(50, 1, seed, 10**9))
            alone = [_rate(made, serving, seed, 1)]
            late = _watched(made, serving, incident, size, lambda: _rate(made, serving, seed, 2))
            alone.append(_rate(made, serving, seed, 3))
    before, during, heard = float(np.mean(alone)), late[0], late[1]
    slower = 1 - during / before
    met = slower <= SLOWER and bool(heard) and float(np.percentile(heard, 99)) <= SOON_S
    row = [f"{before:.0f}", f"{during:.0f}", f"{slower:.0%}", *in_ms(heard), f"{len(heard)}"]
    goal = f"{size} watchers slow intake by ≤ {SLOWER:.0%}, hear within {SOON_S:g} s (p99)"
    heads = ["", "alone/s", "watched/s", "slower", "p50 ms", "p99 ms", "max ms", "heard"]
    rows = [[f"{size} watchers", *row]]
    note = "alerts/s one by one, as fast as they are taken; heard: events times watchers"
    return Figure(
        ResultGrid(f"Watched live: {database}", heads, rows, [note, target(goal, met)]), met
    )


def _rate(made: Installation, serving: Serving, seed: int, number: int) -> float:
    sent = send(made, serving, posts(ALERTS, 1, seed, number * 10**7), connections=16)
    return len(sent.acknowledged) / sent.seconds


def _watched(
    made: Installation, serving: Serving, incident: str, size: int, work: Any
) -> tuple[float, list[float]]:
    """What the work gives while all watch; seconds from each event until each heard of it."""
    arguments = [serving.url, serving.token, incident, str(size)]
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    process.stdout.readline()  # all watch
    over, told = Event(), list[float]()
    teller = Thread(target=_tell, args=(made.store, incident, over, told))
    teller.start()
    result = work()
    over.set()
    teller.join()
    time.sleep(2 * SOON_S)
    printed, _ = process.communicate()
    return result, [_late(told, at) for heard in json.loads(printed) for at in heard]


def _tell(store: Store, incident: str, over: Event, told: list[float]) -> None:
    while not over.wait(EVERY_S):
        event = StepStarted(step=4 + len(told) % 2, specialist="debugger", attempt=1 + len(told))
        store.events.append(incident, event, time.time())
        told.append(time.time())


def _late(told: Sequence[float], heard: float) -> float:
    """Since the last event before it was heard of that nobody could have heard of earlier."""
    before = [at for at in told if at <= heard]
    return heard - max(before) if before else 0.0


def main() -> None:
    """Watch until stdin ends; print when each change of the state was heard."""
    os.nice(19)  # they are other machines: what they cost here counts little
    url, token, incident, size = sys.argv[1:]
    headers = {"Authorization": f"Bearer {token}"}
    heard, lock, ready = list[list[float]](), Lock(), Event()

    def watch(times: list[float]) -> None:
        last = ""
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client, suppress(OSError):
            while True:
                with client.stream("GET", f"/incidents/{incident}/live") as answer:
                    for line in answer.iter_lines():
                        if line.startswith("id: ") and line != last:
                            times.append(time.time())
                            last = line
                            ready.set()

    for _number in range(int(size)):
        times: list[float] = []
        with lock:
            heard.append(times)
        Thread(target=watch, args=(times,), daemon=True).start()
    while not all(heard):
        time.sleep(0.1)
    for times in heard:
        times.clear()
    print(flush=True)
    sys.stdin.read()
    print(json.dumps(heard))


if __name__ == "__main__":
    main()

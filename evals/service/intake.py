"""Alerts a second that are durable, and how long a sender waits; what is in the database afterwards
is held against what was acknowledged.
"""

import time
from collections import Counter

import numpy as np
from sqlalchemy import insert, select

from ...intake.taking import Delivery, keep
from ...record.store import Store
from ...record.tables import ALERTS
from ...telemetry.alerts import read_alerts
from ..framework.grid import ResultGrid
from .figure import Figure, in_ms, target
from .flood import SENDERS, configured, flood
from .installation import Serving, installation
from .sending import Post, Sent, posts, send

RATE, P99_S = 300.0, 0.25
"""Alerts a second, and the 99th percentile of a sender's wait."""
EACH = (1, 5)
"""Alerts in a delivery: the hardest, and as Alertmanager groups."""
BARE_S, GROUPED_S = 2.0, 60.0
"""For how long the baseline inserts; after which what is not grouped counts as that."""
HEADS = [
    *("alerts/s", "p50 ms", "p99 ms", "max ms", "kept", "refused"),
    *("lost", "twice", "grouped s", "incidents"),
]


def intake(database: str, seconds: int, seed: int) -> Figure:
    """Send at the target's rate, count, and show it beside bare inserts into such a database."""
    rows, met = [], True
    for works in (False, True):
        for each in EACH:
            row, good = _measured(database, posts(int(RATE * seconds), each, seed), works)
            rows.append([f"{each} each{', working' if works else ''}", *row])
            met = met and (good or works)
    given = posts(int(RATE * seconds), EACH[-1], seed)
    row, taken = _flooded(database, given)
    rows.append([f"{EACH[-1]} each, flooded", *row])
    with installation(database) as made:
        for many in (1, 100):
            bare = [f"{inserted(made.store, many, seed):,.0f}", *["·"] * (len(HEADS) - 1)]
            rows.append([f"bare, {many} each", *bare])
    notes = [
        f"{RATE:g} alerts/s for {seconds} s, so many each delivery; working: the process works the "
        "incidents meanwhile; bare: SQLAlchemy alone, so many each commit",
        "a wait begins when a delivery is due, not when it is sent; kept: acknowledged; lost: of "
        "these, not in the database; grouped: after the last one",
        f"flooded: while {SENDERS} senders post spans by OTLP without a pause; answers: {taken}",
        target(f"{RATE:g} alerts/s durable, p99 < {P99_S * 1000:g} ms, not working", met),
    ]
    return Figure(ResultGrid(f"Alerts taken in: {database}", ["", *HEADS], rows, notes), met)


def _measured(database: str, given: list[Post], works: bool) -> tuple[list[str], bool]:
    with installation(database) as made:
        with made.serving("--worker" if works else "--no-worker") as serving:
            send(made, serving, posts(20, 1, 0, first=10**9))  # the first ones load modules
            sent = send(made, serving, given, RATE / len(given[0].alerts))
            grouped = _grouped(serving)
        with made.store.reading.begin() as connection:
            found = Counter(connection.execute(select(ALERTS.c.fingerprint)).scalars())
        return _judged(sent, found, grouped, len(made.store.incidents()))


def _flooded(database: str, given: list[Post]) -> tuple[list[str], str]:
    """The same while telemetry floods the process beside, and what became of that."""
    with installation(database) as made:
        url, file = configured(made)
        with made.serving("--no-worker", "--config", str(file)) as serving:
            send(made, serving, posts(20, 1, 0, first=10**9))
            with flood(made, url) as answers:
                sent = send(made, serving, given, RATE / len(given[0].alerts))
            grouped = _grouped(serving)
        with made.store.reading.begin() as connection:
            found = Counter(connection.execute(select(ALERTS.c.fingerprint)).scalars())
        row, _ = _judged(sent, found, grouped, len(made.store.incidents()))
    return row, ", ".join(f"{status}: {count:,}" for status, count in sorted(answers.items()))


def _judged(
    sent: Sent, found: Counter[str], grouped: str, incidents: int
) -> tuple[list[str], bool]:
    lost = sum(not found[one] for one in sent.acknowledged)
    twice = sum(count > 1 for count in found.values())
    rate = len(sent.acknowledged) / sent.seconds
    refused = " ".join(f"{status}: {count}" for status, count in sent.refused.items()) or "0"
    counts = [f"{len(sent.acknowledged):,}", refused, str(lost), str(twice)]
    quick = bool(sent.latencies) and np.percentile(sent.latencies, 99) < P99_S
    met = bool(quick and rate >= 0.99 * RATE and not (lost or twice or sent.refused))
    return [f"{rate:,.0f}", *in_ms(sent.latencies), *counts, grouped, str(incidents)], met


def _grouped(serving: Serving) -> str:
    """Seconds until every alert is an incident's."""
    began = time.perf_counter()
    while (waited := time.perf_counter() - began) < GROUPED_S:
        if not serving.metrics()["warroom_alerts_untaken"]:
            return f"{waited:.1f}"
        time.sleep(0.2)
    return f"not in {GROUPED_S:g}"


def inserted(store: Store, many: int, seed: int) -> float:
    """Rows a second by SQLAlchemy alone, `many` in a durable commit: a row, always another key."""
    (post,) = posts(1, 1, seed)
    keep(store.engine, [Delivery("", post.body, alerts=read_alerts(post.body))], time.time())
    with store.reading.begin() as connection:
        row = dict(connection.execute(select(ALERTS).limit(1)).mappings().one())
    del row["id"]
    began, number = time.perf_counter(), 0
    while time.perf_counter() < began + BARE_S:
        rows = [{**row, "fingerprint": f"{many}/{number + one}"} for one in range(many)]
        with store.durable.begin() as connection:
            connection.execute(insert(ALERTS), rows)
        number += many
    return number / (time.perf_counter() - began)

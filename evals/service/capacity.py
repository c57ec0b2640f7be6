"""A large installation on paper: queues, simulated with service times that are measured here first.

Half of the alerts come at any time, half in storms that open incidents at once. Deliveries queue
for one process that takes them in; turns queue for workers, each of one core and some slots.
"""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ...intake.committing import MOST_WAITING
from ...service.worker import SLOTS
from ..framework.grid import ResultGrid
from ..studies import synthetic
from .figure import Figure, in_ms
from .incidents import SMALL, worked
from .installation import installation
from .sending import posts, send

HOUR_S = 3600.0
SCALES, WORKERS, MOST_BUSY = (1, 3, 10, 30), (1, 2, 4, 8), 0.8
GROUP = 5
"""Alerts in a delivery: Alertmanager groups."""
SENT, WORKED = 600, 5
"""Deliveries and incidents that service times are measured by."""
THINKING_S = 30.0
"""Of a turn with a model."""


@dataclass(frozen=True)
class Scenario:
    """What comes in within an hour, so many times the smallest: more storms, not larger ones."""

    scale: int = 1
    alerts: int = 100_000
    services: int = 1000
    storms: int = 2
    storm_s: float = 60.0
    storm_services: int = 50  # each gets an incident
    incidents: int = 133  # a hundred are open at a time, each for 45 minutes
    open_s: float = 2700.0


@dataclass(frozen=True)
class Times:
    """Measured seconds."""

    delivery_s: float  # of the process that takes alerts in, for a delivery
    alert_s: float  # and for each alert in it
    answer_s: float  # until the answer where nobody else sends
    turn_s: float  # CPU of a turn of the playbooks
    turns: float  # of an incident


def capacity(database: str, _size: int, seed: int) -> Figure:
    """Simulate an hour at several scales, with several numbers of workers."""
    times, rows = measured(database, seed), []
    for scale in SCALES:
        scenario, rng = Scenario(scale), random.Random(seed)
        waits, refused, busy = taken_in(deliveries(scenario, rng), times)
        due = turns_due(scenario, times, rng)
        counts = [f"{scenario.alerts * scale:,}", f"{100 * scale:,}", f"{busy:.0%}"]
        late = [_late(due, times, 0.0), _late(due, times, THINKING_S)]
        rows.append([f"x {scale}", *counts, *in_ms(waits)[1:], f"{refused:.1%}", *late])
    heads = ["", "alerts/h", "open", "busy", "p99 ms", "max ms", "refused", "late s", "thinking"]
    return Figure(ResultGrid(f"Capacity, simulated: {database}", heads, rows, _notes(times)))


def _late(due: Sequence[float], times: Times, thinking_s: float) -> str:
    found = (np.percentile(lateness(due, times, n, thinking_s), 99) for n in WORKERS)
    return " / ".join(f"{seconds:.0f}" for seconds in found)


def _notes(times: Times) -> list[str]:
    """What was measured and assumed; where a process is four fifths busy."""
    per_hour = MOST_BUSY * HOUR_S
    alone, grouped = times.delivery_s + times.alert_s, times.delivery_s / GROUP + times.alert_s
    by_slots = per_hour * SLOTS / (times.turn_s + THINKING_S) / times.turns
    one = Scenario()
    return [
        f"measured: {times.delivery_s * 1000:.1f} ms a delivery and {times.alert_s * 1000:.2f} ms "
        f"an alert in it, answered after {times.answer_s * 1000:.0f} ms when nobody waits; a turn "
        f"{times.turn_s:.2f} s of CPU, {times.turns:.1f} turns an incident",
        f"x 1: {one.services:,} services; {one.storms} storms an hour of {one.storm_s:g} s and "
        f"{one.storm_services} services; {GROUP} alerts a delivery; refused: 503, sent again",
        f"late: 99th percentile of a turn's wait with {', '.join(map(str, WORKERS))} workers of "
        f"{SLOTS} slots; thinking: where a turn waits {THINKING_S:g} s for a model besides",
        f"{MOST_BUSY:.0%} busy: one process takes in {per_hour / grouped:,.0f} alerts an hour in "
        f"deliveries of {GROUP}, {per_hour / alone:,.0f} one by one; one worker works "
        f"{per_hour / times.turn_s / times.turns:,.0f} incidents an hour by its core, "
        f"{by_slots:,.0f} by its slots where turns think",
    ]


def measured(database: str, seed: int) -> Times:
    """On this machine, alone: deliveries of one alert and of ten, then incidents."""
    with installation(database) as made, TemporaryDirectory() as folder:
        with made.serving("--no-worker") as serving:
            send(made, serving, posts(50, 1, seed, 10**9))
            calm = send(made, serving, posts(SENT // 4, 1, seed, 10**8), connections=1)
            one = send(made, serving, posts(SENT, 1, seed), connections=16)
            ten = send(made, serving, posts(10 * SENT, 10, seed, SENT), connections=16)
        found = worked(made, synthetic.write(Path(folder) / "bundle", seed, SMALL), WORKED)
    alert_s = max(0.0, (ten.seconds - one.seconds) / (9 * SENT))
    delivery_s = max(0.0, one.seconds / SENT - alert_s)
    answer_s = float(np.median(calm.latencies))
    return Times(delivery_s, alert_s, answer_s, found.cpu_s / found.turns, found.turns)


def deliveries(scenario: Scenario, rng: random.Random) -> list[float]:
    """When they come within the hour, seconds, in order."""
    calm = scenario.scale * scenario.alerts // 2 // GROUP
    stormy = scenario.alerts // 2 // scenario.storms // GROUP
    found = [rng.uniform(0, HOUR_S) for _ in range(calm)]
    for _ in range(scenario.scale * scenario.storms):
        at = rng.uniform(0, HOUR_S)
        found += [at + rng.uniform(0, scenario.storm_s) for _ in range(stormy)]
    return sorted(found)


def taken_in(given: Sequence[float], times: Times) -> tuple[list[float], float, float]:
    """One queue, in order; who finds it full is refused. Seconds until each is answered, the share
    that is refused, the share of the time that the process is busy."""
    service = times.delivery_s + GROUP * times.alert_s
    ends, waits, free = deque[float](), [], 0.0
    for at in given:
        while ends and ends[0] <= at:
            ends.popleft()
        if len(ends) < MOST_WAITING:
            free = max(free, at) + service
            ends.append(free)
            waits.append(max(free - at, times.answer_s))
    return waits, 1 - len(waits) / len(given), len(waits) * service / max(HOUR_S, free)


def turns_due(scenario: Scenario, times: Times, rng: random.Random) -> list[float]:
    """When turns are due: an incident's first at once, and in a storm many begin together; its
    others while it is open."""
    begins = []
    for _ in range(scenario.scale * scenario.storms):
        at = rng.uniform(0, HOUR_S)
        begins += [at + rng.uniform(0, scenario.storm_s) for _ in range(scenario.storm_services)]
    rest = scenario.scale * scenario.incidents - len(begins)
    begins += [rng.uniform(0, HOUR_S) for _ in range(rest)]
    later = [at for at in begins for _ in range(round(times.turns) - 1)]
    return sorted([*begins, *(at + rng.uniform(0, scenario.open_s) for at in later)])


def lateness(
    due: Sequence[float], times: Times, workers: int, thinking_s: float = 0.0
) -> list[float]:
    """Seconds that each turn waits for a slot and for the core of that slot's worker."""
    slots, cores, found = [0.0] * (SLOTS * workers), [0.0] * workers, []
    for at in due:
        begins, slot = min((max(at, t, cores[n // SLOTS]), n) for n, t in enumerate(slots))
        found.append(begins - at)
        cores[slot // SLOTS] = begins + times.turn_s
        slots[slot] = cores[slot // SLOTS] + thinking_s
    return found

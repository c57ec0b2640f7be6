"""How soon open incidents are somebody's again after a boot: each waits for its time, is due, or is
worked by a process that lives; none is left to one that is gone.
"""

import subprocess
import time
from collections import Counter

from sqlalchemy import Row, select, update

from ...incident.document import Alert
from ...incident.timeline import utc_now
from ...intake.telling import opened
from ...record.leases import LEASE_S, is_dead, new_owner
from ...record.store import Store, add
from ...record.tables import WORK
from ...record.waking import READY, WAITING, wake
from ..framework.grid import ResultGrid
from .figure import Figure, target
from .installation import Installation, installation

TARGET_S, LOOK_S = 10.0, 60.0
"""Until all are somebody's; how long it is looked at most."""
TAKEN_S = 20.0
"""After the start of the process it is counted how many were taken up."""
HEADS = ["ready s", "recovered s", "owned", "scheduled", "due", "by /metrics", "taken up"]


def recovery(database: str, incidents: int, _seed: int) -> Figure:
    """Boot over nothing, then over so many open incidents."""
    with installation(database) as made, made.serving("--no-worker") as serving:
        rows = [["no incident", f"{serving.boot_s:.1f}", *["·"] * 6]]
    with installation(database) as made:
        _leave(made.store, incidents)
        began = time.perf_counter()
        with made.serving() as serving:
            seconds, found = _recovered(made, began)
            told = serving.metrics()
            time.sleep(max(0.0, TAKEN_S - (time.perf_counter() - began)))
            taken = sum(row.token > 1 for row in _rows(made.store))
    open_ = sum(told.get(f"warroom_work {status}", 0) for status in (READY, WAITING))
    counts = [str(found[each]) for each in ("owned", "scheduled", "due")]
    counts = [f"{serving.boot_s:.1f}", f"{seconds:.1f}", *counts, f"{open_:.0f}", str(taken)]
    rows.append([f"{incidents} open", *counts])
    met = seconds <= TARGET_S and not found["lost"] and open_ == incidents
    notes = [
        "as a crash leaves them, a third each: waits for its time, due, held by a dead process",
        f"from the start of the process; taken up: after {TAKEN_S:g} s; /metrics: ready or waiting",
        target(f"all recovered within {TARGET_S:g} s", met),
    ]
    return Figure(ResultGrid(f"Boot: {database}", ["", *HEADS], rows, notes), met)


def _leave(store: Store, incidents: int) -> None:
    """Open incidents as a crash leaves them."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    machine, _process, rest = new_owner().rsplit("/", 2)
    held = {"owner": f"{machine}/{ended.pid}/{rest}", "lease_until": time.time() + LEASE_S}
    ways = [{"wake_at": time.time() + 3600}, {"wake_at": time.time()}, {"wake_at": None, **held}]
    with store.durable.begin() as connection:
        for number in range(incidents):
            incident_id = f"INC-{number:05d}"
            alert = Alert(name="Slow", service="cart", fingerprint=incident_id, source="figures")
            add(connection, opened(incident_id, alert, utc_now()))
            wake(connection, incident_id, why="an alert")
            values = {"status": WAITING, "token": 1, **ways[number % 3]}
            here = WORK.c.incident_id == incident_id
            connection.execute(update(WORK).where(here).values(values))


def _recovered(made: Installation, began: float) -> tuple[float, Counter[str]]:
    """Seconds until none is lost, or we have looked for long; how they stand then."""
    while True:
        found = Counter(standing(row) for row in _rows(made.store))
        seconds = time.perf_counter() - began
        if not found["lost"] or seconds > LOOK_S:
            return seconds, found
        time.sleep(0.05)


def standing(row: Row) -> str:
    """Whose the incident is: owned, scheduled, due, or lost to a process that is gone."""
    if row.owner is None:
        return "due" if row.wake_at is not None and row.wake_at <= time.time() else "scheduled"
    if row.lease_until <= time.time():
        return "due"
    return "lost" if is_dead(row.owner) else "owned"


def _rows(store: Store) -> list[Row]:
    what = (WORK.c.owner, WORK.c.wake_at, WORK.c.lease_until, WORK.c.token)
    with store.reading.begin() as connection:
        return list(connection.execute(select(*what)))

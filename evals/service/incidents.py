"""Incidents a second through workers on PostgreSQL, playbooks alone, and where their time goes."""

import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select, text, update

from ...app.configuration import Sources
from ...app.work import respond
from ...errors import ApprovalError, WarroomError
from ...incident.action import Verdict
from ...incident.identity import automatic
from ...record.store import Store
from ...record.tables import WORK
from ...record.waking import ENDED, STUCK
from ...service.worker import Turns
from ..framework.grid import ResultGrid
from ..studies import synthetic
from ..studies.one_run import alert_of
from .figure import Figure, shares, target
from .installation import Installation, installation
from .stages import sampled

TARGET, WORKERS = 30.0, 2
SMALL = 3
"""Requests a second in the recording."""
PROFILED = 5
"""Incidents whose time is looked at by stage, in this process."""
FAR_S, PATIENCE_S = 1e6, 600.0
BY = automatic("figures")


def throughput(incidents: int, seed: int) -> Figure:
    """Work so many by real `warroom worker` processes; all that is asked is declined."""
    with TemporaryDirectory() as folder, installation("postgresql") as made:
        bundle = synthetic.write(Path(folder) / "bundle", seed, SMALL)
        warm, found = taken(made, bundle, 4 * WORKERS), taken(made, bundle, incidents)
        with ExitStack() as running:
            command = ("worker", "--telemetry", str(bundle))
            started = [running.enter_context(made.running(*command)) for _ in range(WORKERS)]
            _end(made.store, warm)
            used, began = sum(_cpu_s(each.pid) for each in started), time.perf_counter()
            _end(made.store, found)
            seconds = time.perf_counter() - began
            used = sum(_cpu_s(each.pid) for each in started) - used
            connections = _connections(made.store)
        with sampled() as stages:
            alone = worked(made, bundle, PROFILED)
    rate, met = incidents / seconds, incidents / seconds >= TARGET
    counts = [f"{rate:.1f}", f"{used / incidents:.2f}", f"{used / seconds:.1f}", str(connections)]
    single = [f"{1 / alone.seconds:.1f}", f"{alone.cpu_s:.2f}", "·", "·"]
    rows = [[f"{WORKERS} workers, {incidents} incidents", *counts], ["one thread", *single]]
    notes = [
        f"one thread by stage, waiting for the server included: {shares(stages)}",
        f"{alone.turns:.1f} turns an incident; CPU of the workers, PostgreSQL's own left out",
        target(f"{TARGET:g} incidents/s", met),
    ]
    heads = ["", "incidents/s", "CPU s an incident", "cores used", "connections"]
    return Figure(ResultGrid("Incidents worked: postgresql", heads, rows, notes), met)


def taken(made: Installation, bundle: Path, incidents: int) -> list[str]:
    """Open so many, none due: each alert has an environment of its own, and joins no other."""
    with respond(made.settings, Sources(telemetry=bundle), made.store) as response:
        alert, found = alert_of(bundle), []
        for number in range(incidents):
            own = f"{number}/{time.time_ns()}"
            labels = {**alert.labels, "environment": own}
            changes = {"labels": labels, "fingerprint": own}
            found.append(response.take(alert.model_copy(update=changes))[0])
    _wake(made.store, found, FAR_S)
    return found


@dataclass(frozen=True)
class Worked:
    """What an incident took, on average."""

    seconds: float
    cpu_s: float
    turns: float


def worked(made: Installation, bundle: Path, incidents: int) -> Worked:
    """Work so many in this thread, turn by turn as a worker does; one before, to load modules."""
    turns = Turns(made.settings, Sources(telemetry=bundle))
    found = taken(made, bundle, 1 + incidents)
    count, began, cpu = 0, 0.0, 0.0
    for number, incident in enumerate(found):
        if number == 1:
            count, began, cpu = 0, time.perf_counter(), time.process_time()
        _wake(made.store, [incident], 0.0)
        while lease := turns.store.work.claim_next(turns.owner, only=incident):
            turns.work(lease)
            _decline(made.store)
            count += 1
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    turns.close()
    return Worked(seconds / incidents, cpu / incidents, count / incidents)


def _wake(store: Store, incidents: Sequence[str], in_s: float) -> None:
    values = {"wake_at": store.work.now() + in_s}
    with store.engine.begin() as connection:
        connection.execute(update(WORK).where(WORK.c.incident_id.in_(incidents)).values(values))


def _end(store: Store, incidents: Sequence[str]) -> None:
    """Have them worked, decline what is asked, until all are over. Raises WarroomError."""
    _wake(store, incidents, 0.0)
    until, found = time.monotonic() + PATIENCE_S, Counter[str]()
    query = select(WORK.c.status).where(WORK.c.incident_id.in_(incidents))
    while sum(found[end] for end in ENDED) < len(incidents):
        _decline(store)
        with store.reading.begin() as connection:
            found = Counter(connection.execute(query).scalars())
        if found[STUCK] or time.monotonic() > until:
            raise WarroomError(f"the incidents did not end: {found}")
        time.sleep(0.05)


def _decline(store: Store) -> None:
    for request in store.ledger.waiting():
        with suppress(ApprovalError):  # a newer text has replaced it in this moment
            asked = (request.incident_id, request.subject)
            store.ledger.decide(*asked, Verdict.rejected, BY, "a measurement")


def _cpu_s(process: int) -> float:
    """Seconds of CPU that it has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _connections(store: Store) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    with store.reading.begin() as connection:
        return connection.execute(text(query)).scalar_one()

"""A system by its operations.json: processes, restarts, last errors, endpoints, the database."""

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import psycopg

from ..errors import ToolFailed
from ..targets.fleet import HEALTH, Fleet
from ..targets.operations import Access, adapters
from ..targets.supervisor import Process, Supervisor
from .look import Health, Look, Looking, measured
from .network import Place, look_at

TAIL = 20_000
"""Bytes of the end of a process's log that are read."""
ERRORS = re.compile(
    r"\b(?:ERROR|FATAL|CRITICAL|PANIC|Traceback|panic:|[A-Z]\w+(?:Error|Exception)\b)"
)
LONGEST_LINE = 160
TOGETHER_S = 60.0
"""Processes of so nearly one age were started together, and none of them since."""
DATABASE = """
SELECT 100.0 * count(*) FILTER (WHERE backend_type = 'client backend')
       / current_setting('max_connections')::int,
       count(*) FILTER (WHERE wait_event_type = 'Lock'),
       coalesce(extract(epoch FROM now() - min(xact_start)
                FILTER (WHERE backend_type = 'client backend')), 0),
       (SELECT coalesce(max(extract(epoch FROM replay_lag)), 0) FROM pg_stat_replication)
FROM pg_stat_activity WHERE pid <> pg_backend_pid()
"""
MEASURES = (
    "connections in use",
    "sessions that wait for a lock",
    "oldest transaction",
    "replica behind",
)
"""The columns of that."""
BOUNDS = "-c statement_timeout=3000 -c default_transaction_read_only=on"


def looks_of(access: Access) -> Iterator[Looking]:
    """One for each part of the system that may be looked at."""
    if access.supervisor_url:
        yield partial(_processes, Supervisor(access.supervisor_url))
    if access.database_dsn:
        yield partial(_database, access.database_dsn, access.database)
    try:
        yield from (partial(look_at, place) for place in _endpoints(access))
    except ToolFailed as error:
        look = Look("endpoint", "endpoints.json", Health.unseen, str(error))
        yield lambda: [look]


def _endpoints(access: Access) -> list[Place]:
    """Where instances that take requests answer."""
    return [
        Place.parse(f"{endpoint.url}{HEALTH}")
        for fleet in adapters(access)
        if isinstance(fleet, Fleet)
        for service in fleet.inventory().services
        for endpoint in fleet.endpoints(service)
        if endpoint.active
    ]


def _processes(supervisor: Supervisor) -> list[Look]:
    try:
        processes = supervisor.processes()
    except ToolFailed as error:
        do = "start supervisord, or correct supervisor_url"
        return [Look("process", "supervisor", Health.unseen, str(error), do)]
    ages = [process.up_s or 0.0 for process in processes if process.running]
    began = max(ages) - TOGETHER_S if len(ages) > 1 else math.inf
    return [look for process in processes for look in _process(supervisor, process, began)]


def _process(supervisor: Supervisor, process: Process, began: float) -> Iterator[Look]:
    """began: seconds ago that the whole system was started, at the latest."""
    name = process.instance
    if process.state == "STOPPED":  # somebody stopped it, or nobody wanted it yet
        yield Look("process", name, Health.well, "stopped, as somebody wanted it")
        return
    if not process.running:
        do = "read its log; where its release is new, roll back, else restart it"
        says = f"does not run: {process.state.lower()} {process.problem}".strip()
        yield Look("process", name, Health.bad, says, do)
    elif process.up_s is not None and process.up_s >= began:
        yield Look("restarts", name, Health.well, "up since the system was started")
    elif process.up_s is not None:
        yield measured("restarts", name, "seconds up", process.up_s)
    yield from _errors(supervisor, name)


def _errors(supervisor: Supervisor, name: str) -> Iterator[Look]:
    """In the end of what it wrote: how far back that reaches nobody says."""
    try:
        lines = supervisor.last_lines(name, TAIL)
    except ToolFailed as error:
        yield Look("errors", name, Health.unseen, str(error))
        return
    wrong = [line for line in lines if ERRORS.search(line)]
    look = measured("errors", name, "lines of errors", len(wrong))
    told = f"{look.says} of the last {len(lines)}"
    if wrong:
        told += f"; the last: {wrong[-1].strip()[:LONGEST_LINE]}"
    yield replace(look, says=told)


def _database(dsn: str, name: str) -> list[Look]:
    try:
        with psycopg.connect(dsn, connect_timeout=3, options=BOUNDS) as connection:
            row = connection.execute(DATABASE).fetchone() or ()
    except psycopg.OperationalError as error:
        do = "out of connections: end idle sessions or restart who leaks; else look at its process"
        told = " ".join(str(error).split())[:LONGEST_LINE]
        return [Look("database", name, Health.bad, f"does not answer: {told}", do)]
    except psycopg.Error as error:
        told = " ".join(str(error).split())[:LONGEST_LINE]
        return [Look("database", name, Health.unseen, f"cannot be asked: {told}")]
    return [
        measured("database", name, *each) for each in zip(MEASURES, map(float, row), strict=True)
    ]

"""Sessions of a database: who waits for whom, and who holds how many connections."""

import json
import math
from dataclasses import dataclass, replace
from typing import Any

from ..actions.facts import FactKind
from ..telemetry.model import StateFact
from .base import Bench, Effect, Row, Table, tool
from .reading import cut, number, share, table
from .state import histories, spans, unread


@dataclass(frozen=True, slots=True)
class SessionWait(Row):
    """Sessions that wait for a lock, and the one that holds it; times in unix seconds."""

    service: str  # the database
    waiting_role: str
    waiting_application: str
    waiting: int  # sessions at once, at most
    relation: str
    mode: str
    statement: str
    first: float
    last: float
    ended: bool
    blocker: str  # pid/start
    blocker_role: str
    blocker_application: str
    blocker_state: str
    blocker_statement: str
    blocker_since: float | None  # its transaction's begin
    held_s: float | None


@dataclass(frozen=True, slots=True)
class RoleConnections(Row):
    """Connections of one role, at most during the incident; the role "" is the whole server."""

    service: str
    role: str
    used: int
    limit: int  # -1: none
    share: float | None
    used_before: int | None
    by: str  # "payments-1 6, psql 2"


@tool(Effect.read)
def database_sessions(bench: Bench) -> Table[SessionWait]:
    """Database sessions that waited for locks during the incident: who, on what, with which
    statement, and which session holds it, since when, doing what. The longest first.

    The blocker is the session that itself waits for nobody. Use it when statements hang or time
    out, or when locks are waited for.
    """
    window = bench.frame.incident
    waits = histories(bench.telemetry.state(window.end), FactKind.wait)
    rows = [row for wait in waits if (row := _wait(wait, window.start, window.end))]
    rows.sort(key=lambda row: (-(row.held_s or 0.0), -row.waiting))
    still = sum(row.waiting for row in rows if not row.ended)
    waited, held = sum(row.waiting for row in rows), len({row.blocker for row in rows})
    summary = f"{waited} sessions waited for what {held} held; {still} still wait"
    nothing = "no session was seen to wait for another"
    gaps = unread(bench)
    return table(rows, summary + gaps, nothing + gaps, window)


def _wait(history: list[StateFact], start: float, end: float) -> SessionWait | None:
    """One wait as far as it lies in the window; None where it does not."""
    held = [(f, to) for f, to in spans(history, end) if f.value and to >= start]
    who, latest = _fields(history[0].object), _fields(held[-1][0].value) if held else {}
    if not who or not latest:
        return None
    since, last = number(_float(who.get("blocker_since")), 13), held[-1][1]
    text = {name: cut(who.get(name), 200) for name in TEXTS}
    return SessionWait(
        service=history[0].service,
        waiting=max(_int(_fields(fact.value).get("waiting")) for fact, _ in held),
        statement=cut(latest.get("statement"), 300),
        first=number(held[0][0].at) or 0.0,
        last=number(last) or 0.0,
        ended=not history[-1].value,
        blocker_state=cut(latest.get("blocker_state"), 60),
        blocker_statement=cut(latest.get("blocker_statement"), 300),
        blocker_since=since,
        held_s=round(last - since, 1) if since else None,
        **text,
    )


TEXTS = ("waiting_role", "waiting_application", "relation", "mode")
TEXTS += ("blocker", "blocker_role", "blocker_application")


@tool(Effect.read)
def database_connections(bench: Bench) -> Table[RoleConnections]:
    """Connections that each role of the database held at most during the incident, against its
    limit and against the healthy time, and which applications hold them. The fullest first.

    Use it when connections are refused or a pool is empty.
    """
    window, baseline = bench.frame.incident, bench.frame.baseline
    rows = []
    for history in histories(bench.telemetry.state(window.end), FactKind.connections):
        now = _most(history, window.start, window.end)
        if now and (role := _fields(history[0].object).get("role")) is not None:
            before = _most(history, baseline.start, baseline.end)
            rows.append(_connections(history[0].service, str(role), now, before))
    rows = [row if row.role else _held_by_most(row, rows) for row in rows]
    rows.sort(key=lambda row: -(row.share or 0.0))
    gaps = unread(bench)
    full = rows[0] if rows else None
    fullest = f"; fullest: {full.role or 'all'} {full.used} of {full.limit}" if full else ""
    summary = f"{len(rows)} roles{fullest}{gaps}"
    return table(rows, summary, f"no connection was recorded{gaps}", window)


def _held_by_most(every: RoleConnections, rows: list[RoleConnections]) -> RoleConnections:
    """All connections of a database, with the role that has most more of them than before."""
    roles = [row for row in rows if row.role and row.service == every.service]
    most = max(roles, key=lambda row: row.used - (row.used_before or 0), default=None)
    if most is None or most.used <= (most.used_before or 0):
        return every
    return replace(every, by=f"most more by {most.role}: {most.by}")


def _connections(
    service: str, role: str, now: dict[str, Any], before: dict[str, Any]
) -> RoleConnections:
    used, limit = _int(now.get("used")), _int(now.get("limit"), -1)
    return RoleConnections(
        service=service,
        role=role,
        used=used,
        limit=limit,
        share=share(used, limit) if limit > 0 else None,
        used_before=_int(before.get("used")) if before else None,
        by=cut(now.get("by"), 200),
    )


def _most(history: list[StateFact], start: float, end: float) -> dict[str, Any]:
    """The fullest state inside a window."""
    held = spans(history, math.inf)
    inside = [_fields(fact.value) for fact, to in held if fact.at < end and to > start]
    return max(inside, key=lambda fields: _int(fields.get("used")), default={})


def _fields(text: str) -> dict[str, Any]:
    """A JSON object; empty for what is none."""
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _int(value: Any, otherwise: int = 0) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None

"""Where a new failure begins: followed from who complains to whom it waits for, as deep as it goes.

A refusal leads to whom does not listen, a wait to whom it waits for; a caller that gives up while
its callee answers as ever is at fault itself, as is one that others do not share the trouble of.
"""

from ...tools.failed_spans import Way
from ...tools.new_failures import NewFailure
from ...tools.sessions import RoleConnections
from ...tools.stepped_gauges import Step
from .account_words import nearest_change
from .error_words import asked
from .observations import Observations, where

JUST_BEFORE_S = 15.0
"""A change this long before a failure's begin may have set it off."""
GAP_S = 5.0
"""A process that was started again listens after this long at most."""
AS_LONG = 1.5
"""A callee that worked at most so many times as long as its caller waited was not slow."""
NOT_FOUND = 404
CLEARLY = 0.2
"""Weight from which another way of requests says something."""
CONTENT = 0.6
"""How sure it is that what a callee answers, or a store holds, makes unchanged code fail, where
neither is known to be changed."""
OURS_S = 15.0
"""A start this soon after an action of ours came of it."""
FULL, CROWD = 0.9, 0.7
"""Share of a limit that is used up; what it was before, as a share of that, at the most."""
SET = ("environment", "limit", "setting")
"""Kinds of change by which a process behaves differently with the same code."""
DEPTH = 6


def path(seen: Observations, row: NewFailure) -> list[str]:
    """From the service that complains to the place where its failure begins."""
    found = [row.service]
    step = _next(seen, row)
    if row.code == NOT_FOUND and step == row.callee:
        return [*found, step, *_store_of(seen, step)]
    while step and step not in found and len(found) < DEPTH:
        found.append(step)
        step = _deeper(seen, step, found) if row.way != Way.refused else ""
    return found


def _next(seen: Observations, row: NewFailure) -> str:
    """Whose doing it is next to the service that complains; empty: its own."""
    match row.way:
        case Way.own:
            return _content_of(seen, row)
        case Way.full:
            return _deeper(seen, row.service, [row.service])
        case Way.pool:
            held = _locked(seen, row.callee) or crowded(seen, row)
            return row.callee if held else ""
        case Way.late:
            return "" if gave_up_early(row) or _set_anew(seen, row) else row.callee
        case Way.refused:
            return "" if _others_reach(seen, row) else row.callee
    changed = nearest_change(seen, row.service, row.since, JUST_BEFORE_S)
    mine = changed and asked(row) and not nearest_change(seen, row.callee, row.since, JUST_BEFORE_S)
    return "" if mine else row.callee


def _deeper(seen: Observations, service: str, over: list[str]) -> str:
    """What a service that is late or full waits for itself; empty where nothing shows."""
    own = [
        row
        for row in where(seen.new_failures, service=service)
        if row.way in (Way.late, Way.pool) and row.callee not in over and _next(seen, row)
    ]
    if own:
        return max(own, key=lambda row: row.count).callee
    entry = seen.case.catalogue.find(service)
    needed = [name for name in (entry.depends_on if entry else []) if name not in over]
    late = {row.callee for row in seen.new_failures.rows if row.way == Way.late}
    waited = [name for name in needed if _locked(seen, name) or name in late]
    return waited[0] if waited else ""


def gave_up_early(row: NewFailure) -> bool:
    """Whether the callee answered well, in about the time that the caller did not wait for."""
    if row.way != Way.late or row.callee_ms is None or row.callee_failed:
        return False
    return row.callee_ms <= AS_LONG * row.waited_ms


def _set_anew(seen: Observations, row: NewFailure) -> bool:
    """Whether the caller was just set to something else, and a callee that was not changed answers
    it later than it now waits."""
    if row.callee_ms is None or nearest_change(seen, row.callee, row.since, JUST_BEFORE_S):
        return False
    own = nearest_change(seen, row.service, row.since, JUST_BEFORE_S)
    return own is not None and own.kind in SET


def _others_reach(seen: Observations, row: NewFailure) -> bool:
    """Whether other callers still reach whom this one does not."""
    others = [e for e in where(seen.edges, callee=row.callee) if e.caller != row.service]
    return any(e.requests >= 5 and (e.error_share or 0.0) < 0.1 for e in others)


def _locked(seen: Observations, place: str) -> bool:
    return any(step.step == Step.wait for step in where(seen.stepped_gauges, service=place))


def crowded(seen: Observations, row: NewFailure) -> RoleConnections | None:
    """Connections of a database that somebody else than the complaining service has used up."""
    for used in where(seen.connections, service=row.callee):
        grown = (used.used_before or 0) < CROWD * used.used
        if (used.share or 0.0) >= FULL and grown and row.service not in used.by.split(" ")[0]:
            return used
    return None


def _content_of(seen: Observations, row: NewFailure) -> str:
    """The callee whose answer was the last that code got which was not changed and now fails: one
    that was changed itself before any other."""
    if nearest_change(seen, row.service, row.since, JUST_BEFORE_S):
        return ""
    services = seen.of_kind("service")
    stopped = [p for p in seen.paths.rows if row.service in p.callers.split(", ")]
    stopped = [p for p in stopped if p.service in services]
    changed = (p for p in stopped if nearest_change(seen, p.service, row.since, JUST_BEFORE_S))
    clear = (p for p in stopped if p.weight >= CLEARLY)
    found = next(changed, None) or next(clear, None)
    return found.service if found else ""


def _store_of(seen: Observations, service: str) -> list[str]:
    """The database whose statement is the last that an unchanged service runs before it finds
    nothing."""
    stores = seen.of_kind("database")
    rows = [p for p in seen.paths.rows if p.service in stores and p.weight >= CLEARLY]
    return [p.service for p in rows if service in p.callers.split(", ")][:1]


def sureness(seen: Observations, row: NewFailure, place: str) -> float:
    """How sure it is that the failure begins there and not with the service that complains."""
    guessed = place != row.service and (row.way == Way.own or row.code == NOT_FOUND)
    changed = guessed and nearest_change(seen, place, row.since, JUST_BEFORE_S)
    return CONTENT if guessed and not changed else 1.0


def during_start(seen: Observations, row: NewFailure) -> bool:
    """Whether it is a call to a process that was just being started again."""
    if row.way != Way.refused:
        return False
    return any(abs(at - row.since) <= GAP_S for at in starts(seen, row.callee))


def starts(seen: Observations, service: str) -> list[float]:
    """When processes of a service were started again in what was looked at, unix seconds."""
    recorded = [row.at for row in where(seen.changes, service=service, kind="restart")]
    gauges = where(seen.stepped_gauges, service=service, step=Step.restart)
    found = sorted([*recorded, *(row.now or row.since for row in gauges)])
    ours = [e.started_at.timestamp() for e in seen.case.document.executions]
    found = [at for at in found if not any(0 <= at - done <= OURS_S for done in ours)]
    return [at for i, at in enumerate(found) if i == 0 or at - found[i - 1] > GAP_S]

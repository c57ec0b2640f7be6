"""Where a new failure begins: followed from who complains to whom it waits for, as deep as it goes.

A refusal leads to whom does not listen, a wait to whom it waits for; a caller that gives up while
its callee answers as ever is at fault itself, as is one that others do not share the trouble of.
"""

from functools import cache

from ...incident.finding import FaultKind
from ...tools.change_feed import ChangeRecord
from ...tools.new_failures import NewFailure, Way
from ...tools.requests import ChangedPath
from ...tools.sessions import RoleConnections
from ...tools.state import STATE_KINDS
from ...tools.stepped_gauges import Step
from ...yaml_tables import AnyCase, Entry, read_table
from .observations import Observations, where
from .studies import by_others

JUST_BEFORE_S = 15.0
"""A change this long before a failure's begin may have set it off."""
AFTER_S, NOTICED_S = 1.0, 4.0
"""Clocks of change feeds and spans differ a little; looks at state lie some seconds apart."""
HELD_S = 1.0
"""A lock that is held so long lets others wait."""
GAP_S = 5.0
"""A process that was started again listens after this long at most."""
AS_LONG = 1.5
"""A callee that worked at most so many times as long as its caller waited was not slow."""
NOT_FOUND = 404
REFUSED_AS_WRONG = (400, 415, 422)
"""Answers that blame the request."""
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


class ErrorKind(Entry):
    """One entry of error_words.yaml, which says what each is for."""

    words: AnyCase
    kind: FaultKind
    asked: bool = False


@cache
def _kinds() -> tuple[ErrorKind, ...]:
    return tuple(read_table("agents/causes/error_words.yaml", list[ErrorKind]))


def kind_of(row: NewFailure) -> ErrorKind | None:
    """What an error's own words say about the kind of fault."""
    text = f"{row.exception} {row.words}"
    return next((entry for entry in _kinds() if entry.words.search(text)), None)


def just_before(
    seen: Observations, service: str, at: float, seconds: float = JUST_BEFORE_S
) -> ChangeRecord | None:
    """The change of a service nearest before a time, within so many seconds; none of our own, and
    none that only allows more. What a restart brought with it says more than the restart."""
    rows = [
        row
        for row in by_others(seen.changes)
        if row.service == service and -_late(row) <= at - row.at <= seconds
    ]
    rows = [row for row in rows if row.kind != "commit" and not row.eases]
    return min(rows, key=lambda row: (row.kind == "restart", abs(at - row.at)), default=None)


def _late(row: ChangeRecord) -> float:
    """How long after it was so a change may be on record; who was started says when."""
    return NOTICED_S if row.kind in STATE_KINDS and row.kind != "restart" else AFTER_S


def path(seen: Observations, row: NewFailure) -> list[str]:
    """From the service that complains to the place where its failure begins."""
    found = [row.service]
    step = _next(seen, row)
    if row.code == NOT_FOUND and step == row.callee:
        stops = [] if just_before(seen, step, row.since) else _stops(seen, step, "database")
        stores = [p.service for p in stops if p.weight >= CLEARLY]
        return [*found, step, *stores[:1]]
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
            mine = not _locked(seen, row.callee) and not crowded(seen, row)
        case Way.late:
            mine = gave_up_early(row) or _set_anew(seen, row) or lost_on_the_way(seen, row)
        case Way.refused:
            mine = _others_reach(seen, row)
        case _:
            mine = _asks_wrongly(row) and _changed_alone(seen, row) is not None
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
    rows = where(seen.new_failures, way=Way.late)
    late = {row.callee for row in rows if not lost_on_the_way(seen, row)}
    needed = (name for name in (entry.depends_on if entry else []) if name not in over)
    return next((name for name in needed if _locked(seen, name) or name in late), "")


def gave_up_early(row: NewFailure) -> bool:
    """Whether the callee answered well, in about the time that the caller did not wait for."""
    if row.way != Way.late or row.callee_ms is None or row.callee_failed:
        return False
    return row.callee_ms <= AS_LONG * row.waited_ms


def _changed_alone(seen: Observations, row: NewFailure) -> ChangeRecord | None:
    """What was changed at the caller just before, where nothing was at the callee."""
    callee = just_before(seen, row.callee, row.since)
    return None if callee else just_before(seen, row.service, row.since)


def lost_on_the_way(seen: Observations, row: NewFailure) -> bool:
    """Whether the callee saw nothing of such calls, while it answers others as ever."""
    return row.way == Way.late and row.callee_ms is None and _others_reach(seen, row)


def _set_anew(seen: Observations, row: NewFailure) -> bool:
    """Whether the caller was just set to something else, and a callee that was not changed answers
    it later than it now waits."""
    own = _changed_alone(seen, row)
    return row.callee_ms is not None and own is not None and own.kind in SET


def _asks_wrongly(row: NewFailure) -> bool:
    """Whether the question may be wrong and not the answer."""
    entry = kind_of(row)
    return row.code in REFUSED_AS_WRONG or bool(entry and entry.asked)


def _others_reach(seen: Observations, row: NewFailure) -> bool:
    """Whether other callers still reach whom this one does not."""
    others = [e for e in where(seen.edges, callee=row.callee) if e.caller != row.service]
    return any(e.requests >= 5 and (e.error_share or 0.0) < 0.1 for e in others)


def _locked(seen: Observations, place: str) -> bool:
    """Whether who asks there waits, by its gauges, or did at some time of the incident, by sessions
    that were seen to: locks come and go, and what ran empty meanwhile stays so for a while."""
    waits = any(True for _ in where(seen.stepped_gauges, service=place, step=Step.wait))
    sessions = where(seen.sessions, service=place)
    return waits or any((row.held_s or 0.0) >= HELD_S for row in sessions)


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
    if just_before(seen, row.service, row.since):
        return ""
    stops = _stops(seen, row.service, "service")
    changed = (p.service for p in stops if just_before(seen, p.service, row.since))
    clear = (p.service for p in stops if p.weight >= CLEARLY)
    return next(changed, None) or next(clear, "")


def _stops(seen: Observations, service: str, kind: str) -> list[ChangedPath]:
    """Calls to services of this kind after which an unchanged service does nothing more."""
    places = seen.of_kind(kind)
    rows = (p for p in seen.paths.rows if p.service in places)
    return [p for p in rows if service in p.callers.split(", ")]


def sureness(seen: Observations, row: NewFailure, place: str) -> float:
    """How sure it is that the failure begins there and not with the service that complains."""
    guessed = place != row.service and (row.way == Way.own or row.code == NOT_FOUND)
    return CONTENT if guessed and not just_before(seen, place, row.since) else 1.0


def during_start(seen: Observations, row: NewFailure) -> bool:
    """Whether it is a call to a process that was just being started again."""
    begun = starts(seen, row.callee) if row.way == Way.refused else []
    return any(abs(at - row.since) <= GAP_S for at in begun)


def starts(seen: Observations, service: str) -> list[float]:
    """When processes of a service were started again in what was looked at, unix seconds."""
    recorded = [row.at for row in where(seen.changes, service=service, kind="restart")]
    gauges = where(seen.stepped_gauges, service=service, step=Step.restart)
    found = sorted([*recorded, *(row.now or row.since for row in gauges)])
    ours = [e.started_at.timestamp() for e in seen.case.document.executions]
    found = [at for at in found if not any(0 <= at - done <= OURS_S for done in ours)]
    return [at for i, at in enumerate(found) if i == 0 or at - found[i - 1] > GAP_S]

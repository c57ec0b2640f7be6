"""What is new and where it begins, told before any kind of fault is named.

Every new failure is followed to where it begins: a refusal to whom does not listen, a wait to whom
it waits for, as deep as it goes; a caller that gives up while its callee answers as ever is at
fault itself. Databases, queues and third parties are places like services.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from ...tools.change_feed import ChangeRecord
from ...tools.failed_spans import Way
from ...tools.new_failures import NewFailure
from ...tools.slowed_work import SlowedWork
from ...tools.state import STATE_KINDS
from ...tools.stepped_gauges import Step, SteppedGauge
from .account_words import nearest_change
from .error_words import asked
from .observations import Observations, where

JUST_BEFORE_S = 15.0
"""A change this long before a failure's begin may have set it off."""
AROUND_S = 60.0
"""A change of state this long before the incident is told, whatever fails."""
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
SERVED = 5
"""Requests from which a service works, whatever its metrics say."""
OURS_S = 15.0
"""A start this soon after an action of ours came of it."""
DEPTH = 6


@dataclass
class Account:
    """What is new at one place."""

    place: str
    begun: list[NewFailure] = field(default_factory=list)
    """Failures whose next cause is this place."""
    reached: list[NewFailure] = field(default_factory=list)
    """Failures further up that come of it."""
    changed: list[ChangeRecord] = field(default_factory=list)
    """What of its state is otherwise since about then: grants, settings, environment."""
    gaps: list[NewFailure] = field(default_factory=list)
    """Calls refused while it was being started again."""
    steps: list[SteppedGauge] = field(default_factory=list)
    slowed: list[SlowedWork] = field(default_factory=list)

    @property
    def lead(self) -> NewFailure | None:
        """The failure that tells most."""
        return max(self.begun or self.reached or self.gaps, key=_count, default=None)

    @property
    def since(self) -> float | None:
        """The first of all that is new here, unix seconds."""
        begins = [row.since for row in (*self.begun, *self.reached, *self.gaps, *self.steps)]
        begins += [row.since for row in self.slowed if row.since]
        begins = begins or [row.at for row in self.changed]
        return min(begins, default=None)


@dataclass
class Accounts:
    """All places, and whose failures come of which deeper place."""

    places: dict[str, Account]
    failing: int
    """Requests that newly fail, those during a start left out."""
    moved: dict[str, dict[str, float]]
    """Service -> place -> failing requests that go through the service, or are put to it, and
    begin there; its own name counts those that begin in it."""

    def explained(self, service: str) -> tuple[str, float]:
        """The other place from which most of a service's failures come, and their share."""
        found = self.moved.get(service, {})
        deeper = [(n, place) for place, n in found.items() if place != service]
        count, place = max(deeper, default=(0.0, ""))
        return place, count / sum(found.values()) if count else 0.0


def accounts(seen: Observations) -> Accounts:
    """The accounts of this case, worked out once."""
    if "accounts" not in seen.notes:
        seen.notes["accounts"] = _accounts(seen)
    return seen.notes["accounts"]


def _count(row: NewFailure) -> int:
    return row.count


def _accounts(seen: Observations) -> Accounts:
    found: dict[str, Account] = {}
    moved: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    failing = 0

    def at(place: str) -> Account:
        return found.setdefault(place, Account(place))

    for row in seen.new_failures.rows:
        if _during_start(seen, row):
            at(row.callee).gaps.append(row)
            continue
        *way, place = path(seen, row)
        failing += row.count
        direct = len(way) <= 1 and (row.way != Way.full or place == row.service)
        (at(place).begun if direct else at(place).reached).append(row)
        sure = row.count * _sureness(seen, row, place)
        for service in {*way, row.callee or place, place}:
            moved[service][place] += sure
            moved[service][row.service] += row.count - sure
    for step in seen.stepped_gauges.rows:
        lost = step.step == Step.silent and (step.served or 0) >= SERVED
        if lost or step.step not in (Step.silent, Step.restart):
            at(step.service).steps.append(step)
    onset = seen.case.frame.incident.start
    for change in seen.changes.rows:
        near = -AROUND_S <= change.at - onset <= JUST_BEFORE_S
        if change.kind in STATE_KINDS and change.service and near:
            at(change.service).changed.append(change)
    for work in seen.slowed_work.rows:
        at(_slow_place(seen, work)).slowed.append(work)
    return Accounts(found, failing, {name: dict(places) for name, places in moved.items()})


def _slow_place(seen: Observations, work: SlowedWork) -> str:
    """Who is slow: the service for work inside it, a database for its statements; of a way
    between two the callee, where all its callers have it."""
    if not work.callee or work.callee in seen.of_kind("database"):
        return work.callee or work.service
    callers = {row.caller for row in where(seen.edges, callee=work.callee) if row.requests}
    slowed = {row.service for row in where(seen.slowed_work, callee=work.callee)}
    return work.callee if callers <= slowed else work.service


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
            return row.callee if _locked(seen, row.callee) else ""
        case Way.late:
            return "" if gave_up_early(row) else row.callee
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
        return max(own, key=_count).callee
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


def _others_reach(seen: Observations, row: NewFailure) -> bool:
    """Whether other callers still reach whom this one does not."""
    others = [e for e in where(seen.edges, callee=row.callee) if e.caller != row.service]
    return any(e.requests >= 5 and (e.error_share or 0.0) < 0.1 for e in others)


def _locked(seen: Observations, place: str) -> bool:
    return any(step.step == Step.wait for step in where(seen.stepped_gauges, service=place))


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


def _sureness(seen: Observations, row: NewFailure, place: str) -> float:
    """How sure it is that the failure begins there and not with the service that complains."""
    guessed = place != row.service and (row.way == Way.own or row.code == NOT_FOUND)
    changed = guessed and nearest_change(seen, place, row.since, JUST_BEFORE_S)
    return CONTENT if guessed and not changed else 1.0


def _during_start(seen: Observations, row: NewFailure) -> bool:
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

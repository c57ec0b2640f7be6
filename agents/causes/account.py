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
from .failure_path import JUST_BEFORE_S, during_start, path, sureness
from .observations import Observations, where
from .processes import unmeasured

AROUND_S = 60.0
"""A change of state this long before the incident is told, whatever fails."""
OWN = 0.2
"""Share of a place's failures from which its own words are heard before its callers'."""


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
        """The failure that tells most: in the place's own words before those of its callers."""
        own = [row for row in self.begun if row.service == self.place]
        loud = sum(map(_count, own)) >= OWN * sum(map(_count, self.begun))
        rows = (own if loud else []) or self.begun or self.reached or self.gaps
        return max(rows, key=_count, default=None)

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
        if during_start(seen, row):
            at(row.callee).gaps.append(row)
            continue
        *way, place = path(seen, row)
        failing += row.count
        direct = len(way) <= 1 and (row.way != Way.full or place == row.service)
        (at(place).begun if direct else at(place).reached).append(row)
        sure = row.count * sureness(seen, row, place)
        for service in {*way, row.callee or place, place}:
            moved[service][place] += sure
            moved[service][row.service] += row.count - sure
    for step in seen.stepped_gauges.rows:
        lost = step.step == Step.silent and step.service in unmeasured(seen)
        if lost or step.step not in (Step.silent, Step.restart):
            at(step.service).steps.append(step)
    onset = seen.case.frame.incident.start
    for change in seen.changes.rows:
        near = -AROUND_S <= change.at - onset <= JUST_BEFORE_S
        if change.kind in STATE_KINDS and change.service and near and not change.eases:
            at(change.service).changed.append(change)
    for work in seen.slowed_work.rows:
        place = _slow_place(seen, work)
        at(place).slowed.append(work)
        if place != work.service and not any(moved.get(work.service, {})):
            moved[work.service][place] += work.calls * work.share
    return Accounts(found, failing, {name: dict(places) for name, places in moved.items()})


def _slow_place(seen: Observations, work: SlowedWork) -> str:
    """Who is slow: the service for work inside it, a database for its statements, unless who asks
    was changed; of a way between two the callee, where all its callers have it."""
    if not work.callee:
        return work.service
    if work.callee in seen.of_kind("database"):
        at = work.since or seen.case.frame.incident.start
        return work.service if nearest_change(seen, work.service, at, AROUND_S) else work.callee
    callers = {row.caller for row in where(seen.edges, callee=work.callee) if row.requests}
    slowed = {row.service for row in where(seen.slowed_work, callee=work.callee)}
    return work.callee if callers <= slowed else work.service

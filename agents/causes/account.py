"""What is new and where it begins, told before any kind of fault is named.

Every new failure is followed to where it begins: a refusal to whom does not listen, a wait to whom
it waits for, as deep as it goes; a caller that gives up while its callee answers as ever is at
fault itself. Databases, queues and third parties are places like services.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...incident.finding import FaultKind
from ...tools.change_feed import ChangeRecord
from ...tools.new_failures import NewFailure, Way
from ...tools.slowed_work import SlowedWork
from ...tools.state import STATE_KINDS
from ...tools.stepped_gauges import Step, SteppedGauge
from .failure_path import (
    JUST_BEFORE_S,
    during_start,
    gave_up_early,
    just_before,
    kind_of,
    lost_on_the_way,
    path,
    starts,
    sureness,
)
from .observations import Observations, first, where
from .processes import unmeasured

AROUND_S = 60.0
"""A change of state this long before the incident is told, whatever fails."""
OWN = 0.2
"""Share of a place's failures from which its own words are heard before its callers'."""
BY_CHANGE = {
    "grant": FaultKind.missing_permission,
    "schema": FaultKind.schema_change,
    "setting": FaultKind.changed_setting,
    "environment": FaultKind.changed_setting,
    "limit": FaultKind.changed_setting,
    "process": FaultKind.hung_process,
}
"""Kind of change -> kind of fault."""


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
    """Those that say most first: settings, then waits, then what is held."""
    slowed: list[SlowedWork] = field(default_factory=list)
    before: ChangeRecord | None = None
    """What was changed there just before."""

    @property
    def lead(self) -> NewFailure | None:
        """The failure that tells most: in the place's own words before those of its callers."""
        own = [row for row in self.begun if row.service == self.place]
        loud = sum(map(_count, own)) >= OWN * sum(map(_count, self.begun))
        rows = (own if loud else []) or self.begun or self.reached or self.gaps
        return max(_not_crowded_out(rows), key=_count, default=None)

    @property
    def since(self) -> float | None:
        """The first of all that is new here, unix seconds."""
        rows = (*self.begun, *self.reached, *self.gaps, *self.steps, *self.slowed)
        begins = [row.since for row in rows if row.since] or [row.at for row in self.changed]
        return min(begins, default=None)

    @property
    def on_content(self) -> bool:
        """Whether callers whose code is as it was fail on what the place answers."""
        return bool(self.lead and self.lead.way == Way.own and self.lead.service != self.place)

    def released(self) -> ChangeRecord | None:
        """The release just before of a service whose answers unchanged callers cannot use since."""
        found = self.before if self.on_content else None
        return found if found and found.kind == "deploy" else None


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


def _not_crowded_out(rows: list[NewFailure]) -> list[NewFailure]:
    """Without the requests that found no room, where another failure began before them: who waits
    takes up the room."""
    others = [row for row in rows if row.way != Way.full]
    begun = min((row.since for row in rows if row.way == Way.full), default=0.0)
    return others if others and min(row.since for row in others) <= begun else rows


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
    for step in telling(seen.stepped_gauges.rows):
        lost = step.step == Step.silent and step.service in unmeasured(seen)
        if lost or step.step not in (Step.silent, Step.restart):
            at(step.service).steps.append(step)
    onset = seen.case.frame.began
    for change in seen.changes.rows:
        near = -AROUND_S <= change.at - onset <= JUST_BEFORE_S
        if change.kind in STATE_KINDS and change.service and near and not change.eases:
            at(change.service).changed.append(change)
    for work in seen.slowed_work.rows:
        place = _slow_place(seen, work)
        at(place).slowed.append(work)
        if place != work.service and not any(moved.get(work.service, {})):
            moved[work.service][place] += work.calls * work.share
    for account in found.values():
        if any(row.way == Way.full for row in (*account.begun, *account.reached)):
            account.slowed = []  # who has no room for requests lets them wait
        account.before = just_before(seen, account.place, account.since or 0.0)
    return Accounts(found, failing, {name: dict(places) for name, places in moved.items()})


def telling(steps: Sequence[SteppedGauge]) -> list[SteppedGauge]:
    """The steps that say most first, in the order of `Step`."""
    order = list(Step)
    return sorted(steps, key=lambda row: (order.index(Step(row.step)), row.since))


def _slow_place(seen: Observations, work: SlowedWork) -> str:
    """Who is slow: the service for work inside it, a database for its statements, unless who asks
    was changed; of a way between two the callee, where all its callers have it."""
    if not work.callee:
        return work.service
    if work.callee in seen.of_kind("database"):
        at = work.since or seen.case.frame.incident.start
        return work.service if just_before(seen, work.service, at, AROUND_S) else work.callee
    callers = {row.caller for row in where(seen.edges, callee=work.callee) if row.requests}
    slowed = {row.service for row in where(seen.slowed_work, callee=work.callee)}
    return work.callee if callers <= slowed else work.service


def readdressed(seen: Observations, account: Account) -> ChangeRecord | None:
    """The commit just before by which callers look elsewhere for a place that runs as it did: they
    reach nobody, and it was neither started again nor fell silent."""
    lead = account.lead
    if lead is None or lead.way != Way.refused or starts(seen, account.place):
        return None
    change = just_before(seen, account.place, lead.since)
    silent = first(seen.stepped_gauges, service=account.place, step=Step.silent)
    return change if change and change.kind in ("config", "scale") and not silent else None


def fault_kind(seen: Observations, account: Account) -> FaultKind:
    """The kind of fault as far as it shows: by what was changed there, by how requests fail, by
    what the error says of itself, by what the place is."""
    change = account.before
    if change and change.kind in BY_CHANGE:
        return _kind_of_change(change)
    if readdressed(seen, account):
        return FaultKind.bad_config
    if any(step.step == Step.setting for step in account.steps):
        return FaultKind.changed_setting
    if first(seen.sessions, service=account.place):
        return FaultKind.lock_contention
    lead = account.lead if account.begun or account.reached else None
    found = _kind_of_failure(seen, account, lead) if lead else FaultKind.unknown
    if found is not FaultKind.unknown:
        return found
    if account.gaps and len(starts(seen, account.place)) > 1:
        return FaultKind.crash_loop
    return _kind_of_place(seen, account)


def _kind_of_change(change: ChangeRecord) -> FaultKind:
    """By the kind of change; a row policy is a permission, and descriptors are a limit."""
    if "policy" in change.summary:
        return FaultKind.missing_permission
    if "descriptor" in change.summary or "open files" in change.summary:
        return FaultKind.descriptor_exhaustion
    return BY_CHANGE[change.kind]


def _kind_of_failure(seen: Observations, account: Account, lead: NewFailure) -> FaultKind:
    own = account.place == lead.service
    if account.on_content:
        return FaultKind.bad_deploy if account.released() else FaultKind.data_corruption
    if own and lost_on_the_way(seen, lead):
        return FaultKind.network
    if gave_up_early(lead) and own:
        return FaultKind.changed_setting
    if any(step.step == Step.wait and "lock" in step.metric for step in account.steps):
        return FaultKind.lock_contention
    if lead.way == Way.pool and own:
        return FaultKind.pool_exhaustion
    if lead.way == Way.late:
        silent = first(seen.stepped_gauges, service=account.place, step=Step.silent)
        hangs = silent is not None and not silent.served
        return FaultKind.hung_process if hangs else FaultKind.unknown
    said = kind_of(lead)
    return said.kind if said else FaultKind.unknown


def _kind_of_place(seen: Observations, account: Account) -> FaultKind:
    if any(step.step == Step.silent for step in account.steps):
        return FaultKind.telemetry_lost
    if account.slowed and account.slowed[0].callee and not account.slowed[0].statement:
        return FaultKind.network
    entry = seen.case.catalogue.find(account.place)
    if entry and entry.kind == "database":
        return FaultKind.database
    if entry and entry.kind == "external" and account.begun:
        return FaultKind.provider_outage
    return FaultKind.unknown

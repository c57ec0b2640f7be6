"""A service brought back (§9), read off one incident: the steps for which it has something to do,
what was measured of each, the critical path, the objectives. Nothing is carried out by it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ...actions.catalogue import staged
from ...actions.edge import BringBack
from ...analysis.quantities import figure, percent, span
from ...incident.action import HELPED, WELL, Measure, Outcome
from ...incident.document import Incident
from ...incident.impact import ServiceState
from ...incident.report import VerificationReport
from ...incident.timeline import utc_now
from ...telemetry.model import Catalogue, Goals, Service
from ...yaml_tables import Entry, read_table
from .incident_status import ended, likely_cause, only_called_over

UNREAD = "not measured: a person looks"
NAMED = "the catalogue says by what, and nothing measured it"
COPY, ROWS = "newest copy", "broken rows"
"""What a verification measures of a data store, where the catalogue says by what."""
MONTH_S = 30 * 86400.0
WORTH_TELLING = 0.001
"""Of a month's error budget; less stands in the table alone."""
HURT = ("alerting", "affected", "suspect")


class StepKind(Entry):
    """A kind of step; recovery.yaml says what each key is."""

    does: str
    owner: str
    minutes: float
    after: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    undo: str


KINDS = read_table("agents/reporting/recovery.yaml", dict[str, StepKind])


@dataclass(frozen=True)
class RecoveryStep:
    """One step: what it waits for by name, and what is measured of it now."""

    name: str
    does: str
    owner: str
    minutes: float
    undo: str
    now: str = UNREAD
    met: bool | None = None  # None: not measured
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecoveryGoal:
    """One objective, and what came of it."""

    name: str
    now: str
    met: bool | None = None  # None: not measured, or not known yet
    evidence: tuple[str, ...] = ()
    said: str = ""  # of lessons.yaml, by what was measured; times in seconds
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RecoveryView:
    """All of it. Moments are what happened when, in their order."""

    steps: Sequence[RecoveryStep]
    goals: Sequence[RecoveryGoal]
    moments: Sequence[tuple[str, datetime]]

    @property
    def done_by(self) -> Mapping[str, float]:
        """When each step is done at the earliest, minutes from the begin."""
        at = dict[str, float]()
        for step in self.steps:
            at[step.name] = step.minutes + max((at[need] for need in step.needs), default=0.0)
        return at

    @property
    def path(self) -> list[str]:
        """The critical path, in order: the longest way through what needs what."""
        at, by = self.done_by, {step.name: step for step in self.steps}
        path = [max(at, key=at.__getitem__)]
        while needs := by[path[0]].needs:
            path.insert(0, max(needs, key=at.__getitem__))
        return path


def recovery_view(
    document: Incident, catalogue: Catalogue | None = None, firing: int | None = None
) -> RecoveryView:
    """Of this incident; firing: how many of its alerts are not over, where that is known."""
    known, last = catalogue or Catalogue(), document.report(VerificationReport)
    measures, stores = last.measures if last else [], data_stores(document, known)
    found = {
        "cause": [_cause(document, last)],
        "owed": list(_owed(document)),
        "stopgap": _in_force(document, "stopgap"),
        "data": [_data(name, goals, measures) for name, goals in stores.items()],
        "function": list(_functions(document, measures, firing)),
        "traffic": _in_force(document, "traffic"),
    }
    steps = [
        replace(step, needs=tuple(dict.fromkeys([*_before(kind, found), *step.needs])))
        for kind in KINDS
        for step in found[kind]
    ]
    goals = [_rto(document, known), *_kept(stores, measures), *_levels(document)]
    return RecoveryView(steps, goals, list(_moments(document, last)))


def _before(kind: str, found: Mapping[str, Sequence[RecoveryStep]]) -> Iterator[str]:
    """What a step of this kind waits for."""
    for earlier in KINDS[kind].after:
        names = [step.name for step in found[earlier]]
        yield from names or _before(earlier, found)


def _step(kind: str, what: str = "", called: str = "") -> RecoveryStep:
    told, name = KINDS[kind], f"{kind} {called or what}".rstrip()
    return RecoveryStep(name, told.does.format(what=what), told.owner, told.minutes, told.undo)


def _cause(document: Incident, last: VerificationReport | None) -> RecoveryStep:
    done = [each for each in document.executions if not each.undone and each.outcome in HELPED]
    helped = [f"{each.title}: {each.outcome}" for each in done]
    helped += [last.reason] if last and last.outcome in WELL else []
    step, cause = _step("cause"), likely_cause(document)
    step = replace(step, does=f"{step.does}: {cause.statement}") if cause else step
    return replace(step, now=helped[-1], met=True) if helped else step


def _owed(document: Incident) -> Iterator[RecoveryStep]:
    """What nobody reported on, and what made it worse and stands."""
    for each in document.executions:
        plan, step = document.plan(each.plan), _step("owed", each.title)
        if each.outcome is Outcome.started and each.ended_at is None:
            yield replace(step, now="begun, and nobody said what came of it", met=False)
        if each.outcome is Outcome.worse and not each.undone and plan and plan.reversible:
            yield replace(step, now=f"worse for it, not taken back: {plan.undo}", met=False)


def _in_force(document: Incident, kind: str) -> list[RecoveryStep]:
    """What such actions did and is so still; of the same done again, the last."""
    found, back = dict[str, RecoveryStep](), dict(brought_back(document))
    for each in document.executions:
        plan, done = document.plan(each.plan), each.outcome not in (Outcome.failed, Outcome.started)
        if plan and plan.kind in KINDS[kind].moves and done and not each.undone:
            since = f"in force since {each.started_at:%Y-%m-%d %H:%M} UTC"
            where = str(plan.parameters.get("route", plan.target))
            share = back.get(where, 0)
            since += f"; {share}% of what it held back is let in again" if share else ""
            now = "lifted, and it stays well" if share == 100 else since
            found[where] = replace(_step(kind, plan.title, where), now=now, met=share == 100)
    return list(found.values())


def brought_back(document: Incident) -> Iterator[tuple[str, int]]:
    """By route the share of what was held back that is let in again, percent, and found well."""
    for each in document.executions:
        plan = document.plan(each.plan)
        part = staged(plan, each.stage) if plan and plan.kind == BringBack.kind else None
        if isinstance(part, BringBack):
            shares, well = part.stages, each.outcome is Outcome.stayed_well and not each.undone
            yield part.route, shares[-1] if well else [0, *shares][-2]


def _hurt(document: Incident) -> list[ServiceState]:
    """Services that are hurt or suspected, callees first."""
    left, order = [s for s in document.services if s.role in HURT], list[ServiceState]()
    while left:
        names = {s.name for s in left}
        order += [s for s in left if not names & set(s.depends_on) - {s.name}] or left[:1]
        left = [s for s in left if s not in order]
    return order or [ServiceState(name=document.alert.service)]


def _functions(
    document: Incident, measures: Iterable[Measure], firing: int | None
) -> Iterator[RecoveryStep]:
    """Of each service hurt: the signals that decide, as the last verification measured them."""
    placed = list[str]()
    for state in _hurt(document):
        own = [m for m in measures if m.decisive and m.service == state.name]
        well, step = sum(bool(m.healthy) for m in own), _step("function", state.name)
        if own:
            step = replace(step, now=f"{well} of {len(own)} signals healthy", met=well == len(own))
        if firing is not None and state.name == document.alert.service:
            fires = "1 alert fires" if firing == 1 else f"{firing} alerts fire"
            told, met = f"{step.now}, {fires}", False if firing else step.met
            step = replace(step, now=told, met=met)
        calls = tuple(f"function {name}" for name in state.depends_on if name in placed)
        placed.append(state.name)
        yield replace(step, needs=calls, owner=state.team or step.owner)


def data_stores(document: Incident, catalogue: Catalogue) -> Mapping[str, Goals]:
    """Data stores that it touched, as the record and the catalogue know them, with what proves that
    nothing is lost."""
    kinds = {state.name: state.kind for state in document.services}
    names = [name for state in document.services for name in (state.name, *state.depends_on)]
    found = dict[str, Goals]()
    for name in dict.fromkeys(names):
        entry = catalogue.find(name) or Service(name=name, kind=kinds.get(name, ""))
        if entry.kind == "database" or entry.goals.newest or entry.goals.broken:
            found[name] = entry.goals
    return found


def _data(store: str, goals: Goals, measures: Sequence[Measure]) -> RecoveryStep:
    found = [one for one in _kept({store: goals}, measures) if one.met is not None]
    told, met = "; ".join(one.now for one in found), all(one.met for one in found)
    return replace(_step("data", store), now=told, met=met) if found else _step("data", store)


def _took(document: Incident) -> float:
    return ((ended(document) or utc_now()) - document.began.at).total_seconds()


def _rto(document: Incident, catalogue: Catalogue) -> RecoveryGoal:
    entry, took = catalogue.find(document.alert.service), _took(document)
    wanted = (entry.goals if entry else Goals()).rto_s
    over, alone = ended(document), only_called_over(document)
    known = took > wanted or (over and not alone)
    met, told = took <= wanted if known else None, {"took": took, "wanted": wanted}
    said = ("called_over" if alone else "over") if over else "lasts"
    return RecoveryGoal(f"RTO {span(wanted)}", span(took), met, said=said, values=told)


def _kept(stores: Mapping[str, Goals], measures: Iterable[Measure]) -> Iterator[RecoveryGoal]:
    """Of each store: how old its newest copy was when it began, and how many rows are broken."""
    known = {(m.service, m.signal): m for m in measures if m.after is not None}
    if not stores:
        yield RecoveryGoal("RPO, data integrity", "no data store is known among its services")
    for name, goals in stores.items():
        copy, rows = (known.get((name, signal)) for signal in (COPY, ROWS))
        told = f"{COPY} {span(copy.after or 0)} old when it began" if copy else ""
        yield _goal(name, f"RPO {span(goals.rpo_s)} of {name}", goals.newest, copy, told, "copy")
        told = f"{rows.after:.0f} {ROWS}" if rows else ""
        yield _goal(name, f"data integrity of {name}", goals.broken, rows, told, "rows")


def _goal(
    store: str, name: str, query: str, found: Measure | None, told: str, said: str
) -> RecoveryGoal:
    if found is None:
        return RecoveryGoal(name, NAMED if query else UNREAD, said="unread", values={"what": store})
    values = {"what": store, "took": found.after or 0.0}
    values |= {"wanted": found.threshold} if found.unit == "s" else {}
    return RecoveryGoal(name, told, found.healthy, (found.evidence,), said, values)


def _levels(document: Incident) -> Iterator[RecoveryGoal]:
    """The service levels as they were assessed last: of what was missed what that took of a month's
    error budget; how many were kept."""
    known = [(slo, slo.current) for slo in document.slo if slo.current is not None]
    missed = [(slo, now) for slo, now in known if now < slo.objective < 1]
    for slo, now in missed:
        lost = (1 - now) * _took(document) / ((1 - slo.objective) * MONTH_S)
        what, told_of = f"{slo.name} of {slo.service}", lost >= WORTH_TELLING
        spent = f"{figure(lost * 100, 2)}%" if told_of else "under 0.1%"
        told = f"{percent(now)} good, which took {spent} of a month's error budget; left: "
        told, values = f"{told}{percent(slo.budget_left)}", {"what": what, "spent": spent}
        name = f"{what}, {percent(slo.objective)}"
        said = "spent" if told_of else ""
        yield RecoveryGoal(name, told, not slo.breached, (slo.evidence,), said, values)
    if kept := len(known) - len(missed):
        told, values = f"kept: {kept}", {"n": kept}
        yield RecoveryGoal("other service levels", told, True, said="kept", values=values)


def _moments(document: Incident, last: VerificationReport | None) -> Iterator[tuple[str, datetime]]:
    yield from (("began", document.began.at), ("alert fired", document.fired))
    yield from ((each.title, each.started_at) for each in document.executions)
    if last and last.until and last.outcome in WELL:
        yield "well, as measured", last.until
    if over := ended(document):
        yield "over", over

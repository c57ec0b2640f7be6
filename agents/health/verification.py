"""Step 8: did it help? Telemetry decides, after the stabilisation window.

Better: all that hurt is back, beyond chance, was not before the action, and stays so for long
enough. What cannot be measured is unverified, never done.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from ...actions.base import Action, prepared, waits
from ...actions.catalogue import find, staged
from ...actions.edge import BlockSource, BringBack, Throttle
from ...actions.services import Restart
from ...incident.action import WELL, ActionPlan, Measure, Outcome
from ...incident.evidence import Quote
from ...incident.finding import Finding, Gap
from ...incident.report import VerificationReport
from ...incident.timeline import Event, EventKind
from ...telemetry.rules import default_rules
from ...tools.alert_condition import AlertCondition
from ...tools.base import Result
from ...tools.measure import SignalLevels, measure
from ..causes.clusters import shows
from ..causes.observations import Observations, finding, where
from ..runtime.case import Case
from .anomalies import CHANGED
from .bringing_back import bringing_back, limits
from .levels import REFUSED, deviated, healthy
from .recovery import UNCOUNTED, Judged, Watch, conclude, stays_well
from .stores import data_measures
from .symptoms import decisive, declared, targets, threshold

HELD = (Throttle.kind, BlockSource.kind)
"""Actions that refuse customers as long as they are in force."""
NO_EFFECT = (Outcome.unchanged, Outcome.unverified, Outcome.by_itself)


def verify(case: Case) -> VerificationReport:
    """Measure the symptoms again and conclude on the last action."""
    execution = case.document.executions[-1]
    plan = case.document.plan(execution.plan)
    wait = timedelta(seconds=case.catalogue.windows.stabilise_s)
    settled = (execution.ended_at or execution.started_at) + wait
    look = Look(case, plan, execution.plan, execution.acted_at, settled)
    changed = execution.receipt.get("changed", True)
    carried_out = execution.outcome is not Outcome.failed and bool(changed)
    part = staged(plan, execution.stage) if plan else None
    back = part if part and part.returns and carried_out else None
    cures = plan is not None and plan.kind not in HELD
    limited = cures and any(limits(case.document, case.inventory))
    left = carried_out and plan is not None and waits(plan.found)
    left = left and case.document.carried_on() is not execution
    judged = look.brought_back(back) if back else look.judged(carried_out and not left, limited)
    if plan and left and judged.outcome not in WELL and not judged.well:
        judged = Judged(prepared(plan.found), f"{execution.receipt.get('note')}; {judged.reason}")
    if not carried_out and judged.outcome is Outcome.unverified and not judged.again:
        judged = Judged(Outcome.failed, f"it was not carried out; {judged.reason}")
    report = look.report(execution.title, judged)
    told: dict[str, Any] = {"take_back": _to_undo(plan, judged)}
    if judged.outcome in WELL:
        more = plan and staged(plan, execution.stage + 1)
        told |= {"next": "act"} if back and more else left_limited(case, look)
    elif back:  # it goes back to the share before, and that is looked at
        told |= {"next": "wait"}
    return report.model_copy(update=told)


def left_limited(case: Case, look: "Look") -> dict[str, Any]:
    """What is asked about before it is called over: what a limit of ours holds back. One that has
    just ended what hurt stays until it is seen that it refuses nobody."""
    idle = any(m.signal == REFUSED and m.healthy for m in look.decided)
    plans = list(bringing_back(case, "" if idle else look.key))
    return {"next": "ask", "proposals": plans} if plans else {}


def _to_undo(plan: ActionPlan | None, judged: Judged) -> bool:
    """What made it worse is taken back; and so is, unless verified, what was an experiment or
    refuses customers."""
    if judged.outcome is Outcome.worse:
        return True
    if plan is not None and find(plan.kind).returns:  # a share that is not found well
        return judged.outcome not in (Outcome.stayed_well, Outcome.failed)
    if plan is None or not plan.reversible or judged.outcome not in NO_EFFECT:
        return False
    holding = judged.well and judged.outcome is Outcome.unverified
    return (plan.experiment or plan.kind in HELD) and not holding


def of_outcomes(case: Case, row: AlertCondition) -> bool:
    """Whether a rule says that requests are not completed."""
    rules = case.catalogue.rules or default_rules(case.catalogue.windows)
    return any(rule.kind == "outcomes" for rule in rules if rule.name == row.rule)


def refuses_on_purpose(case: Case, plan: ActionPlan | None, row: AlertCondition) -> bool:
    """Whether a rule fires for nothing but what a block answers to those whom it refuses: their
    attack may go on, and what all others complete is judged beside it."""
    if plan is None or plan.kind != BlockSource.kind or row.service != plan.target:
        return False
    if not of_outcomes(case, row):
        return False
    shifts = where(Observations(case).outcomes, service=plan.target)
    changed = [shift for shift in shifts if shift.score >= CHANGED]
    return all(shift.status == BlockSource.answer for shift in changed)


class Look:
    """The symptoms in the window before an action and in the one after it.

    The second window begins when the action has settled, or with the last time that it was found
    ill. It ends now, wherever telemetry ends: where that has stopped, nothing is concluded from
    older samples.
    """

    def __init__(
        self, case: Case, plan: ActionPlan | None, key: str, began: datetime, settled: datetime
    ) -> None:
        self.case, self.plan, self.key, self.by_cluster = case, plan, key, False
        last = case.document.report(VerificationReport)
        ours = last and last.plan == key and last.until and (not key or last.until > began)
        self.last = last if ours else None  # of this stage
        self.since = (self.last.since if self.last else None) or settled
        if self.last and self.last.until and self.last.ill:
            self.since = self.last.until
        end = min(began.timestamp(), self.since.timestamp())
        window = case.catalogue.windows.verify_s
        first = case.frame.incident.start
        first = first if first < end else end - window  # a part has ended: the frame is later
        before = max(first, end - window), end
        after = min(self.since.timestamp(), case.now.timestamp()), case.now.timestamp()
        document, catalogue = case.document, case.catalogue
        self.result: Result[SignalLevels] = case.tools.call(
            measure, targets=targets(document, catalogue, plan), before=before, after=after
        )
        deciding = set(decisive(document, catalogue, plan))
        self.measures = [self.measured(row, deciding) for row in self.result.rows]
        self.decided = [m for m in self.measures if m.decisive]
        self.watched = Watch(
            seconds=after[1] - after[0],
            hurt=max(0.0, end - first),
            least=window,
            patient=plan is not None and plan.kind == Restart.kind,
        )

    def measured(self, row: SignalLevels, deciding: Collection[str] = ()) -> Measure:
        """One signal, and whether it is well again."""
        limit = threshold(self.case.catalogue, row.service, row.signal)
        decides = f"{row.service}/{row.signal}" in deciding
        known = {"threshold": limit, "decisive": decides, "evidence": self.result.evidence}
        measured = Measure.model_validate({**row.record(), **known})
        measured.healthy = healthy(measured)
        return measured

    @property
    def proof(self) -> list[Quote]:
        """The levels by which what decides is well."""
        rows = list(enumerate(self.measures))
        return [
            Quote(evidence=self.result.evidence, pointer=f"/rows/{row}/after", value=m.after)
            for row, m in rows
            if m.decisive and m.healthy
        ]

    def _data(self) -> Iterator[Measure]:
        """Nothing of it decides: it says what may be lost."""
        return data_measures(self.case.document, self.case.catalogue, self.case.tools)

    def judged(self, acted: bool, limited: bool = False) -> Judged:
        """How it ended; limited: what a limit of ours refuses beside it decides nothing."""
        decided = [m for m in self.decided if not limited or m.signal != REFUSED]
        judged = conclude(decided, self.watched, acted=acted, unseen=self._unseen())
        if acted and self.plan and not any(map(deviated, decided)):
            judged = self._of_the_cluster(self.plan.hypothesis) or judged
        return self.held_against_the_alert(judged, limited) if judged.outcome in WELL else judged

    def _of_the_cluster(self, hypothesis: str) -> Judged | None:
        """Whether the cluster still shows what was to be cured, where nothing else was off; None:
        it was no trouble of the cluster, or nobody has read that since."""
        known = (h for h in self.case.document.hypotheses if h.id == hypothesis)
        cause, done = next(known, None), self.case.document.execution(self.key)
        if cause is None or done is None or done.ended_at is None:
            return None
        shown = shows(Observations(self.case), cause, done.ended_at.timestamp())
        if shown is None:
            return None
        self.by_cluster = not shown
        if shown:
            return Judged(Outcome.unchanged, f"still so: {shown}", again=True)
        return Judged(Outcome.better, f"nothing is wrong with {cause.resource} now", UNCOUNTED)

    def brought_back(self, part: Action) -> Judged:
        """How it is with this share, of which the others are refused on purpose. Rules that look
        back further than that were asked when the cure was."""
        limited = isinstance(part, BringBack) and part.rates[-1] is not None
        decided = [m for m in self.decided if not limited or m.signal != REFUSED]
        return stays_well(decided, self.watched, self._unseen())

    def _unseen(self) -> list[str]:
        """What was ill when it was declared and is not measured now."""
        names = declared(self.case.document, self.case.catalogue)
        measured = {f"{m.service}/{m.signal}" for m in self.measures if m.healthy is not None}
        return [name.replace("/", " ") for name in names if name not in measured]

    def held_against_the_alert(self, judged: Judged, limited: bool = False) -> Judged:
        """What is well by its signals is over only when the alert's own condition, and every rule
        that fires for a service of this incident, says so too; and where something is not completed
        any more, whoever answers for it: a conflict or a missing page is no error of its server.
        Limited: that something is not completed is on purpose."""
        found = Observations(self.case).condition
        services = self.case.document.services
        ours = {s.name for s in services if s.role in ("alerting", "affected")}
        fires = [
            row
            for row in found.rows
            if row.holds
            and (row.alerted or row.service in ours or of_outcomes(self.case, row))
            and not refuses_on_purpose(self.case, self.plan, row)
            and not (limited and of_outcomes(self.case, row))
        ]
        if fires:
            why = f"{fires[0].words}; {judged.reason}"
            return Judged(Outcome.unverified, why, again=True)
        alerted = [row for row in found.rows if row.alerted]
        well = (r.holds is False or (limited and of_outcomes(self.case, r)) for r in alerted)
        if not (self.by_cluster or any(well)):
            why = f"the alert's own condition cannot be evaluated; else {judged.reason}"
            return Judged(Outcome.unverified, why, well=True)
        return judged

    def report(self, title: str, judged: Judged) -> VerificationReport:
        """The report of this look."""
        symptoms = [m for m in self.decided if deviated(m)]
        text = _summary(title, judged)
        event = Event(
            at=self.case.now,
            actor="observability",
            kind=EventKind.verification,
            text=text,
            evidence=[self.result.evidence],
        )
        return VerificationReport(
            specialist="observability",
            conclusion="inconclusive" if judged.outcome is Outcome.unverified else "concluded",
            summary=text,
            searched=[self.result.evidence],
            plan=self.key,
            outcome=judged.outcome,
            probability=judged.probability,
            reason=judged.reason,
            improving=judged.again,
            well=judged.well,
            since=self.since,
            until=self.case.now,
            ill=not judged.well,
            measures=[*self.measures, *self._data()],
            findings=list(_findings(self.result, self.measures, symptoms)),
            gaps=[
                Gap(what=f"{m.name} after the action", why="no samples in the window")
                for m in self.measures
                if m.after is None and m.before is not None and not m.route
            ],
            events=[event],
        )


def _summary(title: str, judged: Judged) -> str:
    sure = f" ({judged.probability:.0%})" if judged.probability is not None else ""
    head = f"{title}: {judged.outcome.value}{sure}"
    way = ", well so far and watched longer" if judged.well else ", measured again"
    return f"{head}{way if judged.again else ''}; {judged.reason}"


def _findings(
    result: Result[SignalLevels], measures: list[Measure], symptoms: list[Measure]
) -> Iterator[Finding]:
    for row, measured in zip(result.rows, measures, strict=True):
        if measured in symptoms and measured.after is not None:
            state = "is back" if measured.healthy else "is not back"
            text = f"{measured.name} {state} at its healthy level"
            yield finding("verification", text, result, row, "before", "after", "baseline")

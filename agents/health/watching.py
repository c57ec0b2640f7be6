"""Where no action is under way: whether what hurt ended by itself, or after what people did."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ...actions.edge import BringBack
from ...faults import fault_of
from ...incident.action import WELL, Execution, Outcome
from ...incident.finding import Argument
from ...incident.report import VerificationReport
from ...incident.timeline import from_ts
from ...tools.measure import JUST, measure
from ..causes.deeds import credited, ranked_anew
from ..causes.judgement import DENIED
from ..causes.observations import Observations, cite
from ..runtime.case import Case
from .bringing_back import limits
from .recovery import Judged
from .symptoms import targets
from .verification import Look, left_limited

NOBODY = "no action is under way"
HOLDS = "well as long as a part of the requests is refused: more of them made it worse"


def watch(case: Case) -> VerificationReport:
    """Whether what hurt has ended by itself, where no action is to be taken."""
    if merged := case.document.carried_on():
        return _carried_on(case, merged)
    just = timedelta(seconds=JUST * case.catalogue.windows.verify_s)
    since = max(from_ts(case.frame.incident.start), case.now - just)
    look = Look(case, None, "", since, since)
    done = case.document.executions
    back = any(each.undone and each.title.startswith(BringBack.kind) for each in done)
    judged = look.judged(acted=False, limited=back)
    if judged.outcome is not Outcome.by_itself:
        judged = replace(judged, outcome=Outcome.unverified, probability=None)
    elif back:
        judged = replace(judged, outcome=Outcome.contained, reason=f"{HOLDS}; {judged.reason}")
    if case.document.waiting and judged.outcome is Outcome.unverified and not judged.well:
        judged = replace(judged, outcome=case.document.waiting[-1].outcome)
    told = left_limited(case, look) if judged.outcome in WELL else {}
    title = NOBODY
    if judged.outcome is Outcome.by_itself:
        title, judged, more = _by_hand(case, look, judged)
        told |= more
    return look.report(title, judged).model_copy(update=told)


def _carried_on(case: Case, merged: Execution) -> VerificationReport:
    """What others merged or pushed is measured as any action: from before that to after it ran."""
    plan = case.document.plan(merged.plan)
    settles = timedelta(seconds=case.catalogue.windows.stabilise_s)
    ran = (merged.ended_at or merged.acted_at) + settles
    look = Look(case, plan, merged.plan, merged.acted_at, ran)
    judged = look.judged(True, any(limits(case.document, case.inventory)))
    told = left_limited(case, look) if judged.outcome in WELL else {}
    return look.report(merged.title, judged).model_copy(update=told)


def _by_hand(case: Case, look: Look, judged: Judged) -> tuple[str, Judged, dict[str, Any]]:
    """What people did right before it was well has ended it, as far as anybody can say, where it
    cures one of the causes; and what its end makes of all of them."""
    spare = timedelta(seconds=case.catalogue.windows.verify_s)
    deed, cured = credited(case.document, look.since, spare, look.proof)
    said = _still_so(case, look) | cured
    told: dict[str, Any] = {"hypotheses": ranked_anew(case.document, said) if said else []}
    if deed is None:
        return NOBODY, judged, told
    told["by_hand"] = f"{deed.by}: {deed.told}"
    judged = replace(judged, reason=f"{judged.reason}; right before it, by hand, {told['by_hand']}")
    if not cured:
        return NOBODY, judged, told
    return "done by hand", replace(judged, outcome=Outcome.better), told


def _still_so(case: Case, look: Look) -> dict[str, Argument]:
    """By its id, against each cause whose own signal has not gone back, now that nothing hurts."""
    causes = [h for h in case.document.hypotheses if h.standing and fault_of(h.kind).telltale]
    names = {h.id: f"{h.service}/{fault_of(h.kind).telltale}" for h in causes}
    if not names:
        return {}
    now, end = case.now.timestamp(), look.since.timestamp()
    spell = end - case.catalogue.windows.verify_s, end
    wanted = sorted({*names.values()})
    levels = case.tools.call(measure, targets=wanted, before=spell, after=(end, now))
    off = [row for row in levels.rows if look.measured(row).healthy is False and not row.route]
    against = {
        f"{row.service}/{row.signal}": Argument(
            text=f"{row.service} {row.signal} has not gone back, though what hurt has ended",
            weight=-DENIED,
            quotes=cite(levels, row, "before", "after"),
        )
        for row in off
    }
    return {name: against[target] for name, target in names.items() if target in against}


def quiet(case: Case) -> bool:
    """Whether nothing that alerted here does any more, as measured just now."""
    now, document = case.now.timestamp(), case.document
    just = now - case.catalogue.windows.verify_s, now
    wanted = targets(document, case.catalogue, None)
    levels = case.tools.call(measure, targets=wanted, before=just, after=just).rows
    ours = {s.name for s in document.services if s.role in ("alerting", "affected")}
    seen = any(row.after is not None for row in levels if row.service in ours)
    fires = [r for r in Observations(case).condition.rows if r.alerted or r.service in ours]
    return seen and any(r.alerted for r in fires) and all(r.holds is False for r in fires)

"""From a model's reply to the step's report: the playbook's, improved by what is proven.

Severity, outcome and confidence stay code's; actions stay the plans that code made, of which the
model may put one first. Where both differ, both are on record.
"""

from datetime import timedelta
from typing import Any

from ...incident.action import ActionPlan
from ...incident.finding import Finding, Hypothesis
from ...incident.model_use import Disagreement
from ...incident.report import AnyReport, FollowUp, PerformanceReport
from ..causes.observations import Observations
from ..causes.remedies import WORTH_A_PLAN, propose, sure_of_first
from ..runtime.case import Case
from .brief import options
from .causes import Hearing, combined
from .levels import raised
from .moves import asked_for
from .proof import Proof
from .replies import (
    AdviceReply,
    AssessmentReply,
    DetectionReply,
    FixReply,
    InvestigationReply,
    LearningReply,
    MitigationReply,
    Reply,
)


def chosen(
    case: Case, floor: AnyReport, reply: MitigationReply | FixReply, hearing: Hearing
) -> dict[str, Any]:
    """Proposals of step 3 or 7, the model's move or choice first, and the causes behind them."""
    seen = Observations(case)
    changes: dict[str, Any] = {}
    hypotheses, plans = floor.hypotheses or case.document.hypotheses, floor.proposals
    gaps = floor.gaps
    if isinstance(reply, MitigationReply):
        hypotheses = combined(floor.hypotheses, reply.causes, hearing)
        plans, gaps = propose(seen, hypotheses)
        changes["hypotheses"] = hypotheses
    made, refused = asked_for(seen, reply.moves, hypotheses)
    named = made[0].title if made else dict(options(floor)).get(reply.choice.strip())
    ordered = _first([*plans, *_new(made, plans)], named, hypotheses)
    if isinstance(reply, MitigationReply):
        changes["act_now"] = _sure(case, hypotheses, ordered)
    differs = _other_move(floor, ordered, reply)
    return {**changes, "proposals": ordered, "gaps": [*gaps, *refused], "disagreements": differs}


def _new(made: list[ActionPlan], plans: list[ActionPlan]) -> list[ActionPlan]:
    """What the playbook has not planned itself."""
    known = {plan.title for plan in plans}
    return [plan for plan in made if plan.title not in known]


def _sure(case: Case, hypotheses: list[Hypothesis], plans: list[ActionPlan]) -> bool:
    return sure_of_first(plans, hypotheses) >= case.settings.act_confidence


def _first(
    plans: list[ActionPlan], wanted: str | None, hypotheses: list[Hypothesis]
) -> list[ActionPlan]:
    """The plans, the wanted one first where evidence makes its cause worth an action."""
    likely = {h.id for h in hypotheses if h.standing and h.confidence >= WORTH_A_PLAN}
    ahead = [p for p in plans if p.title == wanted and p.hypothesis in likely]
    return ahead + [p for p in plans if p not in ahead]


def _other_move(
    floor: AnyReport, ordered: list[ActionPlan], reply: MitigationReply | FixReply
) -> list[Disagreement]:
    if not floor.proposals or not ordered or ordered[0].title == floor.proposals[0].title:
        return []
    because = f", because {reply.because}" if reply.because else ""
    ours, theirs = floor.proposals[0].title, f"{ordered[0].title}{because}"
    own = any(plan.title == ordered[0].title for plan in floor.proposals)
    why = "both are plans of the playbook" if own else "it passed the gate that every plan passes"
    why += "; a person decides"
    return [floor.differ("first move", ours, theirs, why, standing="model")]


DUE = timedelta(days=30)
"""When work that a model asks for is due: nothing urgent comes from it alone."""


def applied(case: Case, floor: AnyReport, reply: Reply, hearing: Hearing) -> AnyReport:
    """The improved report; unproven claims are collected in the hearing's proof."""
    proof = hearing.proof
    own = [f for f in (proof.finding(claim) for claim in reply.claims) if f]
    changes: dict[str, Any] = {
        "source": "model",
        "findings": [*floor.findings, *own, *_instructions(reply, proof)],
        "summary": _summary(case, floor, reply, own, proof),
        "disagreements": _doubts(floor, reply),
    }
    changes |= _of_step(case, floor, reply, hearing)
    if isinstance(reply, AssessmentReply):
        made, differ = raised(case, floor, reply.worse, proof)
        changes |= {"raised": made, "disagreements": _one_view(changes["disagreements"], differ)}
    return floor.model_copy(update={**changes, "testimony": hearing.heard})


def _of_step(case: Case, floor: AnyReport, reply: Reply, hearing: Hearing) -> dict[str, Any]:
    """What only this step's reply has."""
    proof = hearing.proof
    match reply:
        case DetectionReply():
            return _severity(floor, reply)
        case MitigationReply() | FixReply():
            return chosen(case, floor, reply, hearing)
        case InvestigationReply():
            return {"hypotheses": combined(floor.hypotheses, reply.causes, hearing)}
        case AdviceReply() if isinstance(floor, PerformanceReport):
            found = [f for f in (proof.finding(claim) for claim in reply.advice) if f]
            return {"advice": [*floor.advice, *(f.statement for f in found)]}
        case LearningReply():
            return {"follow_ups": [*floor.follow_ups, *_work(case, reply, proof)]}
    return {}


def _summary(case: Case, floor: AnyReport, reply: Reply, own: list[Finding], proof: Proof) -> str:
    """The model's words where a proven claim carries them and every number in them is held."""
    words = reply.summary.strip()
    asked = case.step.asked
    if asked is None or not asked.sums_up or not own or not words:
        return floor.summary
    quotes = [q for f in (*own, *floor.findings) for q in f.quotes]
    return proof.told(words, quotes, floor.summary) or floor.summary


def _instructions(reply: Reply, proof: Proof) -> list[Finding]:
    """Text that tries to give orders, where it really stands in evidence of that length."""
    found = []
    for cited in reply.instructions_seen:
        quote = proof.locate(cited)
        if quote and isinstance(quote.value, str) and len(cited.value) >= 12:
            text = f"text in {quote.evidence} addresses the responder; kept as data, not followed"
            found.append(Finding(statement=text, kind="instruction", quotes=[quote]))
    return found


def _doubts(floor: AnyReport, reply: Reply) -> list[Disagreement]:
    if not reply.inconclusive or floor.conclusion == "inconclusive":
        return []
    why = "the conclusion follows from measured evidence, by code"
    theirs = f"inconclusive: {reply.summary}"
    return [floor.differ("conclusion", "concluded", theirs, why, standing="floor")]


def _one_view(known: list[Disagreement], differ: list[Disagreement]) -> list[Disagreement]:
    """What was asked for with a claim replaces the bare word on the same subject."""
    said = {one.about for one in differ}
    return [*(one for one in known if one.about not in said), *differ]


def _severity(floor: AnyReport, reply: DetectionReply) -> dict[str, Any]:
    level = getattr(floor, "severity", None)
    doubts = _doubts(floor, reply)
    if level and reply.severity is not level:
        why = "severity follows the rules from measured impact"
        ours, theirs = level.value, reply.severity.value
        doubts.append(floor.differ("severity", ours, theirs, why, standing="floor"))
    return {"disagreements": doubts}


def _work(case: Case, reply: LearningReply, proof: Proof) -> list[FollowUp]:
    """Follow-ups whose reason is proven; owner and due date as the playbook's rules say."""
    teams = [s.team for s in case.document.services if s.team]
    kind = "alert" if case.tools.specialist == "observability" else "hardening"
    made = []
    for work in reply.work:
        reason = proof.finding(work.because)
        if reason and proof.told(work.title, reason.quotes):
            made.append(
                FollowUp(
                    title=work.title,
                    kind=kind,
                    owner=teams[0] if teams else "service owners",
                    due=case.now + DUE,
                    rationale=reason.statement,
                    evidence=sorted({q.evidence for q in reason.quotes}),
                )
            )
    return made

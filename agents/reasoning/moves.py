"""The first move: code makes the plans, a model may put one of them first."""

from typing import Any

from ...incident.action import ActionPlan
from ...incident.finding import Hypothesis
from ...incident.model_use import Disagreement
from ...incident.report import AnyReport
from ..causes.observations import Observations
from ..causes.remedies import WORTH_A_PLAN, propose
from ..runtime.case import Case
from .brief import options
from .causes import combined
from .proof import Proof
from .replies import FixReply, MitigationReply


def chosen(
    case: Case, floor: AnyReport, reply: MitigationReply | FixReply, proof: Proof
) -> dict[str, Any]:
    """Proposals of step 3 or 7 with the model's choice first, and the causes behind them."""
    changes: dict[str, Any] = {}
    hypotheses, plans = case.document.hypotheses, floor.proposals
    if isinstance(reply, MitigationReply):
        hypotheses = combined(floor.hypotheses, reply.causes, hypotheses, proof)
        plans, gaps = propose(Observations(case), hypotheses)
        changes = {"hypotheses": hypotheses, "gaps": gaps}
        changes["act_now"] = _sure(case, hypotheses, plans)
    wanted = dict(options(floor)).get(reply.choice.strip())
    ordered = _first(plans, wanted, hypotheses)
    return {**changes, "proposals": ordered, "disagreements": _differ(floor, ordered, reply)}


def _sure(case: Case, hypotheses: list[Hypothesis], plans: list[ActionPlan]) -> bool:
    leading = max((h.confidence for h in hypotheses), default=0.0)
    return bool(plans) and leading >= case.settings.act_confidence


def _first(
    plans: list[ActionPlan], wanted: str | None, hypotheses: list[Hypothesis]
) -> list[ActionPlan]:
    """The plans, the wanted one first where evidence makes its cause worth an action."""
    likely = {h.id for h in hypotheses if not h.ruled_out and h.confidence >= WORTH_A_PLAN}
    ahead = [p for p in plans if p.title == wanted and p.hypothesis in likely]
    return ahead + [p for p in plans if p not in ahead]


def _differ(
    floor: AnyReport, ordered: list[ActionPlan], reply: MitigationReply | FixReply
) -> list[Disagreement]:
    if not floor.proposals or not ordered or ordered[0].title == floor.proposals[0].title:
        return []
    because = f", because {reply.because}" if reply.because else ""
    return [
        Disagreement(
            step=floor.step,
            specialist=floor.specialist,
            about="first move",
            floor=floor.proposals[0].title,
            model=f"{ordered[0].title}{because}",
            standing="model",
            why="both are plans of the playbook; a person decides",
        )
    ]

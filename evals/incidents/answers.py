"""What a method answered to one case, read off the incident document, and what it used for it."""

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel, Field

from ...actions.services import Restart
from ...agents.reporting.incident_status import is_noise
from ...errors import GroundingError
from ...incident.action import ActionKind
from ...incident.document import Incident
from ...incident.evidence import Quote, check_quotes
from ...incident.finding import FaultKind
from ...incident.model_use import ModelCall
from ...incident.report import DetectionReport, InvestigationReport
from ...incident.severity import Severity, parse_severity
from .cases import Cure, IncidentCase

ANSWERED = ("answered", "refused", "muddled")
"""Outcomes of a call in which the model itself had its say, good or bad."""


class CaseAnswer(BaseModel):
    """One method's word on one case."""

    service: str = Field(default="", description="who is blamed; empty: nobody")
    kind: FaultKind = Field(default=FaultKind.unknown, description="what kind of fault")
    noise: bool = Field(default=False, description="says that nothing is behind the alert")
    confidence: float | None = Field(default=None, description="in that; None: none is stated")
    severity: Severity | None = Field(default=None, description="the first classification")
    actions: list[Cure] = Field(default_factory=list, description="the first two proposed")
    inconclusive: bool = Field(default=False, description="says that it cannot tell the cause")
    claims: int = Field(default=0, description="claims made with a proof, dropped ones included")
    resolved: int = Field(default=0, description="of them: those whose every quote resolves")
    steps: list[int] = Field(default_factory=list, description="steps worked, of 13")
    reports: int = Field(default=0, description="reports handed in, all rounds")
    by_model: int = Field(default=0, description="of them: the model's, not the playbook's")


class Use(BaseModel):
    """What the answer took."""

    seconds: float = Field(default=0.0, description="wall time")
    tokens: int = Field(default=0, description="sent and written, all model calls")
    estimated: bool = Field(default=False, description="some of the tokens are estimated")
    money: float | None = Field(default=0.0, description="by the price table; None: no price")
    calls: int = Field(default=0, description="questions to a model")
    answered: int = Field(default=0, description="of them: those in which the model had its say")


def answer_of(document: Incident, payload: Callable[[str], Any]) -> CaseAnswer:
    """The answer in a document; `payload` fetches evidence by its digest."""
    leading, noise = document.leading(), is_noise(document)
    first = next((r for r in document.reports if isinstance(r, DetectionReport)), None)
    proofs = list(_proofs(document))
    evidence = {record.id: record for record in document.evidence}
    stated = leading.confidence if leading else None
    return CaseAnswer(
        service="" if noise or leading is None else leading.service,
        kind=FaultKind.no_fault if noise else leading.kind if leading else FaultKind.unknown,
        noise=noise,
        confidence=first.confidence if noise and first else stated,
        severity=first.severity if first else None,
        actions=_first_two(document),
        inconclusive=not noise and _inconclusive(document),
        claims=len(proofs) + len(document.dropped),
        resolved=sum(_resolves(quotes, evidence, payload) for quotes in proofs),
        steps=sorted({report.step for report in document.reports}),
        reports=len(document.reports),
        by_model=sum(report.source == "model" for report in document.reports),
    )


def use_of(calls: list[ModelCall], seconds: float = 0.0) -> Use:
    """What a run used; money is unknown as soon as one call's is."""
    costs = [call.cost for call in calls]
    return Use(
        seconds=seconds,
        tokens=sum(call.input_tokens + call.output_tokens for call in calls),
        estimated=any(call.estimated for call in calls),
        money=None if None in costs else sum(cost for cost in costs if cost is not None),
        calls=len(calls),
        answered=sum(call.outcome in ANSWERED for call in calls),
    )


def _first_two(document: Incident) -> list[tuple[ActionKind, str]]:
    distinct = dict.fromkeys((plan.kind, plan.target) for plan in document.proposals)
    return list(distinct)[:2]


def _inconclusive(document: Incident) -> bool:
    """No cause is named, or the investigation says that none of them stands out."""
    leading, investigated = document.leading(), document.report(InvestigationReport)
    if leading is None or leading.kind is FaultKind.unknown:
        return True
    return investigated is not None and investigated.conclusion == "inconclusive"


def _proofs(document: Incident) -> Iterator[list[Quote]]:
    """The quotes of every claim that stands in the document and brings some."""
    arguments = [a for h in document.hypotheses for a in (*h.support, *h.contradiction)]
    kept = (*document.findings, *arguments, *document.proposals, *document.communications)
    yield from (claim.quotes for claim in kept if claim.quotes)


def _resolves(quotes: list[Quote], evidence: dict, payload: Callable[[str], Any]) -> bool:
    """Checked again here: what stands in the document is not taken at its word."""
    try:
        check_quotes(quotes, evidence, payload)
    except GroundingError:
        return False
    return True


UNSURE = 0.5
"""It knows nothing about its chances: a Brier score of 0.25, whatever the cases."""


def trivial(case: IncidentCase) -> CaseAnswer:
    """Blames the service that the alert names for a bad deploy, and would restart it."""
    service = case.alert.service
    return CaseAnswer(
        service=service,
        kind=FaultKind.bad_deploy,
        confidence=UNSURE,
        severity=parse_severity(case.alert.severity),
        actions=[(Restart.kind, service)] if service else [],
    )

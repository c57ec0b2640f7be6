"""One answer held against the truth: a mark per question, None where it does not apply."""

from ...incident.finding import FaultKind
from .answers import CaseAnswer
from .cases import Truth

QUESTIONS = {
    "cause": "cause: service and kind",
    "service": "cause: service",
    "kind": "cause: kind of fault",
    "severity": "severity, within one level",
    "severity exact": "severity, exact",
    "action": "effective action among the first two",
    "innocent": "innocent change not blamed",
    "nobody": "blames nobody where that is right",
}
"""Name of the mark, and what it asks."""


def marks(answer: CaseAnswer, truth: Truth) -> dict[str, bool | None]:
    """Every question's mark: met, not met, does not apply."""
    return {
        "cause": _cause(answer, truth),
        "service": None if _nobody_to_blame(truth) else answer.service == truth.service,
        "kind": None if truth.kind is FaultKind.unknown else answer.kind is truth.kind,
        "severity": _distance(answer, truth) <= 1,
        "severity exact": _distance(answer, truth) == 0,
        "action": _action(answer, truth),
        "innocent": _innocent(answer, truth),
        "nobody": _blames_nobody(answer) if _nobody_to_blame(truth) else None,
    }


def _nobody_to_blame(truth: Truth) -> bool:
    """Noise, and causes that the telemetry cannot tell."""
    return truth.kind in (FaultKind.no_fault, FaultKind.unknown)


def _blames_nobody(answer: CaseAnswer) -> bool:
    return answer.noise or answer.inconclusive or not answer.service


def _cause(answer: CaseAnswer, truth: Truth) -> bool:
    """The whole answer: what a confidence is a confidence in."""
    if truth.kind is FaultKind.unknown:
        return _blames_nobody(answer)
    if truth.kind is FaultKind.no_fault:
        return answer.kind is truth.kind
    return answer.kind is truth.kind and answer.service == truth.service


def _distance(answer: CaseAnswer, truth: Truth) -> int:
    """Levels between the two; further than any where none was given."""
    return abs(answer.severity.rank - truth.severity.rank) if answer.severity else 9


def _action(answer: CaseAnswer, truth: Truth) -> bool:
    """Where nothing is to be done, a proposal is a wrong one."""
    if not truth.effective_actions:
        return not answer.actions
    return any(action in truth.effective_actions for action in answer.actions[:2])


def _innocent(answer: CaseAnswer, truth: Truth) -> bool | None:
    if not truth.blameless:
        return None
    acted_on = [target for _kind, target in answer.actions[:1]]
    return not {answer.service, *acted_on} & set(truth.blameless)

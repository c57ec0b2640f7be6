"""What other specialists looked for and did not see, held against the causes that it would show."""

import math

from ...incident.document import Incident
from ...incident.finding import Argument, FaultKind, Hypothesis
from ...incident.report import PerformanceReport, SecurityReport

DENIED = 2.5
"""Log-odds against a kind of fault whose own specialist saw no sign of it."""


def heard(hypotheses: list[Hypothesis], document: Incident) -> list[Hypothesis]:
    """The hypotheses, most likely first, once each denial counts against its kinds of fault.

    By Bayes: what these lose goes to all others and to none of them alike. One that was heard
    before does not count again.
    """
    against = _denials(document)
    new = [_unheard(hypothesis, against.get(hypothesis.kind, "")) for hypothesis in hypotheses]
    if not any(new):
        return hypotheses
    pairs = list(zip(hypotheses, new, strict=True))
    left = [h.confidence * (math.exp(-DENIED) if text else 1.0) for h, text in pairs]
    whole = 1.0 - sum(h.confidence for h in hypotheses) + sum(left)
    after = [_doubted(h, text, share / whole) for (h, text), share in zip(pairs, left, strict=True)]
    return sorted(after, key=lambda h: (bool(h.ruled_out), -h.confidence))


def _denials(document: Incident) -> dict[FaultKind, str]:
    """By kind of fault who saw no sign of it, in that specialist's words."""
    reports = (document.report(SecurityReport), document.report(PerformanceReport))
    return {
        kind: f"{report.specialist}: {report.summary}"
        for report in reports
        if report
        for kind in report.denies
    }


def _unheard(hypothesis: Hypothesis, text: str) -> str:
    return "" if any(a.text == text for a in hypothesis.contradiction) else text


def _doubted(hypothesis: Hypothesis, text: str, confidence: float) -> Hypothesis:
    changes: dict[str, object] = {"confidence": round(confidence, 3)}
    if text:
        argument = Argument(text=text, weight=-DENIED)
        changes["contradiction"] = [*hypothesis.contradiction, argument]
    return hypothesis.model_copy(update=changes)

"""Causes may be told as the record has them: confirmed, likely, or unknown. Nothing else."""

import re

from ....faults import fault_of, faults
from ....incident.document import Incident
from ...reporting.incident_status import ended, likely_cause, solution

CAUSAL = re.compile(
    r"\b(?:because|caus(?:e|es|ed|ing)|due to|owing to|led to|leads to|triggered by|trigger"
    r"|result(?:ed|s|ing)? (?:in|from)|as a result of|responsible for|stem(?:s|med) from"
    r"|brought down|took down|introduced by)\b"
    r"|因为|由于|导致|造成|原因|根因|引发|引起|触发|致使|归因",
    re.IGNORECASE,
)
OPEN = re.compile(
    r"\b(?:not (?:yet )?(?:established|known|confirmed|clear|settled)|unknown|unclear|open"
    r"|inconclusive|no (?:single )?cause|candidate|possibl[ey]|may|might|unconfirmed"
    r"|look(?:ing)? (?:for|into)|searching|investigat\w+)\b"
    r"|未知|尚未|尚不|不明|未确[定认]|不确定|可能|候选|没有定论|未有定论|查找|排查",
    re.IGNORECASE,
)
LIKELY = re.compile(
    r"\b(?:likely|probabl[ey]|confidence|appears?|suspected|points? to|consistent with)\b"
    r"|可能|疑似|置信度|推测|指向",
    re.IGNORECASE,
)
SURE = re.compile(
    r"(?<!not )(?<!not yet )(?<!un)\b(?:confirmed|proven|certain(?:ly)?|definite(?:ly)?|established"
    r"|undoubtedly|conclusive(?:ly)?|clearly)\b|(?<!未)(?<!尚未)(?<!不)(?:已?证实|确认|确定|证明|毫无疑问)",
    re.IGNORECASE,
)
_WEIGHED = (
    r"\b(?:considered|ruled out|less likely|unlikely|rather than|against|alternative)\b"
    r"|排除|不太可能|考虑|可能性[较更]?低"
)
WEIGHED = re.compile(_WEIGHED, re.IGNORECASE)
DOUBT = re.compile(
    rf"{_WEIGHED}|\b(?:instead|not|no)\b|不是|并非|没有|不支持",
    re.IGNORECASE,
)
OVER = re.compile(
    r"\b(?:resolved|restored|recovered|fixed|cured|back to normal|is over)\b"
    r"|已解决|已恢复|恢复正常|修复",
    re.IGNORECASE,
)
NOT_YET = re.compile(
    r"\b(?:not|un\w+|until|when|once|until|no)\b|未|没有|之前|尚|如果|待", re.IGNORECASE
)


def objection(text: str, cited: str, document: Incident) -> str:
    """Why a sentence may not be told as it is; empty: it may.

    Args:
        text: the sentence.
        cited: all texts of its references.
        document: the record.
    """
    return (
        _fault(text, cited, document)
        or (_strength(text, document) if CAUSAL.search(text) else "")
        or _too_early(text, document)
    )


def certainty(document: Incident) -> str:
    """How the cause may be told, as an instruction to who writes."""
    cause = likely_cause(document)
    if cause is None:
        return 'The cause is not established: say so, and call every candidate "possible".'
    if cause.confirmed:
        return "The cause C1 is confirmed; name no other cause."
    return 'The cause C1 is likely, not confirmed: say "most likely" and name no other cause.'


def _fault(text: str, cited: str, document: Incident) -> str:
    """Kinds of fault that the references do not name, or that lost against the likely cause."""
    cause = likely_cause(document)
    ours = fault_of(cause.kind).named if cause else None
    lost = {h.kind for h in document.hypotheses if cause and h.kind is not cause.kind}
    for kind, fault in faults().items():
        if not fault.named or not fault.named.search(text) or fault.named == ours:
            continue
        if not fault.named.search(cited):
            return f"the references say nothing of a {kind}"
        if kind in lost and CAUSAL.search(text) and not DOUBT.search(text):
            return f"{kind} is not the cause on record"
    return ""


def _strength(text: str, document: Incident) -> str:
    cause = likely_cause(document)
    if cause is None:
        surely = SURE.search(text) or (LIKELY.search(text) and not OPEN.search(text))
        told = OPEN.search(text) and not surely
        return "" if told else "the record has no established cause"
    if cause.confirmed or WEIGHED.search(text):
        return ""
    if SURE.search(text) or not (LIKELY.search(text) or OPEN.search(text)):
        return "the record calls this cause likely, not confirmed"
    return ""


def _too_early(text: str, document: Incident) -> str:
    if ended(document) or solution(document) or NOT_YET.search(text):
        return ""
    return "the record has no recovery" if OVER.search(text) else ""

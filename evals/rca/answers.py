"""What a method says about a root-cause case: a score per service, and more where it can.

The answer outlives the incident's store, which the quotes of a document point into. So what a
report wants to draw is looked up here: whose signal or which calls a quoted row is about.
"""

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel, Field

from ...errors import GroundingError
from ...incident.document import Incident
from ...incident.evidence import Quote, resolve
from ...incident.finding import Argument, Hypothesis
from ..framework.runs import Method
from .cases import RcaCase

MOST = 6
"""Hypotheses that are kept."""
Payload = Callable[[str], Any]
"""Evidence by its digest."""
Seen = tuple[str, str]
"""Service and signal; calls to a service are its signal `calls from CALLER`."""


class Reason(BaseModel):
    """One argument for or against."""

    text: str = Field(description="in the document's words")
    weight: float = Field(description="log-odds that it adds; negative: against")
    seen: list[Seen] = Field(default_factory=list, description="service and signal it rests on")


class Blamed(BaseModel):
    """One hypothesis, with its arguments."""

    service: str = Field(description="who would be guilty")
    kind: str = Field(description="of what kind of fault")
    confidence: float = Field(description="probability that it states")
    ruled_out: str = Field(default="", description="why; empty: it stands")
    reasons: list[Reason] = Field(default_factory=list, description="for and against")
    missing: list[str] = Field(default_factory=list, description="what could not be seen")

    def seen(self) -> list[Seen]:
        """Everything that its arguments rest on, the weightiest argument first."""
        ordered = sorted(self.reasons, key=lambda reason: -abs(reason.weight))
        return list(dict.fromkeys(pair for reason in ordered for pair in reason.seen))


class ModelWord(BaseModel):
    """What a model said on top of the playbooks, before anybody weighed it, and what it took."""

    model: str = Field(description="as the endpoint names it")
    basis: str = Field(default="", description="the kind of evidence at hand")
    service: str = Field(default="", description="whom it blamed first; empty: nobody")
    commit: str | None = Field(default=None, description="as an answer's")
    tokens: int = Field(default=0, description="read and written, every call")
    money: float | None = Field(default=None, description="by the price table; None: no price")
    calls: int = Field(default=0, description="questions to it")


NO_COMMIT = "none"
"""The answer that no commit is guilty."""


class RcaAnswer(BaseModel):
    """Scores may be on any scale; a service without one is not blamed at all."""

    scores: dict[str, float] = Field(default_factory=dict, description="the higher the guiltier")
    probability: float | None = Field(
        default=None, description="that the highest scored service is right; None: not stated"
    )
    kind: str = Field(default="", description="fault kind in the method's words; empty: not said")
    commit: str | None = Field(
        default=None, description="guilty sha or 'none'; empty: no word; None: there are none"
    )
    affected: list[str] = Field(default_factory=list, description="services said to be hurt")
    remedy: str = Field(default="", description="kind of the action proposed first; empty: none")
    blamed: list[Blamed] = Field(default_factory=list, description="why, best first")
    heard: ModelWord | None = Field(default=None, description="a model's own word; None: no model")

    def first(self) -> str:
        """The service with the highest score; empty for none, or where several share it."""
        most = max(self.scores.values(), default=0.0)
        best = [service for service, score in self.scores.items() if score == most]
        return best[0] if len(best) == 1 else ""


RcaMethod = Method[RcaCase, list[RcaAnswer]]
"""One answer; several equally good ones where chance decides (their mean is scored); none where
the method does not apply to the case."""


def blamed(document: Incident, payload: Payload) -> list[Blamed]:
    """The first hypotheses of a document, in its order."""
    digests = {record.id: record.digest for record in document.evidence}

    def row_of(quote: Quote) -> Any:
        steps = quote.pointer.split("/")
        if steps[:2] != ["", "rows"] or len(steps) < 4 or quote.evidence not in digests:
            return None
        try:
            return resolve(payload(digests[quote.evidence]), "/".join(steps[:3]))
        except GroundingError:
            return None

    return [_blamed(one, row_of) for one in document.hypotheses[:MOST]]


def _blamed(one: Hypothesis, row_of: Callable[[Quote], Any]) -> Blamed:
    arguments = [*one.support, *one.contradiction]
    return Blamed(
        service=one.service,
        kind=one.kind.value,
        confidence=one.confidence,
        ruled_out=one.ruled_out,
        reasons=[_reason(argument, row_of) for argument in arguments],
        missing=one.missing,
    )


def _reason(argument: Argument, row_of: Callable[[Quote], Any]) -> Reason:
    rows = [row_of(quote) for quote in argument.quotes]
    seen = dict.fromkeys(pair for row in rows if isinstance(row, dict) for pair in _about(row))
    return Reason(text=argument.text, weight=argument.weight, seen=list(seen))


def _about(row: dict[str, Any]) -> Iterator[Seen]:
    """What a row of evidence measures, where it says so."""
    signal = row.get("signal") or row.get("metric")
    if row.get("service") and signal:
        yield str(row["service"]), str(signal)
    if row.get("caller") and row.get("callee"):
        yield str(row["callee"]), calls_from(str(row["caller"]))


def calls_from(caller: str) -> str:
    """What one caller's calls to a service are called."""
    return f"calls from {caller}"

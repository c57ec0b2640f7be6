"""What is remembered of an incident that ended, read off its document alone; and the signs by which
it is known again: what of whom. What programs wrote is in a sign as a digest of its words without
numbers: it is known again, and not kept.
"""

import re
from collections.abc import Iterable, Iterator
from statistics import median

from pydantic import BaseModel, Field

from .action import Outcome
from .document import Incident
from .evidence import digest
from .finding import FaultKind, Finding
from .lifecycle import State
from .report import DetectionReport, InvestigationReport, Sentence, SweepReport
from .timeline import EventKind, from_ts

PASSING = ("change", "impact", "noise", "condition", "slo", "trace", "verification", "topology")
"""Kinds of findings that tell of this one incident only, or that another sign says already."""
VARIES = re.compile(r"'[^']*'|\"[^\"]*\"|\b[0-9a-f-]{8,}\b|(?<=:)\d+|\b(?!\d{3}\b)\d[\d.,]*")
"""Differs from one time to the next; a status of three digits does not."""
ERRORS = re.compile(r"\b[A-Z]\w+(?:Error|Exception|Violation)\b")
VERSION = re.compile(r"\s+v?\d[\w.-]*$")
SYMPTOMS, FEW = 4, 3
"""Steps whose findings are symptoms: later ones see what the response did. Incidents that tell how
long one takes."""


class Remembered(BaseModel):
    """One incident of the past."""

    id: str = Field(description="the incident's, or PM-… of an imported postmortem")
    title: str = Field(description="one line")
    at: float | None = Field(default=None, description="when it began, unix seconds, if known")
    team: str = Field(default="", description="whose it was; empty: nobody's")
    cause: str = Field(default="", description="believed in the end; empty: none stood out")
    service: str = Field(default="", description="where that is")
    fault: FaultKind = Field(default=FaultKind.unknown, description="what kind of fault")
    confidence: float = Field(default=0.0, description="how sure the cause was, 0..1")
    tried: dict[str, bool] = Field(default={}, description="moves: verified to end it, or not to")
    minutes: float | None = Field(default=None, description="from begin to end, if known")
    imported: bool = Field(default=False, description="read from a text: shown, never counted")
    notes: list[str] = Field(default=[], description="what else an imported one says")

    @property
    def account(self) -> str:
        """What became of it, in a line or two."""
        when = f"{from_ts(self.at):%Y-%m-%d}" if self.at else "at an unknown time"
        whose = ", imported and verified by nobody" if self.imported else ""
        sure = f" ({self.confidence:.0%})" if self.confidence else ""
        said = ("verifiably did not help", "ended it, as verified")
        parts = [
            f"Believed: {self.cause.rstrip('.')}{sure}" if self.cause else "No cause stood out"
        ]
        parts += [f"{move} {said[ended]}" for move, ended in self.tried.items()]
        parts += [f"over after {self.minutes:.0f} min"] if self.minutes is not None else []
        return f"{self.id}, {when}{whose}: {self.title.rstrip('.')}. {'; '.join(parts)}."


def remembered(document: Incident) -> Remembered:
    """What is kept of it; of actions only what telemetry verified."""
    found, proven = Remembered(id=document.id, title=document.title), set[str]()
    for done in document.executions:
        plan, ended = document.plan(done.plan), done.outcome is Outcome.better
        clear = (ended and not done.undone) or done.outcome in (Outcome.unchanged, Outcome.worse)
        if plan and clear and any(m.decisive and m.evidence for m in done.measures):
            found.tried[f"{plan.kind} {plan.target}"] = ended
            proven |= {plan.hypothesis} if ended else set()
    cause = next((h for h in document.hypotheses if h.id in proven), None) or document.leading()
    if cause and (cause.id in proven or cause.sure):
        found.cause, found.confidence = cause.statement, cause.confidence
        found.service, found.fault = cause.service, cause.kind
    began, first = document.began.at, document.report(DetectionReport)
    found.at, found.team = began.timestamp(), "".join(s.team for s in document.services[:1])
    ends = [t.at for t in document.transitions if t.state is State.resolved]
    if ends and not document.ended_by:  # when somebody says so is not when it ended
        found.minutes = round((ends[-1] - began).total_seconds() / 60, 1)
    elif first and first.noise:
        found.cause, found.fault = "nothing was behind the alert", FaultKind.no_fault
    return found


def signs_of(document: Incident, more: Iterable[Finding] = ()) -> list[str]:
    """By what it is known again, in order; `more`: findings that are not filed yet."""
    filed, sweep = (
        (f for f in document.findings if f.step <= SYMPTOMS),
        document.report(SweepReport),
    )
    changed = (e.text.partition(":")[0] for e in document.timeline if e.kind is EventKind.change)
    hurt = (s.name for s in document.services if s.role in ("alerting", "affected"))
    found = [
        f"alert {document.alert.name}",
        *(f"{name} hurt" for name in hurt),
        *(f"begins in {name}" for name in (sweep.origin[-1:] if sweep else [])),
        *(VERSION.sub("", text) for text in changed),
        *(sign for one in (*filed, *more) for sign in _signs(one)),
    ]
    return sorted({sign[:120] for sign in found})


def _signs(finding: Finding) -> Iterator[str]:
    """Its kind and service, with a digest of the words that it quotes."""
    kind, _, part = finding.kind.partition(":")
    if kind not in PASSING:
        words = [q.value for q in finding.quotes if isinstance(q.value, str)]
        words = [VARIES.sub("#", word) for word in words if word != finding.service]
        yield f"{part or kind} of {finding.service}{f' #{digest(words)[:8]}' if words else ''}"
        yield from (f"error {name}" for word in words for name in ERRORS.findall(word))


def precedents(document: Incident) -> list[Sentence]:
    """Earlier incidents that are like it, as the debugger was told."""
    report = document.report(InvestigationReport)
    return report.seen_before if report else []


def time_to_resolve(document: Incident) -> tuple[float, float, float, str] | None:
    """Minutes, the least and the most, and by what: similar incidents where enough are known, else
    severity and complexity; None before it is assessed."""
    report, impact = document.report(InvestigationReport), document.impact
    known = sorted(report.minutes_before) if report else []
    if len(known) >= FEW:
        return round(median(known), 1), known[0], known[-1], f"by {len(known)} similar incidents"
    few = "by severity and complexity"
    few += f"; similar incidents: {len(known)}, too few" if known else ""
    return (impact.minutes_to_resolve, *impact.minutes_spread, few) if impact else None

"""The record as a model reads it: one numbered fact a line, the dispensable ones cut first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ....incident.document import Incident
from ....models.usage import tokens_of
from ....prompts.formats import clock, duration, percent, utc
from ....prompts.neutral import plain
from ...reporting import retrospective, story
from ...reporting.briefing import Briefing
from ...reporting.harm import impact
from ...reporting.incident_status import is_noise
from ...reporting.narrator import Claim, Narrator

LINE = 170
"""Characters of one fact: more of it rarely says more."""


@dataclass(frozen=True)
class Fact:
    """One line: its id, its words, what in the record it rests on (E…, T…, G…, D…)."""

    id: str
    text: str
    rests: tuple[str, ...] = ()
    rank: int = 0  # lower ones stay when room is short

    @property
    def line(self) -> str:
        """As the model reads it, quoted as data."""
        return f"{self.id} ««{plain(self.text, LINE).replace('««', '').replace('»»', '')}»»"


def postmortem_facts(say: Narrator) -> list[Fact]:
    """What the floor tells, claim by claim, then the timeline, evidence and gaps it rests on."""
    return [*told(say), *_lessons(say), *_rows(say), *_evidence(say), *_gaps(say.document)]


def told(say: Narrator) -> list[Fact]:
    """Cause (C), impact (I), actions (A) and how it was noticed (N), as the floor words them."""
    if is_noise(say.document):
        return [*_numbered("N", [*story.summary(say), *story.detection(say)], 1)]
    return [
        *_numbered("C", [*story.causes(say), story.trigger(say)], 0),
        *_numbered("I", impact(say), 0),
        *_numbered("A", story.resolution(say), 1),
        *_numbered("N", story.detection(say), 2),
    ]


def public_facts(briefing: Briefing) -> list[Fact]:
    """What customers may be told (P): what the floor's public templates tell, and no more."""
    where = ", ".join(briefing.components) or "our service"
    lines = [f"Customers using {where} may meet {briefing.symptom}, {_span(briefing)}."]
    hurt = briefing.impact
    if hurt and hurt.requests and hurt.failed_share:
        lines.append(f"About {percent(hurt.failed_share)} of requests were affected.")
    if briefing.solution:
        lines.append("A corrective measure took effect; the recovery is measured.")
    elif briefing.cause and not briefing.ended:
        lines.append("The likely cause is found; a correction is being worked on.")
    elif not briefing.ended:
        lines.append("We are looking for the cause and working on restoring the service.")
    return [Fact(f"P{n}", text) for n, text in enumerate(lines, 1)]


def selected(facts: Iterable[Fact], tokens: int) -> list[Fact]:
    """As many facts as fit, the most telling first, in their own order."""
    known, left, kept = list(facts), tokens, set()
    for fact in sorted(known, key=lambda fact: fact.rank):
        cost = tokens_of(fact.line) + 1
        if cost <= left:
            kept.add(fact.id)
            left -= cost
    return [fact for fact in known if fact.id in kept]


def _span(briefing: Briefing) -> str:
    if briefing.ended is None:
        return f"since {utc(briefing.started)}"
    took = duration(briefing.duration_seconds)
    return f"from {utc(briefing.started)} to {utc(briefing.ended)}; it is over, after {took}"


def _numbered(letter: str, claims: Iterable[Claim], rank: int) -> Iterator[Fact]:
    for number, claim in enumerate(claims, 1):
        yield Fact(f"{letter}{number}", claim.text, claim.refs, rank + (number > 4))


def _lessons(say: Narrator) -> Iterator[Fact]:
    groups = (retrospective.went_well, retrospective.could_improve, retrospective.lucky)
    names = ("went well", "could be better", "lucky")
    claims = [
        Claim(f"{name}: {claim.text}", claim.refs)
        for name, group in zip(names, groups, strict=True)
        for claim in group(say)
    ]
    return _numbered("L", claims, 2)


def _rows(say: Narrator) -> Iterator[Fact]:
    for number, row in enumerate(say.rows):
        event = row.event
        text = f"{clock(event.at)} {event.actor}: {event.text}"
        yield Fact(row.id, text, (row.id,), 3 if number < 12 else 5)


def _evidence(say: Narrator) -> Iterator[Fact]:
    """What the claims rest on; other evidence has its summary in the record."""
    for record in say.document.evidence:
        if record.id in say.cited:
            yield Fact(record.id, f"{record.tool}: {say.clean(record.summary)}", (record.id,), 4)


def _gaps(document: Incident) -> Iterator[Fact]:
    for number, gap in enumerate(document.gaps, 1):
        yield Fact(f"G{number}", f"not seen: {gap.what} ({gap.why})", (f"G{number}",), 4)

"""The case file: what every specialist hands to the next, written by code from the document.

What was seen, in order of time; what was done; what the steps concluded; suspects with what speaks
for and against each; what is ruled out; what is open; what could not be seen. Each line names its
evidence. What changes least stands first, so that one question begins as the one before it. Where
room is short the least telling lines go, and the file says how many.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...incident.action import Measure, Verdict
from ...incident.document import Incident
from ...incident.evidence import Quote
from ...incident.finding import Argument, Finding, Hypothesis, one_cause
from ...incident.report import AnyReport, MitigationReport
from ...prompts.values import figure, plain
from .cells import CLOSE, OPEN, clean, moment

LINE = 240
"""Characters of one line; the evidence that it names has the rest."""
NAME = "CASE"
SEEN, DONE, SAID = "Seen, in order of time", "Done", "Concluded by step"
SUSPECTS, RULED_OUT, OPEN_QUESTIONS, NOT_SEEN = "Suspects", "Ruled out", "Open", "Not to be seen"
SECTIONS = (SEEN, DONE, SAID, SUSPECTS, RULED_OUT, OPEN_QUESTIONS, NOT_SEEN)
TELLING = ("reasoned", "new-failure", "change", "step", "condition", "outcomes", "stack")
"""Kinds of findings that decide more often than others, by the beginning of their tag."""
MILD = ("anomaly", "slo", "impact", "customer-impact", "utilisation")
"""Kinds that say how bad it is rather than why."""
REASONS = 4
"""Reasons for a suspect that are told, and as many against it; its line tells how many more."""


@dataclass(frozen=True)
class Entry:
    """One line of the file."""

    section: str
    text: str
    rank: float = 0.0  # lower ones stay when room is short

    @property
    def line(self) -> str:
        """As the model reads it: one line of data."""
        return clean(plain(self.text, LINE), LINE)


def case_file(document: Incident, floor: AnyReport, characters: int) -> str:
    """The file as text of about `characters`, as a block of data; empty: nothing is known yet.

    Args:
        document: with what earlier steps filed.
        floor: the playbook's report on the step at hand: its suspects stand for earlier ones.
    """
    entries = [entry for entry in _entries(document, floor) if entry.text]
    kept = _kept(entries, characters)
    lines: list[str] = []
    for section in SECTIONS:
        mine = [entry.line for entry in kept if entry.section == section]
        lines += [f"## {section}", *mine] if mine else []
    if not lines:
        return ""
    if left := len(entries) - len(kept):
        lines.append(f"({left} lines that tell less were left out for want of room)")
    return "\n".join([f"{OPEN}{NAME}", *lines, f"{NAME}{CLOSE}"])


def _kept(entries: list[Entry], characters: int) -> list[Entry]:
    """As many as fit, the most telling first, in their own order."""
    left, kept = characters, set()
    for entry in sorted(entries, key=lambda entry: entry.rank):
        cost = len(entry.line) + 1
        if cost <= left:
            kept.add(id(entry))
            left -= cost
    return [entry for entry in entries if id(entry) in kept]


def suspects(document: Incident, floor: AnyReport) -> list[Hypothesis]:
    """The step's own causes, then those of earlier steps that it does not list; what was ruled out
    last."""
    own = floor.hypotheses
    if isinstance(floor, MitigationReport) and not document.hypotheses:
        return own
    earlier = [h for h in document.hypotheses if not any(one_cause(h.key, o.key) for o in own)]
    return sorted([*own, *earlier], key=lambda h: not h.standing)


def _entries(document: Incident, floor: AnyReport) -> Iterator[Entry]:
    yield from _seen(document)
    yield from _done(document)
    yield from _said(document)
    known = suspects(document, floor)
    for place, hypothesis in enumerate(h for h in known if h.standing):
        yield from _suspect(hypothesis, place)
    yield from _ruled_out(document, known)
    yield from _open(document, known)
    for gap in document.gaps:
        yield Entry(NOT_SEEN, f"- {gap.what}: {gap.why}", 6)


# What was seen.


def _seen(document: Incident) -> Iterator[Entry]:
    """Each statement once, with its time where one of its steps knew it."""
    told: dict[str, Finding] = {}
    for finding in document.findings:
        known = told.get(finding.statement)
        if known is None or (known.at is None and finding.at):
            told[finding.statement] = finding
    timed = sorted((f for f in told.values() if f.at), key=lambda f: f.at or document.opened_at)
    fired = document.fired.timestamp()
    for number, finding in enumerate([*timed, *(f for f in told.values() if not f.at)]):
        at = f"{moment(finding.at.timestamp(), fired)} " if finding.at else ""
        by = f" ({finding.specialist}, reasoned)" if finding.kind == "reasoned" else ""
        text = f"- {at}{finding.statement}{by} {ids(finding.quotes)}"
        yield Entry(SEEN, text, _rank(finding) + number / 1000)


def _rank(finding: Finding) -> float:
    if finding.kind.startswith(TELLING):
        return 1
    return 4 if finding.kind.startswith(MILD) else 2


# What was done, and concluded.


def _done(document: Incident) -> Iterator[Entry]:
    for done in document.executions:
        how = "; ".join(filter(None, [done.reason, *map(_measured, done.measures[:3])]))
        undone = ", taken back" if done.undone else ""
        told = f"- {done.title}: {done.outcome.value}{undone}{f' ({how})' if how else ''}"
        yield Entry(DONE, f"{told} {marks(done.proof)}", 0)
    for decision in document.decisions:
        plan = document.plan(decision.subject)
        if plan and decision.verdict in (Verdict.rejected, Verdict.expired):
            why = f": {decision.reason}" if decision.reason else ""
            yield Entry(DONE, f"- {plan.title}: {decision.verdict.value} by a person{why}", 0)


def _measured(measure: Measure) -> str:
    if measure.before is None or measure.after is None:
        return ""
    return f"{measure.name} {figure(measure.before)} → {figure(measure.after)}"


def _said(document: Incident) -> Iterator[Entry]:
    """The newest summary of each step; the causes stand among the suspects."""
    newest = {report.step: report for report in document.reports}
    for report in newest.values():
        if report.step not in (3, 4, 9, 11):
            yield Entry(SAID, f"- {report.step} {report.specialist}: {report.summary}", 3)


# Suspects, and what is ruled out.


def _suspect(hypothesis: Hypothesis, place: int) -> Iterator[Entry]:
    """The cause, then its reasons; of the first two more of them stay when room is short."""
    yield Entry(SUSPECTS, f"- {named(hypothesis)}", min(place, 4) * 0.5)
    for sign, reasons in (("+", hypothesis.support), ("-", hypothesis.contradiction)):
        for number, reason in enumerate(_strongest(reasons)):
            text = f"  {sign} {reason.text} {ids(reason.quotes)}"
            yield Entry(SUSPECTS, text, 0.2 + place + number)
        if len(reasons) > REASONS:
            more = len(reasons) - REASONS
            yield Entry(SUSPECTS, f"  {sign} and {more} weaker reasons", 1 + place)
    if hypothesis.challenged:
        yield Entry(SUSPECTS, f"  challenged: {hypothesis.challenged}", 1 + place)


def named(hypothesis: Hypothesis) -> str:
    """A cause in one line: id, probability, place, kind, change, words."""
    change = f", change {hypothesis.change}" if hypothesis.change else ""
    id = f"{hypothesis.id} " if hypothesis.id else ""
    told = f"{id}{hypothesis.confidence:.0%} {hypothesis.service}, {hypothesis.kind.value}{change}"
    return f"{told}: {hypothesis.statement}"


def _strongest(reasons: Iterable[Argument]) -> list[Argument]:
    return sorted(reasons, key=lambda reason: -abs(reason.weight))[:REASONS]


def _ruled_out(document: Incident, known: list[Hypothesis]) -> Iterator[Entry]:
    for hypothesis in known:
        if hypothesis.standing:
            continue
        why = hypothesis.ruled_out or f"ended by {hypothesis.ended_by}"
        quotes = [q for reason in hypothesis.contradiction[:2] for q in reason.quotes]
        yield Entry(RULED_OUT, f"- {named(hypothesis)}: {why} {ids(quotes)}", 2)
    for report in document.reports:
        if report.denies:
            kinds = ", ".join(kind.value for kind in report.denies)
            yield Entry(RULED_OUT, f"- {kinds}: looked for in step {report.step}, no sign", 2)


def _open(document: Incident, known: list[Hypothesis]) -> Iterator[Entry]:
    newest = {report.step: report for report in document.reports}
    for report in newest.values():
        if report.conclusion == "inconclusive" and report.step not in (8, 9, 11):
            yield Entry(OPEN_QUESTIONS, f"- step {report.step} did not decide", 3)
    for hypothesis in [h for h in known if h.standing][:2]:
        for missing in hypothesis.missing:
            yield Entry(OPEN_QUESTIONS, f"- {hypothesis.id} lacks {missing}", 3)
    for one in document.disagreements:
        both = f"the playbook says {one.floor}; the model said {one.model}"
        yield Entry(OPEN_QUESTIONS, f"- {one.about}: {both}; {one.standing} stands: {one.why}", 2)


def ids(quotes: Iterable[Quote]) -> str:
    """Marks of the evidence that these quotes stand in."""
    return marks(quote.evidence for quote in quotes)


def marks(evidence: Iterable[str]) -> str:
    """[E1, E7], each once."""
    found = list(dict.fromkeys(evidence))[:4]
    return f"[{', '.join(found)}]" if found else ""

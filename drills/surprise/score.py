"""A response to a surprise held against its truth: one check per question.

What the response says of itself counts for what it claims; whether a claim is true is judged by the
telemetry after the end, by where the truth says that it shows.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...agents.reporting.incident_status import is_noise
from ...incident.action import ActionPlan, Outcome
from ...incident.document import Incident
from ...incident.lifecycle import OVER
from ...incident.report import InvestigationReport, PostmortemReport
from ..score import Check, DrillObservation, Score, said_better
from .truth import Truth

ALERTED, LEVEL, PLACE, CAUSE, HARM, BETTER, RESOLVED, NOISE, END = QUESTIONS = (
    "alerted",
    "level",
    "place",
    "cause",
    "harm",
    "better",
    "resolved",
    "noise",
    "end",
)
DENIED = re.compile(r"\b(?:no|not|never|nothing|neither|nor|without|isn't|aren't)(?:\s+\w+)?\s+$")
"""What stands before a word that is denied: "no lock", "nothing was refused"."""
LEFT = re.compile(r"[\w ]{0,20}\b(?:left|more|longer|free|available|remain)")
"""What makes a word count all the same: "no connection left"."""


@dataclass(frozen=True, kw_only=True)
class SurpriseScore(Score):
    """With what it was, and which facts were told."""

    truth: Truth
    facts: Mapping[str, bool]

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        more = {"truth": self.truth.to_json(), "facts": dict(self.facts)}
        return {**super().to_json(), **more}


def score_surprise(
    name: str, incident: Incident, truth: Truth, seen: DrillObservation
) -> SurpriseScore:
    """Hold an incident against what was the case."""
    met, left = told_facts(incident, truth), shown(truth, seen)
    level, place, cause, noise = said(incident, truth, met)
    checks = [
        _alerted(truth, seen),
        level,
        place,
        cause,
        _harm(incident, truth),
        _better(incident, truth, left),
        _resolved(incident, truth, left),
        noise,
        _end(incident, truth, left),
    ]
    seconds = {"detect": None if seen.by_hand else seen.detect_s}
    return SurpriseScore(name, incident.id, checks, seconds, truth=truth, facts=met)


def told_facts(incident: Incident, truth: Truth) -> dict[str, bool]:
    """Which facts of the cause the record tells: of two faults, those of the better told one."""
    passages = told(incident)
    return max((facts_met(passages, facts) for facts in truth.accounts), key=_share)


def said(incident: Incident, truth: Truth, met: Mapping[str, bool]) -> list[Check]:
    """The questions that a record answers by itself: level, place, cause, noise."""
    return [
        _level(incident, truth),
        _place(incident, truth),
        _cause(incident, truth, met),
        _noise(incident, truth),
    ]


def sums(scores: Sequence[Score]) -> dict[str, dict[str, int]]:
    """Per question how often it applied and was met; the same for the facts of the causes."""
    checks = [check for score in scores for check in score.checks]
    found = {
        name: [c.met for c in checks if c.name == name and c.met is not None] for name in QUESTIONS
    }
    facts = [
        score.facts
        for score in scores
        if isinstance(score, SurpriseScore) and not score.truth.noise
    ]
    found["facts"] = [met for each in facts for met in each.values()]
    return {name: {"met": sum(mets), "of": len(mets)} for name, mets in found.items()}


def told(incident: Incident) -> list[str]:
    """What the record says, passage by passage: first the leading cause with its reasons, then each
    finding, the five whys, each line of the postmortem.

    Sentences of other causes are taken out: a list of everything explains nothing.
    """
    leading = incident.leading()
    cause = [leading.statement, *(each.text for each in leading.support)] if leading else []
    passages = [" ".join(cause), *(finding.statement for finding in incident.findings)]
    if report := incident.report(InvestigationReport):
        passages.append(" ".join(each.text for each in report.five_whys))
    if report := incident.report(PostmortemReport):
        passages += report.markdown.splitlines()
    others = {h.statement for h in incident.hypotheses} - {leading.statement if leading else ""}
    return [without(passage, others) for passage in passages]


def without(text: str, sentences: Iterable[str]) -> str:
    """The text with these sentences taken out."""
    for sentence in sentences:
        text = text.replace(sentence, "")
    return text


def facts_met(passages: Sequence[str], facts: Mapping[str, str]) -> dict[str, bool]:
    """Which facts the cause tells, together with the one passage that adds most to it.

    Words scattered over a long draft are no account; a fact that is denied does not count. A cause
    that tells less than half by itself is another cause: what findings say beside it does not
    make it right.
    """
    cause, *others = [{n for n, fact in facts.items() if _says(p, fact)} for p in passages]
    if 2 * len(cause) >= len(facts):
        cause = max((cause | other for other in others), key=len, default=cause)
    return {name: name in cause for name in facts}


def _says(text: str, fact: str) -> bool:
    found = re.finditer(fact, text, re.IGNORECASE)
    return any(not _denied(text, match) for match in found)


def _share(met: Mapping[str, bool]) -> float:
    return sum(met.values()) / len(met) if met else 0.0


def _denied(text: str, found: re.Match[str]) -> bool:
    before = text[max(0, found.start() - 30) : found.start()].lower()
    return bool(DENIED.search(before)) and not LEFT.match(text, found.end())


def shown(truth: Truth, seen: DrillObservation) -> list[str]:
    """The symptoms that are still there."""
    known = [(one, seen.left.get(str(one))) for one in truth.symptoms]
    return [
        f"{one.service} {one.signal} {v:.3g}" for one, v in known if v is not None and one.shows(v)
    ]


def _alerted(truth: Truth, seen: DrillObservation) -> Check:
    """The rules noticed; where nobody is hurt they need not."""
    answer = "told by hand" if seen.by_hand else f"after {seen.detect_s:g} s"
    return Check(ALERTED, not seen.by_hand if truth.hurt else None, answer, "an alert")


def _level(incident: Incident, truth: Truth) -> Check:
    level = incident.severity
    answer = level.value if level else "not classified"
    return Check(LEVEL, level in truth.level, answer, " or ".join(truth.level))


def _place(incident: Incident, truth: Truth) -> Check:
    leading = incident.leading()
    answer = leading.service if leading else "none"
    if not truth.accept or (truth.noise and is_noise(incident)):
        return Check(PLACE, None, answer, "")
    return Check(PLACE, answer in truth.accept, answer, " or ".join(sorted(truth.accept)))


def _cause(incident: Incident, truth: Truth, met: Mapping[str, bool]) -> Check:
    if not met or (truth.noise and is_noise(incident)):
        return Check(CAUSE, None, "", "")
    lacking = [name for name, is_met in met.items() if not is_met]
    answer = f"{sum(met.values())} of {len(met)} facts"
    answer += f", lacks {', '.join(lacking)}" if lacking else ""
    return Check(CAUSE, not lacking, answer, truth.cause)


def _harm(incident: Incident, truth: Truth) -> Check:
    done = [plan.title for plan in _done(incident) if truth.harms(f"{plan.kind} {plan.target}")]
    return Check(HARM, not done, ", ".join(done) or "none", "no action that does harm")


def _done(incident: Incident) -> Iterator[ActionPlan]:
    """What was carried out."""
    for execution in incident.executions:
        plan = incident.plan(execution.plan)
        if plan and execution.outcome is not Outcome.failed:
            yield plan


def _better(incident: Incident, truth: Truth, left: list[str]) -> Check:
    """An action is "better" only if what it was for is gone in the end."""
    claims = said_better(incident)
    if not claims or not truth.symptoms:
        return Check(BETTER, None, "not claimed" if not claims else "nothing to measure", "")
    answer = "; ".join(left) if left else "gone"
    return Check(BETTER, not left, f"{claims[-1].title}: {answer}", "the symptom gone")


def _resolved(incident: Incident, truth: Truth, left: list[str]) -> Check:
    if incident.state not in OVER or is_noise(incident):
        return Check(RESOLVED, None, incident.state.value, "")
    return Check(RESOLVED, not left, "; ".join(left) or "symptom gone", "the symptom gone")


def _noise(incident: Incident, truth: Truth) -> Check:
    """A real fault is not closed as noise; what may be is judged by its end."""
    closed = is_noise(incident)
    met = None if truth.noise else not closed
    return Check(NOISE, met, "noise" if closed else "not noise", "not closed as noise")


def _end(incident: Incident, truth: Truth, left: list[str]) -> Check:
    """Over and truly so, or open with what was searched; where nothing is wrong it ends."""
    wanted = "over and truly so, or open with what was searched"
    over = incident.state in OVER
    if over and is_noise(incident):
        return Check(END, truth.noise, "closed as noise", wanted)
    if over:
        return Check(END, not left, "; ".join(left) or "over, symptom gone", wanted)
    if truth.noise and not truth.facts:
        return Check(END, False, "open", "over: nothing is wrong")
    searched = any(report.searched for report in incident.reports)
    answer = "open, with what was searched" if searched else "open, and nothing was searched"
    return Check(END, searched, answer, wanted)

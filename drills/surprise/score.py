"""A response to a surprise held against its truth: one check per question.

What the response says of itself counts for what it claims; whether a claim is true is judged by the
telemetry after the end, by where the truth says that it shows.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...agents.reporting.incident_status import is_noise
from ...incident.action import Outcome
from ...incident.document import Incident
from ...incident.finding import Hypothesis
from ...incident.lifecycle import OVER
from ...incident.report import InvestigationReport, PostmortemReport
from ..score import Check, DrillObservation, Score, milestones, said_better
from .truth import Truth

DENIED = re.compile(r"\b(?:no|not|never|nothing|neither|nor|without|isn't|aren't)(?:\s+\w+)?\s+$")
"""What stands before a word that is denied: "no lock", "nothing was refused"."""
LEFT = re.compile(r"[\w ]{0,20}\b(?:left|more|longer|free|available|remain)")
"""What makes a word count all the same: "no connection left"."""
Judgement = tuple[bool | None, str, str]
"""Met, what was answered, what was wanted: the rest of a `Check`."""


class Judged(NamedTuple):
    """A response beside its truth: which facts it told, which symptoms are left after the end."""

    incident: Incident
    truth: Truth
    seen: DrillObservation
    met: dict[str, bool]
    left: list[str]

    @classmethod
    def of(cls, incident: Incident, truth: Truth, seen: DrillObservation) -> "Judged":
        """Of two faults, the facts of the better told one."""
        passages = told(incident, incident.leading())
        met = max((facts_met(passages, facts) for facts in truth.accounts), key=_share)
        return cls(incident, truth, seen, met, shown(truth, seen))


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
    judged = Judged.of(incident, truth, seen)
    checks = [Check(question, *ask(judged)) for question, ask in ASKED.items()]
    seconds = milestones(incident, None if seen.by_hand else seen.detect_s)
    return SurpriseScore(name, incident.id, checks, seconds, truth=truth, facts=judged.met)


def said(incident: Incident, truth: Truth) -> list[Check]:
    """The questions that a record answers by itself."""
    judged = Judged.of(incident, truth, DrillObservation())
    return [Check(each, *ASKED[each](judged)) for each in (LEVEL, PLACE, CAUSE, NOISE)]


def sums(scores: Sequence[Score]) -> dict[str, dict[str, int]]:
    """Per question how often it applied and was met; the same for the facts of the causes."""
    checks = [check for score in scores for check in score.checks]
    found = {
        name: [c.met for c in checks if c.name == name and c.met is not None] for name in QUESTIONS
    }
    known = [score for score in scores if isinstance(score, SurpriseScore)]
    found["facts"] = [m for score in known if not score.truth.noise for m in score.facts.values()]
    return {name: {"met": sum(mets), "of": len(mets)} for name, mets in found.items()}


def told(incident: Incident, leading: Hypothesis | None) -> list[str]:
    """What the record says, passage by passage: first the cause that is meant with its reasons,
    then each finding, the five whys, each line of the postmortem.

    Sentences of other causes are taken out: a list of everything explains nothing.
    """
    cause = [leading.statement, *(each.text for each in leading.support)] if leading else []
    passages = [" ".join(cause), *(finding.statement for finding in incident.findings)]
    if report := incident.report(InvestigationReport):
        passages.append(" ".join(each.text for each in report.five_whys))
    if report := incident.report(PostmortemReport):
        passages += report.markdown.splitlines()
    others = {h.statement for h in incident.hypotheses} - {leading.statement if leading else ""}
    for other in sorted(others, key=len, reverse=True):  # the whole before what it begins with
        passages = [passage.replace(other, "") for passage in passages]
    return passages


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


def _denied(text: str, found: re.Match[str]) -> bool:
    before = text[max(0, found.start() - 30) : found.start()].lower()
    return bool(DENIED.search(before)) and not LEFT.match(text, found.end())


def _share(met: Mapping[str, bool]) -> float:
    return sum(met.values()) / len(met) if met else 0.0


def shown(truth: Truth, seen: DrillObservation) -> list[str]:
    """The symptoms that are still there."""
    known = [(one, seen.left.get(str(one))) for one in truth.symptoms]
    return [
        f"{one.service} {one.signal} {v:.3g}" for one, v in known if v is not None and one.shows(v)
    ]


def _alerted(judged: Judged) -> Judgement:
    """The rules noticed; where nobody is hurt they need not."""
    seen = judged.seen
    answer = "told by hand" if seen.by_hand else f"after {seen.detect_s:g} s"
    return not seen.by_hand if judged.truth.hurt else None, answer, "an alert"


def _level(judged: Judged) -> Judgement:
    level, wanted = judged.incident.severity, judged.truth.level
    return level in wanted, level.value if level else "not classified", " or ".join(wanted)


def _place(judged: Judged) -> Judgement:
    accept, leading = judged.truth.accept, judged.incident.leading()
    answer = leading.service if leading else "none"
    if not accept or _rightly_noise(judged):
        return None, answer, ""
    return answer in accept, answer, " or ".join(sorted(accept))


def _cause(judged: Judged) -> Judgement:
    met = judged.met
    if not met or _rightly_noise(judged):
        return None, "", ""
    lacking = [name for name, is_met in met.items() if not is_met]
    answer = f"{sum(met.values())} of {len(met)} facts"
    answer += f", lacks {', '.join(lacking)}" if lacking else ""
    other = _another(judged)
    return not (lacking or other), answer + other, judged.truth.cause


KINDS = {
    "data": "corrupted data, database fault, schema change",
    "poison": "corrupted data, crash loop, memory leak, application fault",
    "traffic": "traffic surge, prompt injection",
    "load": "traffic surge, credential attack, bad deploy, slow release, application fault",
    "telemetry": "telemetry lost",
    "errors": "bad deploy, application fault, bad configuration, bad feature flag",
    "release": "bad deploy, slow release, crash loop, application fault, runaway agent",
    "process": "hung process, crash loop, lock contention, bad deploy, application fault",
    "database": "database fault, lock contention, missing permission, schema change, "
    "changed setting, connection pool exhaustion",
    "network": "network fault, dependency outage, provider outage, bad configuration",
}
"""By group what kind of fault an account may name; of the others any. An error that is quoted holds
the words of facts whatever it is laid to."""


def _another(judged: Judged) -> str:
    """What else the cause names than was the case; its words may fit all the same."""
    leading, truth = judged.incident.leading(), judged.truth
    if leading is None:
        return ""
    if truth.accept and leading.service not in truth.accept:
        return f", but at {leading.service or 'no place'}"
    kinds = KINDS.get(truth.group, leading.kind).split(", ")
    return "" if truth.besides or leading.kind in kinds else f", but as {leading.kind}"


def _rightly_noise(judged: Judged) -> bool:
    return judged.truth.noise and is_noise(judged.incident)


def _harm(judged: Judged) -> Judgement:
    incident, harms = judged.incident, judged.truth.harms
    done = [incident.plan(e.plan) for e in incident.executions if e.outcome is not Outcome.failed]
    found = [plan.title for plan in done if plan and harms(f"{plan.kind} {plan.target}")]
    return not found, ", ".join(found) or "none", "no action that does harm"


def _better(judged: Judged) -> Judgement:
    """An action is "better" only if what it was for is gone in the end."""
    claims, left = said_better(judged.incident), judged.left
    if not claims or not judged.truth.symptoms:
        return None, "not claimed" if not claims else "nothing to measure", ""
    return not left, f"{claims[-1].title}: {'; '.join(left) or 'gone'}", "the symptom gone"


def _resolved(judged: Judged) -> Judgement:
    state, left = judged.incident.state, judged.left
    if state not in OVER or is_noise(judged.incident):
        return None, state.value, ""
    return not left, "; ".join(left) or "symptom gone", "the symptom gone"


def _noise(judged: Judged) -> Judgement:
    """A real fault is not closed as noise; what may be is judged by its end."""
    closed = is_noise(judged.incident)
    met = None if judged.truth.noise else not closed
    return met, "noise" if closed else "not noise", "not closed as noise"


def _end(judged: Judged) -> Judgement:
    """Over and truly so, or open with what was searched; where nothing is wrong it ends."""
    incident, truth, left = judged.incident, judged.truth, judged.left
    wanted = "over and truly so, or open with what was searched"
    over = incident.state in OVER
    if over and is_noise(incident):
        return truth.noise, "closed as noise", wanted
    if over:
        return not left, "; ".join(left) or "over, symptom gone", wanted
    if truth.noise and not truth.facts:
        return False, "open", "over: nothing is wrong"
    searched = any(report.searched for report in incident.reports)
    answer = "open, with what was searched" if searched else "open, and nothing was searched"
    return searched, answer, wanted


JUDGES = (_alerted, _level, _place, _cause, _harm, _better, _resolved, _noise, _end)
ASKED = {judge.__name__.strip("_"): judge for judge in JUDGES}
"""Each question with its judge."""
ALERTED, LEVEL, PLACE, CAUSE, HARM, BETTER, RESOLVED, NOISE, END = QUESTIONS = tuple(ASKED)

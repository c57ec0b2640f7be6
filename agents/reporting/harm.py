"""Who was hurt and how much: the impact section of a postmortem, as claims."""

from collections.abc import Iterator

from ...incident.finding import FaultKind
from ...incident.report import CustomerImpactReport, SecurityReport
from ...prompts.formats import count, percent
from .incident_status import about_security, likely_cause
from .narrator import Claim, Narrator, proof
from .wording import sentence

SHOWN = 3
"""Objectives and journeys told one by one; more are counted."""


def impact(say: Narrator) -> Iterator[Claim]:
    """Users, journeys, objectives, revenue, data, accounts: numbers with where they come from."""
    yield _requests(say)
    yield from _journeys(say)
    yield from _objectives(say)
    yield from _data(say)
    yield from _accounts(say)


def _requests(say: Narrator) -> Claim:
    report, hurt = say.document.report(CustomerImpactReport), say.document.impact
    if report is not None and report.conclusion == "concluded":
        return say.say(sentence(report.summary), *report.searched)
    if hurt and hurt.requests:
        text = f"{count(hurt.failed_requests)} of {count(hurt.requests)} requests failed"
        basis = f"({percent(hurt.failed_share)}; {hurt.basis})."
        return say.say(f"{text} when it was assessed {basis}", *proof(hurt.quotes))
    if hurt:
        return say.say(f"Users: {hurt.users.value}; {hurt.basis}.", *proof(hurt.quotes))
    return say.say("Impact was not assessed.")


def _journeys(say: Narrator) -> Iterator[Claim]:
    report = say.document.report(CustomerImpactReport)
    if report is not None and report.segments:
        more = len(report.segments) - SHOWN
        rest = f"; and {more} more" if more > 0 else ""
        yield say.say(f"By journey: {'; '.join(report.segments[:SHOWN])}{rest}.", *report.searched)


def _objectives(say: Narrator) -> Iterator[Claim]:
    """The worst ones, by how far they were missed."""
    missed = sorted(
        (state for state in say.document.slo if state.breached),
        key=lambda state: -(state.burn_fast or 0.0),
    )
    for state in missed[:SHOWN]:
        text = f"{state.service} {state.name}: {percent(state.current)}, objective"
        left = f"; error budget left {percent(state.budget_left)}" \
            if state.budget_left is not None else ""  # fmt: skip
        yield say.say(f"{text} {percent(state.objective)}{left}.", state.evidence)
    more = missed[SHOWN:]
    if more:
        names = ", ".join(f"{state.service} {state.name}" for state in more)
        yield say.say(f"Missed as well: {names}.", *(state.evidence for state in more))


def _data(say: Narrator) -> Iterator[Claim]:
    """Data that was wrong, and what it was held against."""
    cause = likely_cause(say.document)
    if cause is None or cause.kind is not FaultKind.data_corruption:
        return
    where = f" in {cause.resource}" if cause.resource else ""
    checks = [e for e in say.document.evidence if "backup" in e.tool]
    if checks:
        held = f"rows were held against the backup: {checks[-1].summary}"
        yield say.say(f"Data integrity was affected{where}; {held}.", checks[-1].id)
    else:
        quotes = [q for argument in cause.support for q in argument.quotes]
        text = f"Data integrity was affected{where}; rows were not held against a backup."
        yield say.say(text, *proof(quotes))


def _accounts(say: Narrator) -> Iterator[Claim]:
    """Whether somebody got in: the first question after an attack."""
    report = say.document.report(SecurityReport)
    if about_security(say.document) and report and report.exposure:
        threat = f"{report.threat}; accounts and data: {report.exposure}"
        yield say.say(f"Security: {threat}.", say.tool("auth_failures"), *report.searched[:1])

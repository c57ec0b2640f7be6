"""Whom it hurt and how much: the report on customers, and the impact section of a postmortem.

Counts are measured at the edge; where there is no count, the gap is named.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ...analysis.quantities import FEW, portion
from ...incident.document import Incident
from ...incident.finding import FaultKind, Finding, Gap
from ...incident.report import CustomerImpactReport, SecurityReport
from ...incident.severity import Category, Severity
from ...prompts.values import count, duration, hurt, percent
from ...tools.base import Result
from ...tools.segments import SegmentImpact
from ...tools.traffic import RouteImpact
from ..causes.observations import finding, first
from .incident_status import ended, is_noise, likely_cause, security_agrees
from .narrator import Narrator, Statement, proof
from .wording import sentence

NOTABLE_RISE = 0.01
"""A journey counts as hit when its share of failures rose by this much over the baseline."""


def customer_report(
    document: Incident,
    traffic: Result[RouteImpact],
    groups: Result[SegmentImpact],
    now: datetime,
) -> CustomerImpactReport:
    """The report from what the tools counted and the record.

    Args:
        document: severity, objectives, revenue rate, times.
        traffic: requests by route; "*" is all of them.
        groups: requests by what tells groups of customers apart.
        now: end of the time counted, while the incident runs: never beyond what was recorded.
    """
    total = first(traffic, route="*")
    hit = [] if is_noise(document) else [row for row in traffic.rows if _is_hit(row)]
    assessed = document.impact.failed_requests if document.impact else 0
    failed = total.failed if total else assessed
    lost, basis = revenue(document, total, now)
    return CustomerImpactReport(
        specialist="comms",
        conclusion="concluded" if total or document.impact else "inconclusive",
        summary=_summary(failed, total, lost, basis),
        searched=[traffic.evidence, groups.evidence],
        findings=[_finding(traffic, row) for row in hit[:5]],
        gaps=[] if total else [Gap(what="traffic by journey", why=traffic.summary or "no rows")],
        segments=[_segment(row) for row in hit[:8]],
        failed_requests=failed,
        sla_breaches=_breaches(document),
        revenue_estimate=lost,
        outreach=_outreach(document, hit, groups),
    )


def _is_hit(row: RouteImpact) -> bool:
    rise = (row.share or 0.0) - (row.share_before or 0.0)
    return row.route != "*" and bool(row.failed) and rise >= NOTABLE_RISE


def _segment(row: RouteImpact) -> str:
    clients = row.failed_clients
    whom = f", {_addresses(clients)}" if clients else ""
    told = f"{percent(row.share)}{whom}" if row.requests >= FEW else whom.removeprefix(", ")
    text = f"{row.route}: {count(row.failed)} of {count(row.requests)} failed"
    return f"{text} ({told})" if told else text


def _addresses(clients: float) -> str:
    return f"{count(clients)} client address{'' if clients == 1 else 'es'}"


def _finding(traffic: Result[RouteImpact], row: RouteImpact) -> Finding:
    failing = f"{portion(row.failed, row.requests)} fail, {percent(row.share_before)} before"
    proof = ("failed", "requests", "share")
    return finding("customer-impact", f"{row.route}: {failing}", traffic, row, *proof)


def revenue(
    document: Incident, total: RouteImpact | None, now: datetime
) -> tuple[float | None, str]:
    """Rate x hours x share of failed requests; without a share the whole rate, an upper bound. Few
    requests are no share that money could be told by."""
    impact = document.impact
    if impact is None or impact.revenue_per_hour is None or is_noise(document):
        return None, ""
    if total and total.requests < FEW:
        return None, ""
    end = min(ended(document) or now, now)
    seconds = max(0.0, (end - document.began.at).total_seconds())
    share = total.share if total else impact.failed_share
    lost = impact.revenue_per_hour * seconds / 3600 * (1.0 if share is None else share)
    part = "all of it, an upper bound" if share is None else f"{percent(share)} of requests"
    rate = f"{count(impact.revenue_per_hour)} per hour, {impact.revenue_basis}"
    return round(lost, 2), f"{rate}; {duration(seconds)}; {part}"


def _breaches(document: Incident) -> list[str]:
    return [
        f"{s.service} {s.name}: {percent(s.current)} of an objective of {percent(s.objective)}"
        + (f", error budget left {percent(s.budget_left)}" if s.budget_left is not None else "")
        for s in document.slo
        if s.breached
    ]


def _outreach(
    document: Incident, hit: list[RouteImpact], groups: Result[SegmentImpact]
) -> list[str]:
    """Who should hear from us, what happened to them and what helps them, most urgent first. Who
    is not told apart is not named."""
    cause = likely_cause(document)
    listed: list[str] = []
    if security_agrees(document):
        listed.append(
            "holders of accounts that were tried or reached, through security and legal: ask them "
            "to set new passwords"
        )
    corrupt = cause is not None and cause.kind is FaultKind.data_corruption
    if corrupt or document.category is Category.data:
        listed.append("customers whose records were wrong or repaired: confirm their state")
    hurt = [row for row in groups.rows if row.failed] if hit else []
    for row in hurt[:SHOWN_GROUPS]:
        what = f"{count(row.failed)} of {count(row.requests)} requests failed"
        where = f", most at {row.route}" if row.route else ""
        listed.append(f"{row.label} {row.value}: {what}{where}; {OFFER}")
    for row in hit[:3]:
        clients = row.failed_clients
        number = f" ({_addresses(clients)})" if clients else ""
        listed.append(f"customers whose requests to {row.route} failed{number}; {OFFER}")
    if hit and not groups.rows:
        listed.append("by name none of them: no label tells customers apart")
    if (
        hit
        and document.severity in (Severity.P0, Severity.P1)
        and any(s.breached for s in document.slo)
    ):
        listed.append("customers with a service-level agreement: the objective was missed")
    return listed


OFFER = "ask them to look at what they began and to try it again"
SHOWN_GROUPS = 5
"""Groups of customers named one by one; the evidence has the others."""


def _summary(failed: int, total: RouteImpact | None, revenue: float | None, basis: str) -> str:
    if total is None:
        return "nobody's requests were measured at the edge"
    text = f"{count(failed)} of {count(total.requests)} requests at the edge failed"
    text += f" ({percent(total.share)})" if total.requests >= FEW else ""
    if total.failed_clients:
        text += f"; up to {_addresses(total.failed_clients)} noticed"
    return text + (f"; about {count(revenue)} in revenue ({basis})" if revenue else "")


# Who was hurt and how much: the impact section of a postmortem, as claims.

SHOWN = 3
"""Objectives and journeys told one by one; more are counted."""


def impact(say: Narrator) -> Iterator[Statement]:
    """Users, journeys, objectives, revenue, data, accounts: numbers with where they come from."""
    yield _requests(say)
    yield from _journeys(say)
    yield from _objectives(say)
    yield from affected_data(say)


def journeys(document: Incident) -> list[dict[str, Any]]:
    """Route, failed and all requests of those that were hit, as the newest count has them, the
    worst first."""
    found = dict[str, dict[str, Any]]()
    for each in document.findings:
        if each.kind == "customer-impact":
            quoted = {q.pointer.rpartition("/")[2]: q.value for q in each.quotes}
            route = each.statement.partition(": ")[0]
            found[route] = {"route": route, "failed": 0, "requests": 0} | quoted
    return sorted(found.values(), key=lambda one: -one["failed"])[:SHOWN]


def affected_data(say: Narrator) -> Iterator[Statement]:
    """Rows that were wrong, and accounts that somebody reached."""
    yield from _data(say)
    yield from _accounts(say)


def _requests(say: Narrator) -> Statement:
    report, measured = say.document.report(CustomerImpactReport), say.document.impact
    if report is not None and report.conclusion == "concluded":
        return say.say(sentence(report.summary), *report.searched)
    if measured and measured.requests:
        return say.say(f"{hurt(measured)}.", *proof(measured.quotes))
    return say.say("How many requests failed was not measured.")


def _journeys(say: Narrator) -> Iterator[Statement]:
    report = say.document.report(CustomerImpactReport)
    if report is not None and report.segments:
        more = len(report.segments) - SHOWN
        rest = f"; and {more} more" if more > 0 else ""
        yield say.say(f"By journey: {'; '.join(report.segments[:SHOWN])}{rest}.", *report.searched)


def _objectives(say: Narrator) -> Iterator[Statement]:
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


def _data(say: Narrator) -> Iterator[Statement]:
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


def _accounts(say: Narrator) -> Iterator[Statement]:
    """Whether somebody got in: the first question after an attack."""
    report = say.document.report(SecurityReport)
    if security_agrees(say.document) and report and report.exposure:
        threat = f"{report.threat}; accounts and data: {report.exposure}"
        yield say.say(f"Security: {threat}.", say.tool("auth_failures"), *report.searched[:1])

"""What an incident does, as of now: severity, impact, objectives; asked again as figures change.

Severity is by live telemetry and labels; words come last (practice: severity).
Telemetry says how many requests fail, are slow or are no longer completed, and on which journey: a
route that fails entirely is worse than its share of all requests says. A label may raise that,
never by more than one step short of its own level. Where nothing is measured, nothing is declared:
what is claimed is asked about, at P2 at most.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ...analysis.quantities import portion
from ...incident.classification import Classification, classify, said
from ...incident.document import Alert
from ...incident.impact import Impact, SloState, Traffic, assess
from ...incident.report import Assessment
from ...incident.severity import Category, Severity
from ...incident.timeline import from_ts
from ...tools.base import Result
from ...tools.outcomes import RouteOutcome
from ...tools.traffic import RouteImpact
from ..causes.clusters import levels
from ..causes.observations import Observations, cite, first
from ..runtime.case import Case
from .anomalies import CHANGED, missed

FAILING = ((0.5, Severity.P0), (0.05, Severity.P1), (0.005, Severity.P2))
"""Share of failed requests at the edge, and the level it means."""
SLOW = ((0.5, Severity.P1), (0.1, Severity.P2))
"""Share of requests slower than the objective at the edge, beyond what is usual."""
FEWEST = 3
"""Failed requests below this are no level of failure."""
JOURNEY_LOST = 0.15
"""A route of which so much is no longer completed is a core function badly hurt,"""
JOURNEY_WEIGHT = 0.02
"""where so much of the traffic asks for it,"""
CONVENIENCE = 3
"""and a service of a more important tier than this answers it."""
MOST_CLAIMED = Severity.P2
"""The worst level that is taken on an alert's word alone."""
RAISED_BY = 0.3
"""Confidence of a classification from which it may raise what telemetry says."""


@dataclass(frozen=True)
class JudgedSeverity:
    """The level, the rule that gave it, how sure it is, and whether telemetry was there."""

    severity: Severity
    rule: str
    confidence: float
    live: bool
    attack: bool = False


def severity_now(seen: Observations, words: Classification) -> JudgedSeverity:
    """The level as of now."""
    found = [*_requests(seen.impact, seen.outcomes), *_journeys(seen.outcomes)]
    for objective in filter(missed, seen.objectives.rows):
        late = 1 - (objective.current or 0.0) if objective.sli == "queue_age" else 0.0
        level = next((level for at, level in SLOW if late >= at), Severity.P2)
        found.append((level, f"{objective.service} misses its objective {objective.name}"))
    for row in seen.health.rows:
        if "bad" in (row.errors, row.latency, row.saturation, row.traffic):
            found.append((Severity.P2, f"{row.service} is unwell ({row.worst_signal})"))
    found += levels(seen)
    attack = any(row.kind in ("concentrated", "distributed") for row in seen.logins.rows)
    return level_of(words, found, seen.health.ok or seen.cluster is not None, attack)


def level_of(
    words: Classification, found: list[tuple[Severity, str]], measured: bool, attack: bool
) -> JudgedSeverity:
    """The level of an incident.

    Args:
        words: what words and labels of the alert say.
        found: levels that telemetry gives, each with the rule that gave it.
        measured: whether the health of services is known.
        attack: whether accounts are attacked.
    """
    if attack:
        why = "failed logins far above the usual: an attack on accounts"
        found = [*found, (Severity.P1, why)]
    if not found and not measured:
        return claimed(words)
    calm = (Severity.P3, "no service is unwell")
    severity, rule = min(found or [calm], key=lambda pair: pair[0].rank)
    floor = Severity(f"P{min(words.severity.rank + 1, 3)}")
    if floor.rank < severity.rank and words.confidence >= RAISED_BY:
        return JudgedSeverity(floor, f"{words.rule}; {rule}", 0.7, live=True, attack=attack)
    return JudgedSeverity(severity, rule, 0.9, live=True, attack=attack)


def claimed(words: Classification) -> JudgedSeverity:
    """What an alert claims that telemetry says nothing about: asked, not declared."""
    level = max(words.severity, MOST_CLAIMED, key=lambda severity: severity.rank)
    rule = f"claimed by the alert and not measured ({words.rule})"
    return JudgedSeverity(level, rule, min(words.confidence, 0.3), live=False)


def _requests(
    traffic: Result[RouteImpact], outcomes: Result[RouteOutcome]
) -> Iterator[tuple[Severity, str]]:
    """By shares of all requests; failures of conveniences alone are a minor degradation."""
    total = first(traffic, route="*")
    if not total or not total.requests:
        return
    spare = {row.route.split()[-1] for row in outcomes.rows if row.edge and _spare(row)}
    minor = sum(row.failed for row in traffic.rows if row.route.split()[-1] in spare)
    core = total.failed - minor
    failing = core / total.requests if core >= FEWEST else 0.0
    if minor >= FEWEST:
        yield Severity.P2, f"{', '.join(sorted(spare))} fails, which is a convenience"
    slow = (total.slow or 0) / total.requests
    for share, table, what in ((failing, FAILING, "fail"), (slow, SLOW, "are slow")):
        level = next((level for at, level in table if share >= at), None)
        if level:
            yield level, f"{portion(share * total.requests, total.requests)} {what}"


def _journeys(outcomes: Result[RouteOutcome]) -> Iterator[tuple[Severity, str]]:
    """Routes at the edge that no longer give what they gave."""
    for row in outcomes.rows:
        if row.edge and row.score >= CHANGED:
            whole = _lost(row) >= JOURNEY_LOST and (row.weight or 0) >= JOURNEY_WEIGHT
            core = whole and not _spare(row)
            yield (Severity.P1 if core else Severity.P2), row.words()


def _spare(row: RouteOutcome) -> bool:
    """Whether only services of the lowest tier answer the route."""
    return (row.tier or 0) >= CONVENIENCE


def _lost(row: RouteOutcome) -> float:
    """Share of what the route used to complete that it no longer does."""
    if row.change == "refused":
        return (row.completed_share_before or 0.0) - (row.completed_share or 0.0)
    usual = row.completed_per_s_before or 0.0
    return 0.5 * (1 - (row.completed_per_s or 0.0) / usual) if usual else 0.0


# The whole assessment as of now: severity, impact, objectives.


def assessed(case: Case) -> Assessment | None:
    """Severity, impact and objectives as measured since the onset; None where nothing is."""
    seen = Observations(case)
    words = words_of(case)
    level = severity_now(seen, words)
    if not level.live or first(seen.impact, route="*") is None:
        return None
    return Assessment(
        severity=level.severity,
        rule=level.rule,
        impact=impact_now(seen, level, words),
        slo=objectives_now(seen),
    )


def words_of(case: Case) -> Classification:
    """What the words and labels of the alert say, or of one that joined it and is worse."""
    alerts = [case.document.alert, *(joined.alert for joined in case.document.joined)]
    found = [_words_of(alert, case.settings.severity_scale) for alert in alerts]
    return min(found, key=lambda words: words.severity.rank)


def _words_of(alert: Alert, scale: dict[str, str]) -> Classification:
    text = said(alert)
    if alert.level is None:
        return classify(text, alert.labels, scale)
    # Its receiver's mapping has said what the source's word means.
    return classify(text, {**alert.labels, "severity": alert.level.value})


def impact_now(seen: Observations, level: JudgedSeverity, words: Classification) -> Impact:
    """Who is hurt, in the incident's window."""
    case = seen.case
    total = first(seen.impact, route="*")
    known = [s for s in case.catalogue.services if s.name == case.document.alert.service]
    edges = [s for s in case.catalogue.services if s.kind == "edge"]
    rates = [s.revenue_per_hour for s in [*known, *edges] if s.revenue_per_hour]
    return assess(
        level.severity,
        Category.security if level.attack else words.category,
        _traffic(seen),
        tier=min((service.tier for service in known if service.listed), default=None),
        catalogue_rate=max(rates, default=None),
        quotes=cite(seen.impact, total, "requests", "failed"),
    )


def _traffic(seen: Observations) -> Traffic:
    total, window = first(seen.impact, route="*"), seen.case.frame.incident
    if total is None:
        return Traffic()
    rows = [row for row in seen.outcomes.rows if row.edge and row.score >= CHANGED]
    lost = min(sum(row.lost for row in rows), total.requests - total.failed)
    since, until = from_ts(window.start), from_ts(window.end)
    return Traffic(total.requests, total.failed, lost, total.failed_clients, since, until)


def objectives_now(seen: Observations) -> list[SloState]:
    """Every objective, held against the incident's window."""
    fields, evidence = SloState.model_fields, seen.objectives.evidence
    rows = [row.record() for row in seen.objectives.rows]
    known = [{name: value for name, value in row.items() if name in fields} for row in rows]
    return [SloState.model_validate({**row, "evidence": evidence}) for row in known]

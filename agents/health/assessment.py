"""What an incident does, as of now: severity, impact, objectives; asked again as figures change."""

from ...incident.classification import Classification, classify
from ...incident.impact import Impact, SloState, Traffic, assess
from ...incident.report import Assessment
from ...incident.severity import Category
from ...incident.timeline import from_ts
from ...tools.base import Result
from ...tools.health import ObjectiveState
from ..causes.observations import Observations, cite, first
from ..runtime.case import Case
from .anomalies import CHANGED
from .severity import JudgedSeverity, severity_now


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
    """What the alert's words and labels say."""
    alert = case.document.alert
    text = " ".join([alert.name, alert.summary, *alert.annotations.values()])
    return classify(text, alert.labels, case.settings.severity_scale)


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
        tier=min((service.tier for service in known), default=None),
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
    return [_slo(seen.objectives, row) for row in seen.objectives.rows]


def _slo(result: Result[ObjectiveState], row: ObjectiveState) -> SloState:
    known = {name: value for name, value in row.record().items() if name in SloState.model_fields}
    return SloState.model_validate({**known, "evidence": result.evidence})

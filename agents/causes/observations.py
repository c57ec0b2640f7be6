"""What the specialists look at to name a cause: each question asked once, kept as evidence."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Concatenate, ParamSpec, TypeVar

from ...incident.evidence import Quote
from ...tools.access import FailedLogins, auth_failures
from ...tools.backups import BackupDifference, backup_differences
from ...tools.base import Bench, Result, Row, Table
from ...tools.capacity import ResourceUse, saturation
from ...tools.change_feed import ChangeRecord, change_history, recent_changes
from ...tools.coverage import ModalityCoverage, coverage
from ...tools.edges import CallEdge, call_edges
from ...tools.error_groups import ErrorGroup, error_groups
from ...tools.failures import FailureOrigin, failure_origins
from ...tools.growth import GrowthTrend, growth
from ...tools.health import ServiceHealth, health
from ...tools.impact import RouteImpact, traffic_impact
from ...tools.latency import SlowOperation, slow_operations
from ...tools.logs import LogPattern, log_patterns
from ...tools.metric_blame import MetricSuspect, metric_blame
from ...tools.metrics import compare_signals
from ...tools.origin import OriginSuspect, origin
from ...tools.paths import ChangedPath, changed_paths
from ...tools.queries import StatementCost, slow_queries
from ...tools.shifts import SignalShift
from ...tools.slo import ObjectiveState, slo_state
from ...tools.symptom_records import Symptom
from ...tools.symptoms import symptoms
from ...tools.traffic import TrafficRate, traffic
from ...tools.waits import AddedWait, added_waits
from ..runtime.case import Case

P = ParamSpec("P")
R = TypeVar("R", bound=Row)


class Observations:
    """Tool results of one case, asked for when first needed.

    Every property is a Result: rows, and the evidence id that proves them.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.asked: list[Result[Row]] = []
        self.notes: dict[str, Any] = {}
        """What was worked out of the results once, by who worked it out."""

    def ask(
        self,
        tool: Callable[Concatenate[Bench, P], Table[R]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Result[R]:
        """Call a tool and remember that it was searched."""
        result = self.case.tools.call(tool, *args, **kwargs)
        self.asked.append(result)
        return result

    @cached_property
    def health(self) -> Result[ServiceHealth]:
        """The state of every service."""
        return self.ask(health)

    @cached_property
    def coverage(self) -> Result[ModalityCoverage]:
        """What telemetry there is."""
        return self.ask(coverage)

    @cached_property
    def impact(self) -> Result[RouteImpact]:
        """Requests of customers and their failures."""
        return self.ask(traffic_impact)

    @cached_property
    def objectives(self) -> Result[ObjectiveState]:
        """What is promised, and what is kept of it."""
        return self.ask(slo_state)

    @cached_property
    def signals(self) -> Result[SignalShift]:
        """Every signal against its own baseline, worst first."""
        return self.ask(compare_signals)

    @cached_property
    def failures(self) -> Result[FailureOrigin]:
        """Deepest failing spans: where failures begin."""
        return self.ask(failure_origins)

    @cached_property
    def edges(self) -> Result[CallEdge]:
        """Calls between services, before and now."""
        return self.ask(call_edges)

    @cached_property
    def errors(self) -> Result[ErrorGroup]:
        """Stack traces, grouped."""
        return self.ask(error_groups)

    @cached_property
    def patterns(self) -> Result[LogPattern]:
        """New, surging and vanished log templates."""
        return self.ask(log_patterns)

    @cached_property
    def slow(self) -> Result[SlowOperation]:
        """Exclusive time per operation, before and now."""
        return self.ask(slow_operations)

    @cached_property
    def queries(self) -> Result[StatementCost]:
        """Database statements, before and now."""
        return self.ask(slow_queries)

    @cached_property
    def changes(self) -> Result[ChangeRecord]:
        """Deploys, flags and configuration before the onset, nearest first."""
        onset = self.case.document.onset
        return self.ask(recent_changes, onset=onset.timestamp() if onset else None)

    @cached_property
    def history(self) -> Result[ChangeRecord]:
        """Every change of the last days with its diff, newest first."""
        return self.ask(change_history)

    @cached_property
    def symptoms(self) -> Result[Symptom]:
        """What is new in the incident, in the telemetry's own words."""
        return self.ask(symptoms)

    @cached_property
    def saturation(self) -> Result[ResourceUse]:
        """Resources against their limits."""
        return self.ask(saturation)

    @cached_property
    def growth(self) -> Result[GrowthTrend]:
        """What grows without end."""
        return self.ask(growth)

    @cached_property
    def traffic(self) -> Result[TrafficRate]:
        """Arrivals at the edge, before and now."""
        return self.ask(traffic, by="route")

    @cached_property
    def logins(self) -> Result[FailedLogins]:
        """Failed logins by source."""
        return self.ask(auth_failures, by="source")

    @cached_property
    def backups(self) -> Result[BackupDifference]:
        """Tables held against their backup."""
        return self.ask(backup_differences)

    @cached_property
    def paths(self) -> Result[ChangedPath]:
        """Requests that take another way than they did."""
        return self.ask(changed_paths)

    @cached_property
    def waits(self) -> Result[AddedWait]:
        """Who delays requests."""
        return self.ask(added_waits)

    @cached_property
    def measured(self) -> Result[MetricSuspect]:
        """Whom metrics and calls blame."""
        return self.ask(metric_blame)

    @cached_property
    def origin(self) -> Result[OriginSuspect]:
        """Blame along the calls: who started it."""
        return self.ask(origin)

    def signal(self, service: str, name: str) -> SignalShift | None:
        """The comparison of one signal of one service, or None."""
        return first(self.signals, service=service, signal=name)

    def own_failures(self, service: str) -> float:
        """Share of all failures that begin inside this service, 0..1.

        A database statement that fails counts for the service that ran it: a database at fault
        hurts every service that uses it, and then none of them stands out.
        """
        databases = {s.name for s in self.case.catalogue.services if s.kind == "database"}
        share = 0.0
        for row in self.failures.rows:
            own = row.service == service and row.reason in ("own error", "slow callee")
            statement = row.service in databases and service in row.callers.split(", ")
            share += row.share if own or statement else 0.0
        return share

    def unanswered(self, service: str) -> CallEdge | None:
        """The edge on which most calls to this service got no answer, or None."""
        rows = [r for r in where(self.edges, callee=service) if r.unanswered_share]
        return max(rows, key=lambda row: row.unanswered_share, default=None)

    def silent_callee(self, service: str) -> CallEdge | None:
        """The edge from this service to a callee that leaves at least half its calls unanswered
        and used to answer, or None."""
        outside = {s.name for s in self.case.catalogue.services if s.kind != "service"}
        rows = [
            row
            for row in where(self.edges, caller=service)
            if row.callee not in outside and row.unanswered_share >= 0.5 and row.error_rise >= 0.3
        ]
        return max(rows, key=lambda row: row.unanswered_share, default=None)

    def slowness(self, service: str) -> float:
        """Share of all added latency that is this service's own time, 0..1."""
        return sum(max(row.share, 0) for row in where(self.slow, service=service))

    def searched(self) -> list[str]:
        """Evidence ids of everything asked."""
        return [result.evidence for result in self.asked]


def where(result: Result[R], **wanted: Any) -> Iterator[R]:
    """Rows whose fields have these values; AttributeError for a field that they do not have."""
    return (row for row in result.rows if all(getattr(row, k) == v for k, v in wanted.items()))


def first(result: Result[R], **wanted: Any) -> R | None:
    """The first such row, or None."""
    return next(where(result, **wanted), None)


def cite(result: Result[Row], row: Row | None, *names: str) -> list[Quote]:
    """Quotes of these fields of a row; none for no row or for unknown values."""
    if row is None:
        return []
    return [result.cite(row, name) for name in names if getattr(row, name) is not None]

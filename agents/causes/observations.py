"""What the specialists look at to name a cause: each question asked once, kept as evidence."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from ...incident.evidence import Quote
from ...incident.finding import Finding
from ...incident.timeline import from_ts
from ...telemetry.signal_catalogue import SignalName
from ...tools.alert_condition import AlertCondition, alert_condition
from ...tools.backups import backup_differences
from ...tools.base import Bench, Result, Row, Table
from ...tools.capacity import growth, saturation
from ...tools.change_feed import ChangeRecord, change_history, recent_changes
from ...tools.cluster import ClusterTrouble, cluster_troubles
from ...tools.coverage import coverage
from ...tools.declared import declared_calls
from ...tools.exemplars import RequestBehind, exemplars
from ...tools.failures import ErrorGroup, error_groups, failure_origins
from ...tools.health import health, slo_state
from ...tools.latency import slow_operations, slow_queries
from ...tools.logins import auth_failures
from ...tools.logs import log_patterns
from ...tools.metric_blame import metric_blame
from ...tools.new_failures import new_failures
from ...tools.origin import CallEdge, call_edges, origin
from ...tools.outcomes import route_outcomes
from ...tools.requests import added_waits, changed_paths
from ...tools.sessions import database_connections, database_sessions
from ...tools.shifts import SignalShift, compare_signals
from ...tools.slowed_work import slowed_work
from ...tools.state import state_changes
from ...tools.stepped_gauges import stepped_gauges
from ...tools.symptoms import symptoms
from ...tools.told_apart import told_apart
from ...tools.traffic import traffic, traffic_impact
from ..runtime.case import Case

P = ParamSpec("P")
R = TypeVar("R", bound=Row)


class Question(Generic[R]):
    """A question to one tool, asked when first read. The answer is kept: rows, and the evidence id
    that proves them."""

    def __init__(
        self, tool: Callable[Concatenate[Bench, P], Table[R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        self.ask: Callable[[Observations], Result[R]] = lambda seen: seen.ask(tool, *args, **kwargs)

    def __set_name__(self, _owner: type, name: str) -> None:
        self.name = name

    def __get__(self, seen: "Observations", _owner: type | None = None) -> Result[R]:
        result = self.ask(seen)
        seen.__dict__[self.name] = result  # found there from now on
        return result


class Observations:
    """Tool results of one case: what each tool answers stands in its own docstring."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.asked: list[Result[Row]] = []
        self.notes: dict[str, Any] = {}
        """What was worked out of the results once, by who worked it out."""

    def ask(
        self, tool: Callable[Concatenate[Bench, P], Table[R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Result[R]:
        """Call a tool and remember that it was searched."""
        result = self.case.tools.call(tool, *args, **kwargs)
        self.asked.append(result)
        return result

    health = Question(health)
    coverage = Question(coverage)
    impact = Question(traffic_impact)
    outcomes = Question(route_outcomes)
    objectives = Question(slo_state)
    signals = Question(compare_signals)
    failures = Question(failure_origins)
    new_failures = Question(new_failures)
    stepped_gauges = Question(stepped_gauges)
    slowed_work = Question(slowed_work)
    told_apart = Question(told_apart)
    edges = Question(call_edges)
    declared = Question(declared_calls)
    errors = Question(error_groups)
    patterns = Question(log_patterns)
    slow = Question(slow_operations)
    queries = Question(slow_queries)

    @cached_property
    def changes(self) -> Result[ChangeRecord]:
        """Deploys, flags and configuration before the onset, nearest first."""
        return self.ask(recent_changes)

    @cached_property
    def condition(self) -> Result[AlertCondition]:
        """The alert's own condition, evaluated again."""
        alert = self.case.document.alert
        text = " ".join([alert.summary, *alert.annotations.values()])
        return self.ask(alert_condition, alert=alert.name, text=text)

    @cached_property
    def exemplars(self) -> Result[RequestBehind] | None:
        """Requests behind the metrics; None: no backend is there that may keep some."""
        live = self.case.tools.bench.live
        return self.ask(exemplars) if live and "promql" in live.languages else None

    @cached_property
    def cluster(self) -> Result[ClusterTrouble] | None:
        """What is wrong with the cluster; None: none was read."""
        held = self.case.tools.bench.telemetry.held
        return self.ask(cluster_troubles) if held.get("kubernetes") else None

    history = Question(change_history)
    state = Question(state_changes)
    sessions = Question(database_sessions)
    connections = Question(database_connections)
    symptoms = Question(symptoms)
    saturation = Question(saturation)
    growth = Question(growth)
    traffic = Question(traffic, by="route")
    logins = Question(auth_failures, by="source")
    backups = Question(backup_differences)
    paths = Question(changed_paths)
    waits = Question(added_waits)
    measured = Question(metric_blame)
    origin = Question(origin)

    def signal(self, service: str, name: str) -> SignalShift | None:
        """The comparison of one signal of one service, or None."""
        return first(self.signals, service=service, signal=name)

    def new_errors(self, service: str) -> Iterator[ErrorGroup]:
        """Stack traces that the service did not raise before."""
        return (r for r in self.errors.rows if r.new and service in r.services.split(", "))

    def released(self, service: str) -> bool:
        """Whether the service was released within the baseline window before the onset."""
        near = self.case.frame.baseline.seconds
        deploys = where(self.changes, kind="deploy", service=service)
        return any(0 <= row.seconds_before <= near for row in deploys)

    def of_kind(self, *kinds: str) -> set[str]:
        """Names of the catalogue's services of these kinds."""
        return {s.name for s in self.case.catalogue.services if s.kind in kinds}

    def needs(self, service: str) -> set[str]:
        """The service and all that it calls, directly or not, as the catalogue has it."""
        found, ahead = set[str](), [service]
        while ahead:
            known = self.case.catalogue.find(name := ahead.pop())
            if name not in found:
                found.add(name)
                ahead += known.depends_on if known else []
        return found

    def own_failures(self, service: str) -> float:
        """Share of all failures that begin inside this service, 0..1.

        A database statement that fails counts for the service that ran it: a database at fault
        hurts every service that uses it, and then none of them stands out.
        """
        databases = self.of_kind("database")
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


def waited_for(seen: Observations) -> dict[str, SignalShift]:
    """Services for which jobs wait longer than they did, the longest first."""
    rows = [r for r in where(seen.signals, signal=SignalName.queue_oldest_s) if r.worse]
    return {row.service: row for row in sorted(rows, key=lambda row: -(row.current or 0.0))}


def where(result: Result[R], **wanted: Any) -> Iterator[R]:
    """Rows whose fields have these values; AttributeError for a field that they do not have."""
    return (row for row in result.rows if all(getattr(row, k) == v for k, v in wanted.items()))


def first(result: Result[R], **wanted: Any) -> R | None:
    """The first such row, or None."""
    return next(where(result, **wanted), None)


def cite(result: Result[Row], row: Row | None, *names: str) -> list[Quote]:
    """Quotes of these fields of a row; none for no row, and none of what is unknown or empty: it
    would prove nothing."""
    if row is None:
        return []
    return [result.cite(row, name) for name in names if getattr(row, name) not in (None, "")]


def finding(
    kind: str,
    text: str,
    result: Result[Row],
    row: Row,
    *names: str,
    service: str = "",
    at: float | None = None,
) -> Finding:
    """A finding about this service, else the row's (rows of the edge have none), proven by these
    fields of the row. `at`: when it began, unix seconds."""
    return Finding(
        statement=text,
        service=service or getattr(row, "service", ""),
        kind=kind,
        at=from_ts(at) if at else None,
        quotes=cite(result, row, *names),
    )

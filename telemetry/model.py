"""What telemetry is made of: samples, log records, spans, changes, the service catalogue.

Times are unix seconds (UTC) as float, durations milliseconds, as the field's sources have them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, Field

DAY_S = 86_400
EVENTS = ("changes", "state", "kubernetes")
"""Modalities of what is told when it happens: that there is nothing of a window is no gap."""
Finite = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=7 * DAY_S, allow_inf_nan=False)]
"""A length of time that a response may look back or wait."""


@dataclass(frozen=True)
class Window:
    """A closed-open time range [start, end), unix seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    def to(self, other: "Window") -> "Window":
        """From the begin of the earlier one to the end of the later one."""
        return Window(min(self.start, other.start), max(self.end, other.end))


@dataclass(frozen=True)
class Series:
    """One metric series: labels and its samples, oldest first."""

    name: str
    service: str
    instance: str
    labels: dict[str, str]
    ts: np.ndarray  # shape (n,), unix seconds, increasing
    values: np.ndarray  # shape (n,), float


@dataclass(frozen=True)
class LogRecord:
    """One log line, as structured."""

    ts: float
    service: str
    instance: str
    level: str
    message: str
    trace_id: str = ""
    span_id: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Span:
    """One span of a trace (OpenTelemetry names)."""

    trace_id: str
    span_id: str
    parent_id: str  # empty = root
    service: str
    instance: str
    name: str
    kind: str  # server, client, internal
    start: float
    duration_ms: float
    status: str  # unset, ok, error
    status_message: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """Something that people or automation changed."""

    at: float
    kind: str  # deploy, commit, flag, config, scale, restart
    service: str
    id: str
    version: str = ""
    previous: str = ""
    author: str = ""
    summary: str = ""
    files: tuple[str, ...] = ()
    diff: str = ""


@dataclass(frozen=True)
class StateFact:
    """Something that is so from `at` on, until the same object has another value."""

    at: float
    service: str  # whose: a process's service, or the database's name
    instance: str
    kind: str  # as actions/facts.py has them: grant, setting, environment, wait, unread, …
    object: str
    value: str  # empty: it is gone


@dataclass(frozen=True)
class Coverage:
    """What one modality holds: first and last time, rows; rows = 0 means nothing."""

    modality: str  # metrics, logs, traces, changes, state
    start: float | None
    end: float | None
    rows: int
    problem: str = ""  # half-written, unreadable lines, … in words


class Counting(BaseModel):
    """How a backend counts an objective: PromQL, in which $step is the length of one cell."""

    datasource: str = Field(default="", description="its name; empty: the only Prometheus")
    total: str = Field(description="how many events, or the value that is compared")
    part: str = Field(default="", description="how many of them are good or bad")
    bad: bool = Field(default=False, description="whether `part` counts the bad ones")
    op: str = Field(default="", description="lt, lte, gt, gte: a moment is good at that value")
    value: Finite = Field(default=0, description="what the value is compared with")


class Objective(BaseModel):
    """One SLO of a service."""

    name: str = Field(description="its name")
    sli: str = Field(description="availability, latency or queue_age")
    objective: float = Field(gt=0, le=1, description="share of good requests wanted")
    threshold_ms: Finite | None = Field(
        default=None, description="for latency and queue_age: good is at most this"
    )
    window_s: float = Field(
        default=3600, gt=0, le=400 * DAY_S, description="the objective's window, seconds"
    )
    counting: Counting | None = Field(
        default=None, description="how a backend counts it; null: by the service's requests"
    )


class Goals(BaseModel):
    """What a recovery is held to (practice: recovery), and what proves it of a data store."""

    rto_s: Seconds = Field(default=4 * 3600, description="back within so long, seconds")
    rpo_s: Seconds = Field(default=3600, description="data of so long may be lost, seconds")
    newest: str = Field(default="", description="PromQL: the newest copy's time, unix seconds")
    broken: str = Field(default="", description="PromQL: how many rows are broken")


class Service(BaseModel):
    """One entry of the service catalogue."""

    name: str = Field(description="as telemetry calls it")
    kind: str = Field(default="service", description="service, database, external, edge")
    tier: int = Field(default=2, description="1 most important, 3 least")
    team: str = Field(default="", description="owner")
    description: str = Field(default="", description="what it does")
    public_name: str = Field(
        default="", description="what customers know it by; empty: they know nothing of it"
    )
    depends_on: list[str] = Field(default_factory=list, description="callees")
    declared: list[str] | None = Field(
        default=None,
        description="those that a catalogue names, where others were measured; null: all are",
    )
    listed: bool = Field(
        default=True, description="whether a catalogue lists it; false: only telemetry shows it"
    )
    slos: list[Objective] = Field(default_factory=list, description="objectives")
    limits: dict[str, Finite] = Field(default_factory=dict, description="memory_bytes, …")
    instances_max: int = Field(default=1, ge=0, le=1000, description="how far it may be scaled")
    revenue_per_hour: Finite | None = Field(
        default=None, description="revenue that runs through it"
    )
    on_call: dict[str, str] = Field(default_factory=dict, description="primary, secondary")
    goals: Goals = Field(default_factory=Goals, description="of its recovery")


class Rule(BaseModel):
    """One detection rule: a threshold, a log pattern, an anomaly or a burn rate."""

    name: str = Field(description="the alert's name when it fires")
    kind: str = Field(description="threshold, pattern, anomaly, outcomes, burn_rate, correlation")
    service: str = Field(default="", description="whose signal; empty: every service's")
    signal: str = Field(default="", description="error_rate, latency_p95, memory_share, …")
    op: str = Field(default=">", description="> < >= <=")
    warning: Finite | None = Field(default=None, description="level of a warning")
    critical: Finite | None = Field(default=None, description="level of a critical alert")
    pattern: str = Field(default="", description="for pattern: regular expression on log messages")
    all_of: list[str] = Field(default_factory=list, description="for correlation: rule names")
    window_s: Seconds = Field(default=60, description="evaluated over this window, seconds")
    for_s: Seconds = Field(default=0, description="must hold this long before it fires, seconds")
    summary: str = Field(
        default="", description="text of the alert; {service}, {value} are filled in"
    )


class Windows(BaseModel):
    """How long the response looks back and waits, seconds."""

    baseline_s: Seconds = Field(default=600, description="healthy time compared against")
    detect_s: Seconds = Field(default=60, description="incident window before the alert at least")
    stabilise_s: Seconds = Field(default=60, description="wait after an action before measuring")
    verify_s: Seconds = Field(default=60, description="measured after the wait")


class Catalogue(BaseModel):
    """The service catalogue: who is who, what is promised, what wakes people up."""

    services: list[Service] = Field(default_factory=list, description="known services")
    rules: list[Rule] = Field(default_factory=list, description="detection rules")
    windows: Windows = Field(default_factory=Windows, description="time constants")

    def find(self, name: str) -> Service | None:
        """The entry of this name, or None."""
        return next((service for service in self.services if service.name == name), None)


CALLEES = ("peer.service", "server.address", "db.system")
"""Attributes that say whom a client span calls, the best first."""
STATUS_CODE = "http.response.status_code"


def peer(span: Span) -> str:
    """The service that a client span calls; empty where it does not say."""
    return called(span.attributes.get(name) for name in CALLEES)


def called(names: Iterable[Any]) -> str:
    """Whom a call is for, by the values of CALLEES: the first that says something."""
    return str(next((name for name in names if name), ""))


def span_failed(span: Span) -> bool:
    """Whether a span is a failure of the system."""
    return is_failure(span.status, span.attributes.get(STATUS_CODE))


def is_failure(status: str, code: Any) -> bool:
    """Whether this status with this HTTP code is a failure of the system.

    OpenTelemetry marks every 4xx on a client span as an error; a wrong password or a missing
    page is none. Timeouts, refusals for load and callers that gave up are.
    """
    if status != "error":
        return False
    return not (isinstance(code, int) and 400 <= code < 500 and code not in (408, 429, 499))

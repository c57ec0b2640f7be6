"""The signals that Warroom knows: their names, and what `signals.yaml` says of each.

Whoever needs to know something about a signal asks `definition(name)`. To add a signal, add its
name here and its record there; the recording side and PromQL come from its recipe.
"""

from enum import StrEnum
from typing import Literal, cast

from ..yaml_tables import Entry, read_table
from .promql import SeriesScope
from .recipes import AnyRecipe, Gauge, Limited, Share, TimeToFull


class SignalName(StrEnum):
    """Every signal: the same names for every service."""

    request_rate = "request_rate"
    error_rate = "error_rate"
    throttled_rate = "throttled_rate"
    not_found_share = "not_found_share"
    unauthorised_share = "unauthorised_share"
    latency_p50 = "latency_p50"
    latency_p95 = "latency_p95"
    in_flight = "in_flight"
    concurrency_share = "concurrency_share"
    memory_bytes = "memory_bytes"
    memory_share = "memory_share"
    cpu_share = "cpu_share"
    cpu_waiting_share = "cpu_waiting_share"
    open_fds = "open_fds"
    db_pool_share = "db_pool_share"
    db_pool_waiting = "db_pool_waiting"
    connections_share = "connections_share"
    connections = "connections"
    locks_waiting = "locks_waiting"
    database_bytes = "database_bytes"
    disk_share = "disk_share"
    network_latency = "network_latency"
    restarts = "restarts"
    login_rate = "login_rate"
    login_failure_share = "login_failure_share"
    ai_request_rate = "ai_request_rate"
    ai_error_share = "ai_error_share"
    ai_token_rate = "ai_token_rate"
    queue_oldest_s = "queue_oldest_s"
    queue_depth = "queue_depth"
    dead_letters = "dead_letters"
    up = "up"
    memory_exhaustion_s = "memory_exhaustion_s"


class Unit(StrEnum):
    """What a signal's values are in."""

    share = "share"
    seconds = "s"
    per_second = "1/s"
    number = "count"
    bytes = "bytes"


class Group(StrEnum):
    """The golden signals (Site Reliability Engineering, ch. 6)."""

    traffic = "traffic"
    errors = "errors"
    latency = "latency"
    saturation = "saturation"


class Floor(Entry):
    """What is too small to matter, in one unit."""

    spread: float = 0.0
    """Smallest spread of a baseline that a comparison reckons with."""
    alert: float = 0.0
    """The same for an anomaly that is to wake people up."""
    deviation: float = 0.0
    """A deviation smaller than this needs no recovery."""


class SignalDefinition(Entry):
    """All that is known about one signal."""

    name: str
    unit: Unit | Literal[""]
    recipe: AnyRecipe
    words: str = ""
    """As people call it; empty: by its name."""
    group: Group | None = None
    """Where it stands in the health matrix; None: not there."""
    higher_is_worse: bool = True
    neutral: bool = False
    """Not worse in either direction by itself."""
    drifts: bool = False
    """Follows the machine's own load: where requests fail, the failures say when it began."""
    resource: str = ""
    """What it is a share in use of: full at 1."""
    weight: float = 0.0
    """How much an anomaly of it says about its service's own health, 0..1: by reasoning."""
    harmless: float = 0.0
    """Below this level it is at most to be watched, however unusual it is."""
    warn_by: float | None = None
    """A warning beyond this level comes late, however far an incident went."""
    leak_growth: float | None = None
    """Growth over a window, as a share of its start, below which a trend is noise (files and
    connections come and go with requests); None: it is not looked at for leaks."""

    @property
    def computed(self) -> str:
        """The metric that a backend's own answer is kept as."""
        return f"signal:{self.name}"

    @property
    def floor(self) -> Floor:
        """What is too small to matter."""
        return floor(self.unit)

    @property
    def called(self) -> str:
        """As people call it."""
        return self.words or self.name

    def promql(self, service: str, window: str = "1m") -> str:
        """The signal of one service as PromQL."""
        return self.recipe.promql(SeriesScope(service, window))


class SignalTable(Entry):
    """The whole of `signals.yaml`."""

    units: dict[Unit, Floor]
    signals: list[SignalDefinition]


_TABLE = read_table("telemetry/signals.yaml", SignalTable)
FLOORS: dict[str, Floor] = {**_TABLE.units}
NO_FLOOR = Floor()
CATALOGUE: dict[str, SignalDefinition] = {known.name: known for known in _TABLE.signals}
"""Every signal by name."""
MEASURED = tuple(name for name in SignalName if name is not SignalName.memory_exhaustion_s)
"""What `read_signals` gives; the time until memory is full is a matter of rules alone."""
SYMPTOMS = (SignalName.error_rate, SignalName.latency_p95)
"""What users feel, whatever the cause was."""

_ERRORS = cast(Share, CATALOGUE[SignalName.error_rate].recipe)
_SLOTS, _MEMORY, _POOL, _CONNECTIONS = (
    cast(Limited, CATALOGUE[name].recipe)
    for name in (
        SignalName.concurrency_share,
        SignalName.memory_share,
        SignalName.db_pool_share,
        SignalName.connections_share,
    )
)
REQUESTS, FAILED = _ERRORS.metric, _ERRORS.match
REQUEST_SECONDS = CATALOGUE[SignalName.latency_p95].recipe.metric
REQUEST_BUCKETS = f"{REQUEST_SECONDS}_bucket"
QUEUE_AGE = CATALOGUE[SignalName.queue_oldest_s].recipe.needs[0]
IN_FLIGHT, CONCURRENCY_LIMIT = _SLOTS.metric, _SLOTS.limit
MEMORY_LIMIT, POOL_SIZE, CONNECTIONS_LIMIT = _MEMORY.limit, _POOL.limit, _CONNECTIONS.limit
MEMORY_TO_FULL = cast(TimeToFull, CATALOGUE[SignalName.memory_exhaustion_s].recipe)


def floor(unit: str) -> Floor:
    """What is too small to matter in a unit; nothing is where the unit is not known."""
    return FLOORS.get(unit, NO_FLOOR)


def definition(name: str) -> SignalDefinition:
    """What is known about a signal; a name of no signal is a recorded metric, taken as it is."""
    as_recorded = Gauge(kind="highest", metric=name)
    return CATALOGUE.get(name) or SignalDefinition(name=name, unit="", recipe=as_recorded)

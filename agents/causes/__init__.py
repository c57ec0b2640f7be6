"""Recognisers: what each kind of fault looks like in telemetry, and what speaks against it.

Each takes the observations and yields candidates; none knows a service,
a drill or a data set by name.
"""

from collections.abc import Callable, Iterable

from . import (
    access,
    capacity,
    changes,
    data,
    demand,
    mechanism,
    outside,
    processes,
    providers,
    third_party,
)
from .candidate import Candidate
from .observations import Observations

Recogniser = Callable[[Observations], Iterable[Candidate]]

RECOGNISERS: tuple[Recogniser, ...] = (
    mechanism.guilty_changes,
    changes.bad_deploys,
    changes.slow_releases,
    changes.bad_flags,
    changes.bad_configurations,
    processes.hung,
    processes.crash_loops,
    capacity.surges,
    capacity.leaks,
    capacity.pools,
    capacity.busy,
    data.corrupted,
    access.attacks,
    third_party.providers,
    providers.failing_providers,
    outside.outside_causes,
    demand.surging_demand,
)

"""Recognisers: what each kind of fault looks like in telemetry, and what speaks against it.

Each takes the observations and yields candidates; none knows a service,
a drill or a data set by name.
"""

from collections.abc import Callable, Iterable

from . import access, bad_changes, clusters, data, demand, machine, mechanism, outside, processes
from .candidate import Candidate
from .observations import Observations

Recogniser = Callable[[Observations], Iterable[Candidate]]

RECOGNISERS: tuple[Recogniser, ...] = (
    mechanism.guilty_changes,
    bad_changes.bad_deploys,
    bad_changes.slow_releases,
    bad_changes.bad_settings,
    processes.hung,
    processes.crash_loops,
    demand.surges,
    processes.leaks,
    processes.pools,
    processes.busy,
    data.corrupted,
    access.attacks,
    outside.providers,
    outside.failing_providers,
    outside.outside_causes,
    demand.surging_demand,
    access.injections,
    clusters.cluster_troubles,
    machine.starved_machines,
)

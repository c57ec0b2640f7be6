"""What is wrong with the Kubernetes cluster, read off its objects."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from ..cluster.objects import Object
from ..cluster.ranking import Ranked, troubles
from ..cluster.snapshot import Snapshot
from ..telemetry.cluster_state import ClusterState, cluster_of
from .base import Bench, Effect, Row, Table, tool
from .reading import cut, table

SHOWN = 40
"""Troubles told: those behind them follow from the same."""
NOT_REACHED = ("Service", "Ingress")
READY = ("status.readyReplicas", "status.numberReady", "status.succeeded")
WANTED = ("spec.replicas", "status.desiredNumberScheduled", "spec.completions")


@dataclass(frozen=True, slots=True)
class ClusterTrouble(Row):
    """One trouble: the object to put right, the field or event that shows it, who suffers."""

    cause: str
    fault: str
    object: str
    service: str  # empty: it belongs to no service
    sure: float
    follows: str  # the object that it follows from; empty: it stands by itself
    said: str
    shown_by: str
    field: str
    value: str
    hurts: str  # services, joined by ", "
    down: int  # of those who suffer, so many have nobody ready
    ready: int
    wanted: int
    of_all: float  # share of all workloads that are down for it
    cure: str
    wrong_if: str
    what: str  # of the object: its container, its probe, its image; empty: all of it


@tool(Effect.read)
def cluster_troubles(bench: Bench) -> Table[ClusterTrouble]:
    """What is wrong with the Kubernetes cluster as its objects, conditions and events show it now:
    the object to put right with the field or event that shows it, those that others follow from
    first. `wrong_if` says what would show that it is not so, `cure` what puts it right."""
    state = cluster_of(bench.telemetry)
    if state is None:
        return Table([], "no cluster was read")
    rows = bench.telemetry.remember("cluster troubles", lambda: _rows(bench))
    every = state.clusters.values()
    kinds = len(set[str]().union(*(seen.listed for seen in every)))
    read = f"{sum(len(seen.objects) for seen in every):,} objects of {kinds} kinds"
    at = f"{read}, as of {datetime.fromtimestamp(state.at, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return table(rows, f"troubles: {len(rows)}; {at}", f"nothing is wrong that shows; {at}")


def _rows(bench: Bench) -> list[ClusterTrouble]:
    if (state := cluster_of(bench.telemetry)) is None:
        return []
    every = ((one, name, state) for name, s in state.clusters.items() for one in troubles(s))
    return [_row(*o) for o in sorted(every, key=lambda o: (bool(o[0].follows), -o[0].sure))[:SHOWN]]


def _row(ranked: Ranked, cluster: str, state: ClusterState) -> ClusterTrouble:
    trouble, about, shown = ranked.trouble, ranked.trouble.about, ranked.trouble.signs[0]
    hurt, called = sorted({trouble.object, *trouble.victims}), partial(state.called, cluster)
    services = {state.services.get(called(ref), "") for ref in hurt} - {""}
    follows = ranked.follows and called(ranked.follows)
    said = called(cut(trouble.statement, 400))
    return ClusterTrouble(
        *(trouble.cause, about.fault, called(trouble.object)),
        *(state.services.get(called(trouble.object), ""), ranked.sure, follows, said),
        *(called(shown.object), shown.field, cut(shown.value, 400), ", ".join(sorted(services))),
        *_hurt(state.clusters[cluster], hurt),
        *(about.cure, about.wrong_if, str(trouble.said.get("name", ""))),
    )


def _hurt(seen: Snapshot, refs: Iterable[str]) -> tuple[int, int, int, float]:
    """(how many have nobody ready, pods ready, pods wanted, share of all workloads that have nobody
    for it); who is not reached has nobody."""
    named = {one.ref: one for one in (*seen.workloads, *seen.of("Service"), *seen.of("Ingress"))}
    counts = {ref: _counts(named[ref]) for ref in refs if ref in named}
    down = [
        ref for ref, (ready, wanted) in counts.items()
        if named[ref].kind in NOT_REACHED or (wanted and not ready)
    ]  # fmt: skip
    every = sum(_counts(one)[1] > 0 for one in seen.workloads)
    ready, wanted = (sum(pair[side] for pair in counts.values()) for side in (0, 1))
    return len(down), ready, wanted, round(len(down) / every, 3) if every else 0.0


def _counts(one: Object) -> tuple[int, int]:
    """Pods of a workload that are ready, and that it should have."""
    ready, wanted = (filter(None, map(one.number, paths)) for paths in (READY, WANTED))
    return int(next(ready, 0)), int(next(wanted, 0))

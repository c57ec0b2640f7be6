"""Moves against what a cluster shows to be wrong: on the object that it names, and only where what
that shall become is known."""

from collections.abc import Iterator

from ...actions.base import ActionDraft
from ...actions.services import RollBack
from ...actions.workloads import Cordon, Uncordon
from ...incident.finding import Hypothesis
from ...tools.cluster import ClusterTrouble
from .clusters import trouble_of
from .observations import Observations

CLOSED = "cordoned"
NOT_BY_A_ROLL_OUT = ("out-of-memory", "scaled-to-nothing", "paused", "throttled", "quota")
"""Causes that lie in a workload and that an earlier template need not cure."""


def cluster_moves(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """A node is opened or closed; a workload whose roll-out brought it runs what it ran before."""
    row = trouble_of(seen, cause)
    kind, _, name = row.object.partition(" ") if row else ("", "", "")
    if row is None:
        return
    if kind == "Node":
        closed = seen.case.inventory.nodes.get(name)
        wanted = {True: Uncordon, False: None} if row.cause == CLOSED else {False: Cordon}
        if action := wanted.get(closed) if closed is not None else None:
            yield ActionDraft(action, name, {})
    elif cause.change and row.cause not in NOT_BY_A_ROLL_OUT:
        yield from _back(seen, row, name)


def _back(seen: Observations, row: ClusterTrouble, name: str) -> Iterator[ActionDraft]:
    for service, part in seen.case.inventory.services.items():
        same = service == row.service or service.endswith(f"/{name}")
        if same and part.previous and part.version != part.previous:
            yield ActionDraft(RollBack, service, {"to_version": part.previous})

"""Moves against what a cluster shows to be wrong: on the object that it names, and only where what
that shall become is known: from the revision before, from who else says so, by a stated factor."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import Field, JsonValue

from ...actions.base import ActionDraft
from ...actions.canaries import StepCanary
from ...actions.inventory import Part
from ...actions.services import RollBack, Scale
from ...actions.workloads import Cordon, PatchWorkload, Uncordon
from ...cluster.objects import Object, containers, quantity, value, words
from ...cluster.settings import pressure, scaler_of
from ...cluster.snapshot import Snapshot
from ...incident.finding import Hypothesis
from ...telemetry.cluster_state import cluster_of
from ...tools.cluster import ClusterTrouble
from ...yaml_tables import Entry, read_table
from .clusters import trouble_of
from .observations import Observations

SCALED = re.compile(r"to 0 from (\d+)|from (\d+) to 0")
"""How an event tells how many there were."""
ASKS = ("httpGet", "tcpSocket", "grpc")
LIMITED = {"out-of-memory": "memory", "memory-tight": "memory", "throttled": "cpu"}


class MoveTable(Entry):
    """cluster_moves.yaml."""

    drafted: dict[str, tuple[str, ...]] = Field(description="causes by move, the best move first")
    put_back: dict[str, tuple[str, ...]] = Field(description="causes by how a field's name ends")
    raised: float = Field(gt=1, description="times what a limit is")
    person: dict[str, tuple[str, ...]] = Field(description="causes by why a person has to do it")


@cache
def move_table() -> MoveTable:
    """The table."""
    return read_table("agents/causes/cluster_moves.yaml", MoveTable)


@dataclass(frozen=True)
class Met:
    """A trouble, and what of the inventory it is met at."""

    seen: Snapshot
    row: ClusterTrouble
    change: str
    object: Object
    service: str
    part: Part

    def patch(self, field: str, to: JsonValue) -> Iterator[ActionDraft]:
        """Of a field that is otherwise now."""
        if field in self.part.fields and (now := self.part.fields[field]) != to:
            yield ActionDraft(PatchWorkload, self.service, {"object": field, "now": now, "to": to})


def cluster_moves(seen: Observations, cause: Hypothesis) -> Iterator[ActionDraft]:
    """What the table has for it, where it is determined: of the node, or of the service that the
    object, or what it scales, belongs to."""
    row, state = trouble_of(seen, cause), cluster_of(seen.case.tools.bench.telemetry)
    found = state.find(row.object) if row and state else None
    if row is None or state is None or found is None:
        return
    (cluster, snapshot, one), there = found, seen.case.inventory
    moves = [name for name, causes in move_table().drafted.items() if row.cause in causes]
    target = one.fields("spec.scaleTargetRef")
    ref = f"{target.get('kind')} {one.namespace}/{target.get('name')}" if target else one.ref
    placed = f"{ref} in {cluster}" if cluster else ref
    parts = [pair for pair in there.services.items() if pair[1].is_of(placed)]
    for service, part in parts if len(parts) == 1 else ():
        met = Met(snapshot, row, cause.change, one, service, part)
        yield from (draft for name in moves if name in DRAFTS for draft in DRAFTS[name](met))
    same = [o for every in state.clusters.values() for o in every.nodes if o.name == one.name]
    for node in (f"{one.name} in {cluster}", *(o.name for o in same if same == [one])):
        for action in (Uncordon, Cordon):
            if action.kind in moves and there.nodes.get(node) is (not action.closes):
                yield ActionDraft(action, node, {})


def _give_up(met: Met) -> Iterator[ActionDraft]:
    """Amid a release, whatever else changed: who was found ill is the version that it brings."""
    if met.part.canary:
        yield ActionDraft(RollBack, met.service, {"to_version": met.part.canary.stable})


def _step(met: Met) -> Iterator[ActionDraft]:
    """Through all percentages at which it waits, each measured before the next."""
    if (canary := met.part.canary) and canary.waits:
        stages: list[JsonValue] = [*canary.waits]
        asked = {"version": canary.version, "weight": canary.weight, "stages": stages}
        yield ActionDraft(StepCanary, met.service, asked)


def _back(met: Met) -> Iterator[ActionDraft]:
    """Where its roll-out brought it."""
    if met.change and met.part.previous and met.part.version != met.part.previous:
        yield ActionDraft(RollBack, met.service, {"to_version": met.part.previous})


def _put_back(met: Met) -> Iterator[ActionDraft]:
    """The one field that may have brought it and was otherwise before the last change."""
    kinds = tuple(end for end, causes in move_table().put_back.items() if met.row.cause in causes)
    found = [one for one in met.part.before if one.partition(" of ")[0].endswith(kinds)]
    what, held = met.row.what, met.part.fields
    named = [one for one in found if what in (one, one.partition(" of ")[2], held.get(one))]
    (field, *others), cause = [*(named or found), ""], met.row.cause
    if others == [""] and (cause not in LIMITED or _was_more(met, field)):
        yield from met.patch(field, met.part.before[field])


def _was_more(met: Met, field: str) -> bool:
    """Whether a limit was higher before, or there was none."""
    sides = (met.part.before.get(field, met.part.fields.get(field)), met.part.fields.get(field))
    was, now = (quantity(value(one, LIMITED[met.row.cause])) or math.inf for one in sides)
    return was > now


def _declared(met: Met) -> Iterator[ActionDraft]:
    """The one port that the container says it listens on."""
    field, probe = met.row.what, met.part.fields.get(met.row.what)
    name = field.partition(" of ")[2]
    every = containers(met.object, "spec.template.spec")
    ports = [port for one in every if one.name == name for port in one.ports()]
    if len(ports) == 1 and isinstance(probe, dict) and field not in met.part.before:
        for action in (one for one in ASKS if one in probe):
            asked: Any = {**value(probe, action), "port": ports[0].get("containerPort")}
            yield from met.patch(field, {**probe, action: asked})


def _raise(met: Met) -> Iterator[ActionDraft]:
    """By the table's factor, where nobody lowered it, and a node and the quotas take that."""
    field, resource = f"limits of {met.row.what}", LIMITED[met.row.cause]
    now = met.part.fields.get(field)
    held = quantity(value(now, resource))
    if held and isinstance(now, dict) and not _was_more(met, field):
        raised = held * move_table().raised
        cpu, memory = f"{math.ceil(raised * 1000)}m", f"{math.ceil(raised / 2**20)}Mi"
        if _fits(met, resource, raised, raised - held):
            yield from met.patch(field, {**now, resource: cpu if resource == "cpu" else memory})


def _fits(met: Met, resource: str, limit: float, more: float) -> bool:
    """Whether a node is as large, and its namespace allows so much more to each pod and one."""
    space, added = met.object.namespace, more * (len(met.part.instances) + 1)
    for quota in met.seen.of("ResourceQuota", space):
        sides = (quota.fields(f"status.{side}") for side in ("hard", "used"))
        hard, used = (quantity(side.get(f"limits.{resource}")) for side in sides)
        if hard is not None and (used or 0) + added > hard:
            return False
    ranges = [one for r in met.seen.of("LimitRange", space) for one in r.list("spec.limits")]
    most = [quantity(value(one, f"max.{resource}")) or math.inf for one in ranges]
    rooms = [node.number(f"status.allocatable.{resource}") or 0 for node in met.seen.nodes]
    return limit <= min([max(rooms, default=0), *most])


def _select(met: Met) -> Iterator[ActionDraft]:
    """The labels of the workload behind it, where they select its pods and nobody else's."""
    spaced = [one for one in met.seen.workloads if one.namespace == met.object.namespace]
    meant = [one for one in spaced if met.part.is_of(one.ref)]
    selector = words(met.object.fields("spec.selector"))
    if met.object.kind == "Service" and len(meant) == 1:
        labels = words(meant[0].fields("spec.template.metadata.labels"))
        to: Any = {key: labels[key] for key in selector if key in labels}
        if len(to) < len(selector):
            to = words(meant[0].fields("spec.selector.matchLabels"))
        pods = [words(one.fields("spec.template.metadata.labels")) for one in spaced]
        if to and sum(to.items() <= has.items() for has in pods) == 1:
            yield from met.patch("selector", to)


def _up(met: Met) -> Iterator[ActionDraft]:
    """As many as the last event says that there were, else as its autoscaler keeps at least."""
    events = met.seen.events(met.object, "ScalingReplicaSet")
    told = [int(one[1] or one[2]) for one in (SCALED.search(e.message) for e in events) if one]
    scaler = scaler_of(met.seen, met.object)
    told += [int(scaler.number("spec.minReplicas") or 1)] if scaler else []
    if told and not met.part.instances:
        yield ActionDraft(Scale, met.service, {"instances": told[0]})


def _more(met: Met) -> Iterator[ActionDraft]:
    """As many as the autoscaler's own rule wants: https://kubernetes.io/docs/tasks/
    run-application/horizontal-pod-autoscale/#algorithm-details"""
    wanted = min(math.ceil(len(met.part.instances) * pressure(met.object)), met.part.most)
    if wanted > len(met.part.instances):
        yield ActionDraft(Scale, met.service, {"instances": wanted})


def _resume(met: Met) -> Iterator[ActionDraft]:
    yield from met.patch("suspended" if met.object.kind == "CronJob" else "paused", False)


DRAFTS: dict[str, Callable[[Met], Iterator[ActionDraft]]] = {
    "give up": _give_up,
    "step on": _step,
    "roll back": _back,
    "put back": _put_back,
    "ask the declared port": _declared,
    "raise the limit": _raise,
    "select the pods": _select,
    "scale up again": _up,
    "raise the bounds": _more,
    "resume": _resume,
}

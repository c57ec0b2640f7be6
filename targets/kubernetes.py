"""Workloads and nodes of clusters, acted on by patches that hold only while what they rest on is
so: looked at, dry run, written, and watched until the rollout ends or time does.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Self

from pydantic import JsonValue, TypeAdapter

from ..actions.canaries import CanarySteps
from ..actions.capabilities import (
    Activated,
    Platform,
    Restarted,
    Restarting,
    RolledOut,
    Rollout,
    Scaling,
)
from ..actions.inventory import Inventory, Request, Stood, merged
from ..actions.workloads import Cordoned, NodeCordons, Patched, WorkloadFields
from ..cluster.objects import Object
from ..errors import Halfway, ToolFailed
from ..kube_api import ClusterAccess, path_of
from . import gitops
from . import kubernetes_steps as steps
from .kubernetes_objects import RESTARTED, SELECTOR, SWITCHES, bare, fields, rollout
from .kubernetes_read import EFFECT, Cluster, Workload, place_of, told
from .kubernetes_scaling import Bounds, autoscaler_of, autoscaling
from .kubernetes_write import Edit, Op, Place, R, keyed, seen_to_end, watched, written


class Kubernetes(Rollout, Restarting, Scaling, CanarySteps, NodeCordons, WorkloadFields, Platform):
    """Several clusters as one: a name that is there twice is written with where it is."""

    section = "kubernetes"

    def __init__(self, clusters: Sequence[ClusterAccess]) -> None:
        self.clusters = [Cluster(one) for one in clusters]

    def known_by(self, labels: Sequence[str]) -> None:
        """Whose a workload is, these labels say, as they do where telemetry is read."""
        self.clusters = [Cluster(one.access, tuple(labels)) for one in self.clusters]

    @classmethod
    def configured(cls, given: JsonValue) -> Self:
        """From a list of clusters. Raises ValueError with what to correct."""
        return cls(TypeAdapter(list[ClusterAccess]).validate_python(given))

    @property
    def shut(self) -> str:
        """Where all of them are only read."""
        only_read = all(one.access.mode == "read" for one in self.clusters)
        return "; ".join(one.closed for one in self.clusters) if only_read else ""

    def inventory(self) -> Inventory:
        """Every workload with its versions and fields, every node."""
        looks = merged(r.look() for one in self.clusters if (r := gitops.asked_of(one)))
        found = Inventory(waiting=looks.waiting)
        with told():
            for name, one in self._workloads().items():
                amid = f"{one.release.ref} gives {one.version} up" if one.release else ""
                instead, request = (amid, None) if one.canary else gitops.instead(one)
                commit = instead and one.cluster.access.gitops and not (request or one.canary)
                way = {"instead": instead, "left_to": "whoever pushes it" if commit else ""}
                found.services[name] = one.part(**way, **autoscaling(one))
                found.requests |= {name: request} if request else {}
            found.nodes = {name: bool(n.get("spec.unschedulable")) for name, _, n in self._nodes()}
        return found

    def knows(self, key: str) -> bool:
        """Whether an object carries this key, and runs what it shall run."""
        with told():
            for one in self._workloads().values():
                if one.owner and gitops.knows(one, one.owner, key):
                    return True
                if one.object.annotations.get(EFFECT) == key:
                    return seen_to_end(one.cluster, one.object, rollout).done
                if one.leads and one.leads.annotations.get(EFFECT) == key:
                    return True
            return any(node.annotations.get(EFFECT) == key for _, _, node in self._nodes())

    def run_version(self, service: str, version: str) -> RolledOut:
        """Put the template of an earlier version in place; of what is delivered from a repository,
        its way back there."""
        number = f"N, that of {version} in `kubectl rollout history`"
        one = self._open(service, f"rollout undo {{place}} --to-revision={number}")
        receipt = RolledOut(service=service, before=one.version, version=version)
        if done := steps.by_status(one, receipt):
            return done
        if one.owner:
            return gitops.roll_back(one, one.owner, receipt)
        if version not in one.versions:
            raise ToolFailed(f"{service} keeps no {version}, only {', '.join(one.versions)}")
        wanted, was = one.versions[version], bare(one.object.fields("spec.template"))

        def edit(now: Object) -> list[Op]:
            template = bare(now.fields("spec.template"))
            if template not in (wanted, was):
                raise ToolFailed(f"{service} was given another version meanwhile: nothing was done")
            change = {"op": "replace", "path": "/spec/template", "value": wanted}
            return [] if template == wanted else [change, *keyed(now)]

        rolled = steps.without_steps if one.object.kind == "Rollout" else _rolled
        return rolled(one, edit, receipt)

    def put_back(self, was: RolledOut) -> RolledOut:
        """The version that ran before, or the request for another withdrawn."""
        asked = gitops.asked_of(self._open(was.service, "edit {place}").cluster)
        return asked.withdraw(was.asked, was) if asked and was.asked else super().put_back(was)

    def stands(self, asked: Request) -> Stood | None:
        """As the repository says that one of them is delivered from."""
        told = (gitops.stands(one, asked) for one in self.clusters)
        return next((one for one in told if one), None)

    def restart(self, service: str) -> Restarted:
        """New pods of the same version, as the workload's strategy replaces them."""
        one = self._open(service, "rollout restart {place}")
        at = datetime.now(UTC).isoformat(timespec="seconds")

        def edit(now: Object) -> list[Op]:
            if now.kind == "Rollout":  # whose template would be another release
                change = {"op": "add", "path": "/spec/restartAt", "value": at}
                return [] if now.text("spec.restartAt") == at else [change, *keyed(now)]
            notes = now.fields("spec.template.metadata.annotations")
            place = "/spec/template/metadata/annotations"
            change = {"op": "add", "path": place, "value": {**notes, RESTARTED: at}}
            return [] if notes.get(RESTARTED) == at else [change, *keyed(now)]

        return _rolled(one, edit, Restarted(service=service, note=f"pods since {at} are new"))

    def scale(self, service: str, instances: int, bounds: Bounds | None = None) -> Activated:
        """By the subresource `scale`, which lets nothing else be changed; before that the bounds of
        who would set it back: these, else those that hold it there."""
        one = self._open(service, f"scale --replicas={instances} {{place}}", owned=False)
        before, active = one.names(one.replicas), one.names(instances)
        receipt = Activated(service=service, before=before, active=active)
        keeper, moved = autoscaler_of(one), False
        if keeper:
            receipt.bounds = keeper.held(keeper.object)
            moved = keeper.let(bounds or keeper.around(instances, one.replicas), receipt)

        def edit(now: Object) -> list[Op]:
            count = now.number("spec.replicas") or 0
            if not keeper and count not in (len(before), instances):
                raise ToolFailed(f"{service} was scaled to {count:g} meanwhile: nothing was done")
            change = {"op": "add", "path": "/spec/replicas", "value": instances}
            return [] if count == instances else [change]

        try:
            done = _rolled(one, edit, receipt, "scale")
        except ToolFailed as error:
            if not (keeper and moved) or isinstance(error, Halfway):
                raise
            text = f"the bounds of {keeper.object.ref} were set, but: {error}"
            raise Halfway(text, receipt) from error
        return done.model_copy(update={"changed": done.changed or moved})

    def restore(self, was: Activated) -> Activated:
        """As many as before, within the same bounds."""
        return self.scale(was.service, len(was.before), was.bounds)

    def cordon(self, node: str, closed: bool) -> Cordoned:
        """`spec.unschedulable`, as `kubectl cordon` sets it."""
        receipt = Cordoned(node=node, before=not closed)
        with told():
            having = [(where, one.name) for name, where, one in self._nodes() if name == node]
        if not having:
            raise ToolFailed(f"no node {node} is known any more: nothing was done")
        cluster, plain = having[0]
        _door(cluster, f"kubectl {'' if closed else 'un'}cordon {plain}")

        def edit(now: Object) -> list[Op]:
            change = {"op": "add", "value": True} if closed else {"op": "remove"}
            same = bool(now.get("spec.unschedulable")) is closed
            return [] if same else [{**change, "path": "/spec/unschedulable"}, *keyed(now)]

        _, changed = written(Place(cluster, path_of("v1", "nodes", name=plain), receipt), edit)
        return receipt.model_copy(update={"changed": changed})

    def patch(self, service: str, name: str, now: JsonValue, to: JsonValue) -> Patched:
        """One field of the template, the selector of the Service, whether a Rollout is held."""
        one = self._open(service, "edit {place}", owned=False)
        receipt = Patched(service=service, object=name, before=now, after=to)
        on = {SELECTOR: one.leads, SWITCHES.get(one.object.kind): one.object}.get(name)
        if on is None:
            done = _rolled(one, partial(_set, name, now, to), receipt)
            after, _ = _field(Object(one.cluster.api.get(one.path)), name)
            return done.model_copy(update={"after": after})  # with what the API added
        place = Place(one.cluster, place_of(on), receipt)
        _, changed = written(place, partial(_set, name, now, to))
        return receipt.model_copy(update={"changed": changed})

    def step(self, service: str, version: str, to: int) -> RolledOut:
        """As `kubectl argo rollouts promote`, and watched until it waits there."""
        return steps.step(self._open(service, "argo rollouts promote {own}"), service, version, to)

    def _open(self, service: str, by_hand: str, owned: bool = True) -> Workload:
        """The workload, where it may be acted on. Raises ToolFailed with what to do instead."""
        with told():
            known = self._workloads()
        if service not in known:
            raise ToolFailed(f"no workload {service}; known: {', '.join(known) or 'none'}")
        one = known[service]
        own = f"-n {one.object.namespace} {one.object.name}"
        if one.object.kind == "Rollout" and by_hand.startswith("rollout "):
            by_hand = f"argo rollouts {'abort' if one.canary else by_hand.split()[1]} {{own}}"
        _door(one.cluster, f"kubectl {by_hand.replace('{place}', one.place).replace('{own}', own)}")
        if one.owner and not owned:
            raise ToolFailed(f"nothing was done: {one.part().kept(service)}")
        return one

    def _nodes(self) -> list[tuple[str, Cluster, Object]]:
        """Each by its name, of several clusters with where it is."""
        found = [(n.name, one, n) for one in self.clusters for n in one.nodes()]
        all_ = [name for name, _, _ in found]
        return [(f"{n} in {c.access.name}" if all_.count(n) > 1 else n, c, o) for n, c, o in found]

    def _workloads(self) -> dict[str, Workload]:
        found = [one for cluster in self.clusters for one in cluster.workloads()]
        plain = [one.service for one in found]
        return {
            one.service if plain.count(one.service) == 1 else one.full_name: one for one in found
        }


def _door(cluster: Cluster, by_hand: str) -> None:
    if cluster.access.mode != "act":
        raise ToolFailed(f"nothing was done: {cluster.closed}; by hand: {by_hand}")


def _field(one: Object, name: str) -> tuple[JsonValue, str]:
    found = {field: (held, pointer) for field, pointer, held in fields(one)}
    return found.get(name, (None, ""))


def _set(name: str, was: JsonValue, to: JsonValue, now: Object) -> list[Op]:
    held, pointer = _field(now, name)
    if pointer and held == to:
        return []
    if not pointer or held != was:
        raise ToolFailed(f"{name} of {now.name} is {held} by now: nothing was done")
    change = {"op": "remove"} if to is None else {"op": "add", "value": to}
    return [{**change, "path": pointer}, *keyed(now)]


def _rolled(one: Workload, edit: Edit, receipt: R, part: str = "") -> R:
    """Write it, and watch the rollout. Raises Halfway where it failed or was not seen to end."""
    path = (*one.path, part) if part else one.path
    _, changed = written(Place(one.cluster, path, receipt), edit)
    return watched(one.cluster, one.object, rollout, receipt, changed)

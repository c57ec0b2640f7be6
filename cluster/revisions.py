"""What the last change of a workload's template was: its older ReplicaSets and ControllerRevisions
keep how it was before."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .objects import NOTHING, Fields, Object, quantity, value
from .snapshot import Snapshot

REVISIONS = ("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision")
HASH = "rollouts-pod-template-hash"
HASHES = ("pod-template-hash", "controller-revision-hash", HASH)
"""Labels that controllers add to the pods of one version; HASH is a Rollout's."""


@dataclass(frozen=True)
class Revision:
    """One state of a workload's pod template."""

    number: float
    ref: str
    template: Fields  # metadata and spec of the pods
    created: float | None


def revisions(seen: Snapshot, workload: Object) -> list[Revision]:
    """Its templates, the newest first; empty where none is kept."""
    return sorted(_all(seen, workload), key=lambda one: -one.number)


def _all(seen: Snapshot, workload: Object) -> Iterator[Revision]:
    for one in seen.revised("ReplicaSet", workload):
        number = max(quantity(one.annotations.get(name)) or 0.0 for name in REVISIONS)
        yield Revision(number, one.ref, one.fields("spec.template"), one.created)
    for one in seen.revised("ControllerRevision", workload):
        number = one.number("revision") or 0.0
        yield Revision(number, one.ref, one.fields("data.spec.template"), one.created)


@dataclass(frozen=True)
class Change:
    """Of a workload's template, between its two newest revisions."""

    before: Revision
    now: Revision

    def at(self, path: str) -> tuple[Any, Any] | None:
        """What a path below the pod's spec was and is; None: it did not change."""
        was, is_ = (value(side.template, f"spec.{path}") for side in (self.before, self.now))
        return (was, is_) if was != is_ else None

    def container(self, name: str, path: str) -> tuple[Any, Any] | None:
        """The same of a container."""
        was, is_ = (value(_container(side, name), path) for side in (self.before, self.now))
        return (was, is_) if was != is_ else None

    @property
    def labels(self) -> bool:
        """Whether the pods' labels changed."""
        was, is_ = (value(side.template, "metadata.labels") for side in (self.before, self.now))
        return _bare(was) != _bare(is_)


def last_change(seen: Snapshot, workload: Object) -> Change | None:
    """Between the two newest; None where only one is known."""
    known = revisions(seen, workload)
    return Change(known[1], known[0]) if len(known) > 1 else None


def _container(side: Revision, name: str) -> Fields:
    for kind in ("containers", "initContainers"):
        for one in value(side.template, f"spec.{kind}") or []:
            if isinstance(one, dict) and one.get("name") == name:
                return one
    return NOTHING


def _bare(labels: Any) -> Any:
    """Without what the controller adds."""
    if not isinstance(labels, dict):
        return labels
    return {k: v for k, v in labels.items() if k not in HASHES}


def brought_it(seen: Snapshot, workload: Object, text: str) -> bool:
    """Whether a word (the name of a Secret, of an account) stands in the template since the last
    change: then the change is wrong, and not that what it names is missing."""
    change = last_change(seen, workload)
    return change is not None and _says(change.now, text) and not _says(change.before, text)


def _says(side: Revision, text: str) -> bool:
    waiting: list[Any] = [side.template]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif one == text:
            return True
    return False

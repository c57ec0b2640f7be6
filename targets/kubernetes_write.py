"""How an object of a cluster is written: only what was looked at, a dry run first, and known to be
done or not."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from ..actions.capabilities import KEY, Receipt
from ..cluster.objects import Object
from ..errors import Halfway, KubernetesError, ToolFailed
from .kubernetes_objects import Status
from .kubernetes_read import EFFECT, Cluster, Segments, place_of, told

ROLLOUT_S, POLL_S = 150.0, 0.5
"""A rollout is watched for so long."""
TRIES = 8
"""A write that others overtake is tried anew so often."""
Op = dict[str, Any]
Edit = Callable[[Object], list[Op]]
"""By which operations of a JSON patch an object becomes another; none: it is so already."""


class Place(NamedTuple):
    """One object of a cluster, and what is done to it."""

    cluster: Cluster
    path: Segments
    receipt: Receipt
    """Of that, should nobody hear how it ended."""


def keyed(now: Object) -> list[Op]:
    """What writes the key of this effect onto the object."""
    notes = {**now.annotations, EFFECT: KEY.get()}
    return [{"op": "add", "path": "/metadata/annotations", "value": notes}] if KEY.get() else []


def written(place: Place, edit: Edit) -> tuple[Object, bool]:
    """Look, dry run, write: only what was looked at is changed. (what is there now, whether it was
    changed)

    Raises ToolFailed with nothing changed, Halfway where that is not known.
    """
    api, path = place.cluster.api, place.path
    with told():
        for _ in range(TRIES):
            now = Object(api.get(path))
            ops, version = edit(now), now.text("metadata.resourceVersion")
            if not ops:
                return now, False
            try:
                place.cluster.patched(path, version, ops, dryRun="All")
                return place.cluster.patched(path, version, ops), True
            except KubernetesError as error:
                if error.unsure:
                    return _seen(place, edit, error), True
                same = Object(api.get(path)).text("metadata.resourceVersion") == version
                if error.status not in (409, 422) or same:
                    raise
    raise ToolFailed(f"{'/'.join(path)} changes all the time: nothing was done, try again")


R = TypeVar("R", bound=Receipt)
Look = Callable[[Object], Status]


def watched(cluster: Cluster, one: Object, look: Look, receipt: R, changed: bool) -> R:
    """Its receipt once it is through. Raises Halfway where it failed or was not seen to end."""
    with told():
        status = seen_to_end(cluster, one, look)
    if not status.done:
        how = status.failed or f"it is not rolled out after {ROLLOUT_S:g} s: {status.said}"
        raise Halfway(f"{one.name} was written, but {how}", receipt)
    note = receipt.note if changed else "it was so already"
    return receipt.model_copy(update={"changed": changed, "note": note})


def seen_to_end(cluster: Cluster, one: Object, look: Look) -> Status:
    """Where it is once it is through or failed, or after a while."""
    until = time.monotonic() + ROLLOUT_S
    while True:
        status = look(Object({**cluster.api.get(place_of(one)), "kind": one.kind}))
        if status.done or status.failed or time.monotonic() > until:
            return status
        time.sleep(POLL_S)


def _seen(place: Place, edit: Edit, why: KubernetesError) -> Object:
    """What became of a write that nobody answered. Raises Halfway where that is not seen."""
    with suppress(KubernetesError, ToolFailed):
        now = Object(place.cluster.api.get(place.path))
        if not edit(now):
            return now
    raise Halfway(f"{why}; whether it was done is not known: look at it first", place.receipt)

"""Pods that are slow because their network is told to be."""

from collections.abc import Iterator

from .objects import Object, quantity, value
from .revisions import last_change
from .snapshot import Snapshot
from .trouble import Sign, Trouble, wrong

BANDWIDTH = ("kubernetes.io/ingress-bandwidth", "kubernetes.io/egress-bandwidth")
"""Bits per second, which the bandwidth plugin holds each pod to:
https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/network-plugins/"""
NARROW, MODEST = 2e6, 10e6
"""What answers of a server hardly pass, and what they may."""


def slowed(seen: Snapshot) -> Iterator[Trouble]:
    """Workloads whose pods may send or get so little that they wait for it."""
    for workload in seen.workloads:
        held = value(workload.raw, "spec.template.metadata.annotations")
        for name in BANDWIDTH:
            bits = quantity(held.get(name)) if isinstance(held, dict) else None
            surety = _surety(seen, workload, name, bits) if bits is not None else 0.0
            if surety:
                field = f"spec.template.metadata.annotations[{name}]"
                shown = (Sign(workload.ref, field, str(held[name])),)
                why = f"{held[name]} bits per second"
                yield wrong("narrowed", workload, shown, surety, why, name=name)


def _surety(seen: Snapshot, workload: Object, name: str, bits: float) -> float:
    """What is meant so was there before, and is no bottleneck."""
    change = last_change(seen, workload)
    was = value(change.before.template, "metadata.annotations") if change else None
    before = quantity(was.get(name)) if isinstance(was, dict) else None
    lowered = change is not None and (before is None or bits < before)
    if bits <= NARROW:
        return 0.9
    if lowered:
        return 0.85 if bits <= MODEST else 0.5
    return 0.5 if bits <= MODEST else 0.0

"""All troubles of a snapshot, the one that others follow from first."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from .admission import not_admitted
from .alone import alone
from .beats import beats
from .calling import callers, wrong_addresses
from .canaries import GIVEN_UP, releases
from .endpoints import led_astray
from .fitting import wanted
from .holding_back import held_back
from .naming import names
from .neighbours import neighbours
from .nodes import broken_nodes, control_plane
from .operators import operators
from .policies import forbidden
from .reaching import chosen, not_reached
from .rights import lacking_rights
from .scheduling import not_scheduled
from .settings import set_so
from .snapshot import Snapshot
from .starting import not_started, registries
from .staying import not_staying
from .storage import without_volume
from .stuck import stuck
from .trouble import Recogniser, Trouble

RECOGNISERS: tuple[Recogniser, ...] = (
    *(broken_nodes, beats, control_plane, not_admitted, not_scheduled, without_volume),
    *(not_started, not_staying, not_reached, wrong_addresses, forbidden, names, set_so),
    *(held_back, stuck, neighbours, lacking_rights, releases, led_astray, alone),
)
"""A stage of a pod's life each, those that others follow from first."""
SAID = ("value-refused", "login-refused", "key-missing", "not-allowed", "volume-full")
"""What a container says itself goes before what others see of it."""
UNMET = (
    *("address-wrong", "service-missing", "policy-forbids", "certificate"),
    *("names-wrong", "names-unanswered", "name-elsewhere"),
)
"""What keeps it from whom it calls."""
FOLLOWS = {
    "tainted-by-itself": ("node-pressure", "kubelet-silent", "runtime-down", "node-network"),
    "namespace-stays": ("api-away",),
    "node-pressure": ("fills-disks",),
    **dict.fromkeys(("not-ready", "rollout-stuck", "unwell-on-it"), ("*",)),
    **dict.fromkeys(("canary-failed", GIVEN_UP), ("*",)),
    "crashes": (*UNMET, "config-missing", "experiment", "node-part", "unwell-on-it", *SAID),
    "init-waits": UNMET,
    "node-part": ("value-refused", "key-missing"),
    "throttled": ("memory-tight",),
    "not-provisioned": ("not-allowed",),
    "ends-by-itself": UNMET,
    "probe-port": SAID,
    "probe-timing": (*SAID, *UNMET, "throttled", "experiment", "takes-all", "node-part"),
}
"""What is only the consequence where something of the others hits the same."""


UNCALLED, BEYOND = 0.55, 0.7
ANSWERED = ("webhook-away", "api-away", "scaler-blind", "asks-too-much", "registry-away")
SURE_ENOUGH = 0.5
"""Who is not answered, or not given a device, where whoever should do it is in trouble."""
UNMADE = ("address-wrong", "service-missing", "config-missing")
"""What somebody should have made."""
DEVICES = "/var/lib/kubelet/device-plugins"
"""Where a node's devices are registered with its kubelet, by whoever mounts it."""
CARRIED = ("not-ready", "crashes", "ends-by-itself", "probe-timing", "init-waits")
"""What is so also where only whom it calls is in trouble."""


@dataclass(frozen=True)
class Ranked:
    """A trouble, how sure it is, and of what it is the consequence."""

    trouble: Trouble
    sure: float  # 0 to 1
    follows: str = ""  # object of another trouble; empty: it stands by itself


Refs = Mapping[str, set[str]]
"""Objects by an object."""


def troubles(seen: Snapshot) -> list[Ranked]:
    """Every trouble once, with all who suffer from it; consequences last."""
    every = [trouble for recogniser in RECOGNISERS for trouble in recogniser(seen)]
    found = list(_merged(_in_common(every)))
    needs, used = _needs(seen), seen.once(callers)
    made = defaultdict[str, set[str]](set)
    for lacking, operator in operators(seen):
        made[lacking].add(operator)
    ranked = [
        Ranked(one, _missed(seen, one, used), _behind(one, found, needs, made)) for one in found
    ]
    return sorted(ranked, key=lambda r: (bool(r.follows), -r.sure, -len(r.trouble.victims)))


def _in_common(found: list[Trouble]) -> Iterator[Trouble]:
    """What several workloads suffer from one thing that they share is put right there; what lies
    outside the cluster cannot be, and how it fares the cluster does not know."""
    hurt: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in found:
        hurt[one.cause, one.shared] |= one.victims
    for one in found:
        several = one.shared and len(hurt[one.cause, one.shared]) > 1
        place = one.shared if several else one.object
        surety = min(one.surety, BEYOND) if place.startswith("Registry ") else one.surety
        yield replace(one, object=place, surety=surety)


def _merged(found: Iterable[Trouble]) -> Iterator[Trouble]:
    """One cordoned node, not eleven pending pods."""
    kept: dict[tuple[str, str], Trouble] = {}
    for one in found:
        key = one.cause, one.object
        first = kept.get(key)
        kept[key] = one if first is None else _both(first, one)
    yield from kept.values()


def _missed(seen: Snapshot, one: Trouble, used: Mapping[str, set[str]]) -> float:
    """How sure: of a service inside that nobody is known to call, nobody need miss anything."""
    if one.cause != "selects-nobody" or not one.object.startswith("Service ") or one.object in used:
        return one.surety
    namespace, _, name = one.object.removeprefix("Service ").partition("/")
    service = seen.find("Service", namespace, name)
    inside = service is not None and service.text("spec.type") in ("", "ClusterIP")
    return min(one.surety, UNCALLED) if inside else one.surety


def _both(one: Trouble, other: Trouble) -> Trouble:
    signs = tuple(dict.fromkeys((*one.signs, *other.signs)))[:6]
    victims = one.victims | other.victims
    return replace(max(one, other, key=lambda t: t.surety), signs=signs, victims=victims)


def _behind(one: Trouble, found: list[Trouble], needs: Refs, made: Refs) -> str:
    """The object that this one follows from; empty: none here."""
    for other in found:
        if other is one:
            continue
        if one.victims <= other.victims | {other.object}:
            causes = FOLLOWS.get(one.cause, ())
            if other.cause in causes or (causes == ("*",) and other.surety > one.surety):
                return other.object
        if one.cause == "unwell-on-it" and _most(one, other):
            return other.object
        if _asked(one, other, needs, made) & {other.object, *other.victims}:
            return other.object
        if one.cause in CARRIED and _carried(one, other, needs):
            return other.object
    return ""


def _asked(one: Trouble, other: Trouble, needs: Refs, made: Refs) -> set[str]:
    """Who should do what is not done for it, if the other is sure enough to keep them from it."""
    if one.cause in ANSWERED and other.surety >= SURE_ENOUGH:
        return needs.get(one.object, set())
    if one.cause in UNMADE and other.surety > BEYOND:
        return made.get(one.object, set())
    return set()


def _most(one: Trouble, other: Trouble) -> bool:
    """Whether what is known better hits most of those that it does."""
    both = one.victims & other.victims
    return other.surety > one.surety and 2 * len(both) >= len(one.victims)


def _carried(one: Trouble, other: Trouble, needs: Refs) -> bool:
    """Whether it calls whom the other hits, over others if need be, and is not called by it."""
    reached = needs.get(one.object, set())
    if not reached & {other.object, *other.victims}:
        return False
    if other.surety == one.surety:
        return other.cause in CARRIED and one.object not in needs.get(other.object, set())
    return other.surety > one.surety


def _needs(seen: Snapshot) -> Refs:
    """By workload, whom it calls and whom these call: services, and the workloads behind them."""
    direct: dict[str, set[str]] = defaultdict(set)
    for service, some in seen.once(callers).items():
        for ref in some:
            direct[ref].add(service)
    for service in seen.of("Service"):
        direct[service.ref] |= {seen.top(pod).ref for pod in chosen(seen, service)}
    for asking, giver in (*_devices(seen), *registries(seen)):
        direct[asking].add(giver)
    return {ref: _reached(direct, ref) for ref in list(direct)}


def _devices(seen: Snapshot) -> Iterator[tuple[str, str]]:
    """(who asks for a device, who registers those of this maker)"""
    plugins = [
        one for one in seen.workloads if DEVICES in str(one.get("spec.template.spec.volumes"))
    ]
    for pod in seen.pods if plugins else ():
        for maker in (name.partition("/")[0] for name in wanted(pod) if "/" in name):
            for one in plugins:
                named = f"{one.name} {one.get('spec.template.spec.containers')}"
                if any(len(word) > 2 and word in named for word in maker.split(".")[:-1]):
                    yield seen.top(pod).ref, one.ref


def _reached(direct: Mapping[str, set[str]], start: str) -> set[str]:
    found, waiting = set[str](), [start]
    while waiting:
        new = direct.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found - {start}

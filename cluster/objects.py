"""Objects as the API returns them, read with care: anything may be missing or of another type."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

Fields = Mapping[str, Any]
NOTHING: Fields = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Object:
    """One object: a Deployment, a Node, an Event."""

    raw: Fields

    @cached_property
    def kind(self) -> str:
        """Deployment, Pod, …"""
        return str(self.raw.get("kind") or "")

    @cached_property
    def name(self) -> str:
        """Its name, unique in kind and namespace."""
        return self.text("metadata.name")

    @cached_property
    def namespace(self) -> str:
        """Empty: it belongs to the cluster."""
        return self.text("metadata.namespace")

    @cached_property
    def ref(self) -> str:
        """As people name it: Deployment shop/cart, Node n1."""
        return reference(self.kind, self.namespace, self.name)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        return words(self.fields("metadata.labels"))

    @cached_property
    def annotations(self) -> Mapping[str, str]:
        """Its annotations."""
        return words(self.fields("metadata.annotations"))

    @cached_property
    def created(self) -> float | None:
        """Unix seconds."""
        return seconds(self.get("metadata.creationTimestamp"))

    def get(self, path: str) -> Any:
        """The value at a path of keys; None where there is none."""
        return value(self.raw, path)

    def fields(self, path: str) -> Fields:
        """The mapping at a path; empty where there is none."""
        found = self.get(path)
        return found if isinstance(found, Mapping) else NOTHING

    def list(self, path: str) -> list[Fields]:
        """The mappings in the list at a path."""
        return mappings(self.get(path))

    def text(self, path: str) -> str:
        """The text at a path; empty where there is none."""
        found = self.get(path)
        return str(found) if isinstance(found, (str, int, float)) else ""

    def number(self, path: str) -> float | None:
        """The quantity at a path, in its base unit."""
        return quantity(self.get(path))

    def condition(self, type_: str) -> Fields:
        """The status condition of this type."""
        found = (c for c in self.list("status.conditions") if c.get("type") == type_)
        return next(found, NOTHING)


def reference(kind: str, namespace: str, name: str) -> str:
    """Deployment shop/cart, Node n1."""
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def value(fields: Any, path: str) -> Any:
    """The value at a path of keys with dots between; None where there is none."""
    for key in path.split("."):
        if not isinstance(fields, Mapping):
            return None
        fields = fields.get(key)
    return fields


def mappings(found: Any) -> list[Fields]:
    """The mappings in what should be a list."""
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def texts(found: Any) -> list[str]:
    """The texts in what should be a list."""
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def words(found: Fields) -> dict[str, str]:
    """The pairs of text in what should be labels."""
    return {k: str(v) for k, v in found.items() if isinstance(v, (str, int, float, bool))}


UNITS = {
    **{"": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12},
    **{"P": 1e15, "E": 1e18, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50},
    "Ei": 2**60,
}
"""https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"""
QUANTITY = re.compile(
    r"([+-]?[0-9]{1,20}(?:\.[0-9]{0,20})?(?:[eE][+-]?[0-9]{1,2})?)([A-Za-z]{0,2})"
)


def quantity(found: Any) -> float | None:
    """100m, 1Gi, 2: in cores, bytes, pieces; None for what is none."""
    match = QUANTITY.fullmatch(str(found)) if isinstance(found, (str, int, float)) else None
    if match is None or match[2] not in UNITS:
        return None
    return float(match[1]) * UNITS[match[2]]


def seconds(found: Any) -> float | None:
    """Unix seconds of an RFC 3339 time."""
    if not isinstance(found, str):
        return None
    try:
        at = datetime.fromisoformat(found.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


SERVICE_LABELS = ("service_name", "service", "app_kubernetes_io_name", "app", "job")
"""The usual ones, in their order; what is configured as `labels.service` goes before."""


def named(label: str) -> str:
    """A label as stores without dots have it: service.name and service_name are one."""
    return re.sub(r"\W", "_", label)


def whose(one: Object, labels: Sequence[str] = SERVICE_LABELS) -> str:
    """The service that an object's labels name, or those of its pods, in this order; else the
    workload's own name. Empty for what belongs to nobody: a node, a quota."""
    template = one.fields("spec.template.metadata.labels")
    known = {named(key): str(text) for key, text in {**template, **one.labels}.items()}
    said = next((known[named(label)] for label in labels if known.get(named(label))), "")
    return said or (one.name if one.get("spec.template") or one.kind == "Service" else "")


def selects(selector: Fields, labels: Mapping[str, str]) -> bool:
    """Whether a label selector (matchLabels, matchExpressions) selects these; an empty one all."""
    wanted = words(value(selector, "matchLabels") or NOTHING)
    if any(labels.get(key) != text for key, text in wanted.items()):
        return False
    return all(expression(one, labels) for one in mappings(selector.get("matchExpressions")))


def expression(one: Fields, labels: Mapping[str, str]) -> bool:
    """Whether labels meet one requirement of a selector or of a node's affinity."""
    held, wanted = labels.get(str(one.get("key"))), texts(one.get("values"))
    match one.get("operator"):
        case "In":
            return held in wanted
        case "NotIn":
            return held not in wanted
        case "Exists":
            return held is not None
        case "DoesNotExist":
            return held is None
        case "Gt" | "Lt" as sign:
            mine, bound = quantity(held), quantity(wanted[0] if wanted else None)
            if mine is None or bound is None:
                return False
            return mine > bound if sign == "Gt" else mine < bound
    return False


@dataclass(frozen=True, eq=False)
class Container:
    """One container of a pod or of a pod's template, with what its status says."""

    spec: Fields
    status: Fields = field(default_factory=dict)
    init: bool = False

    @property
    def name(self) -> str:
        """Its name in the pod."""
        return str(self.spec.get("name") or "")

    @property
    def image(self) -> str:
        """As it was written."""
        return str(self.spec.get("image") or "")

    @property
    def waiting(self) -> Fields:
        """Why it does not run."""
        return _part(self.status, "state.waiting")

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return value(self.status, "state.running") is not None

    @property
    def ended(self) -> Fields:
        """How it ended last."""
        return _part(self.status, "state.terminated") or _part(self.status, "lastState.terminated")

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return int(quantity(self.status.get("restartCount")) or 0)

    @property
    def ready(self) -> bool:
        """Whether it may have requests."""
        return self.status.get("ready") is True

    def resource(self, side: str, name: str) -> float | None:
        """Its `requests` or `limits` of a resource."""
        return quantity(value(self.spec, f"resources.{side}.{name}"))

    def ports(self) -> list[Fields]:
        """The ports that it says it listens on."""
        return mappings(self.spec.get("ports"))


def repository(image: str) -> str:
    """Without tag and digest."""
    head, _, tag = image.partition("@")[0].rpartition(":")
    return head if head and "/" not in tag else image.partition("@")[0]


def containers(pod: Object, path: str = "spec") -> list[Container]:
    """All of a pod, or of the template at a path; those that prepare it first."""
    found = []
    for kind, status in (
        ("initContainers", "initContainerStatuses"),
        ("containers", "containerStatuses"),
    ):
        known = {str(one.get("name")): one for one in pod.list(f"status.{status}")}
        for spec in pod.list(f"{path}.{kind}"):
            of = known.get(str(spec.get("name")), NOTHING)
            found.append(Container(spec, of, init=kind == "initContainers"))
    return found


def ready(pod: Object) -> bool:
    """Whether it may have requests, as far as it says."""
    return pod.condition("Ready").get("status") in (None, "True") and all(
        one.ready for one in containers(pod) if one.status and not one.init
    )


def _part(fields: Fields, path: str) -> Fields:
    found = value(fields, path)
    return found if isinstance(found, Mapping) else NOTHING

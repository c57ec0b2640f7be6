"""What is done to a cluster that runs services: a node takes no more work, a field of a workload is
another one. Which fields, and what may stand in them, is known here and by the server.
"""

import json
import re
from abc import abstractmethod
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import BeforeValidator, Field, JsonValue

from ..cluster.objects import repository
from ..errors import ToolRetry
from ..incident.action import ActionKind, Level
from .base import PROFILES, Action, Probe
from .capabilities import Capability, Offers, Receipt, Stored
from .inventory import Inventory, known_as


class Cordoned(Receipt):
    """Of a node: whether it was cordoned before."""

    node: str
    before: bool


class NodeCordons(Capability):
    """Nodes can be closed to new work."""

    @abstractmethod
    def cordon(self, node: str, closed: bool) -> Cordoned:
        """Close it, or open it again; what runs there goes on."""


class Patched(Receipt):
    """Of one field: as it was found; null: it was not there."""

    service: str
    object: str
    before: JsonValue = None
    after: JsonValue = None


class WorkloadFields(Capability):
    """Fields of workloads, and of what leads to them, can be set."""

    @abstractmethod
    def patch(self, service: str, name: str, now: JsonValue, to: JsonValue) -> Patched:
        """Let a field that is `now` be `to`, and wait until what runs has it; null: not there.
        Where it is something else by now: ToolFailed and no change."""


class _Node(Action):
    """One node, by its name."""

    needs = NodeCordons
    aims = "nodes"
    closes: ClassVar[bool]

    @classmethod
    def aimed(cls, inventory: Inventory) -> bool:
        """Where nodes are known."""
        return cls.closes in (not closed for closed in inventory.nodes.values())

    def check(self, inventory: Inventory) -> None:
        """A node, and one that is otherwise now."""
        known_as("node", self.target, inventory.nodes)
        if inventory.nodes[self.target] is self.closes:
            raise ToolRetry(f"node {self.target} is {'' if self.closes else 'not '}cordoned")

    def found(self, inventory: Inventory) -> dict[str, JsonValue]:
        """Whether it is cordoned."""
        return {"cordoned": inventory.nodes.get(self.target)}

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """By the node."""
        return Probe.told(inventory.nodes.get(self.target), self.closes, not self.closes)

    def perform(self, system: Offers) -> Cordoned:
        """New pods go elsewhere, or come here again."""
        return system.find(NodeCordons).cordon(self.target, self.closes)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """As it was."""
        return system.find(NodeCordons).cordon(self.target, Cordoned.read(stored).before)


class Cordon(_Node):
    """Let no new pod onto a node."""

    kind = ActionKind("cordon node")
    profile = PROFILES[kind]
    closes = True


class Uncordon(_Node):
    """Let new pods onto a node again."""

    kind = ActionKind("uncordon node")
    profile = PROFILES[kind]
    closes = False


class FieldKind(NamedTuple):
    """What may stand in a field; the server's dry run knows the rest."""

    holds: type
    keys: tuple[str, ...] = ()
    """Of a mapping, or of the mappings in a list; none: any."""
    risk: Level = Level.medium
    required: bool = False


RESOURCES = FieldKind(dict, ("cpu", "memory", "ephemeral-storage"))
PROBE = FieldKind(  # no `exec`: commands are not taken from a plan
    dict,
    (
        *("httpGet", "tcpSocket", "grpc", "successThreshold", "failureThreshold"),
        *("initialDelaySeconds", "periodSeconds", "timeoutSeconds"),
    ),
)
FIELDS = {
    "image": FieldKind(str, required=True),
    "limits": RESOURCES,
    "requests": RESOURCES,
    "liveness probe": PROBE,
    "readiness probe": PROBE,
    "startup probe": PROBE,
    "node selector": FieldKind(dict),
    "paused": FieldKind(bool, risk=Level.low),
    "suspended": FieldKind(bool, risk=Level.low),
    "tolerations": FieldKind(list, ("key", "operator", "value", "effect", "tolerationSeconds")),
    "selector": FieldKind(dict, risk=Level.high, required=True),
}
"""By the first words of its name: "image of CONTAINER", "selector"."""


def _decoded(given: Any) -> Any:
    """A model writes JSON as text."""
    if isinstance(given, str) and re.match(r"\s*[\[{]|null$", given):
        try:
            return json.loads(given)
        except ValueError as error:
            raise ValueError(f"it is no JSON: {error}") from None
    return given


Written = Annotated[JsonValue, BeforeValidator(_decoded)]


class PatchWorkload(Action):
    """Set one field of a service's workload, or the selector that leads to it."""

    kind = ActionKind("patch workload")
    profile = PROFILES[kind]
    needs = WorkloadFields

    object: str = Field(
        description="which field: image of CONTAINER, limits of …, readiness probe of …, selector"
    )
    now: Written = Field(description="what it is now, as JSON; null: not there")
    to: Written = Field(description="what it shall be, as JSON; null: not there")

    @classmethod
    def aimed(cls, inventory: Inventory) -> bool:
        """Where fields are known."""
        return any(part.fields for part in inventory.services.values())

    @property
    def field(self) -> FieldKind | None:
        """What is known of the field."""
        return FIELDS.get(self.object.partition(" of ")[0])

    @property
    def level(self) -> Level:
        """By the kind of field."""
        return self.field.risk if self.field else self.profile.risk

    def check(self, inventory: Inventory) -> None:
        """A field of the service that nobody else keeps, another value, and one that fits it."""
        part = inventory.service(self.target)
        known_as(f"field of {self.target}", self.object, part.fields)
        if part.owner:
            raise ToolRetry(part.kept(self.target))
        replaces = self.object not in ("selector", "paused", "suspended")
        if part.unreplaced and replaces:
            raise ToolRetry(part.unreplaced)
        if self.now != (is_now := part.fields[self.object]):
            raise ToolRetry(f"{self.object} of {self.target} is {json.dumps(is_now)} now")
        field = self.field
        if field is None or self.now == self.to or (field.required and not self.to):
            raise ToolRetry(f"{self.object}: another value is wanted, and one that can be set")
        if self.to is not None and not isinstance(self.to, field.holds):
            raise ToolRetry(f"{self.object}: {field.holds.__name__} as JSON is wanted")
        if field.holds is str and repository(str(self.to)) != repository(str(self.now)):
            raise ToolRetry(f"{self.object}: another repository is no correction; deploy it")
        held = self.to if isinstance(self.to, list) else [self.to]
        for key in (key for one in held if isinstance(one, dict) for key in one):
            if field.keys:
                known_as(f"part of {self.object}", key, field.keys)

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """By the field, once what runs has it."""
        part = inventory.service(self.target)
        if part.deployed != part.version:
            return Probe.cannot_tell
        return Probe.told(part.fields.get(self.object), self.to, self.now)

    def perform(self, system: Offers) -> Patched:
        """Whole, or not at all."""
        return system.find(WorkloadFields).patch(self.target, self.object, self.now, self.to)

    def undo(self, system: Offers, stored: Stored) -> Patched:
        """As it was."""
        was = Patched.read(stored)
        patch = system.find(WorkloadFields).patch
        return patch(self.target, was.object, was.after, was.before)

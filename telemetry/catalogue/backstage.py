"""A team's catalogue as Backstage describes it (v1alpha1): what runs, whose it is, what it needs.

Components and Resources are services here; Systems tell nothing that is used; an API is how one
Component depends on another; a Group names a team.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field

from ...cluster.objects import named
from ...errors import TableError
from ...yaml_tables import Document, Part, seconds
from ..model import Goals, Service
from ..sources.datasource import SourceLabels

VERSION = "backstage.io/"
WORD = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
REF = re.compile(rf"(?:([A-Za-z]+):)?(?:({WORD})/)?({WORD})")
RUN = ("component", "resource")
USED = (*RUN, "api", "group", "system")
NOT_RUN = ("library", "documentation")
"""Types of components that no telemetry is of."""
KINDS = dict.fromkeys(["database", "postgresql", "mysql", "mongodb", "redis"], "database")
KINDS |= dict.fromkeys(["gateway", "api-gateway", "load-balancer", "edge"], "edge")
"""What we call a `spec.type`; another resource is `external`, another component a `service`."""
LESS = ("experimental", "deprecated")
"""Lifecycles of what counts least (tier 3), where no tier is given."""
OWN = "warroom/service"
"""Annotation: what telemetry calls it."""
SELECTOR = "backstage.io/kubernetes-label-selector"
APPLICATION, REPOSITORY = "argocd/app-name", "github.com/project-slug"
GOALS = {"warroom/rto": "rto_s", "warroom/rpo": "rpo_s"}
GOALS |= {"warroom/newest-copy": "newest", "warroom/broken-rows": "broken"}
"""Annotations: what its recovery is held to, and what proves it."""
NOBODY = "unknown"
"""An owner that has to be written and is not known."""


class Ref(NamedTuple):
    """An entity by kind, namespace and name, in small letters; empty: not said."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}"


def reference(text: Any) -> Ref:
    """`[kind:][namespace/]name`. Raises ValueError."""
    match = REF.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise ValueError("no entity is called so: write [kind:][namespace/]name")
    return Ref(*((part or "").lower() for part in match.groups()))


Refs = list[Annotated[Ref, BeforeValidator(reference, json_schema_input_type=str)]]


def goals(annotations: Mapping[str, str]) -> Goals:
    """What they say of its recovery. Raises ValueError for what is no duration."""
    told = {field: annotations[name] for name, field in GOALS.items() if name in annotations}
    try:
        times = {field: seconds(text) for field, text in told.items() if field.endswith("_s")}
    except ValueError as error:
        raise ValueError(f"warroom/rto, warroom/rpo: {error}") from None
    return Goals.model_validate(told | times)


def _with_goals(annotations: dict[str, str]) -> dict[str, str]:
    goals(annotations)
    return annotations


class Metadata(Part):
    """Who it is."""

    name: str = Field(pattern=f"^{WORD}$", description="what telemetry calls it, unless it is said")
    namespace: str = Field(default="default", pattern=f"^{WORD}$", description="of the catalogue")
    description: str = Field(default="", description="what it does")
    annotations: Annotated[dict[str, str], AfterValidator(_with_goals)] = Field(
        default={}, description=f"{OWN}: its name in telemetry; {APPLICATION}, {REPOSITORY}, …"
    )
    labels: dict[str, str] = Field(default={}, description="tier, where `spec` has none")


class Profile(Part):
    """Of a Group."""

    displayName: str = Field(default="", description="the team, as people call it")


class Spec(Part):
    """What is said of it."""

    type: str = Field(default="", description="service, database, gateway, …")
    lifecycle: str = Field(default="", description="experimental and deprecated count least")
    tier: str = Field(default="", description="a number: 1 most important, 3 least")
    owner: Annotated[Ref | None, BeforeValidator(reference, json_schema_input_type=str)] = Field(
        default=None, description="a Group: whose it is"
    )
    dependsOn: Refs = Field(default=[], description="what it calls: [kind:][namespace/]name")
    dependencyOf: Refs = Field(default=[], description="what calls it")
    providesApis: Refs = Field(default=[], description="APIs that it answers")
    consumesApis: Refs = Field(default=[], description="APIs that it calls")
    profile: Profile = Field(default=Profile(), description="of a Group")


class Entity(Part):
    """One document."""

    kind: str = Field(description="Component, Resource, API, Group or System")
    metadata: Metadata = Field(description="who it is")
    spec: Spec = Field(default=Spec(), description="what is said of it")

    @property
    def ref(self) -> Ref:
        """Its own."""
        return Ref(*(x.lower() for x in (self.kind, self.metadata.namespace, self.metadata.name)))

    def refs(self, given: Iterable[Ref], kind: str) -> list[Ref]:
        """What it refers to, in full."""
        own = self.metadata.namespace.lower()
        return [Ref(one.kind or kind, one.namespace or own, one.name) for one in given]

    @property
    def service(self) -> str:
        """What telemetry calls it: as is said, as a label selects it, as the catalogue does."""
        given, known = self.metadata.annotations, {named(one) for one in SourceLabels().service}
        for part in given.get(SELECTOR, "").split(","):
            label, _, value = part.strip().partition("=")
            if named(label) in known and value.strip("= "):
                return given.get(OWN) or value.strip("= ")
        return given.get(OWN) or self.metadata.name

    @property
    def says_tier(self) -> str:
        """As `spec.tier`, a label or an annotation has it."""
        named = {**self.metadata.labels, **self.metadata.annotations}
        found = (text for key, text in named.items() if key.rpartition("/")[2] == "tier")
        return self.spec.tier or next(found, "")


@dataclass
class Entities:
    """What the files of a catalogue say together."""

    known: dict[Ref, Entity]
    places: dict[Ref, str]
    says: list[str]
    """What was left out, and why."""

    @classmethod
    def none(cls) -> "Entities":
        """Before the first file."""
        return cls({}, {}, [])

    def add(self, document: Document) -> None:
        """One document more. Raises TableError for what cannot be used."""
        version, kind = (str(_get(document.data, key)) for key in ("apiVersion", "kind"))
        if not version.startswith(VERSION) or kind.lower() not in USED:
            self.says.append(f"{document.place}: {version} {kind} tells nothing that is used here")
            return
        entity = document.read(Entity)
        if entity.spec.type in NOT_RUN and kind.lower() == "component":
            self.says.append(f"{document.place}: {entity.ref.name} is a {entity.spec.type}")
            return
        if entity.ref in self.known:
            raise TableError(
                f"{document.place}: {entity.ref} is described at {self.places[entity.ref]} already:"
                " keep one"
            )
        self.known[entity.ref], self.places[entity.ref] = entity, document.place

    def running(self) -> Iterator[Entity]:
        """Components and resources."""
        return (one for ref, one in self.known.items() if ref.kind in RUN)

    def services(self) -> list[Service]:
        """What runs, by the names of telemetry. What does not resolve is said."""
        made = dict[str, Service]()
        for entity in self.running():
            name = entity.service
            if name in made:
                self.says.append(f"{self.places[entity.ref]}: {name} is another one's name already")
                continue
            needs = dict.fromkeys(self._name(ref, entity) for ref in self._needs(entity))
            made[name] = Service(
                name=name,
                kind=kind_of(entity),
                tier=self._tier(entity),
                team=self._team(entity),
                description=entity.metadata.description,
                depends_on=[one for one in needs if one != name],
                goals=goals(entity.metadata.annotations),
            )
        return list(made.values())

    def _needs(self, entity: Entity) -> Iterator[Ref]:
        yield from entity.refs(entity.spec.dependsOn, "")
        for api in entity.refs(entity.spec.consumesApis, "api"):
            yield from self._providers.get(api, ())
        for other in self.running():
            if entity.ref in other.refs(other.spec.dependencyOf, "component"):
                yield other.ref

    @property
    def _providers(self) -> Mapping[Ref, Sequence[Ref]]:
        found = dict[Ref, list[Ref]]()
        for entity in self.running():
            for api in entity.refs(entity.spec.providesApis, "api"):
                found.setdefault(api, []).append(entity.ref)
        return found

    def _name(self, ref: Ref, entity: Entity) -> str:
        """What telemetry calls what is depended on; as it is called here where nobody says."""
        tried = [ref] if ref.kind else [ref._replace(kind=kind) for kind in RUN]
        known = next((self.known[one] for one in tried if one in self.known), None)
        if not known:
            text = f"{self.places[entity.ref]}: depends on {tried[0]}, which no file describes"
            self.says.append(f"{text}: taken by its name")
        return known.service if known else ref.name

    def _team(self, entity: Entity) -> str:
        if entity.spec.owner is None or entity.spec.owner.name == NOBODY:
            return ""
        group = self.known.get(entity.refs([entity.spec.owner], "group")[0])
        return (group and group.spec.profile.displayName) or entity.spec.owner.name

    def _tier(self, entity: Entity) -> int:
        text, usual = entity.says_tier, 3 if entity.spec.lifecycle in LESS else 2
        digit = re.search(r"\d", text)
        if text and not digit:
            self.says.append(f"{self.places[entity.ref]}: tier {text} is no number: {usual} holds")
        return min(3, max(1, int(digit[0]))) if digit else usual


def kind_of(entity: Entity) -> str:
    """service, database, external or edge."""
    other = "external" if entity.ref.kind == "resource" else "service"
    return KINDS.get(entity.spec.type.lower(), other)


def _get(data: Any, key: str) -> Any:
    return data.get(key, f"no {key}") if isinstance(data, dict) else f"no {key}"

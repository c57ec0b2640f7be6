"""A catalogue written down from what was measured, for people to correct: Backstage's YAML, in
which a comment says what each part was inferred from.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..model import Catalogue, Service, Window
from ..recorder import Recorder
from ..sources.cells import counting
from ..sources.checkup import Checkup
from ..sources.datasource import Datasource
from ..sources.registry import connected
from ..topology import Edge, declares, joined, measured_calls
from .backstage import KINDS, NOBODY, OWN, WORD

LOOKED_AT_S = 3600.0
HEAD = """\
# Written by `warroom catalog write` from what was seen in the hour before. Correct it, name the
# owners, and put it into warroom.yaml: `catalog: [FILE]`. It is Backstage's own format.
"""
TYPES = {"service": "service", "edge": "gateway", "database": "database", "external": "external"}
RESOURCES = ("database", "external")
WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
"""What YAML takes for something else than a word."""


@dataclass(frozen=True)
class Measured:
    """Who called whom, and what could not be seen of it."""

    calls: Mapping[Edge, int]
    gaps: tuple[tuple[str, str], ...] = ()


def measure(datasources: Sequence[Datasource]) -> Measured:
    """The calls of the last hour, by a part of the traces and by labels of metrics."""
    now = time.time()
    sources = [one for one in connected(datasources) if one.modality == "traces"]
    sources += counting(datasources, Catalogue())
    recorder = Recorder(sources, clock=lambda: now)
    try:
        recorder.focus("", now - LOOKED_AT_S)
        recording = recorder.advance()
        calls = measured_calls(recording, Window(now - LOOKED_AT_S, float("inf")))
        return Measured(calls, recording.gaps)
    finally:
        recorder.close()


def inferred(
    declared: Catalogue, measured: Mapping[Edge, int], found: Sequence[Checkup]
) -> Catalogue:
    """The catalogue, with all that was seen: services that send telemetry, and whom they call."""
    sending = {name for one in found for name in one.services}
    both = joined(declared, measured)
    known = {service.name for service in both.services}
    named = sending.union(*(service.depends_on for service in both.services))
    new = [Service(name=name, listed=False) for name in sorted(named - known)]
    callers = {caller for caller, _ in measured} | sending
    services = [
        one if one.listed else one.model_copy(update={"kind": _kind(one.name, callers)})
        for one in (*both.services, *new)
    ]
    return both.model_copy(update={"services": services})


def _kind(name: str, callers: set[str]) -> str:
    """A database by its name; what sends nothing of its own is somebody else's."""
    return KINDS.get(name.lower(), "service" if name in callers else "external")


def written(catalogue: Catalogue, measured: Mapping[Edge, int], found: Sequence[Checkup]) -> str:
    """The text of a catalog-info.yaml that reads back as the same services."""
    names = _names(catalogue)
    refs = {
        one.name: f"{_entity(one).lower()}:default/{names[one.name]}" for one in catalogue.services
    }
    documents = (
        "\n".join(_document(one, names[one.name], refs, measured, _by(one, found)))
        for one in catalogue.services
    )
    return HEAD + "---\n".join(f"{text}\n" for text in documents)


def _by(service: Service, found: Sequence[Checkup]) -> str:
    """What a service was inferred from, in words."""
    seen = [
        f"{one.name} by {one.label or 'its name'}" for one in found if service.name in one.services
    ]
    parts = [*(["a catalogue"] if service.listed else []), *seen]
    return ", ".join(parts) or "others alone; it sends no telemetry"


def _document(
    service: Service, name: str, refs: Mapping[str, str], measured: Mapping[Edge, int], by: str
) -> Iterator[str]:
    yield f"# known from {_line(by)}"
    yield "apiVersion: backstage.io/v1alpha1"
    yield f"kind: {_entity(service)}"
    yield f"metadata:\n  name: {_plain(name)}"
    if service.description:
        yield f"  description: {json.dumps(service.description)}"
    if name != service.name:
        yield f"  annotations:\n    {OWN}: {json.dumps(service.name)}  # as telemetry calls it"
    if service.listed and service.tier != 2:
        yield f'  labels:\n    tier: "{service.tier}"'
    yield f"spec:\n  type: {TYPES.get(service.kind, 'service')}\n  lifecycle: production"
    team = f"owner: {_plain(service.team)}" if service.team else ""
    yield f"  {team or f'owner: {NOBODY}  # nobody says: name the team'}"
    if service.depends_on:
        yield "  dependsOn:"
    for callee in service.depends_on:
        seen = measured.get((service.name, callee), 0)
        why = f"{seen} calls were seen" if seen else "declared; no call was seen"
        more = (
            "; no catalogue said so" if service.listed and callee not in declares(service) else ""
        )
        yield f"    - {_plain(refs[callee])}  # {why}{more}"


def _names(catalogue: Catalogue) -> dict[str, str]:
    """Names that Backstage takes, by service; one each, whatever the case."""
    made = dict[str, str]()
    for service in catalogue.services:
        bare = re.sub(r"[^A-Za-z0-9_.-]+", "-", service.name)[:50].strip("-_.") or "service"
        name = service.name if re.fullmatch(WORD, service.name) else bare
        taken, number = {one.lower() for one in made.values()}, 2
        while name.lower() in taken:
            name, number = f"{bare}-{number}", number + 1
        made[service.name] = name
    return made


def _entity(service: Service) -> str:
    return "Resource" if service.kind in RESOURCES else "Component"


def _plain(text: str) -> str:
    """A scalar of YAML that reads as this text."""
    plain = re.fullmatch(r"[A-Za-z][\w./:-]*[\w]", text) and text.lower() not in WORDS
    return text if plain else json.dumps(text)


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]

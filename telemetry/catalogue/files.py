"""The files of a team's catalogue and objectives, read together. What cannot be used is a fault
with file, line and cure; what is left out or assumed is said; the rest counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import NamedTuple

from ...errors import TableError
from ...yaml_tables import Document, read_documents
from ..model import Catalogue, Service
from .backstage import APPLICATION, REPOSITORY, Entities
from .openslo import Objectives

MOST_BYTES = 2**20
MOST_FILES = 1000


class Elsewhere(NamedTuple):
    """What other tools call a service; empty: not said."""

    application: str  # of Argo CD
    repository: str  # of GitHub or GitLab: owner/name


@dataclass(frozen=True)
class Declared:
    """What the files say."""

    catalogue: Catalogue = field(default_factory=Catalogue)
    elsewhere: Mapping[str, Elsewhere] = field(default_factory=dict)
    """By service."""
    faults: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    files: int = 0

    @property
    def told(self) -> str:
        """How much there is, in words."""
        services = self.catalogue.services
        objectives, calls = (
            sum(len(part) for part in parts)
            for parts in ([s.slos for s in services], [s.depends_on for s in services])
        )
        return (
            f"{len(services)} services, {calls} dependencies, {objectives} objectives "
            f"of {self.files} files"
        )


def read_declared(catalog: Sequence[Path], slos: Sequence[Path]) -> Declared:
    """What these files (patterns, with `*` and `**`) say. Faults are in it; nothing is raised."""
    entities, objectives, faults = Entities.none(), Objectives.none(), list[str]()
    files = 0
    for patterns, into in ((catalog, entities), (slos, objectives)):
        for file in _found(patterns, faults):
            files += 1
            for document in _documents(file, faults):
                try:
                    into.add(document)
                except TableError as error:
                    faults += str(error).splitlines()
    services = {service.name: service for service in entities.services()}
    names = {one.metadata.name.lower(): one.service for one in entities.running()}
    _promise(services, names, objectives)
    return Declared(
        Catalogue(services=list(services.values())),
        {
            one.service: Elsewhere(*_annotated(one.metadata.annotations))
            for one in entities.running()
        },
        tuple(faults),
        (*entities.says, *objectives.says),
        files,
    )


def _annotated(given: Mapping[str, str]) -> tuple[str, str]:
    return given.get(APPLICATION, ""), given.get(REPOSITORY, "")


def _found(patterns: Sequence[Path], faults: list[str]) -> Iterator[Path]:
    for pattern in patterns:
        found = sorted(Path(one) for one in glob(str(pattern), recursive=True))
        if not found:
            faults.append(f"{pattern}: there is no such file: correct the path in warroom.yaml")
        if len(found) > MOST_FILES:
            faults.append(f"{pattern}: {len(found)} files, of which {MOST_FILES} are read")
        yield from (one for one in found[:MOST_FILES] if not one.is_dir())


def _documents(file: Path, faults: list[str]) -> list[Document]:
    try:
        if not file.is_file() or file.stat().st_size > MOST_BYTES:
            raise TableError(f"{file}: is no file, or larger than {MOST_BYTES} bytes: split it")
        return read_documents(file.read_text(encoding="utf-8"), str(file))
    except TableError as error:
        faults += str(error).splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        faults.append(f"{file}: {reason}: make it a file that can be read")
    return []


def _promise(
    services: dict[str, Service], names: Mapping[str, str], objectives: Objectives
) -> None:
    """Give each service its objectives; one that no catalogue lists is one of them now."""
    listed = bool(services)
    for given, objective in objectives.by_service():
        name = given if given in services else names.get(given.lower(), given)
        if name not in services:
            services[name] = Service(name=name)
            if listed:
                objectives.says.append(f"{objective.name}: no catalogue lists {name}")
        if any(one.name == objective.name for one in services[name].slos):
            objectives.says.append(f"{name} has another objective {objective.name}: left out")
            continue
        services[name].slos.append(objective)

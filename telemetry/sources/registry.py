"""The sources there are. A backend is one file beside this one and one line here."""

from collections.abc import Callable, Sequence
from pathlib import Path

from .datasource import Datasource
from .elasticsearch import open_elasticsearch
from .files import Files
from .git import open_git
from .github import open_github
from .grafana import open_grafana
from .jaeger import open_jaeger
from .journald import open_journald
from .loki import open_loki
from .pods import open_pods
from .prometheus import open_prometheus
from .source import MODALITIES, Source
from .tempo import open_tempo
from .victorialogs import open_victorialogs

Opener = Callable[[Datasource], Sequence[Source]]
"""Takes where a backend is; its sources, one for each modality that it has. Asks nothing yet."""


def _files(where: Datasource) -> Sequence[Source]:
    return [Files(Path(where.url), modality) for modality in MODALITIES]


OPENERS: dict[str, Opener] = {
    "files": _files,
    "prometheus": open_prometheus,
    "tempo": open_tempo,
    "jaeger": open_jaeger,
    "git": open_git,
    "github": open_github,
    "grafana": open_grafana,
    "loki": open_loki,
    "victorialogs": open_victorialogs,
    "elasticsearch": open_elasticsearch,
    "journald": open_journald,
    "kubernetes": open_pods,
}
"""By the kind of backend."""


def sources_of(kind: str, where: str) -> Sequence[Source]:
    """The sources of one backend, known by its address (a folder, a URL) alone."""
    return OPENERS[kind](Datasource.model_construct(name=kind, type=kind, url=where))  # pyright: ignore


def connected(datasources: Sequence[Datasource]) -> Sequence[Source]:
    """The sources of all of these."""
    return [source for one in datasources for source in OPENERS[one.type](one)]

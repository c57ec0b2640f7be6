"""The sources there are. A backend is one file beside this one and one line here; a tool that lists
its changes over HTTP is a row of feeds.yaml."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ...incident.evidence import BackendLoad
from ...plugins import brought
from .clusters import MODALITY as CLUSTER
from .clusters import ClusterFiles
from .datasource import Datasource
from .elasticsearch import open_elasticsearch
from .feed_table import feeds
from .feeds import open_feed
from .files import Files
from .git import open_git
from .http import HttpApi
from .jaeger import open_jaeger
from .journald import open_journald
from .loki import open_loki
from .pods import Pods, in_cluster
from .prometheus import open_prometheus
from .received import open_otlp
from .source import MODALITIES, Source
from .tempo import open_tempo
from .victorialogs import open_victorialogs

Opener = Callable[[Datasource], Sequence[Source]]
"""Takes where a backend is; its sources, one for each modality that it has. Asks nothing yet."""


def _files(where: Datasource) -> Sequence[Source]:
    root, lines = Path(where.url), [name for name in MODALITIES if name != CLUSTER]
    return [*(Files(root, modality) for modality in lines), ClusterFiles(root)]


def _kubernetes(where: Datasource) -> Sequence[Source]:
    known = in_cluster(where)
    return [Pods(known), *open_feed(known)]


OPENERS: dict[str, Opener] = {
    "files": _files,
    "prometheus": open_prometheus,
    "tempo": open_tempo,
    "jaeger": open_jaeger,
    "git": open_git,
    "loki": open_loki,
    "victorialogs": open_victorialogs,
    "elasticsearch": open_elasticsearch,
    "journald": open_journald,
    "otlp": open_otlp,
    **dict.fromkeys(feeds(), open_feed),
    "kubernetes": _kubernetes,
}
"""By the kind of backend."""


def sources_of(kind: str, where: str) -> Sequence[Source]:
    """The sources of one backend, known by its address (a folder, a URL) alone."""
    return OPENERS[kind](Datasource.model_construct(name=kind, type=kind, url=where))  # pyright: ignore


def connected(datasources: Sequence[Datasource]) -> Sequence[Source]:
    """The sources of all of these."""
    known = brought("sources") | OPENERS
    return [source for one in datasources for source in known[one.type](one)]


def loads(sources: Sequence[Source]) -> list[BackendLoad]:
    """What was asked of each of their backends since this was called last."""
    apis = (getattr(source, "api", None) for source in sources)
    every = [api.loaded() for api in apis if isinstance(api, HttpApi)]
    return [load for load in every if load.requests]

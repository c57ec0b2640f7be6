"""One look at a datasource: whether it can be read, what is there, what would be better otherwise.

A few small questions each; a backend that does not tell something leaves it open. What cannot be
read at all says why, and what to do."""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from ...cluster.objects import SERVICE_LABELS, named
from ...cluster.snapshot import LOG
from ...errors import TelemetryError
from ...kube_api import ClusterAccess
from ..model import Window
from ..rolling import segments
from .alertmanager import firing_at
from .clusters import LiveCluster
from .datasource import Datasource
from .feed_table import feeds
from .files import PATTERNS
from .http import HttpApi
from .logs import MOST_LINES, LogSource, Whose
from .metrics_checkup import measured
from .otlp import objects, text
from .pods import Pods
from .registry import connected
from .source import DAY_S, EVERYTHING, MODALITIES, Scope, SourceQuery
from .tempo import named_services
from .traces import Question, Traces

MINUTE_S, HOUR_S = 60.0, 3600.0
REACHES = (HOUR_S, DAY_S, 7 * DAY_S, 30 * DAY_S)
"""How far back is tried, seconds."""
BUILDS: Mapping[str, tuple[str, ...]] = {
    "prometheus": ("api", "v1", "status", "buildinfo"),
    "loki": ("loki", "api", "v1", "status", "buildinfo"),
    "tempo": ("api", "status", "buildinfo"),
    "alertmanager": ("api", "v2", "status"),
    "grafana": ("api", "health"),
    "kubernetes": ("version",),
    "elasticsearch": (),
    "jaeger": (),  # its page
    "victorialogs": ("metrics",),
}
"""Where a kind says its version."""
VERSION = re.compile(
    rb'"(?:version|gitVersion|number)" ?: ?"v?([\w.+~-]{1,40})|short_version="v?([\w.+~-]{1,40})'
)
"""How one of them says it."""


@dataclass
class Checkup:
    """What one look at a datasource showed; empty or None is what it does not tell."""

    name: str
    type: str
    url: str
    fault: str = ""
    """Why it cannot be read, and what to do; empty: it can."""
    version: str = ""
    skew_s: float | None = None
    """Seconds that its clock is ahead of ours."""
    label: str = ""
    """The label that says whose a row is."""
    services: tuple[str, ...] = ()
    reaches_s: float | None = None
    """From how long ago there are rows at least, seconds; None: not tried, or not that long."""
    amount: int | None = None
    unit: str = ""
    """What `amount` counts."""
    interval_s: float | None = None
    """How often it scrapes, seconds."""
    sees: frozenset[str] = frozenset()
    """Modalities, signals and `alerts` that it has."""
    advice: list[str] = field(default_factory=list)
    """What would be better otherwise, and how."""


def checkups(datasources: Sequence[Datasource]) -> list[Checkup]:
    """All of them, looked at at the same time; in their order."""
    with ThreadPoolExecutor(max(1, len(datasources)), thread_name_prefix="checkup") as pool:
        found = list(pool.map(checkup, datasources))
    for number, one in enumerate(found):
        same = (each.name for each in found[:number] if _alike(each, one))
        one.advice += [f"shows what {name} shows: keep one, if it is one server" for name in same]
    return found


def cluster_checkup(access: ClusterAccess, labels: Sequence[str] = SERVICE_LABELS) -> Checkup:
    """One look at a cluster, which reads all that an incident would."""
    found, live = Checkup(access.name, "kubernetes", access.context), LiveCluster(access, labels)
    try:
        named = [row for row in live.rows() if row["name"] and row["kind"] != LOG]
        found.amount, found.unit = len(named), "objects"
        found.services = _sorted(row["service"] for row in named)
        found.sees, found.advice = frozenset(["kubernetes", "changes"]), list(live.missing)
    except TelemetryError as error:
        found.fault = str(error)
    return found


def _alike(one: Checkup, other: Checkup) -> bool:
    """Whether they may be one server by two addresses: all of it would count twice."""
    return bool(one.services) and (one.type, one.services) == (other.type, other.services)


def checkup(source: Datasource) -> Checkup:
    """One look. Whatever is wrong is in it."""
    found = Checkup(source.name, source.type, source.url)
    try:
        if api := LOOKS.get(source.type, _brought)(source, found):
            found.version = _version(api)
            found.skew_s = api.skew
            found.advice += filter(None, [api.clock()])
    except TelemetryError as error:
        found.fault = str(error)
    return found


def _version(api: HttpApi) -> str:
    """As it says; empty where it does not, or not to everybody."""
    if (path := BUILDS.get(api.source.type)) is None:
        return ""
    try:
        said = VERSION.search(api.ask(*path))
    except TelemetryError:
        return ""
    return (said[1] or said[2]).decode() if said else ""


def _reaches(there: Callable[[Window], bool]) -> float | None:
    """The longest of REACHES from which there are rows, in the hour before."""
    longest, now = None, time.time()
    for ago in REACHES:
        if not there(Window(now - ago - HOUR_S, now - ago)):
            break
        longest = ago
    return longest


def _metrics(source: Datasource, found: Checkup) -> HttpApi:
    told = measured(source)
    found.label, found.services, found.interval_s = told.label, told.services, told.interval_s
    found.amount, found.unit = sum(told.series.values()), "series"
    found.advice += told.advice(source)
    if told.services:
        found.sees = frozenset(["metrics", *told.signals])
        found.reaches_s = _reaches(told.there)
    try:
        firing_at(source)
        found.sees |= {"alerts"}
    except TelemetryError:
        pass  # it evaluates no rules: others do
    return told.api


def _logs(source: Datasource, found: Checkup) -> HttpApi:
    logs, now = cast(LogSource, connected([source])[0]), time.time()
    hour = Window(now - HOUR_S, now)
    if not _told_apart(logs, hour, found):
        return logs.api
    query = logs.select(Whose(found.label, ()))

    def held(window: Window) -> int:  # a Loki in one process has no index of what is still written
        return logs.count(query, window, rough=True) or logs.count(query, window)

    found.sees, found.unit = frozenset(["logs"]), "lines/h"
    found.amount = held(hour) or None  # some count nothing
    found.reaches_s = _reaches(lambda window: held(window) > 0)
    if (found.amount or 0) > MOST_LINES * max(1, len(found.services)):
        found.advice.append("errors are read whole, of the other lines a stated part")
    return logs.api


def _told_apart(logs: LogSource, hour: Window, found: Checkup) -> bool:
    """By which label its lines tell the services, and which there are."""
    logs.until = time.monotonic() + 4 * logs.source.timeout
    there, tried = {named(name): name for name in logs.names(hour)}, logs.source.whose.service
    for label in (there[named(one)] for one in tried if named(one) in there):
        found.label, found.services = label, _sorted(logs.values(label, hour))
        break
    if not found.services:
        had = f"it has {', '.join(sorted(there)[:8])}" if there else "no line came in the last hour"
        found.advice.append(f"no label of {', '.join(tried)}: {had}; name one in labels.service")
    return bool(found.services)


def _traces(source: Datasource, found: Checkup) -> HttpApi:
    traces, now = cast(Traces, connected([source])[0]), time.time()
    hour, tempo = Window(now - HOUR_S, now), source.type == "tempo"
    names = named_services(traces.api, hour) if tempo else traces.services(EVERYTHING, hour)
    found.services, found.label = _sorted(names), "service.name"
    if not found.services:
        found.advice.append("no service sent a span: look at the exporters of the services")
        return traces.api
    found.sees = frozenset(["traces"])
    service = "" if tempo else found.services[0]
    found.reaches_s = _reaches(lambda window: bool(traces.find(Question(service, window))))
    return traces.api


def _changes(source: Datasource, found: Checkup) -> HttpApi | None:
    """What changed within a week."""
    every, now = connected([source]), time.time()
    changes = next(one for one in every if one.modality == "changes")
    batch = changes.read(SourceQuery(window=Window(now - 7 * DAY_S, now)))
    kinds = {json.loads(line)["kind"] for line in batch.lines.splitlines()}
    found.services = _sorted([*source.jsonData.folders, source.jsonData.service])
    found.amount, found.unit = batch.rows, "changes/week"
    found.sees = frozenset(["changes"])
    found.advice += [text for text in (batch.gap, *batch.left_out) if text]
    if kinds == {"commit"}:
        found.advice.append("tells commits and not when they went out: tag deploys (jsonData.tags)")
    return getattr(changes, "api", None)  # a repository that lies here is asked by no HTTP


def _cluster(source: Datasource, found: Checkup) -> HttpApi | None:
    """What changed, and whether the logs of one service's pods may be read."""
    api, now = _changes(source, found), time.time()
    pods = next(one for one in connected([source]) if isinstance(one, Pods))
    try:
        if _told_apart(pods, Window(now - HOUR_S, now), found):
            one = Scope(frozenset(found.services[:1]))
            pods.read(SourceQuery(one, Window(now - MINUTE_S, now)))
            found.sees |= {"logs"}
    except TelemetryError as error:
        cure = "a reader of logs needs to list pods and get pods/log"
        found.advice.append(f"its pods' logs cannot be read, {error}; {cure}")
    return api


def _hub(source: Datasource, found: Checkup) -> HttpApi:
    """One question: the hour's limit of requests is short for those who do not sign in."""
    api = HttpApi(source)
    api.json("repos", *source.jsonData.repository.split("/"), params={})
    found.services = _sorted([*source.jsonData.folders, source.jsonData.service])
    found.sees = frozenset(["changes"])
    if source.authorization is None:
        found.advice.append("60 requests an hour without a token: give its `authorization`")
    return api


def _alerts(source: Datasource, found: Checkup) -> HttpApi:
    api = HttpApi(source)
    found.amount, found.unit = len(firing_at(source)), "firing"
    found.sees = frozenset(["alerts"])
    try:
        receivers = objects(api.json("api", "v2", "receivers", params={}))
    except TelemetryError:  # not everybody may see them
        return api
    if receivers and not any("warroom" in text(one, "name").lower() for one in receivers):
        found.advice.append("has no receiver warroom: `warroom connect alertmanager` prints it")
    return api


def _folder(source: Datasource, found: Checkup) -> None:
    folder = Path(source.url)
    if not folder.is_dir():
        raise TelemetryError(f"{folder} is no folder: name that of a bundle")
    found.sees = frozenset(name for name, glob in PATTERNS.items() if any(folder.glob(glob)))


def _received(source: Datasource, found: Checkup) -> None:
    folder = Path(source.url)
    found.sees = frozenset(name for name in MODALITIES if segments(folder, name))
    if not found.sees:
        found.advice.append("nothing was sent by OTLP yet: point exporters at `warroom serve`")


def _brought(_source: Datasource, _found: Checkup) -> None:
    """What another package reads: only that knows how to look at it."""


LOOKS: Mapping[str, Callable[[Datasource, Checkup], HttpApi | None]] = {
    "files": _folder,
    "otlp": _received,
    "prometheus": _metrics,
    "loki": _logs,
    "victorialogs": _logs,
    "elasticsearch": _logs,
    "journald": _logs,
    "tempo": _traces,
    "jaeger": _traces,
    "git": _changes,
    **dict.fromkeys(feeds(), _changes),
    "kubernetes": _cluster,
    "github": _hub,
    "alertmanager": _alerts,
}
"""By the kind of a datasource. Each fills in what it finds; the API that it asked."""


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))

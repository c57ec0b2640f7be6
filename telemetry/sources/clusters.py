"""A Kubernetes cluster as a source: what files hold of it, or what its API answers, asked anew with
each step and never watched; and the roll-outs in either, as changes.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

from ...cluster.canaries import told
from ...cluster.objects import Object
from ...cluster.revisions import HASH
from ...cluster.snapshot import LOG
from ...errors import InputError, KubernetesError, TelemetryError
from ...kube_api import ClusterAccess, KubeApi, api_of, path_of
from .cluster_files import is_dump
from .cluster_logs import LOGGED
from .cluster_rows import Row, gone, listed, row_of, rows_in
from .datasource import Datasource, SourceLabels
from .feed_table import feeds
from .feeds import Feed
from .live_logs import LiveLogs, Named, commands
from .source import About, Asked, Batch, SourceQuery

MODALITY = "kubernetes"
PATTERN, ANYWHERE = "kubernetes/*.json", "**/*"
"""Of a bundle; of a folder that holds nothing but dumps."""
FRESH_S = 5.0
"""What was asked so long ago is asked again: rings and steps come one upon the other."""
PAGE, MOST = 500, 20_000
"""Objects of one answer, and of one kind."""
KINDS = {
    "v1": "pods services endpoints events configmaps persistentvolumeclaims resourcequotas "
    "limitranges serviceaccounts replicationcontrollers",
    "apps/v1": "deployments replicasets statefulsets daemonsets controllerrevisions",
    "batch/v1": "jobs cronjobs",
    "autoscaling/v2": "horizontalpodautoscalers",
    "coordination.k8s.io/v1": "leases",
    "networking.k8s.io/v1": "networkpolicies ingresses",
    "metrics.k8s.io/v1beta1": "pods",
}
"""What lies in namespaces and is read, by version. Secrets are not: no right to them is asked for,
and what lacks one is told by events."""
OF_RELEASES = {"argoproj.io/v1alpha1": "rollouts analysisruns", "flagger.app/v1beta1": "canaries"}
"""The same of what only clusters have that release step by step."""
OF_CLUSTER = {
    "v1": "nodes namespaces persistentvolumes",
    "storage.k8s.io/v1": "storageclasses volumeattachments",
    "scheduling.k8s.io/v1": "priorityclasses",
    "node.k8s.io/v1": "runtimeclasses",
    "networking.k8s.io/v1": "ingressclasses",
    "certificates.k8s.io/v1": "certificatesigningrequests",
    "admissionregistration.k8s.io/v1": "validatingwebhookconfigurations "
    "mutatingwebhookconfigurations",
}
"""The same of what belongs to no namespace."""
SECONDS = 30.0
"""That one look may take."""
NOBODY, REFUSED, UNKNOWN, TOO_OLD = 401, 403, 404, 410
REVISIONS = {"replicasets": "ReplicaSet", "controllerrevisions": "ControllerRevision"}
ROLLED_OUT = ("Deployment", "Rollout", *REVISIONS.values())


@dataclass(frozen=True)
class ClusterFiles:
    """Dumps in a folder, a bundle's or one of kubectl's; read again once they are written anew."""

    root: Path
    pattern: str = PATTERN
    labels: Sequence[str] = SourceLabels().service
    modality = MODALITY
    whole = True
    revised: list[Row] = field(default_factory=list)
    """Of what was read, what tells of roll-outs."""
    unread: list[str] = field(default_factory=list)
    """Files that are no JSON, and why."""

    @property
    def name(self) -> str:
        """As a person knows it."""
        return f"{self.modality} of {self.root.name}"

    def files(self) -> list[Path]:
        """By name."""
        if not self.root.is_dir():
            return [self.root]
        return sorted(f for f in self.root.glob(self.pattern) if f.is_file() and is_dump(f))

    def logs(self) -> list[tuple[str, Path]]:
        """What pods said: (path in the folder, file), by name."""
        some = self.root.glob(self.pattern) if self.root.is_dir() else ()
        found = (one for one in some if one.suffix in LOGGED and one.is_file())
        return sorted((str(one.relative_to(self.root)), one) for one in found)

    def read(self, ask: SourceQuery) -> Batch:
        """All of it, where something was written. Raises TelemetryError for what is no JSON."""
        try:
            every = (*self.files(), *(file for _path, file in self.logs()))
            now = tuple((one, one.stat().st_mtime_ns, one.stat().st_size) for one in every)
        except OSError as error:
            cure = "name a folder that is there, or wait until it is written"
            raise TelemetryError(f"{error.filename}: {error.strerror}; {cure}") from error
        if ask.after == now:
            return Batch(after=now)
        self.revised.clear()
        self.unread.clear()
        batch = Batch.of(self._rows(), ask.budget, after=now)
        return replace(batch, left_out=(*batch.left_out, *self.unread))

    def _rows(self) -> Iterator[Row]:
        for row in rows_in(self.files(), self.labels, self.logs(), self.unread):
            if row["kind"] in ROLLED_OUT:
                self.revised.append(row)
            yield row


@dataclass
class LiveCluster:
    """One cluster, polled. What its account may not read is a named gap and keeps nothing else from
    being read."""

    access: ClusterAccess
    labels: Sequence[str] = SourceLabels().service
    modality = MODALITY
    whole = False
    asked: float = float("-inf")
    known: dict[Named, Row] = field(default_factory=dict)
    fresh: list[Row] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    lock: Any = field(default_factory=Lock)

    @property
    def name(self) -> str:
        """As a person knows it."""
        return f"kubernetes {self.access.name}"

    @property
    def source(self) -> Datasource:
        """As other backends have it."""
        return _where(self.access.name, SourceLabels(service=tuple(self.labels)))

    def queries(self, about: About) -> Iterator[Asked]:
        """By which a person asks the same."""
        context = f"--context {self.access.context} " if self.access.context else ""
        every = ",".join(dict.fromkeys(" ".join([*KINDS.values(), *OF_CLUSTER.values()]).split()))
        for space in self.access.namespaces or ("",):
            where = f"-n {space}" if space else "-A"
            yield Asked("kubectl", f"kubectl {context}get {every} {where} -o json")
        logs = [named for named in self.known if named[0] == LOG]
        yield from (Asked("kubectl", text) for text in commands(logs, context))

    def read(self, ask: SourceQuery) -> Batch:
        """What is otherwise than at the last look. Raises TelemetryError where nothing answers."""
        self.rows()
        with self.lock:
            rows, self.fresh = self.fresh, []
            return Batch.of(rows, ask.budget, after=True, left_out=tuple(self.missing))

    def rows(self) -> list[Row]:
        """Everything that is known of it. Raises TelemetryError as `read`."""
        with self.lock:
            if time.monotonic() - self.asked >= FRESH_S:
                try:
                    self.fresh += self._changed(api_of(self.access), time.time())
                except (KubernetesError, InputError) as error:
                    raise TelemetryError(str(error)) from error
                self.asked = time.monotonic()
            return list(self.known.values())

    def _changed(self, api: KubeApi, now: float) -> list[Row]:
        """Compared with the last look; of what was not read this time nothing is gone."""
        self.missing, until = [], time.monotonic() + SECONDS
        found, whole = dict[Named, Row](), set[str]()
        for version, resource, space in self._places():
            if time.monotonic() > until:
                self.missing.append(f"{resource} were not asked for: others took {SECONDS:g} s")
                continue
            for row in self._listed(api, path_of(version, resource, space), now):
                found[row["kind"], row["namespace"], row["name"]] = row
                whole.add(row["kind"].removesuffix("List"))
        if "Pod" in whole:
            logs = LiveLogs(api, self.labels, until)
            found |= logs.read(found.values(), self.known, now)
            self.missing += logs.missing
            whole.add(LOG)
        over = [r for n, r in self.known.items() if n[0] in whole and n not in found]
        last = {named: row["object"] for named, row in self.known.items()}
        new = [row for named, row in found.items() if last.get(named) != row["object"]]
        self.known = {n: r for n, r in self.known.items() if n[0] not in whole} | found
        return [*new, *(gone(row, now) for row in over)]

    def _places(self) -> Iterator[tuple[str, str, str]]:
        for space in self.access.namespaces or ("",):
            kinds = (KINDS | OF_RELEASES).items()
            yield from ((v, name, space) for v, names in kinds for name in names.split())
        yield from ((v, name, "") for v, names in OF_CLUSTER.items() for name in names.split())

    def _listed(self, api: KubeApi, path: tuple[str, ...], now: float) -> list[Row]:
        """All of a kind; nothing where it may not be read or is not served. A list that got too old
        while it was read is begun again, once."""
        for last in (False, True):
            try:
                return list(self._pages(api, path, now))
            except KubernetesError as error:
                if error.status in (0, NOBODY):
                    raise
                if error.status == TOO_OLD and not last:
                    continue
                if error.status != UNKNOWN and not _absent(api, path, error):
                    self.missing.append(str(error))
                return []
        return []

    def _pages(self, api: KubeApi, path: tuple[str, ...], now: float) -> Iterator[Row]:
        more, count, kind = None, 0, ""
        while more != "":
            answer = api.get(path, limit=PAGE, **{"continue": more})
            kind = str(answer.get("kind") or "").removesuffix("List")
            items = answer.get("items") or ()
            about = {"apiVersion": answer.get("apiVersion"), "kind": kind}
            for item in items:
                yield row_of({**about, **item}, now, self.labels, self.access.name)
            more = str((answer.get("metadata") or {}).get("continue") or "")
            count += len(items)
            if more and count >= MOST:
                self.missing.append(f"of {path[-1]} the first {count} were read: name namespaces")
                return
        yield listed(kind, now, self.access.name)


def _absent(api: KubeApi, path: tuple[str, ...], error: KubernetesError) -> bool:
    """Whether what may not be read is not served at all: rights are looked at first."""
    try:
        return error.status == REFUSED and path[0] == "apis" and not api.get(path[:3])
    except KubernetesError as answer:
        return answer.status == UNKNOWN


class RollOuts(Feed):
    """The changes that revisions tell of, out of objects that were read already."""

    def __init__(self, rows: Callable[[], Iterable[Row]], where: Datasource, whole: bool) -> None:
        super().__init__(where, feeds()["kubernetes"])
        self.rows, self.whole = rows, whole

    @property
    def name(self) -> str:
        """As a person knows it."""
        return f"roll-outs of {self.source.name}"

    def _ask(self, listing: Any, place: tuple[str, ...], params: dict[str, Any]) -> Any:
        every = [Object(row["object"]) for row in self.rows() if row["object"]]
        moved = {
            (one.namespace, one.name): one.condition("Progressing").get("lastUpdateTime")
            for one in every
            if one.kind == "Deployment"
        }
        of = [one for one in every if one.kind == REVISIONS.get(place[-1])]
        going = [one for one in every if one.kind == "Rollout" and told(one)]
        said = {o.text("status.currentPodHash"): f" ({told(o)}, when it was read)" for o in going}
        steps = {one: {"step": said.get(one.labels.get(HASH, ""))} for one in of}
        return {"items": [_dated(one, moved) | step for one, step in steps.items()]}


def _dated(one: Object, moved: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    """With when it was touched last, which kubectl leaves out: its Deployment says when it went on,
    and one that was rolled back to is in front again since then."""
    owner = next(iter(one.list("metadata.ownerReferences")), {}).get("name")
    last = moved.get((one.namespace, str(owner))) or one.get("metadata.creationTimestamp")
    metadata = {"managedFields": [{"time": last}], **one.fields("metadata")}
    return {**one.raw, "metadata": metadata}


def dumps(folder: Path) -> list[Any]:
    """The sources of a folder of kubectl's dumps, or of one file."""
    files = ClusterFiles(folder, ANYWHERE)
    return [files, RollOuts(lambda: files.revised, _where(folder.name, SourceLabels()), whole=True)]


def live_clusters(
    clusters: Sequence[ClusterAccess], labels: Sequence[str] = SourceLabels().service
) -> list[Any]:
    """The sources of these clusters; `labels` say whose an object is."""
    whose = SourceLabels(service=tuple(labels))
    found = list[Any]()
    for access in clusters:
        live = LiveCluster(access, whose.service)
        found += [live, RollOuts(live.rows, _where(access.name, whose), whole=False)]
    return found


def _where(name: str, labels: SourceLabels) -> Datasource:
    """For what reads changes: it is asked nothing."""
    plain = re.sub(r"[^\w.-]", "_", name)[:63] or "cluster"
    url = "http://kubernetes.invalid"
    return Datasource(name=plain, type="kubernetes", url=url, labels=labels)

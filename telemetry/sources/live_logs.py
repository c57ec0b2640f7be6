"""What containers of a live cluster said last, where they are not well: read by `pods/log`, within
bounds, and laid beside its objects as a dump's log files are."""

import re
import shlex
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...cluster.objects import Container, Object, containers, seconds, value
from ...cluster.snapshot import LOG
from ...errors import KubernetesError
from ...kube_api import KubeApi, path_of
from .cluster_logs import log_row, run_of
from .cluster_rows import Row, kept

CONTAINERS = 30
"""Of one look; of each workload's one before the second of any."""
BYTES, NEARLY = 64 * 2**10, 4096
"""Of one answer; it may be a little less."""
TAILS = (200, 50, 12, 3)
"""Lines that are asked for. A limit of bytes cuts the end of an answer, which is what counts: where
it did, fewer are asked for."""
LATELY_S = 1800.0
"""What was started again longer ago, and is ready, is over."""
TOLD = 3
"""Reasons for which a log was not read that are told one by one."""
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\S+ ?", re.M)
REFUSED = 403
Named = tuple[str, str, str]


@dataclass(frozen=True)
class Run:
    """One run of a container."""

    pod: Object
    container: str
    before: bool

    @property
    def over(self) -> str:
        """Which run it was, of one that says nothing more: its log is read once."""
        status = next(one.status for one in containers(self.pod) if one.name == self.container)
        return str(value(status, "lastState.terminated.containerID") or "") if self.before else ""

    @property
    def named(self) -> Named:
        """As its row is."""
        return LOG, self.pod.namespace, run_of(self.pod, self.container, self.before)


def runs_of(pods: Iterable[Object], now: float) -> tuple[list[Run], int]:
    """The runs to be read, and of how many containers none is, for there are so many."""
    turns, found = Counter[tuple[str, str, str]](), list[tuple[int, Object, Container]]()
    for pod in pods:
        over = pod.text("status.phase") == "Succeeded"
        for one in () if over else filter(lambda one: _unwell(one, now), containers(pod)):
            if _runs(one):
                owner = next(iter(pod.list("metadata.ownerReferences")), {}).get("name")
                turn = pod.namespace, str(owner or pod.name), one.name
                found.append((turns[turn], pod, one))
                turns[turn] += 1
    found.sort(key=lambda each: (each[0], each[2].ready))
    some = found[:CONTAINERS]
    runs = [Run(pod, one.name, before) for _turn, pod, one in some for before in _runs(one)]
    return runs, len(found) - len(some)


def _unwell(one: Container, now: float) -> bool:
    """Whether it is not ready, waits, or was started again lately."""
    ended = seconds(one.ended.get("finishedAt")) or now
    again = one.restarts > 0 and bool(one.ended) and now - ended < LATELY_S
    return bool(one.status) and (not one.ready or bool(one.waiting) or again)


def _runs(one: Container) -> list[bool]:
    """Whether it is the one before, of those that there are: what waits has none of its own."""
    before = [True] if value(one.status, "lastState.terminated") else []
    return [*before, False] if one.running or value(one.status, "state.terminated") else before


@dataclass
class LiveLogs:
    """Reads them once. Why one is not read is told, and keeps nothing else from being read."""

    api: KubeApi
    labels: Sequence[str]
    until: float  # by the monotonic clock
    missing: list[str] = field(default_factory=list)
    closed: set[str] = field(default_factory=set)  # namespaces without the right
    dark: set[str] = field(default_factory=set)  # nodes that do not answer

    def read(self, rows: Iterable[Row], known: Mapping[Named, Row], now: float) -> dict[Named, Row]:
        """Rows of the pods among these that are not well; as `known` where one was not read now."""
        pods = [Object(row["object"]) for row in rows if row["kind"] == "Pod"]
        runs, left = runs_of(pods, now)
        found = dict[Named, Row]()
        for run in runs:
            last = known.get(run.named)
            again = last is not None and run.over and last["object"].get("run") == run.over
            text = None if again else self._text(run)
            if text is None:
                found |= {run.named: last} if last else {}
            elif text.strip():
                row = log_row(run.pod, run.named[2], text, now, self.labels, self.api.access.name)
                found[run.named] = {**row, "object": kept(row["object"]) | {"run": run.over}}
        self._tell(left)
        return found

    def _text(self, run: Run) -> str | None:
        """None: it was not read."""
        node = run.pod.text("spec.nodeName")
        if run.pod.namespace in self.closed or node in self.dark:
            return None
        who = f"{run.pod.namespace}/{run.pod.name}/{run.container}"
        if time.monotonic() > self.until:
            self.missing.append(f"the log of {who} was not asked for: others took too long")
            return None
        try:
            text = self._tail(run)
        except KubernetesError as error:
            if error.status == REFUSED:
                self.closed.add(run.pod.namespace)
            elif error.status not in (400, 404):  # else it went meanwhile, and others are there
                self.dark.add(node)
            self.missing.append(f"the log of {who} was not read: {error}")
            return None
        if text and not STAMP.match(text):  # a node that cannot read it says so in its place
            self.missing.append(f"the log of {who} was not read: {text[:200].strip()}")
            return None
        return STAMP.sub("", text)

    def _tail(self, run: Run) -> str:
        path = path_of("v1", "pods", run.pod.namespace, run.pod.name, "log")
        asked = {"container": run.container, "timestamps": "true", "limitBytes": BYTES}
        asked |= {"previous": "true"} if run.before else {}
        text = ""
        for lines in TAILS:
            text = self.api.text(path, **asked, tailLines=lines)
            if len(text.encode()) < BYTES - NEARLY:
                break
        return text

    def _tell(self, left: int) -> None:
        if len(self.missing) > TOLD:
            more = len(self.missing) - TOLD
            self.missing[TOLD:] = [f"{more} more logs were not read, for such reasons"]
        if left:
            text = (
                f"of {CONTAINERS + left} containers that are not well {CONTAINERS} logs were read"
            )
            self.missing.append(text)


def commands(logs: Iterable[Named], context: str) -> Iterator[str]:
    """By which a person reads the same."""
    for _kind, space, name in logs:
        pod, container, *before = name.split("/")
        asked = ["kubectl", *context.split(), "logs", "-n", space, pod, "-c", container]
        asked += [f"--tail={TAILS[0]}", f"--limit-bytes={BYTES}"]
        yield shlex.join([*asked, *(["--previous"] if before else [])])

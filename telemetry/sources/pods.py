"""Logs of Kubernetes' pods, as `kubectl logs` reads them. A service is what a label of pods says.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod
A node keeps little of them (10 MB a container, and of those that ended the last one).
"""

import math
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...errors import TelemetryError
from ..model import Window
from .datasource import Credentials, Datasource, TlsConfig
from .http import SHAPE, Refused
from .log_lines import Line, rfc3339, unix_ns
from .log_streams import LogStreams, Stream
from .logs import Whose
from .source import Batch, SourceQuery

MOST_PODS, PODS_A_PAGE = 5000, 500
MOST_CONTAINERS = 30
"""Of one service; those that ended come first, then the youngest."""
PAGE_BYTES, NEARLY = 512 * 1024, 4096
"""Of one answer; it may be a little less, and end within a line."""
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its own token, and the authority of its cluster."""


@dataclass(frozen=True)
class Container:
    """One run of a container."""

    namespace: str
    pod: str
    name: str
    node: str
    service: str
    began_ns: int
    previous: bool  # the one before the one that runs
    ended: bool


class Pods(LogStreams):
    """The logs of the pods of one namespace, or of all."""

    language = "kubectl"

    def __init__(self, source: Datasource) -> None:
        super().__init__(source)
        self.pods: list[dict[str, Any]] = []
        self.dark: set[str] = set()  # nodes that do not answer
        self.answered = False  # some container did

    def read(self, ask: SourceQuery) -> Batch:
        """With the pods that there are now. Raises TelemetryError where none can be read."""
        self.pods, self.dark, self.answered = [], set(), False
        batch = super().read(ask)
        if self.missing and not self.answered:
            raise TelemetryError(self.missing[0])
        return batch

    def names(self, window: Window) -> Iterable[str]:
        """The labels of pods."""
        return {name for pod in self._pods() for name in _labels(pod)}

    def values(self, label: str, window: Window) -> Iterable[str]:
        """The values of one."""
        return {_labels(pod).get(label, "") for pod in self._pods()}

    def select(self, whose: Whose) -> str:
        """As a command."""
        services = f" in ({','.join(whose.services)})" if whose.services else ""
        namespace = self.source.jsonData.namespace
        where = ["-n", namespace] if namespace else []
        chosen = ["-l", f"{whose.label}{services}", "--all-containers", "--prefix", "--timestamps"]
        return shlex.join(["kubectl", "logs", *where, *chosen])

    def streams(self, whose: Whose, window: Window, said: list[str]) -> Sequence[Stream]:
        """One of each container, and of the one before it where it was restarted."""
        wanted, start_ns = set(whose.services), int(window.start * 1e9)
        try:
            found = [
                container
                for pod in self._pods()
                if (service := _labels(pod).get(whose.label))
                if not wanted or service in wanted
                for container in _containers(pod, service, start_ns)
            ]
        except SHAPE as error:
            raise self._odd() from error
        if len(self.pods) >= MOST_PODS:
            said.append(f"of {MOST_PODS} pods and more not all are looked at: name a namespace")
        found.sort(key=lambda one: (one.ended, one.began_ns), reverse=True)
        if len(found) > MOST_CONTAINERS:
            self.crowded = True
            who = ", ".join(whose.services[:3]) or "all services"
            said.append(f"of {who}, logs of {MOST_CONTAINERS} containers of {len(found)} are here")
        return [partial(self._lines, one, whose.label) for one in found[:MOST_CONTAINERS]]

    def _pods(self) -> list[dict[str, Any]]:
        namespace = self.source.jsonData.namespace
        place = ("namespaces", namespace, "pods") if namespace else ("pods",)
        more = "" if not self.pods else None
        while more is not None and len(self.pods) < MOST_PODS:
            asked = {"limit": PODS_A_PAGE, **({"continue": more} if more else {})}
            page = self.api.json("api", "v1", *place, params=asked, seconds=self.seconds)
            try:
                self.pods += [pod for pod in page["items"] if pod["metadata"]["name"]]
                more = page["metadata"].get("continue") or None
            except SHAPE as error:
                raise self._odd() from error
        return self.pods

    def _lines(self, one: Container, label: str, window: Window) -> Iterator[Line]:
        """Of one container; why there are none is a gap beside those of the others."""
        if one.node in self.dark:
            return
        try:
            yield from self._read(one, label, window)
        except Refused as error:
            if not one.previous or error.status != 400:  # else it is gone by now
                self.missing.append(f"{one.pod}/{one.name}: {error}")
        except TelemetryError as error:
            self.dark.add(one.node)
            self.missing.append(f"{one.pod}/{one.name} and others of its node: {error}")

    def _read(self, one: Container, label: str, window: Window) -> Iterator[Line]:
        since, newest = math.floor(window.start), 0
        while since < window.end:
            texts, whole = self._page(one, since)
            lines = [line for text in texts if (line := self._line(one, text, label))]
            if not whole:  # what has the last one's time may go on behind the end
                lines = [line for line in lines if line.ns < lines[-1].ns]
            for line in lines:
                if line.ns >= window.end * 1e9:
                    return
                if line.ns > newest and line.ns >= window.start * 1e9:
                    yield line
            if whole or not lines:
                self.crowded |= not whole
                return
            newest = lines[-1].ns
            self.crowded |= newest // 10**9 == since
            since = max(newest // 10**9, since + (newest // 10**9 == since))

    def _page(self, one: Container, since: int) -> tuple[list[str], bool]:
        """Lines from a second on, and whether they are all."""
        place = ("namespaces", one.namespace, "pods", one.pod, "log")
        asked = {"container": one.name, "timestamps": "true", "limitBytes": PAGE_BYTES}
        asked |= {"sinceTime": rfc3339(since * 10**9), "previous": str(one.previous).lower()}
        body = self.api.ask("api", "v1", *place, params=asked, seconds=self.seconds)
        self.answered = True
        whole = len(body) < PAGE_BYTES - NEARLY
        texts = body.decode(errors="replace").split("\n")
        return [text for text in texts[: None if whole else -1] if text], whole

    def _line(self, one: Container, text: str, label: str) -> Line | None:
        """None for what is no line: a node that cannot read a log says so in its place."""
        at, _, said = text.partition(" ")
        known = {"namespace": one.namespace, "pod": one.pod, "container": one.name}
        try:
            return Line(unix_ns(at), {label: one.service, **known}, said)
        except ValueError:
            self.missing.append(f"{one.pod}/{one.name}: {text[:200]}")
            return None

    def _odd(self) -> TelemetryError:
        return TelemetryError("answered no pods: is it really kubernetes?")


def _labels(pod: dict[str, Any]) -> dict[str, str]:
    return pod["metadata"].get("labels") or {}


def _containers(pod: dict[str, Any], service: str, start_ns: int) -> Iterator[Container]:
    """Those that ran at some time since then."""
    status, metadata = pod.get("status") or {}, pod["metadata"]
    kinds = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    for one in (one for kind in kinds for one in status.get(kind) or ()):
        now, before = one.get("state") or {}, (one.get("lastState") or {}).get("terminated")
        # While one waits to be started again, the last one is read as if it were running
        runs = [(before if before and "waiting" in now else next(iter(now.values()), {}), False)]
        runs += [(before, True)] if before and "waiting" not in now else []
        for run, previous in runs:
            began, ended = (_ns(run.get(name)) for name in ("startedAt", "finishedAt"))
            if began and (not ended or ended >= start_ns):
                who = (metadata.get("namespace", ""), metadata["name"], one["name"])
                node = (pod.get("spec") or {}).get("nodeName", "")
                yield Container(*who, node, service, began, previous, bool(ended))


def _ns(text: Any) -> int:
    try:
        return unix_ns(str(text))
    except ValueError:
        return 0


def in_cluster(source: Datasource) -> Datasource:
    """Known by the service account of the pod that it runs in, where nothing else is named."""
    inside = urlsplit(source.url).hostname == "kubernetes.default.svc"
    if not inside or source.authorization or source.basic_auth:
        return source
    known = {
        "authorization": Credentials(credentials_file=ACCOUNT / "token"),
        "tls_config": TlsConfig(ca_file=ACCOUNT / "ca.crt"),
    }
    return source.model_copy(update=known)

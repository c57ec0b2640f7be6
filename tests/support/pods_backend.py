"""A fake of the part of Kubernetes' API that lists pods and reads their logs."""

import re
from pathlib import Path
from typing import Any
from zlib import crc32

from warroom.telemetry.sources.log_lines import rfc3339, unix_ns
from warroom.tests.support.http_backends import Question, Reply
from warroom.tests.support.log_backends import Entry, LogBackend

PAGE = 2
"""Pods of one answer at most, whatever is asked for."""


class PodsBackend(LogBackend):
    """One pod for each set of labels, with one container. Logs of a pod can be refused."""

    service = "app.kubernetes.io/name"

    def __init__(self, _root: Path | None = None) -> None:
        super().__init__()
        self.refused: dict[str, Reply] = {}  # by the service of a pod
        self.dark: set[str] = set()  # pods whose node is gone
        self.status: dict[str, Any] = {}
        """Of the container of each pod, where it does not just run."""
        self.ended: list[Entry] = []
        """Of the containers before."""

    def write(self, modality: str, *rows: dict[str, Any]) -> None:
        """A level stands in the line."""
        for row in rows if modality == "logs" else ():
            labels = dict(row.get("labels", {}))
            level = labels.pop("level", "")
            text = f'level={level} msg="{row["message"]}"' if level else row["message"]
            super().write("logs", {**row, "labels": labels, "message": text})

    def _answer(self, question: Question) -> Reply:
        pods = self._pods()
        listed = re.fullmatch(r"/api/v1(/namespaces/shop)?/pods", question.path)
        if listed:
            start = int(question.get("continue", "0"))
            page = list(pods.values())[start : start + PAGE]
            more = {"continue": str(start + PAGE)} if start + PAGE < len(pods) else {}
            return Reply({"kind": "PodList", "metadata": more, "items": page})
        log = re.fullmatch(r"/api/v1/namespaces/shop/pods/(pod-\w+)/log", question.path)
        if not log or log[1] not in pods or question["container"] != "main":
            return Reply({"kind": "Status", "message": "not found"}, 404)
        if log[1] in self.dark:
            return Reply({"kind": "Status", "message": "the node is gone"}, 500)
        return self._log(pods[log[1]]["metadata"]["labels"], question)

    def _pods(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for one in sorted(self.entries, key=lambda one: one.ns):
            name = _pod(one.labels)
            running = {"running": {"startedAt": rfc3339(one.ns)[:-11] + "Z"}}
            status = {"name": "main", "state": running, "lastState": {}, **self.status}
            metadata = {"name": name, "namespace": "shop", "labels": one.labels}
            found.setdefault(
                name,
                {
                    "metadata": metadata,
                    "spec": {"nodeName": f"node-{name}"},
                    "status": {"containerStatuses": [status]},
                },
            )
        return found

    def _log(self, labels: dict[str, str], question: Question) -> Reply:
        if refused := self.refused.get(labels.get(self.service, "")):
            return refused
        since = unix_ns(question["sinceTime"]) // 10**9 * 10**9  # whole seconds, on the way
        entries = self.ended if question["previous"] == "true" else self.entries
        if question["previous"] == "true" and not entries:
            return Reply({"message": "previous terminated container not found"}, 400)
        own = [one for one in entries if one.labels == labels and one.ns >= since]
        text = "".join(f"{rfc3339(one.ns)} {one.text}\n" for one in own)
        return Reply(text.encode()[: int(question["limitBytes"])])


def _pod(labels: dict[str, str]) -> str:
    return f"pod-{crc32(repr(sorted(labels.items())).encode())}"

"""A Kubernetes API on loopback that only lists what it is given, and reads logs."""

import re
from typing import Any

from warroom.tests.support.http_backends import HttpBackend, Question, Reply

LOG = re.compile(r"/api/v1/namespaces/[^/]+/pods/([^/]+)/log")
AT = "2026-11-30T10:00:00.000000000Z"


class ListingApi(HttpBackend):
    """Lists what it is given, an object a page; what it does not know is not served."""

    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.refused: dict[str, int] = {}
        self.too_old = 0
        self.logs: dict[str, list[str]] = {}  # lines by pod/container, pod/container/previous

    def answer(self, question: Question) -> Reply:
        if log := LOG.fullmatch(question.path):
            return self._log(log[1], question)
        kind = question.path.rpartition("/")[2]
        if status := self.refused.get(kind):
            text = f'cannot list resource "{kind}" in API group "" in the namespace "shop"'
            return Reply({"kind": "Status", "message": text}, status)
        if kind not in self.lists or "/namespaces/other/" in question.path:
            return Reply({"kind": "Status", "message": "not found"}, 404)
        start = int(question.get("continue", "0"))
        if start and self.too_old:
            self.too_old -= 1
            return Reply({"kind": "Status", "message": "continue is too old"}, 410)
        some, left = self.lists[kind][start : start + 1], len(self.lists[kind]) - start - 1
        items = [{k: v for k, v in one.items() if k != "kind"} for one in some]
        name = some[0]["kind"] if some else "Pod"
        more = {"continue": str(start + 1)} if left > 0 else {}
        return Reply({"kind": f"{name}List", "apiVersion": "v1", "metadata": more, "items": items})

    def _log(self, pod: str, question: Question) -> Reply:
        """As a kubelet does: from so many lines before the end on, so many bytes."""
        if status := self.refused.get("log", self.refused.get(pod)):
            return Reply({"kind": "Status", "message": f"no log of {pod}"}, status)
        before = "/previous" if question.get("previous") else ""
        lines = self.logs.get(f"{pod}/{question['container']}{before}")
        if lines is None:
            return Reply({"kind": "Status", "message": "container not found"}, 400)
        some = lines[-int(question["tailLines"]) :]
        text = "".join(f"{AT} {line}\n" for line in some)
        return Reply(text.encode()[: int(question["limitBytes"])])

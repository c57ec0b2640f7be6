"""One fake for all the tools of feeds.yaml: it serves their documented examples."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from warroom.tests.support.change_backends import FOLDERS, iso
from warroom.tests.support.feed_examples import EXAMPLES, Example
from warroom.tests.support.http_backends import HttpBackend, Question, Reply

Row = dict[str, Any]


class FeedBackend(HttpBackend):
    """Answers by path; another list of the same tool is empty."""

    modality = "changes"

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.json_data: Row = {"folders": FOLDERS}
        if kind in ("github", "gitlab"):
            self.json_data["repository"] = "shop/shop"
        self.answers: dict[str, Any] = {}
        for example in EXAMPLES[kind].values():
            empty = [] if isinstance(example.answer, list) else {key: [] for key in example.answer}
            self.answers[example.path] = empty

    def serve(self, example: Example) -> None:
        """Answer with this from now on."""
        self.answers |= {example.path: example.answer, **example.looks}

    def fail(self) -> None:
        """Be down from now on."""
        self.close()

    def answer(self, question: Question) -> Reply:
        """What lies there; pages beyond the first are empty."""
        selected = f"{question.path}?{question.get('labelSelector')}"
        for path in (selected, question.path):
            if path in self.answers:
                return Reply(self.answers[path])
        return Reply({"message": "Not Found"}, 404)


class WrittenFeed(FeedBackend):
    """Rows of the contract's tests, each in place of what a documented entry says."""

    def __init__(self, kind: str, what: str, entry: Callable[[Any, Row, int], Row]) -> None:
        super().__init__(kind)
        self.example = EXAMPLES[kind][what]
        self.entry = entry
        self.rows: list[Row] = []
        self.show()

    def write(self, modality: str, *rows: Row) -> None:
        """An entry each, newest first."""
        self.rows += rows if modality == "changes" else ()
        self.show()

    def show(self) -> None:
        """Answer with all of them."""
        answer = deepcopy(self.example.answer)
        told = answer if isinstance(answer, list) else answer[LISTS[self.kind]]
        kept, numbered = deepcopy(told[-1]), sorted(enumerate(self.rows), key=lambda n: n[1]["at"])
        told[:] = [self.entry(deepcopy(kept), row, number) for number, row in reversed(numbered)]
        self.answers[self.example.path] = answer


LISTS = {"argocd": "items", "kubernetes": "items", "launchdarkly": "items", "unleash": "events"}


def _commit(entry: Row, row: Row, number: int) -> Row:
    return entry | {
        "id": f"{number:040x}",
        "committed_date": iso(row["at"]),
        "message": row["summary"],
    }


def _sync(entry: Row, row: Row, number: int) -> Row:
    entry["metadata"] |= {"name": row["service"], "uid": f"u{number}"}
    source = {"repoURL": "https://git/shop", "path": "apps"}
    facts = {"revision": row["summary"], "deployedAt": iso(row["at"]), "source": source}
    return entry | {"status": {"history": [{"id": 1, **facts}]}}


def _flag(entry: Row, row: Row, number: int) -> Row:
    name = f"{FOLDERS[row['service']]}-flag"
    facts = {"_id": f"{number:024x}", "date": int(row["at"] * 1000), "name": name}
    return entry | facts | {"target": {"name": name}, "description": row["summary"]}


def _event(entry: Row, row: Row, number: int) -> Row:
    tags = [{"type": "service", "value": row["service"]}]
    facts = {"id": number, "type": "feature-archived", "createdAt": iso(row["at"]), "tags": tags}
    return entry | facts | {"featureName": row["summary"]}


def _replica_set(entry: Row, row: Row, number: int) -> Row:
    about, uid = entry["metadata"], f"{number:08x}"
    about |= {"uid": uid, "creationTimestamp": iso(row["at"]), "labels": {"app": row["service"]}}
    about["ownerReferences"][0] |= {"uid": uid, "name": "it"}
    entry["spec"]["template"]["spec"]["containers"][0]["image"] = row["summary"]
    return entry


class GitLabFeed(WrittenFeed):
    """Its commits, with the file that each changed."""

    def __init__(self, _root: Path) -> None:
        super().__init__("gitlab", "commits", _commit)

    def show(self) -> None:
        """Answer with all of them."""
        super().show()
        for number, row in enumerate(self.rows):
            changed = [{"new_path": f"{FOLDERS[row['service']]}/x", "diff": ""}]
            self.answers[f"{self.example.path}/{number:040x}/diff"] = changed


WRITTEN: dict[str, Callable[[Path], Any]] = {
    "gitlab": GitLabFeed,
    "argocd": lambda _root: WrittenFeed("argocd", "syncs", _sync),
    "launchdarkly": lambda _root: WrittenFeed("launchdarkly", "audit log entries", _flag),
    "unleash": lambda _root: WrittenFeed("unleash", "events", _event),
    "kubernetes/changes": lambda _root: WrittenFeed("kubernetes", "rollouts", _replica_set),
}
"""By the kind of a datasource."""

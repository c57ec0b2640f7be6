"""Fakes of Elasticsearch and OpenSearch, made from their published APIs as far as those are needed
here: fields, counts, values, searches in a point in time. What they do not know is refused."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from warroom.telemetry.sources.log_lines import rfc3339, unix_ns
from warroom.tests.support.http_backends import Question, Reply
from warroom.tests.support.log_backends import Entry, LogBackend

KEYWORDS = ("service.name", "log.level")
"""Labels that are mapped as such; others are text with a keyword beside it, as by default."""


class ElasticsearchBackend(LogBackend):
    """Breaks ties in a point in time."""

    service = "service.name"
    version: dict[str, Any] = {  # noqa: RUF012
        "version": {"number": "8.17.0", "build_flavor": "default"},
        "tagline": "You Know, for Search",
    }
    opening, point = "/_pit", "id"

    def __init__(self, _root: Path | None = None) -> None:
        super().__init__()
        self.points: dict[str, list[Entry]] = {}
        self.opened = 0
        self.failed_shards = 0
        self.clashing = False  # an index has the service as text, with a keyword beside it

    def _answer(self, question: Question) -> Reply:
        path, body = question.path, json.loads(question.body or "{}")
        if path == "/":
            return Reply(self.version)
        if path.endswith(self.opening):
            return self._pointed(question, body)
        if path == "/_search":
            return self._searched(body)
        index, _, what = path.strip("/").partition("/")
        if index != "logs-*":
            return Reply({"error": {"reason": f"no such index [{index}]"}}, 404)
        if what == "_field_caps":
            return Reply({"indices": ["logs-a"], "fields": self._fields()})
        found = [one for one in self.entries if self.matches(body["query"], one)]
        if what == "_count":
            return Reply({"count": len(found), "_shards": {"total": 1, "failed": 0}})
        if what != "_search" or body["size"] != 0:
            return Reply({"error": {"reason": f"unknown {what}"}}, 400)
        asked = body["aggs"]["values"]["terms"]
        if self.clashing and asked["field"] == "service.name":
            raise ValueError("Text fields are not optimised for operations: [service.name]")
        counts = Counter(self.value(asked["field"], one) for one in found)
        buckets = [{"key": key, "doc_count": n} for key, n in counts.items() if key]
        return Reply({"aggregations": {"values": {"buckets": buckets[: asked["size"]]}}})

    def _pointed(self, question: Question, body: Any) -> Reply:
        if question.method == "DELETE":
            closed = body[self.point]
            for one in [closed] if isinstance(closed, str) else closed:
                del self.points[one]
            return Reply({"succeeded": True})
        if question.method != "POST" or question.body or not question["keep_alive"]:
            return Reply({"error": {"reason": "POST without a body, with keep_alive"}}, 400)
        self.opened += 1
        self.points[f"point {self.opened}"] = sorted(self.entries, key=lambda one: one.ns)
        return Reply({self.point: f"point {self.opened}"})

    def _searched(self, body: Any) -> Reply:
        if body["sort"] != [{"@timestamp": {"order": "asc", "numeric_type": "date_nanos"}}]:
            raise ValueError("indexes of both precisions are sorted wrongly")
        view, after = self.points[body["pit"]["id"]], body.get("search_after")
        numbered = [(self.sort(number, one), number, one) for number, one in enumerate(view)]
        found = [
            {"_index": "logs-a", "_id": str(number), "sort": sort, "_source": self.document(one)}
            for sort, number, one in numbered
            if self.matches(body["query"], one) and (not after or sort > after)
        ]
        shards = {"total": 3, "successful": 3, "failed": self.failed_shards}
        hits = {"hits": found[: body["size"]]}
        return Reply({"pit_id": body["pit"]["id"], "_shards": shards, "hits": hits})

    def sort(self, number: int, one: Entry) -> list[int]:
        """What a document is sorted by."""
        return [one.ns, number]

    def document(self, one: Entry) -> dict[str, Any]:
        """As it was indexed: some names with dots, some nested."""
        labels = dict(one.labels)
        service = {"service": {"name": labels.pop("service.name", "")}}
        return {"@timestamp": rfc3339(one.ns), "message": one.text, **labels, **service}

    def _fields(self) -> dict[str, Any]:
        kinds = {"@timestamp": "date", "message": "text", "service": "object"}
        for name in {name for one in self.entries for name in one.labels}:
            known = name in KEYWORDS
            kinds |= {name: "keyword"} if known else {name: "text", f"{name}.keyword": "keyword"}
        known = {name: {kind: {"type": kind}} for name, kind in kinds.items()}
        if self.clashing:
            known["service.name"] |= {"text": {"type": "text"}}
            known["service.name.keyword"] = {"keyword": {"type": "keyword"}}
        return known

    def value(self, field: str, one: Entry) -> str:
        """Of a field that can be compared."""
        name = field.removesuffix(".keyword")
        if field not in (*KEYWORDS, f"{name}.keyword"):
            raise ValueError(f"Text fields are not optimised for operations: [{field}]")
        return one.labels.get(name, "")

    def matches(self, query: dict[str, Any], one: Entry) -> bool:
        """The query language, as far as it is needed."""
        ((kind, asked),) = query.items()
        if kind == "bool":
            each = all(self.matches(part, one) for part in asked.get("filter", ()))
            none = not any(self.matches(part, one) for part in asked.get("must_not", ()))
            some = [self.matches(part, one) for part in asked.get("should", ())]
            return each and none and (any(some) or not some)
        if kind == "exists":
            return bool(self.value(asked["field"], one))
        ((field, wanted),) = asked.items()
        if kind == "range":
            return unix_ns(wanted["gte"]) <= one.ns < unix_ns(wanted["lt"])
        if kind == "terms":
            return self.value(field, one) in wanted
        words = re.findall(r"\w+", one.text.lower())
        if kind == "match_phrase":
            return f" {wanted} " in f" {' '.join(words)} "
        if kind != "regexp":
            raise ValueError(f"unknown query [{kind}]")
        texts = words if field == "message" else [self.value(field, one)]
        return any(re.fullmatch(wanted["value"], text, re.I) for text in texts)


class OpenSearchBackend(ElasticsearchBackend):
    """Breaks none."""

    version = {  # noqa: RUF012
        "version": {"distribution": "opensearch", "number": "2.19.6"},
        "tagline": "The OpenSearch Project: https://opensearch.org/",
    }
    opening, point = "/_search/point_in_time", "pit_id"

    def sort(self, number: int, one: Entry) -> list[int]:
        """By its time alone."""
        return [one.ns]

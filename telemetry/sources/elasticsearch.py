"""Logs of Elasticsearch (7.12 and later) and OpenSearch (2.4 and later): JSON queries over HTTP.

https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-open-point-in-time and
https://docs.opensearch.org/latest/search-plugins/searching-data/point-in-time-api/: lines are read
from a point in time, page after page by `search_after`. The two open it at different addresses.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

from ...cluster.objects import named
from ...errors import TelemetryError
from ..model import Window
from .datasource import Datasource, SourceLabels
from .http import SHAPE, Refused
from .log_lines import FIELDS, Line, first_of, rfc3339
from .logs import OTHERS, WRONG, LogSource, Whose
from .source import Source

PREFIX = re.compile(r"^(resource\.attributes|kubernetes\.labels|resource|attributes|labels)\.")
"""What stands before a label's own name, in documents of OpenTelemetry, Fluent Bit and Beats."""
INSTANCES = ("kubernetes.pod.name", "host.name", "container.id")
"""Names of the Elastic Common Schema that others do not have."""
SHIPPERS = ("agent.", "ecs.", "input.", "data_stream.", "event.ingested", "host.os.")
"""What those who shipped a line say of themselves."""
EXACT = {"keyword", "constant_keyword", "wildcard"}
SEARCHED = {"text", "match_only_text", *EXACT}
NANOSECONDS = "strict_date_optional_time_nanos"
KEPT = "1m"
"""How long a point in time outlives its last question."""
MOST_VALUES = 10_000


class Elasticsearch(LogSource):
    """The logs of some indexes. A query is JSON of the query language, as text."""

    language = "elasticsearch"

    def __init__(self, source: Datasource) -> None:
        usual = source.whose
        service = tuple(dict.fromkeys(map(_label, usual.service)))
        instance = (*map(_label, usual.instance), *INSTANCES)
        labels = SourceLabels(service=service, instance=instance)
        super().__init__(source.model_copy(update={"labels": labels}))
        self.exact: dict[str, list[str]] = {}
        """The fields by which a label is compared as a whole; indexes differ in them."""
        self.told: tuple[list[str], list[str]] = [], []
        """Fields that hold a message, a level."""

    def names(self, window: Window) -> Iterable[str]:
        """The labels that documents have and can be searched by."""
        data = self.source.jsonData
        found = self._asked(data.index, "_field_caps", params={"fields": "*"})
        try:
            kinds = {name: set(known) for name, known in found["fields"].items()}
        except SHAPE as error:
            raise self._odd("no fields") from error
        if data.timeField not in kinds:
            raise TelemetryError(
                f"holds no {data.timeField} in {data.index}: name the datasource's jsonData.index "
                "and jsonData.timeField"
            )
        self.exact = defaultdict(list)
        for name in (name for name, known in kinds.items() if known & EXACT):
            self.exact[_label(name.removesuffix(".keyword"))].append(name)
        messages = {named(name) for name in (*FIELDS.message, data.logMessageField)}
        levels = {named(name) for name in (*FIELDS.level, _label(data.logLevelField))}
        self.told = (
            [name for name, known in kinds.items() if named(name) in messages and known & SEARCHED],
            [one for label, names in self.exact.items() if named(label) in levels for one in names],
        )
        return self.exact

    def values(self, label: str, window: Window) -> Iterable[str]:
        """The values of one. An index that has a field as text does not count it: others do."""
        found = set[str]()
        for field in self.exact[label]:
            counted = {"values": {"terms": {"field": field, "size": MOST_VALUES}}}
            body = {"size": 0, "query": self._in(window), "aggs": counted}
            try:
                answer = self._asked(self.source.jsonData.index, "_search", body=body)
                found |= {str(one["key"]) for one in answer["aggregations"]["values"]["buckets"]}
            except Refused as error:
                if error.status != 400:
                    raise
            except SHAPE as error:
                raise self._odd("no values") from error
        return found

    def select(self, whose: Whose) -> str:
        """By the whole value of a field."""
        fields = self.exact[whose.label]
        if not whose.services:
            return json.dumps(_any([{"exists": {"field": field}} for field in fields]))
        return json.dumps(_any([{"terms": {field: whose.services}} for field in fields]))

    def kinds(self, whose: Whose) -> dict[str, str]:
        """Those that tell of something wrong, by their words or by their level; the others."""
        messages, levels = self.told
        phrases = [one for one in FIELDS.telling.split("|") if " " in one]
        wrong = [
            *(_like(name, f".*({FIELDS.telling}).*|err") for name in messages),  # word by word
            *({"match_phrase": {name: one}} for name in messages for one in phrases),
            *(_like(name, FIELDS.telling_levels) for name in levels),
        ]
        told, selected = _any(wrong), json.loads(self.select(whose))
        parts = {
            WRONG: {"filter": [selected, told]},
            OTHERS: {"filter": [selected], "must_not": [told]},
        }
        return {kind: json.dumps({"bool": part}) for kind, part in parts.items()}

    def count(self, query: str, window: Window, rough: bool = False) -> int:
        """Exactly: it is quick at it."""
        asked = {"query": self._in(window, json.loads(query))}
        try:
            return int(self._asked(self.source.jsonData.index, "_count", body=asked)["count"])
        except SHAPE as error:
            raise self._odd("no count") from error

    def first(self, query: str, window: Window, most: int) -> Iterator[Line]:
        """Page by page. OpenSearch breaks no ties: a page's last moment is asked for again."""
        seen, given, after = set[tuple[str, str]](), 0, list[Any]()
        with self._point() as point:
            while given < most:
                try:
                    hits = self._hits(point, self._in(window, json.loads(query)), after)
                    new = [hit for hit in hits if (hit["_index"], hit["_id"]) not in seen]
                    yield from map(self._line, new[: most - given])
                    seen = {(hit["_index"], hit["_id"]) for hit in hits}
                    earlier = [hit for hit in hits if hit["sort"][0] < hits[-1]["sort"][0]]
                except SHAPE as error:
                    raise self._odd("no lines") from error
                given += len(new)
                if len(hits) < self.source.jsonData.maxLines:
                    return
                self.crowded |= not earlier and len(hits[-1]["sort"]) == 1
                after = (earlier or hits)[-1]["sort"]

    @contextmanager
    def _point(self) -> Iterator[dict[str, str]]:
        """A point in time, let go at the end."""
        path, key = self._opening
        opened = self._asked(
            self.source.jsonData.index, *path, params={"keep_alive": KEPT}, method="POST"
        )
        if not isinstance(opened, dict) or not isinstance(opened.get(key), str):
            raise self._odd("no point in time")
        point = {"id": opened[key], "keep_alive": KEPT}
        try:
            yield point
        finally:
            closed = {key: point["id"] if key == "id" else [point["id"]]}
            with suppress(TelemetryError):  # it ends by itself
                self._asked(*path, body=closed, method="DELETE")

    @cached_property
    def _opening(self) -> tuple[tuple[str, ...], str]:
        """The address of points in time, and what it calls one."""
        try:
            found = self._asked()
            told = [found["version"].get("distribution"), found.get("tagline")]
        except Refused:  # not everybody may see which it is
            told = []
        except SHAPE as error:
            raise self._odd("nothing of its version") from error
        if "opensearch" in str(told).casefold():
            return ("_search", "point_in_time"), "pit_id"
        return ("_pit",), "id"

    def _hits(self, point: dict[str, str], query: Any, after: list[Any]) -> list[dict[str, Any]]:
        """One page, oldest first."""
        order = {"order": "asc", "numeric_type": "date_nanos"}  # indexes may differ in precision
        asked = {
            "size": self.source.jsonData.maxLines,
            "track_total_hits": False,
            "pit": point,
            "query": query,
            "sort": [{self.source.jsonData.timeField: order}],
            **({"search_after": after} if after else {}),
        }
        found = self._asked("_search", body=asked)
        point["id"] = found.get("pit_id", point["id"])
        if failed := found.get("_shards", {}).get("failed", 0) or found.get("timed_out"):
            self.missing.append(f"answered in part: {int(failed)} of its shards failed")
        return found["hits"]["hits"]

    def _line(self, hit: dict[str, Any]) -> Line:
        data = self.source.jsonData
        document = dict(_flat("", hit.get("_source") or {}))
        message = document.pop(data.logMessageField, "") or first_of(document, FIELDS.message)
        level = {"level": document.pop(data.logLevelField, "")} if data.logLevelField else {}
        names = [one for one in document if not one.startswith((data.timeField, *SHIPPERS))]
        names.sort(key=lambda name: not PREFIX.match(name))  # a plain name before the same with one
        labels = {_label(name): document[name] for name in names} | level
        return Line(int(hit["sort"][0]), labels, message or json.dumps(hit.get("_source")))

    def _in(self, window: Window, query: Any = None) -> dict[str, Any]:
        """What matches within a window."""
        start, end = (rfc3339(int(at * 1e9)) for at in (window.start, window.end))
        between = {"gte": start, "lt": end, "format": NANOSECONDS}
        within = {"range": {self.source.jsonData.timeField: between}}
        return {"bool": {"filter": [within, query] if query else [within]}}

    def _asked(self, *path: str, **asked: Any) -> Any:
        return self.api.json(*path, **asked, seconds=self.seconds)

    def _odd(self, what: str) -> TelemetryError:
        return TelemetryError(f"answered {what}: is it really elasticsearch or opensearch?")


def _any(queries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"should": queries, "minimum_should_match": 1}}


def _like(field: str, pattern: str) -> dict[str, Any]:
    """A regular expression (Lucene's) of a whole word or value."""
    return {"regexp": {field: {"value": pattern, "case_insensitive": True}}}


def _label(field: str) -> str:
    return PREFIX.sub("", field)


def _flat(before: str, found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The values of a document by their whole names."""
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _flat(f"{before}{name}.", value)
        elif value not in (None, "", []):
            several = value if isinstance(value, list) else [value]
            texts = (one if isinstance(one, str) else json.dumps(one) for one in several)
            yield before + name, ", ".join(texts)


def open_elasticsearch(source: Datasource) -> Sequence[Source]:
    """Its one source."""
    return [Elasticsearch(source)]

"""Fakes of Loki and VictoriaLogs, made from their published HTTP APIs and query languages, as far
as those are needed here; a query that they do not understand is refused with HTTP 400."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import promql_parser

from warroom.tests.support.http_backends import HttpBackend, Question, Reply
from warroom.tests.support.prometheus_backend import matches

STRING = r'"(?:[^"\\]|\\.)*"'


@dataclass(frozen=True)
class Entry:
    """One line."""

    ns: int
    labels: dict[str, str]
    text: str


Test = Callable[[Entry], bool]


class LogBackend(HttpBackend):
    """Holds the rows that were written."""

    modality = "logs"
    service = "service_name"

    def __init__(self, _root: Path | None = None) -> None:
        super().__init__()
        self.entries: list[Entry] = []

    def write(self, modality: str, *rows: dict[str, Any]) -> None:
        """Rows of a bundle; what is no log is not held."""
        for row in rows if modality == "logs" else ():
            labels = {self.service: row["service"], **row.get("labels", {})}
            self.entries.append(Entry(round(row["ts"] * 1e6) * 1000, labels, row["message"]))

    def fail(self) -> None:
        """Be down from now on."""
        self.close()

    def answer(self, question: Question) -> Reply:
        """As the API does."""
        try:
            return self._answer(question)
        except (ValueError, KeyError) as error:
            return Reply(f"parse error: {error}".encode(), 400)

    def _answer(self, question: Question) -> Reply:
        raise NotImplementedError

    def within(self, start: int, end: int) -> list[Entry]:
        """Those of a closed-open window, oldest first."""
        found = [one for one in self.entries if start <= one.ns < end]
        return sorted(found, key=lambda one: one.ns)


class LokiBackend(LogBackend):
    """Labels, values, index/stats, counts and streams."""

    most = 5000
    indexed = True  # of what is still being written a Loki in one process has no index yet

    def _answer(self, question: Question) -> Reply:
        path = question.path.rpartition("/loki/api/v1/")[2]
        if path == "query":
            return Reply({"status": "success", "data": self._count(question)})
        entries = self.within(int(question["start"]), int(question["end"]))
        if path == "index/stats":
            test = _logql(question["query"])
            found = [one for one in entries if self.indexed and test(one)]
            size = sum(len(one.text) for one in found)
            return Reply({"streams": 1, "chunks": 1, "entries": len(found), "bytes": size})
        if path == "labels":
            return self._listed(name for one in entries for name in one.labels)
        if listed := re.fullmatch(r"label/(\w+)/values", path):
            return self._listed(one.labels.get(listed[1], "") for one in entries)
        if path != "query_range":
            return Reply(b"404 page not found", 404)
        limit = int(question["limit"])
        if limit > self.most:
            raise ValueError(f"max entries limit per query exceeded, limit > {self.most}")
        found = [one for one in entries if _logql(question["query"])(one)]
        found = found[:limit] if question["direction"] == "forward" else found[-limit:]
        streams: dict[str, Any] = {}
        for one in found:
            key = json.dumps(one.labels, sort_keys=True)
            stream = streams.setdefault(key, {"stream": one.labels, "values": []})
            stream["values"].append([str(one.ns), one.text])
        result = {"resultType": "streams", "result": list(streams.values())}
        return Reply({"status": "success", "data": result})

    def _listed(self, values: Iterator[str]) -> Reply:
        return Reply({"status": "success", "data": sorted(set(values) - {""})})

    def _count(self, question: Question) -> Any:
        parts = re.fullmatch(r"sum\(count_over_time\((.*) \[(\d+)ms\]\)\)", question["query"], re.S)
        if not parts:
            raise ValueError("only sums of counts")
        end = int(question["time"]) + 1
        test, entries = _logql(parts[1]), self.within(end - int(parts[2]) * 10**6, end)
        count = str(sum(map(test, entries)))
        return {"resultType": "vector", "result": [{"metric": {}, "value": [end / 1e9, count]}]}


def _logql(query: str) -> Test:
    """A stream selector, line filters, label filters."""
    head = re.match(rf"\{{(?:[^\"}}]|{STRING})*\}}", query)
    if not head:
        raise ValueError("no stream selector")
    selector: Any = promql_parser.parse(head[0])
    tests: list[Test] = [lambda one: matches(selector, one.labels)]
    rest = query[head.end() :].strip()
    while rest:
        stage = re.match(rf"(\|~|!~)\s*({STRING})\s*", rest)
        if not stage:
            tests.append(_labels(rest.removeprefix("|").strip()))
            break
        tests.append(_line(stage[1] == "|~", json.loads(stage[2])))
        rest = rest[stage.end() :]
    return lambda one: all(test(one) for test in tests)


def _line(wanted: bool, pattern: str) -> Test:
    return lambda one: bool(re.search(pattern, one.text)) == wanted


def _labels(text: str) -> Test:
    conditions = re.findall(rf"(\w+)(=~|!~)({STRING})", text)
    rebuilt = ("{}{}{}".format(*one) for one in conditions)
    combine = any if " or " in text else all
    if (" or " if combine is any else ", ").join(rebuilt) != text:
        raise ValueError(f"{text} is no label filter")

    def test(one: Entry) -> bool:
        return combine(
            bool(re.fullmatch(json.loads(wanted), one.labels.get(name, ""))) == (op == "=~")
            for name, op, wanted in conditions
        )

    return test


class VictoriaLogsBackend(LogBackend):
    """Field names and values, lines as JSON lines, counts."""

    service = "service.name"

    def _answer(self, question: Question) -> Reply:
        path = question.path.rpartition("/select/logsql/")[2]
        entries = self.within(_ns(question["start"]), _ns(question["end"]) + 1)
        if path == "field_names":
            return _values(name for one in entries for name in (*one.labels, "_msg", "_time"))
        if path == "field_values":
            return _values(one.labels.get(question["field"], "") for one in entries)
        if path != "query":
            return Reply(b"404 page not found", 404)
        text, _, pipe = question["query"].rpartition(" | ")
        test = _logsql(text)
        found = [one for one in entries if test(one)]
        if pipe == "stats count() as n":
            return Reply(json.dumps({"n": str(len(found))}).encode() + b"\n")
        sort = re.fullmatch(r"sort by \(_time\) limit (\d+)", pipe)
        if not sort:
            raise ValueError(f"unknown pipe {pipe}")
        rows = (
            {"_time": _rfc3339(one.ns), "_msg": one.text, "_stream": "{}", **one.labels}
            for one in found[: int(sort[1])]
        )
        return Reply(b"".join(json.dumps(row).encode() + b"\n" for row in rows))


def _values(values: Iterator[str]) -> Reply:
    return Reply({"values": [{"value": one, "hits": 1} for one in sorted(set(values) - {""})]})


def _logsql(text: str) -> Test:
    """A filter by one field, and maybe one in brackets: any of several patterns, or none."""
    head = re.match(rf"({STRING}):(?:in\(((?:{STRING},?)+)\)|(\*))", text)
    if not head:
        raise ValueError(f"{text} begins with no filter of a field")
    field = json.loads(head[1])
    values = {json.loads(one) for one in re.findall(STRING, head[2] or "")}
    rest = re.fullmatch(r"(?: (!?)\((.*)\))?", text[head.end() :], re.S)
    if not rest:
        raise ValueError(f"{text} goes on with no filter")
    patterns = re.findall(rf"(_msg|{STRING}):~({STRING})", rest[2] or "")

    def test(one: Entry) -> bool:
        known = {**one.labels, "_msg": one.text}
        value = known.get(field, "")
        if not (value in values if values else value):
            return False
        told = any(
            re.search(json.loads(wanted), known.get(name.strip('"'), ""))
            for name, wanted in patterns
        )
        return not patterns or told != bool(rest[1])

    return test


def _ns(text: str) -> int:
    whole, _, digits = text.removesuffix("Z").partition(".")
    at = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return int(at.timestamp()) * 10**9 + int(digits.ljust(9, "0") or 0)


def _rfc3339(ns: int) -> str:
    at = datetime.fromtimestamp(ns // 10**9, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{ns % 10**9:09d}Z"

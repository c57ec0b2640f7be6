"""A fake of Prometheus, made from its published HTTP API: series, query, query_range, alerts.

Selectors are read by a PromQL parser that is not ours, so that a query which it would refuse is
refused here as well (HTTP 400, as the API says).
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import promql_parser
from promql_parser import AggregateExpr, MatchOp, MatrixSelector, VectorSelector

from warroom.tests.support.http_backends import HttpBackend, Question, Reply

LOOKBACK_S = 300.0
Labels = dict[str, str]


class PrometheusBackend(HttpBackend):
    """Holds the rows that were written, as series."""

    modality = "metrics"

    def __init__(self, _root: Path | None = None) -> None:
        super().__init__()
        self.series: dict[tuple[tuple[str, str], ...], list[tuple[float, str]]] = {}
        self.warnings: list[str] = []
        self.alerts: list[dict[str, Any]] = []
        self.rules: list[dict[str, Any]] = []

    def write(self, modality: str, *rows: dict[str, Any]) -> None:
        """Rows of a bundle; what is no metric is not held."""
        for row in rows if modality == "metrics" else ():
            labels = {"service": row["service"], "instance": row.get("instance", "")}
            labels |= {"__name__": row["name"], **row["labels"]}
            key = tuple(sorted((name, value) for name, value in labels.items() if value))
            self.series.setdefault(key, []).append((row["ts"], str(row["value"])))

    def fail(self) -> None:
        """Be down from now on."""
        self.close()

    def answer(self, question: Question) -> Reply:
        """As the API does."""
        try:
            data = self._data(question.path.rpartition("/api/v1/")[2], question)
        except (ValueError, KeyError) as error:
            return Reply({"status": "error", "errorType": "bad_data", "error": str(error)}, 400)
        if data is None:
            return Reply(b"404 page not found", 404)
        return Reply({"status": "success", "data": data, "warnings": self.warnings})

    def _data(self, path: str, question: Question) -> Any:
        if path == "series":
            start, end = float(question["start"]), float(question["end"])
            selectors = [_vector(text) for text in question.params["match[]"]]
            held = ((dict(key), samples) for key, samples in self.series.items())
            return [
                labels
                for labels, samples in held
                if any(matches(selector, labels) for selector in selectors)
                and any(start <= ts <= end for ts, _ in samples)
            ]
        if path == "alerts":
            return {"alerts": self.alerts}
        if path == "rules":
            return {"groups": [{"name": "all", "rules": self.rules}]}
        if path == "status/buildinfo":
            return {"version": "2.42.0"}
        if path == "query":
            asked, at = promql_parser.parse(question["query"]), float(question["time"])
            if isinstance(asked, AggregateExpr):
                return {"resultType": "vector", "result": self._aggregated(asked, at)}
            return self._raw(asked, at)
        if path == "query_range":
            span = (float(question[name]) for name in ("start", "end", "step"))
            return self._steps(_vector(question["query"]), *span)
        return None

    def _raw(self, selector: Any, end: float) -> Any:
        assert isinstance(selector, MatrixSelector)
        reach: timedelta = selector.range
        start = end - reach.total_seconds()
        return self._matrix(
            selector.vector_selector,
            lambda samples: [one for one in samples if start < one[0] <= end],
        )

    def _aggregated(self, asked: Any, at: float) -> list[dict[str, Any]]:
        """`count` or `max` of series, or of how many samples each has over some time."""
        inner = asked.expr
        counted = isinstance(inner, promql_parser.Call)
        if counted:
            found = self._raw(inner.args[0], at)["result"]
        else:
            found = self._steps(inner, at, at, 1.0)["result"]
        groups: dict[tuple[str, ...], list[int]] = {}
        by = asked.modifier.labels if asked.modifier else []
        for one in found:
            key = tuple(one["metric"].get(label, "") for label in by)
            groups.setdefault(key, []).append(len(one["values"]))
        total = max if str(asked.op) == "max" else len
        return [
            {"metric": dict(zip(by, key, strict=True)), "value": [at, str(total(sizes))]}
            for key, sizes in groups.items()
        ]

    def _steps(self, selector: VectorSelector, start: float, end: float, step: float) -> Any:
        if (end - start) / step > 11_000:
            raise ValueError("exceeded maximum resolution of 11,000 points per timeseries")
        points = [start + i * step for i in range(int((end - start) / step) + 1)]

        def at(samples: list[tuple[float, str]]) -> list[tuple[float, str]]:
            newest = (
                (t, max((s for s in samples if t - LOOKBACK_S < s[0] <= t), default=None))
                for t in points
            )
            return [(t, one[1]) for t, one in newest if one]

        return self._matrix(selector, at)

    def _matrix(self, selector: VectorSelector, taken: Any) -> Any:
        found = [
            {"metric": dict(key), "values": [list(one) for one in taken(sorted(samples))]}
            for key, samples in self.series.items()
            if matches(selector, dict(key))
        ]
        return {"resultType": "matrix", "result": [one for one in found if one["values"]]}


def _vector(text: str) -> VectorSelector:
    found = promql_parser.parse(text)
    if not isinstance(found, VectorSelector):
        raise ValueError(f"{text} is no selector")
    return found


def matches(selector: VectorSelector, labels: Labels) -> bool:
    """Whether a series is selected."""
    return all(
        _match(one.op, labels.get(one.name, ""), one.value) for one in selector.matchers.matchers
    )


def _match(op: MatchOp, value: str, wanted: str) -> bool:
    if op in (MatchOp.Re, MatchOp.NotRe):
        return bool(re.fullmatch(wanted, value)) == (op == MatchOp.Re)
    return (value == wanted) == (op == MatchOp.Equal)

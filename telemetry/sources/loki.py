"""Logs of Loki: stream selectors and line filters, every text in them quoted.

The index says roughly how much there is before anything wide is asked.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from ...errors import TelemetryError
from ..model import Window
from ..promql import quoted
from .conventions import any_of
from .datasource import Datasource
from .log_lines import FIELDS, Line
from .logs import OTHERS, WRONG, Pages, Whose
from .source import Source

LEVELS = ("detected_level", "level", "severity")
"""Labels and structured metadata by which a level can be filtered without reading the line."""
TELLING = f"(?i)({FIELDS.telling})"
WORDS = f"(?i){FIELDS.telling_levels}"


class Loki(Pages):
    """The logs of one Loki."""

    language = "logql"

    def names(self, window: Window) -> Iterable[str]:
        """The labels of streams."""
        return self._listed("labels", span=_span(window))

    def values(self, label: str, window: Window) -> Iterable[str]:
        """The values of one."""
        return self._listed("label", label, "values", span=_span(window))

    def select(self, whose: Whose) -> str:
        """A stream selector."""
        return f"{{{whose.label}=~{quoted(any_of(whose.services) or '.+')}}}"

    def kinds(self, whose: Whose) -> dict[str, str]:
        """By the line, by its level, and the others."""
        selected = self.select(whose)
        wrong = " or ".join(f"{name}=~{quoted(WORDS)}" for name in LEVELS)
        right = ", ".join(f"{name}!~{quoted(WORDS)}" for name in LEVELS)
        return {
            WRONG: f"{selected} |~ {quoted(TELLING)}",
            "lines of a level above info": f"{selected} !~ {quoted(TELLING)} | {wrong}",
            OTHERS: f"{selected} !~ {quoted(TELLING)} | {right}",
        }

    def count(self, query: str, window: Window, rough: bool = False) -> int:
        """By the index, or exactly."""
        if rough:
            return self._estimated(query, window)
        last = str(int(window.end * 1e9) - 1)  # a range has its end and not its start
        found = self._data("query", query=counting(query, window), time=last)
        try:
            return sum(int(float(one["value"][1])) for one in found["result"])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise TelemetryError("answered no count: is it really loki?") from error

    def lines(self, query: str, start_ns: int, end_ns: int) -> list[Line]:
        """The first lines from `start_ns` on."""
        limits = {"limit": str(self.source.jsonData.maxLines), "direction": "forward"}
        span = {"start": str(start_ns), "end": str(end_ns)}
        found = self._data("query_range", query=query, **span, **limits)
        try:
            lines = [
                Line(int(value[0]), _labels(stream["stream"], value), str(value[1]))
                for stream in found["result"]
                for value in stream["values"]
            ]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise TelemetryError("answered no lines: is it really loki?") from error
        return sorted(lines, key=lambda line: line.ns)

    def _estimated(self, query: str, window: Window) -> int:
        """What the index says; 0 where it does not: lines are then counted as they come."""
        asked = {"query": query, **_span(window)}
        try:
            found = self.api.json(*_path("index", "stats"), params=asked, seconds=self.seconds)
            return int(found["entries"])
        except (TelemetryError, KeyError, TypeError, ValueError):
            return 0

    def _listed(self, *path: str, span: dict[str, str]) -> list[str]:
        found = self.api.json(*_path(*path), params=span, seconds=self.seconds)
        listed = found.get("data") if isinstance(found, dict) else None
        if not isinstance(listed or [], list) or not isinstance(found, dict):
            raise TelemetryError("answered no list: is it really loki?")
        return [str(one) for one in listed or []]

    def _data(self, path: str, **params: str) -> Any:
        found = self.api.json(*_path(path), params=params, form=True, seconds=self.seconds)
        if not isinstance(found, dict) or found.get("status") != "success":
            raise TelemetryError("answered no success: is it really loki?")
        return found.get("data")


def counting(query: str, window: Window) -> str:
    """How many lines a query finds within a window that ends when it is asked of."""
    return f"sum(count_over_time({query} [{max(1, round(window.seconds * 1000))}ms]))"


def _path(*parts: str) -> tuple[str, ...]:
    return ("loki", "api", "v1", *parts)


def _span(window: Window) -> dict[str, str]:
    return {"start": str(int(window.start * 1e9)), "end": str(int(window.end * 1e9))}


def _labels(stream: dict[str, str], value: Sequence[Any]) -> dict[str, str]:
    """Of the stream, and the line's own where a server keeps them apart."""
    own = value[2] if len(value) > 2 and isinstance(value[2], dict) else {}
    parts = [part for part in own.values() if isinstance(part, dict)] or [own]
    return {**stream, **{name: str(one) for part in parts for name, one in part.items()}}


def open_loki(source: Datasource) -> Sequence[Source]:
    """Its one source."""
    return [Loki(source)]

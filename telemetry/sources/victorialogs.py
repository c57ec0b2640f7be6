"""Logs of VictoriaLogs: LogsQL, every text in it quoted."""

from collections.abc import Iterable, Sequence
from typing import Any

from ...errors import TelemetryError
from ..model import Window
from ..promql import quoted
from .datasource import Datasource
from .log_lines import FIELDS, Line, rfc3339, unix_ns
from .logs import OTHERS, WRONG, Pages, Whose
from .source import Source

LEVELS = ("level", "severity", "severity_text", "log.level")
OWN = ("_time", "_msg", "_stream", "_stream_id")
"""Fields that are the store's."""
MOST_VALUES = 10_000


class VictoriaLogs(Pages):
    """The logs of one VictoriaLogs."""

    language = "logsql"

    def names(self, window: Window) -> Iterable[str]:
        """The fields that lines have."""
        return self._listed("field_names", window)

    def values(self, label: str, window: Window) -> Iterable[str]:
        """The values of one."""
        return self._listed("field_values", window, field=label, limit=str(MOST_VALUES))

    def select(self, whose: Whose) -> str:
        """A filter by one field."""
        if not whose.services:
            return f"{quoted(whose.label)}:*"
        return f"{quoted(whose.label)}:in({','.join(map(quoted, whose.services))})"

    def kinds(self, whose: Whose) -> dict[str, str]:
        """Those that tell of something wrong, by what they say or by their level; the others."""
        levels = (f"{quoted(name)}:~{quoted(f'(?i)^{FIELDS.telling_levels}$')}" for name in LEVELS)
        wrong = " or ".join([f"_msg:~{quoted(f'(?i)({FIELDS.telling})')}", *levels])
        selected = self.select(whose)
        return {
            WRONG: f"{selected} ({wrong})",
            OTHERS: f"{selected} !({wrong})",
        }

    def count(self, query: str, window: Window, rough: bool = False) -> int:
        """Exactly: it is quick at it."""
        asked = _span(int(window.start * 1e9), int(window.end * 1e9))
        found = self._answered(f"{query} | stats count() as n", asked)
        try:
            return sum(int(one["n"]) for one in found)
        except (KeyError, TypeError, ValueError) as error:
            raise TelemetryError("answered no count: is it really victorialogs?") from error

    def lines(self, query: str, start_ns: int, end_ns: int) -> list[Line]:
        """The first lines from `start_ns` on."""
        most = self.source.jsonData.maxLines
        found = self._answered(f"{query} | sort by (_time) limit {most}", _span(start_ns, end_ns))
        try:
            lines = [_line(row) for row in found]
        except (KeyError, TypeError, ValueError) as error:
            raise TelemetryError("answered no lines: is it really victorialogs?") from error
        return sorted(lines, key=lambda line: line.ns)

    def _listed(self, path: str, window: Window, **params: str) -> list[str]:
        asked = {"query": "*", **params, **_span(int(window.start * 1e9), int(window.end * 1e9))}
        found = self.api.json("select", "logsql", path, params=asked, seconds=self.seconds)
        try:
            return [str(one["value"]) for one in found["values"]]
        except (KeyError, TypeError) as error:
            raise TelemetryError("answered no values: is it really victorialogs?") from error

    def _answered(self, query: str, span: dict[str, str]) -> list[Any]:
        asked = {"query": query, **span}
        path = ("select", "logsql", "query")
        return self.api.json_lines(*path, params=asked, form=True, seconds=self.seconds)


def _line(row: dict[str, str]) -> Line:
    labels = {name: str(value) for name, value in row.items() if name not in OWN}
    return Line(unix_ns(row["_time"]), labels, str(row.get("_msg", "")))


def _span(start_ns: int, end_ns: int) -> dict[str, str]:
    """Its end counts as inside there: rows are looked at again."""
    return {"start": rfc3339(start_ns), "end": rfc3339(end_ns)}


def open_victorialogs(source: Datasource) -> Sequence[Source]:
    """Its one source."""
    return [VictoriaLogs(source)]

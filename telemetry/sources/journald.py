"""Logs of systemd's journal, by its HTTP gateway. A service is a unit.

https://www.freedesktop.org/software/systemd/man/latest/systemd-journal-gatewayd.service.html: a
cursor that holds a time alone is understood by every version; `realtime=` is not before 254.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ...errors import TelemetryError
from ..model import Window
from .datasource import Datasource, SourceLabels
from .log_lines import Line
from .log_streams import LogStreams, Stream
from .logs import Whose
from .source import Source

UNIT = "_SYSTEMD_UNIT"
FIELD = re.compile(r"[A-Z_][A-Z0-9_]*")
HOST = "_HOSTNAME"
TRUSTED = (HOST, "_PID", "_BOOT_ID")
"""Of the fields that journald adds itself, those that a row keeps."""
TOO_LONG = "(a value that the gateway leaves out for its length)"
JSON = {"Accept": "application/json"}


class Journal(LogStreams):
    """The journal of one machine, or of those that send theirs to it. All of its boots."""

    def __init__(self, source: Datasource) -> None:
        named = tuple(label for label in source.whose.service if FIELD.fullmatch(label))
        labels = SourceLabels(service=named or (UNIT,), instance=(HOST,))
        super().__init__(source.model_copy(update={"labels": labels}))
        self.fields: dict[str, list[str]] = {}
        """What stands in the journal for a service."""

    def names(self, window: Window) -> Iterable[str]:
        """The fields that can name a service."""
        return self.source.whose.service

    def values(self, label: str, window: Window) -> Iterable[str]:
        """The services of one."""
        known = defaultdict[str, list[str]](list)
        for one in self._asked("fields", label):
            known[_service(_text(one.get(label, "")))].append(_text(one.get(label, "")))
        self.fields |= known
        return known

    def streams(self, whose: Whose, window: Window, said: list[str]) -> Sequence[Stream]:
        """The entries of all of them, in one."""
        return [partial(self._lines, whose)]

    def _lines(self, whose: Whose, window: Window) -> Iterator[Line]:
        values = [value for one in whose.services for value in self.fields[one]]
        most, end_ns = self.source.jsonData.maxLines, int(window.end * 1e9)
        cursor, skip = f"t={int(window.start * 1e6):x}", 0
        while True:
            place = {"Range": f"entries={cursor}:{skip}:{most}"}
            page = self._asked("entries", params={whose.label: values}, headers=place)
            try:
                lines = [_line(entry, whose.label) for entry in page]
                cursor, skip = page[-1]["__CURSOR"] if page else "", 1
            except (KeyError, TypeError, ValueError) as error:
                raise TelemetryError("answered no entries: is it really journald?") from error
            for line in lines:
                if line.ns >= end_ns:
                    return
                yield line
            if len(page) < most:
                return

    def _asked(
        self,
        *path: str,
        params: Mapping[str, list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        known = {**JSON, **(headers or {})}
        return self.api.json_lines(*path, params=params or {}, headers=known, seconds=self.seconds)


def _line(entry: dict[str, Any], label: str) -> Line:
    fields = {name: _text(value) for name, value in entry.items()}
    labels = {
        name: value
        for name, value in fields.items()
        if not name.startswith("_") or name in TRUSTED or (name == UNIT and "@" in value)
    }
    labels |= {label: _service(fields.get(label, ""))}
    return Line(int(fields["__REALTIME_TIMESTAMP"]) * 1000, labels, fields.get("MESSAGE", ""))


def _text(value: Any) -> str:
    """As JSON has it: text, bytes as numbers, several values, or nothing of one that is long."""
    if isinstance(value, list):
        numbers = all(isinstance(one, int) for one in value)
        return bytes(value).decode(errors="replace") if numbers else ", ".join(map(_text, value))
    return TOO_LONG if value is None else str(value)


def _service(unit: str) -> str:
    """A unit's own name: of worker@2.service, worker."""
    return re.sub(r"(@[^@]*)?\.service$", "", unit)


def open_journald(source: Datasource) -> Sequence[Source]:
    """Its one source."""
    return [Journal(source)]

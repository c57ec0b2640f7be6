"""Logs of systemd's journal, by its HTTP gateway. A service is a unit.

https://www.freedesktop.org/software/systemd/man/latest/systemd-journal-gatewayd.service.html: a
cursor that holds a time alone is understood by every version; `realtime=` is not before 254.
"""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from ...errors import TelemetryError
from ..model import Window
from .datasource import Datasource, SourceLabels
from .http import SHAPE
from .log_lines import Line
from .log_streams import LogStreams, Stream
from .logs import Whose
from .source import Source

UNIT = "_SYSTEMD_UNIT"
FIELD = re.compile(r"[A-Z_][A-Z0-9_]*")
HOST = "_HOSTNAME"
TRUSTED = (HOST, "_PID", "_BOOT_ID")
"""Of the fields that journald adds itself, those that a row keeps."""
JSON, EXPORT = {"Accept": "application/json"}, "application/vnd.fdo.journal"


class Journal(LogStreams):
    """The journal of one machine, or of those that send theirs to it. All of its boots."""

    language = "journalctl"

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
        for one in self.api.json_lines("fields", label, headers=JSON, seconds=self.seconds):
            if isinstance(value := one.get(label), str):  # else it is long, or bytes
                known[_service(value)].append(value)
        self.fields |= known
        return known

    def select(self, whose: Whose) -> str:
        """As a command."""
        matches = (f"{whose.label}={value}" for one in whose.services for value in self.fields[one])
        return shlex.join(["journalctl", *matches])

    def streams(self, whose: Whose, window: Window, said: list[str]) -> Sequence[Stream]:
        """The entries of all of them, in one."""
        return [partial(self._lines, whose)]

    def _lines(self, whose: Whose, window: Window) -> Iterator[Line]:
        values = [value for one in whose.services for value in self.fields[one]]
        most, end_ns = self.source.jsonData.maxLines, int(window.end * 1e9)
        cursor, skip = f"t={int(window.start * 1e6):x}", 0
        while True:
            asked = {"Accept": EXPORT, "Range": f"entries={cursor}:{skip}:{most}"}
            body = self.api.ask(
                "entries", params={whose.label: values}, headers=asked, seconds=self.seconds
            )
            try:
                page = list(_entries(body))
                lines = [_line(entry, whose.label) for entry in page]
                cursor, skip = page[-1]["__CURSOR"] if page else "", 1
            except SHAPE as error:
                raise TelemetryError("answered no entries: is it really journald?") from error
            for line in lines:
                if line.ns >= end_ns:
                    return
                yield line
            if len(page) < most:
                return


def _entries(body: bytes) -> Iterator[dict[str, str]]:
    """Of the export format: https://systemd.io/JOURNAL_EXPORT_FORMATS. Raises ValueError.

    JSON would leave out what is longer than 4 kB: the very lines that have a stack trace.
    """
    at, entry = 0, dict[str, str]()
    while at < len(body):
        end = body.index(b"\n", at)
        name, equals, value = body[at:end].partition(b"=")
        at = end + 1
        if name and not equals:  # bytes with their length before them
            size = int.from_bytes(body[at : at + 8], "little")
            value = body[at + 8 : at + 8 + size]
            at += size + 9
        if name:
            entry[name.decode()] = value.decode(errors="replace")
        elif entry:
            yield entry
            entry = {}


def _line(entry: dict[str, str], label: str) -> Line:
    unit, kept = entry.get(UNIT, ""), {name: entry[name] for name in TRUSTED if name in entry}
    own = {name: value for name, value in entry.items() if not name.startswith("_")}
    named = {label: _service(entry.get(label, "")), **({"unit": unit} if "@" in unit else {})}
    at = int(entry["__REALTIME_TIMESTAMP"])
    return Line(at * 1000, {**own, **kept, **named}, entry.get("MESSAGE", ""))


def _service(unit: str) -> str:
    """A unit's own name: of worker@2.service, worker."""
    return re.sub(r"(@[^@]*)?\.service$", "", unit)


def open_journald(source: Datasource) -> Sequence[Source]:
    """Its one source."""
    return [Journal(source)]

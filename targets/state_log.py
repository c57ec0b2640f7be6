"""Keeps the state of a system in its bundle: looks every two seconds, writes what is otherwise.

An incident can only be told from what was so before it, so let it run beside what collects metrics.
"""

import json
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from ..actions.facts import FactKind, Facts, Inspecting, Reading, differences
from .operations import Operations

FILE = "state.jsonl"
EVERY_S = 2.0
Part = tuple[str, str, str]
"""Service, instance, part."""


class StateLog:
    """Appends facts of a system to a bundle's state.jsonl, when they change."""

    def __init__(self, inspectors: Iterable[Inspecting], bundle: Path) -> None:
        self.inspectors = tuple(inspectors)
        self.path = bundle / FILE
        self.known: dict[Part, Facts] = {}

    def look(self) -> int:
        """One look at everything; how many facts were written. All of a look have one time."""
        at, lines = time.time(), list[str]()
        for inspector in self.inspectors:
            for reading in inspector.inspect():
                lines += self._lines(reading, at)
        if lines:
            with self.path.open("a", encoding="utf-8") as file:
                file.write("".join(lines))
        return len(lines)

    def run(self, stop: threading.Event, every: float = EVERY_S) -> None:
        """Look again and again until told to stop."""
        while not stop.is_set():
            self.look()
            stop.wait(every)

    def _lines(self, reading: Reading, at: float) -> list[str]:
        gap: Part = reading.service, reading.instance, f"gap in {reading.part}"
        said = {(FactKind.unread, reading.part): reading.gap} if reading.gap else {}
        changed = self._changed(gap, said)
        if not reading.gap:
            changed |= self._changed(
                (reading.service, reading.instance, reading.part), reading.facts
            )
        where = {"at": round(at, 3), "service": reading.service, "instance": reading.instance}
        return [
            json.dumps({**where, "kind": kind, "object": name, "value": value}) + "\n"
            for (kind, name), (_, value) in changed.items()
        ]

    def _changed(self, part: Part, facts: Facts) -> dict:
        before, self.known[part] = self.known.get(part, {}), facts
        return differences(before, facts)


def watch(operations: Path, bundle: Path) -> None:
    """Look until the process ends. Raises ToolFailed where operations.json cannot be used."""
    StateLog(Operations.load(operations).inspectors(), bundle).run(threading.Event())

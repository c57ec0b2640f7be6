"""One incident worked at the console: shown as it runs, people asked, files written."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from ..agents.reporting.wording import headline
from ..agents.runtime.context import ResponseContext
from ..incident.document import Incident, escaped
from ..record.ledger import Request
from .closing import closing, result
from .exits import Exit, of_incident
from .screen import say, screen, shown


@dataclass(frozen=True)
class Desk:
    """Where to print, and whether a person sits there. JSON goes to stdout, people to stderr."""

    console: Console
    as_json: bool = False
    verbose: bool = False

    @classmethod
    def open(cls, as_json: bool, verbose: bool = False) -> "Desk":
        """On stdout, or on stderr where stdout is for a program."""
        return cls(screen(to_stderr=as_json), as_json, verbose)

    @property
    def attended(self) -> bool:
        """Whether somebody can be asked: input and output are a terminal."""
        return sys.stdin.isatty() and self.console.is_terminal

    def commander(self, context: ResponseContext, by: str) -> Callable[[Request], bool]:
        """Asks the person here; where nobody is, questions stay open."""
        if not self.attended:
            return lambda _request: False
        from .commander import Prompt

        return Prompt(self.console, context, by=by, whole=self.verbose)

    def finish(self, context: ResponseContext, incident_id: str) -> tuple[Exit, dict[str, Any]]:
        """Write the files, say how it stands; the exit code and the result as JSON."""
        from ..app.files import write_files

        written = write_files(context, incident_id)
        incident = context.store.load(incident_id)
        waiting = context.store.ledger.waiting(incident_id)
        if not self.as_json:
            closing(self.console, incident, waiting, written.files, context.settings)
            for gap in written.gaps:
                say(self.console, ("  unwritten ", "watch"), f"{shown(gap.what)}: {shown(gap.why)}")
        told = result(incident, waiting, written.files)
        told["gaps"] += [gap.model_dump(mode="json") for gap in written.gaps]
        return of_incident(incident, bool(waiting)), told


def print_json(content: Any) -> None:
    """One JSON document on stdout."""
    print(escaped(json.dumps(content, indent=1, ensure_ascii=False)))


def opening(console: Console, incident: Incident, note: str) -> None:
    """The alert and who answers, before the work begins."""
    from .screen import heading

    console.print(heading(f"{incident.id}"))
    say(console, ("  alert     ", "dim"), (shown(headline(incident.title)), "strong"))
    labels = f"{shown(incident.alert.name)} · {incident.alert.status}"
    word = f" · {shown(incident.alert.severity)}" if incident.alert.severity else ""
    say(console, ("            ", ""), f"{labels}{word} · from {incident.alert.source}")
    say(console, ("  answers   ", "dim"), shown(note))

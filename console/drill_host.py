"""A drill at the console: what happens is shown, the person here decides, or the drill does."""

import time

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ..agents.runtime.context import ResponseContext
from ..app.sources import Sources, remember
from ..app.words import seconds
from ..app.work import Commander, Tell
from ..drills.host import AUTOMATIC, automatic
from ..incident.evidence import short
from .desk import Desk, opening
from .exits import Exit
from .live import Live
from .screen import line, say, shown

BY = "drill commander"
EVERY_S = 10.0
"""In a log file a wait is told this often."""


class ConsoleHost:
    """Implements `drills.host.Host`."""

    def __init__(self, desk: Desk, approve_all: bool) -> None:
        self.desk = desk
        self.approve_all = approve_all
        self.code = Exit.unresolved
        self.result: dict = {}
        self._progress: Progress | None = None
        self._task = None
        self._told = 0.0

    def note(self, text: str) -> None:
        """One line."""
        self._end_wait()
        say(self.desk.console, ("  drill         ", "who"), shown(text))

    def waiting(self, what: str, done: float, total: float) -> None:
        """A bar at a terminal; a line every ten seconds elsewhere."""
        if self.desk.console.is_terminal:
            self._bar(what, done, total)
        elif done == 0.0 or time.monotonic() - self._told >= EVERY_S or done >= total:
            self._told = time.monotonic()
            self.note(f"{what}: {seconds(done)} of {seconds(total)}")
        if done >= total:
            self._end_wait()

    def listener(self, context: ResponseContext, incident_id: str) -> Tell:
        """Shows the response, and writes down where it can be opened again."""
        self._end_wait()
        telemetry = context.recorder.origin
        remember(context.settings, incident_id, Sources(telemetry=telemetry, drill=True))
        self.desk.console.print()
        opening(self.desk.console, context.store.load(incident_id), context.model_layer.note)
        who = AUTOMATIC if self.approve_all else BY
        say(self.desk.console, ("  decides   ", "dim"), who)
        return Live(self.desk.console, context, incident_id)

    def commander(self, context: ResponseContext) -> Commander:
        """The person at the terminal, or the drill itself: then every approval is announced."""
        if not self.approve_all:
            return self.desk.commander(context, BY)
        approve = automatic(context)

        def announced(request) -> bool:
            text = f"approved by the {AUTOMATIC}: {shown(request.title)} [{short(request.subject)}]"
            say(self.desk.console, line(("  ✓ ", "good")), text)
            return approve(request)

        return announced

    def finished(self, context: ResponseContext, incident_id: str) -> None:
        """The files, and how it stands."""
        self.code, self.result = self.desk.finish(context, incident_id)

    def _bar(self, what: str, done: float, total: float) -> None:
        if self._progress is None:
            columns = (TextColumn("  drill         {task.description}"), BarColumn(24))
            self._progress = Progress(
                *columns, TimeElapsedColumn(), console=self.desk.console, transient=True
            )
            self._task = self._progress.add_task(what, total=total)
            self._progress.start()
        if self._task is not None:
            self._progress.update(self._task, completed=done, description=what)

    def _end_wait(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

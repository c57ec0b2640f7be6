"""`warroom drill`: list the drills, run one or all, score them; the person here decides, or the
drill does."""

import time
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ..agents.runtime.context import ResponseContext
from ..app.configuration import Sources, remember, settings
from ..app.words import seconds
from ..app.work import Commander, Tell
from ..drills.host import AUTOMATIC, automatic
from ..drills.score import Score
from ..errors import InputError, NotFound, WarroomError
from ..incident.evidence import short
from .desk import Desk, opening, print_json
from .exits import Exit
from .live import Live
from .screen import heading, line, say, shown


@dataclass(frozen=True)
class Options:
    """What the command line set."""

    score: bool = False
    keep: Path | None = None
    as_json: bool = False
    approve_all: bool = False
    prometheus: bool | None = None


def drill_command(name: str | None, list_them: bool, options: Options) -> Exit:
    """Run the named drill, or all of them one after the other."""
    desk = Desk.open(options.as_json)
    if list_them or name is None:
        return _list(desk)
    faults = _faults()
    if name != "all" and name not in faults:
        raise NotFound(f"no drill {name!r}; there are: all, {', '.join(faults)}")
    if not options.approve_all and not desk.attended:
        raise InputError(
            "nobody is at a terminal to approve; add --approve-as-drill-commander to let the "
            "drill approve every plan and text by itself"
        )
    if name != "all":
        return _end(desk, [_run(desk, name, options)], options)
    return _end(desk, [_run_one_of_many(desk, each, options) for each in faults], options)


def _faults():
    try:
        from ..drills.faults import FAULTS
    except ModuleNotFoundError as error:
        raise InputError(
            f"the drill's shop needs {error.name}: install it with pip install 'warroom[drills]'"
        ) from error
    return FAULTS


def _list(desk: Desk) -> Exit:
    faults = _faults()
    if desk.as_json:
        print_json([{"name": fault.name, "title": fault.title} for fault in faults.values()])
    for fault in faults.values():
        if not desk.as_json:
            say(desk.console, (f"  {fault.name:<20}", "strong"), fault.title)
    return Exit.done


def _run(desk: Desk, name: str, options: Options) -> tuple[Exit, Score, dict]:
    from ..drills.monitoring import available
    from ..drills.runner import Drill

    fault = _faults()[name]
    desk.console.print(heading(f"Drill · {fault.title}"))
    host = ConsoleHost(desk, options.approve_all)
    use = available() if options.prometheus is None else options.prometheus
    score = Drill(fault, settings(), host, prometheus=use, keep=options.keep).run()
    return host.code, score, host.result


def _run_one_of_many(desk: Desk, name: str, options: Options) -> tuple[Exit, Score, dict]:
    """As `_run`; a drill that fails to run is on the table and the others go on."""
    from ..drills.score import not_run

    try:
        return _run(desk, name, options)
    except WarroomError as error:
        say(desk.console, ("  ✖ ", "bad"), shown(error))
        return Exit.failed, not_run(name, shown(error)), {}


def _end(desk: Desk, outcomes: list[tuple[Exit, Score, dict]], options: Options) -> Exit:
    scores = [score for _code, score, _result in outcomes]
    if options.score and not desk.as_json:
        from .scoreboard import explained, scoreboard

        desk.console.print()
        desk.console.print(heading("Score"))
        explained(desk.console, scores[0]) if len(scores) == 1 else scoreboard(desk.console, scores)
    if desk.as_json:
        print_json([{**result, "score": score.to_json()} for _code, score, result in outcomes])
    if options.score:
        return Exit.done if all(score.passed for score in scores) else Exit.unresolved
    return max(code for code, _score, _result in outcomes)


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

"""`warroom drill`: list the drills, run one or all, score them; the person here decides, or the
drill does."""

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ..agents.runtime.context import ResponseContext
from ..app.configuration import Sources, remember, settings
from ..app.record import Record
from ..app.words import seconds
from ..app.work import Commander, Tell
from ..drills.host import AUTOMATIC, automatic
from ..drills.score import Score, code_version, regressions
from ..drills.world import WORLDS
from ..errors import InputError, NotFound, WarroomError
from ..incident.evidence import short
from ..incident.identity import at_terminal
from ..incident.timeline import utc_now
from ..record.drills import Run, history, keep
from .desk import Desk, opening, print_json
from .exits import Exit
from .live import Live
from .paging import Pages, pages_beside
from .screen import folded, heading, line, say, shown

if TYPE_CHECKING:  # the drills need packages that an installation may lack
    from ..drills.fault import Fault


@dataclass(frozen=True)
class Options:
    """What the command line set."""

    score: bool = False
    keep: Path | None = None
    as_json: bool = False
    approve_all: bool = False
    prometheus: bool | None = None
    seeds: tuple[int, ...] = ()
    world: str = "shop"
    pages: bool = False
    verbose: bool = False
    faults: str = ""
    after_s: float = 0.0


SURPRISE, COMPREHENSIVE, COMPOSE = "surprise", "comprehensive", "compose"


def drill_command(name: str | None, list_them: bool, options: Options) -> Exit:
    """Run the named drill, or all of them one after the other."""
    desk = Desk.open(options.as_json, options.verbose)
    if options.seeds and name != SURPRISE:
        raise InputError("a seed draws a surprise: warroom drill surprise --seed N")
    if list_them or name is None:
        return _list(desk, options.world)
    chosen = _chosen(name, options)
    if not options.approve_all and not desk.attended:
        raise InputError(
            "nobody is at a terminal to approve; add --approve-as-drill-commander to let the "
            "drill approve every plan and text by itself"
        )
    if len(chosen) == 1:
        with pages_beside(desk) if options.pages else nullcontext() as pages:
            outcomes = [_run(desk, chosen[0], options, pages)]
    else:
        outcomes = [_run_one_of_many(desk, each, options) for each in chosen]
    _kept(desk, name, chosen, [score for _code, score, _result in outcomes])
    return _end(desk, outcomes, options)


def seeds_of(named: Sequence[int], span: str) -> tuple[int, ...]:
    """The seeds of both options. Raises InputError for a span that is none."""
    first, _, last = span.partition("-")
    if not span:
        return tuple(named)
    if not (first.isdigit() and last.isdigit() and int(first) <= int(last)):
        raise InputError(f"--seeds {span!r} is no span; write --seeds 1-24")
    return (*named, *range(int(first), int(last) + 1))


def _chosen(name: str, options: Options) -> Sequence["Fault"]:
    """The faults to run, one after the other."""
    faults = _faults(options.world)
    if name == COMPOSE:
        from ..drills.compose import compose

        return [compose(options.faults, options.world, options.after_s)]
    if name == SURPRISE:
        from ..drills.compose import surprise

        if not options.seeds:
            raise InputError("a surprise is drawn by seed; add --seed N, or --seeds 1-24")
        return [surprise(seed, options.world) for seed in options.seeds]
    if name == COMPREHENSIVE:
        return [fault for world in WORLDS for fault in _faults(world).values()]
    if name != "all" and name not in faults:
        known = ", ".join(["all", COMPREHENSIVE, COMPOSE, SURPRISE, *faults])
        raise NotFound(f"no drill {name!r}; there are: {known}")
    return list(faults.values()) if name == "all" else [faults[name]]


def _faults(world: str) -> "Mapping[str, Fault]":
    """Those of a world by name, in the order of the score table."""
    try:
        from ..drills.compose import named
    except ModuleNotFoundError as error:
        raise InputError(
            f"the drill's shop needs {error.name}: install it with pip install 'warroom[drills]'"
        ) from error
    return named(world)


def _list(desk: Desk, world: str) -> Exit:
    faults = _faults(world)
    if desk.as_json:
        print_json([{"name": fault.name, "title": fault.title} for fault in faults.values()])
    for fault in faults.values():
        if not desk.as_json:
            say(desk.console, (f"  {fault.name:<20}", "strong"), fault.title)
    return Exit.done


def _run(
    desk: Desk, fault: "Fault", options: Options, pages: Pages | None = None
) -> tuple[Exit, Score, dict]:
    from ..drills.monitoring import available
    from ..drills.runner import Drill

    desk.console.print(heading(f"Drill · {fault.title}"))
    host = ConsoleHost(desk, options.approve_all, pages)
    use = available() if options.prometheus is None else options.prometheus
    score = Drill(fault, settings(), host, prometheus=use, keep=options.keep).run()
    return host.code, score, host.result


def _run_one_of_many(desk: Desk, fault: "Fault", options: Options) -> tuple[Exit, Score, dict]:
    """As `_run`; a drill that fails to run is on the table and the others go on."""
    from ..drills.score import not_run

    try:
        return _run(desk, fault, options)
    except WarroomError as error:
        say(desk.console, ("  ✖ ", "bad"), shown(error))
        return Exit.failed, not_run(fault.name, shown(error)), {}


def _kept(desk: Desk, asked: str, faults: Sequence["Fault"], scores: Sequence[Score]) -> None:
    by, version, now = at_terminal(BY), code_version(), utc_now()

    def run(fault: "Fault", score: Score) -> Run:
        seed = getattr(fault.truth, "seed", 0) or None
        whose = (fault.world, seed, by.account, version, now)
        return Run(asked, score.drill, *whose, score.to_json())

    try:
        engine = Record(settings()).store.engine
        keep(engine, list(map(run, faults, scores)), by)
    except WarroomError as error:
        say(desk.console, ("  ✖ ", "bad"), f"the score is not kept: {shown(error)}")


def _end(desk: Desk, outcomes: list[tuple[Exit, Score, dict]], options: Options) -> Exit:
    scores = [score for _code, score, _result in outcomes]
    if options.score and not desk.as_json:
        from ..drills.surprise.score import SurpriseScore
        from .scoreboard import explained, scoreboard, surprises

        desk.console.print()
        desk.console.print(heading("Score"))
        for table, drawn in ((scoreboard, False), (surprises, True)):
            own = [score for score in scores if isinstance(score, SurpriseScore) is drawn]
            if own:
                explained(desk.console, own[0]) if len(scores) == 1 else table(desk.console, own)
        for text in regressions(history(Record(settings()).store.engine)):
            say(desk.console, ("  ▲ ", "watch"), shown(text))
    if desk.as_json:
        from ..drills.surprise.score import sums

        found = [{**result, "score": score.to_json()} for _code, score, result in outcomes]
        print_json({"drills": found, "sums": sums(scores)} if options.seeds else found)
    if options.score:
        return Exit.done if all(score.passed for score in scores) else Exit.unresolved
    return max(code for code, _score, _result in outcomes)


BY = "drill commander"
EVERY_S = 10.0
"""In a log file a wait is told this often."""


class ConsoleHost:
    """Implements `drills.host.Host`."""

    def __init__(self, desk: Desk, approve_all: bool, pages: Pages | None = None) -> None:
        self.desk = desk
        self.pages = pages
        self.approve_all = approve_all
        self.code = Exit.unresolved
        self.result: dict = {}
        self._progress: Progress | None = None
        self._task = None
        self._told = 0.0

    def note(self, text: str) -> None:
        """One line."""
        self._end_wait()
        head = line(("  drill         ", "who"))
        self.desk.console.print(folded(head, shown(text, 2000)))

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
        if self.pages:
            self.pages.tell(self.desk, incident_id)
        return Live(self.desk.console, context, incident_id, self.desk.verbose)

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

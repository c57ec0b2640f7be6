"""`warroom drill`: list the drills, run one or all, score them."""

from dataclasses import dataclass
from pathlib import Path

from ..app.configuration import settings
from ..drills.score import Score
from ..errors import InputError, NotFound, WarroomError
from .desk import Desk, print_json
from .drill_host import ConsoleHost
from .exits import Exit
from .screen import heading, say, shown


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

"""Drills: which are due, what came of those that were run, one of them over time."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from ...analysis.quantities import span
from ...app.charts.svg import ACCENT, GRID, QUIET, rule, text, wrapped
from ...app.drill_schedules import standing
from ...drills.score import regressions
from ...incident.timeline import from_ts, utc_now
from ...record.drills import Run, history, last_run
from ..auth import At, Observer
from ..forms import WORD
from .rendering import page

DRILLS_PAGE = APIRouter(include_in_schema=False)
Chosen = Annotated[str, Query(max_length=200, pattern=f"{WORD}|^$")]
ROWS, DRAWN = 100, 30
KEPT = "game-day.json"  # as drills/game_day.py keeps it, which needs what only drills need
WIDTH, LEFT, RIGHT, LINE, TALL = 740, 130, 160, 52, 30
MILESTONES = {"detect": "to the alert", "severity": "to the level", "proposal": "to a proposal"}
MILESTONES["recovery"] = "to recovery"


@DRILLS_PAGE.get("/drills", response_class=HTMLResponse)
def drills_page(
    request: Request, service: At, who: Observer, drill: Chosen = "", world: Chosen = ""
):
    """How to run one, and what came of those that were scored here."""
    try:
        from ...drills.faults import FAULTS  # needs what only a machine that drills has

        known = list(FAULTS)
    except ModuleNotFoundError:
        known = []
    runs = history(service.engine)
    key = (drill, world) if drill else runs[0].key if runs else ()
    same = [one for one in runs if one.key == key]
    due = standing(service.configuration.drills, last_run(service.engine), utc_now())
    told = {"known": known, "found": [*map(_said, runs[:ROWS])]}
    told |= {"days": [*_game_days(service, who)]}
    told |= {"worse": regressions(runs), "due": due, "same": same, "chart": _trend(same)}
    return page("drills.html", 200, request, who, **told)


def _game_days(service: At, who: Observer) -> Iterator[tuple[str, str, datetime]]:
    """Incident, world and when, of those that this one may see, the newest first."""
    found = {file.parent.name: file for file in service.settings.files("").glob(f"*/{KEPT}")}
    for row in service.store.incidents():
        if row.id in found and service.teams.sees(who.sight, row.id):
            facts = json.loads(found[row.id].read_text(encoding="utf-8"))
            yield row.id, facts["world"], from_ts(row.opened_at)


def _said(run: Run) -> tuple[Run, str, str]:
    """With what was missed, and the times."""
    seconds, missed = (
        run.score["seconds"].items(),
        [c for c in run.score["checks"] if c["met"] is False],
    )
    times = (f"{span(at)} {MILESTONES.get(name, name)}" for name, at in seconds if at is not None)
    text = "; ".join(f"{c['name']}: {c['answer']}, not {c['wanted']}" for c in missed)
    return run, text, ", ".join(times)


def _trend(runs: Sequence[Run]) -> Markup:
    """What was met, and the time to each milestone, run after run; each from zero. Nothing where
    there is nothing to compare."""
    shown = runs[:DRAWN][::-1]
    if len(shown) < 2:
        return Markup()
    met = [of and number / of for number, of in (run.counts for run in shown)]
    parts = _line(
        0, "questions met", met, ["{} of {}".format(*run.counts) for run in shown[-2:]], 1.0
    )
    names = list[str](dict.fromkeys(name for run in shown for name in run.score["seconds"]))
    for place, name in enumerate(names, 1):
        values = [run.score["seconds"].get(name) for run in shown]
        said = ["never" if value is None else span(value) for value in values[-2:]]
        parts += _line(place, MILESTONES.get(name, name), values, said)
    end = (len(names) + 1) * LINE + 24
    for at, run, anchor in ((LEFT, shown[0], "start"), (WIDTH - RIGHT, shown[-1], "end")):
        parts.append(text(at, end, f"{run.at:%Y-%m-%d}", fill=QUIET, anchor=anchor))
    says = f"{shown[0].drill}: {len(shown)} runs, the newest on the right"
    return Markup(wrapped(WIDTH, end + 8, says, parts))


def _line(
    place: int, name: str, values: Sequence[float | None], said: Sequence[str], top: float = 0.0
) -> list[str]:
    """A line broken where something never came, with a dot a run; the last two in words."""
    foot, end = (place + 1) * LINE, WIDTH - RIGHT
    top = top or max((value for value in values if value), default=1.0)
    step = (end - LEFT) / (len(values) - 1)
    parts = [
        text(LEFT - 14, foot, name, anchor="end"),
        rule(LEFT, foot, end, foot, GRID),
        text(end + 14, foot, said[1], font_weight="bold"),
        text(WIDTH - 4, foot, f"before {said[0]}", fill=QUIET, anchor="end"),
    ]
    points = [
        (LEFT + n * step, None if v is None else foot - v / top * TALL)
        for n, v in enumerate(values)
    ]
    for there, run in groupby(points, key=lambda point: point[1] is not None):
        known = [f"{x:.1f},{y:.1f}" for x, y in run if y is not None] if there else []
        way = " ".join(known)
        parts.append(f"<polyline points='{way}' fill='none' stroke='{ACCENT}' stroke-width='2'/>")
        for x, y in (point.split(",") for point in known):
            parts.append(f"<circle cx='{x}' cy='{y}' r='3' fill='{ACCENT}'/>")
    return parts

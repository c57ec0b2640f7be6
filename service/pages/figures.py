"""Figures over incidents, what they took of error budgets, alerts that led to nothing."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from ...analysis.quantities import span
from ...app.budgets import budgets
from ...app.charts.svg import ACCENT, box, text, wrapped
from ...app.configuration import asked, declared
from ...app.figures import Values, grouped, taken
from ...app.figures_table import FIGURES, KINDS, MARKS, as_csv, cells, figures_csv
from ...app.noise import noise
from ...app.patterns import patterns, rising
from ...incident.timeline import utc_now
from ..auth import At, Observer
from ..forms import WORD
from .rendering import page

FIGURES_PAGE = APIRouter(include_in_schema=False)
BAR, LINE = 320, 28


class Across:
    """Which incidents are asked for, of those that somebody sees, and what they took."""

    def __init__(
        self,
        service: At,
        who: Observer,
        days: Annotated[int, Query(ge=1, le=366)] = 92,
        affected: Annotated[str, Query(max_length=100, pattern=f"{WORD}|^$")] = "",
        drills: bool = False,
    ) -> None:
        self.now = utc_now()
        self.told = {"days": days, "affected": affected, "drills": drills}
        told = days, affected.strip(), who.sight, drills
        self.found = taken(service.record, self.now, *told)
        catalogue = declared(service.sources).catalogue
        self.budgets = budgets(self.found, catalogue, self.now, days)


Asked = Annotated[Across, Depends()]


@FIGURES_PAGE.get("/figures", response_class=HTMLResponse)
def figures_page(request: Request, who: Observer, made: Asked):
    """How soon incidents are seen, acknowledged and over; the table beside each chart."""
    found, groups = made.found, {title: grouped(made.found, by) for by, title in KINDS.items()}
    tables = [(t, [(n, cells(n, v)) for n, v in g.items()], _bars(t, g)) for t, g in groups.items()]
    back = [("What rises", rising(found, made.now)), ("What comes back", patterns(found))]
    values = {"tables": tables, "patterns": back, "budgets": made.budgets, "marks": MARKS}
    values |= {"heads": FIGURES.values(), "count": len(found), "query": request.url.query}
    return page("figures.html", 200, request, who, **values, **made.told)


@FIGURES_PAGE.get("/figures.csv")
def figures_file(made: Asked, _who: Observer, budget: bool = False) -> Response:
    """The groups, or the error budgets; times in seconds."""
    rows = as_csv(map(asdict, made.budgets)) if budget else figures_csv(made.found)
    return Response(rows, media_type="text/csv; charset=utf-8")


@FIGURES_PAGE.get("/noise", response_class=HTMLResponse)
def noise_page(
    request: Request, service: At, who: Observer, weeks: Annotated[int, Query(ge=1, le=52)] = 4
):
    """What fired and led to nothing, whom it woke, and how its rule should change."""
    found = noise(service.record, utc_now(), weeks, who.sight, asked(service.sources))
    return page("noise.html", 200, request, who, rows=found, weeks=weeks)


def _bars(title: str, groups: Mapping[str, Values]) -> Markup:
    """Mean time until an incident was over, one bar a group, from zero."""
    known = [(n, s) for n, of in groups.items() if (s := of["resolve"]) is not None][-24:]
    if not known:
        return Markup()
    top, parts = max(seconds for _, seconds in known) or 1.0, list[str]()
    for place, (name, seconds) in enumerate(known):
        y, width = place * LINE, BAR * seconds / top
        parts += [text(116, y + 18, name[:18], anchor="end"), box(124, y + 6, width, 16, ACCENT)]
        parts.append(text(132 + width, y + 18, span(seconds)))
    says = f"{title}: mean time until an incident was over"
    return Markup(wrapped(560, len(known) * LINE + 4, says, parts))

"""`warroom figures`, `noise`, `recovery`: what many incidents say, and how one is brought back."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from .options import Newest

ACROSS = typer.Typer(rich_markup_mode=None)
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV on stdout; times in seconds.")]


@ACROSS.command()
def figures(
    days: Annotated[int, typer.Option(min=1, max=366, help="So many back.")] = 92,
    service: Annotated[str, typer.Option(metavar="NAME", help="Of this one alone.")] = "",
    drills: Annotated[bool, typer.Option("--drills", help="With exercises.")] = False,
    as_csv: AsCsv = False,
) -> None:
    """Print MTTD, MTTA, MTTR, MTBF and error budgets by severity, month and service."""
    from ..analysis.quantities import span
    from ..app.budgets import budgets
    from ..app.configuration import Sources, declared, settings
    from ..app.figures import grouped, taken
    from ..app.figures_table import FIGURES, KINDS, MARKS, cells, figures_csv
    from ..app.record import Record
    from ..incident.timeline import utc_now
    from .screen import say, screen, shown

    record, now = Record(settings()), utc_now()
    found = taken(record, now, days, service, None, drills)
    if as_csv:
        typer.echo(figures_csv(found), nl=False)
        return
    heads = [figure.name or figure.heading for figure in FIGURES.values()]
    for by, title in KINDS.items():
        rows = ((name, cells(name, values)) for name, values in grouped(found, by).items())
        table({title: name, **dict(zip(heads, row, strict=True))} for name, row in rows)
    for one in budgets(found, declared(Sources()).catalogue, now, days):
        spent = "nothing promised" if one.spent is None else f"{one.spent:.0%} of the budget"
        known = f"{span(one.lost)} lost, {span(one.unmeasured)} not measured, {spent}"
        say(screen(), f"  {one.month} {shown(one.service)}: {known}{MARKS[one.met]}")


@ACROSS.command()
def noise(
    weeks: Annotated[int, typer.Option(min=1, max=52, help="So many back.")] = 4,
    rules: Annotated[bool, typer.Option("--rules", help="Print rules as they should be.")] = False,
    as_csv: AsCsv = False,
) -> None:
    """Print the alerts that led to nothing, whom they woke, and how their rules should change."""
    from ..app.configuration import Sources, asked, settings
    from ..app.figures_table import as_csv as written
    from ..app.noise import listed
    from ..app.noise import noise as read
    from ..app.record import Record
    from ..incident.timeline import utc_now

    record, sources = Record(settings()), asked(Sources()) if rules else ()
    found = read(record, utc_now(), weeks, None, sources)
    rows = [listed(one) for one in found]
    text = "".join(one.rule for one in found) if rules else written(rows)
    typer.echo(text, nl=False) if rules or as_csv else table(rows)


@ACROSS.command("recovery")
def way_back(incident: Newest = None) -> None:
    """Print how the service is brought back: steps, critical path, what is measured of each."""
    from ..app.configuration import settings
    from ..app.record import Record
    from ..app.recovering import recovery, recovery_rows

    table(recovery_rows(recovery(Record(settings()), incident)))


def table(rows: Iterable[Mapping[str, Any]], nothing: str = "nothing in that time") -> None:
    """Under the names of the first row; `nothing` where there is none."""
    from rich.table import Table

    from .screen import screen, shown

    told = list(rows)
    found = Table(*(told[0] if told else [nothing]), box=None, header_style="dim")
    for row in told:
        found.add_row(*(shown(str(value), 300) for value in row.values()))
    screen().print(found, "")

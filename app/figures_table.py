"""Figures as people, spreadsheets and Prometheus read them: a cell for each column of figures.yaml,
with a mark that says whether it meets its target."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..analysis.quantities import UNKNOWN, percent, span
from ..record.counts import Count
from ..yaml_tables import Entry, read_table
from .budgets import Budget
from .figures import WANTED, Taken, Values, grouped

KINDS = {"severity": "By severity", "category": "By category"}
KINDS |= {"month": "By month", "service": "By service"}
TIMES = {"detect": "mttd", "acknowledge": "mtta", "resolve": "mttr", "between": "mtbf"}
MARKS = {None: "", True: " ✓", False: " ✖"}
MOST = 20  # services that are told to Prometheus: those with most incidents


class Figure(Entry):
    """One column; figures.yaml says what each key is."""

    heading: str
    name: str = ""
    means: str
    most: float | None = None
    least: float | None = None
    of: str = ""
    none: str = "0"


FIGURES = read_table("app/figures.yaml", dict[str, Figure])


def cells(group: str, values: Values) -> list[str]:
    """One for each of FIGURES."""
    return [_cell(name, figure, group, values) for name, figure in FIGURES.items()]


def _cell(name: str, figure: Figure, group: str, values: Values) -> str:
    value, whole = values[name], values.get(figure.of)
    if value is None or (figure.of and not whole):
        return UNKNOWN
    if name == "share":
        return percent(value)
    if name not in TIMES:
        return f"{value:.0f} of {whole:.0f}" if whole else f"{value:.0f}" if value else figure.none
    most = WANTED.get(group) if name == "resolve" else figure.most
    least = None if figure.least is None else value >= figure.least
    return span(value) + MARKS[least if most is None else value <= most]


def figures_csv(found: Sequence[Taken]) -> str:
    """Every group; times in seconds, an empty cell where the record does not hold it."""
    sorts = [*((kind,) for kind in KINDS), ("service", "month")]
    groups = ((" and ".join(by), each) for by in sorts for each in grouped(found, *by).items())
    return as_csv({"by": by, "name": name, **values} for by, (name, values) in groups)


def as_csv(rows: Iterable[Mapping[str, object]]) -> str:
    """With a line of headings, those of the first row; empty without one. What a spreadsheet would
    take for a formula begins with an apostrophe."""
    text, listed = io.StringIO(), list(rows)
    writer = csv.writer(text)
    writer.writerows([list(row) for row in listed[:1]])
    writer.writerows(map(_safe, row.values()) for row in listed)
    return text.getvalue()


def _safe(value: object) -> object:
    formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if formula else value


def figure_counts(found: Sequence[Taken], spent: Sequence[Budget]) -> Iterator[Count]:
    """For Prometheus: by severity, or by service for a few of them."""
    services = grouped(found, "service").items()
    few = sorted(services, key=lambda one: -(one[1]["count"] or 0))[:MOST]
    by = {"severity": grouped(found, "severity"), "service": dict(few)}
    told = {name: f"{short}_seconds" for name, short in TIMES.items()}
    for name, called in (told | {n: f"incidents_{n}" for n in ("resolved", "escalated")}).items():
        label = "service" if name == "between" else "severity"
        known = {each: value for each, of in by[label].items() if (value := of[name]) is not None}
        yield Count(called, f"Of 30 days. {FIGURES[name].means}", known, label)
    about = "Share of the error budget that incidents of this month took."
    budget = [(one.service, one.spent) for one in spent if one.spent is not None]
    yield Count("error_budget_spent_ratio", about, dict(budget[:MOST]), "service")

"""A plan or a text as the commander sees it: all of it that matters for a yes or a no."""

from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..actions.catalogue import CATALOGUE
from ..app.words import clock, seconds
from ..incident.action import ActionPlan
from ..incident.communication import Message
from ..incident.document import Incident
from ..incident.evidence import Quote, short
from .screen import line, shown

RISK = {"low": "good", "medium": "watch", "high": "bad"}
QUOTES = 5


def card(
    plan: ActionPlan, document: Incident, expires: datetime | None, now: datetime
) -> RenderableType:
    """Two columns: what it is, what it risks, why, how it is checked and undone, until when."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for label, content in _rows(plan, document):
        table.add_row(f"  {label}", content)
    if expires:
        left = (expires - now).total_seconds()
        until = f"{clock(expires)} UTC (in {seconds(max(left, 0.0))})"
        table.add_row("  expires", Text(until))
    return table


def _rows(plan: ActionPlan, document: Incident) -> list[tuple[str, Text]]:
    rows = [
        ("action", Text(f"{plan.kind} {shown(plan.target)}", "strong")),
        *(("parameter", Text(_whole(key, value))) for key, value in plan.parameters.items()),
        ("risk", Text(plan.risk.value, RISK[plan.risk.value])),
        ("who notices", Text(shown(plan.blast_radius))),
        ("expected", Text(shown(plan.expected_effect))),
        ("verified by", Text(shown(plan.verification))),
        ("undo", Text(shown(plan.undo), "" if plan.reversible else "bad")),
        ("why", Text(shown(plan.rationale))),
    ]
    if plan.kind in CATALOGUE:
        rows.append(("runbook", Text(CATALOGUE[plan.kind].runbook)))
    cause = next((h for h in document.hypotheses if h.id == plan.hypothesis), None)
    if cause:
        text = f"{cause.id}, {cause.confidence:.0%}: {shown(cause.statement)}"
        rows.append(("cause", Text(text)))
    rows += [("evidence", Text(_quote(quote, document))) for quote in plan.quotes[:QUOTES]]
    return [*rows, ("plan", Text(plan.short_hash, "strong"))]


def _whole(key: str, value: object) -> str:
    """Every character of it: nobody approves what is not shown."""
    return f"{shown(key)} = {shown(value, len(str(value)))}"


def _quote(quote: Quote, document: Incident) -> str:
    """E4 failure_origins: share = 0.93."""
    record = next((item for item in document.evidence if item.id == quote.evidence), None)
    name = quote.pointer.rsplit("/", 1)[-1] or "value"
    tool = f" {record.tool}" if record else ""
    return f"{quote.evidence}{tool}: {name} = {shown(quote.value, 120)}"


def text_card(message: Message, expires: datetime) -> RenderableType:
    """Audience, channels, subject and the whole body."""
    body = Text("\n".join(shown(row, len(row)) for row in message.body.splitlines()))
    return Group(
        line(("  to       ", "dim"), f"{message.audience.value} by {', '.join(message.channels)}"),
        line(("  subject  ", "dim"), (shown(message.subject), "strong")),
        Padding(body, (1, 2, 1, 4)),
        line(("  text     ", "dim"), (short(message.hash), "strong")),
        line(("  expires  ", "dim"), f"{clock(expires)} UTC"),
    )

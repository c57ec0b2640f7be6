"""What a decision rests on, as a terminal shows it: ten lines that matter; all of it when asked."""

from collections.abc import Iterator
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..actions.catalogue import CATALOGUE, ONLY, changes
from ..app.words import clock, seconds
from ..incident.action import ActionPlan
from ..incident.communication import Message
from ..incident.document import Incident
from ..incident.evidence import Quote, short
from ..incident.finding import sureness
from ..notify import texts
from ..prompts.values import hurt
from .screen import line, shown

RISK = {"low": "good", "medium": "watch", "high": "bad"}
QUOTES, BRIEF, WHOLE = 5, 150, 600
"""Values that are cited; characters of a text, in brief and whole."""
Row = tuple[str, Text]


def in_brief(
    plan: ActionPlan, document: Incident, expires: datetime | None, now: datetime
) -> RenderableType:
    """What is hurt, why this, what it changes, what it risks, how one will know, until when. What
    is changed stands there with every character: nobody approves what is not shown."""
    return _table(
        [
            _hurt(document, now),
            ("why", Text(shown(f"{_sure(plan, document)}{plan.rationale}", 2 * BRIEF))),
            *_changed(plan),
            *_risks(plan, document, BRIEF),
            *_until(expires, now),
            ("plan", Text.assemble((plan.short_hash, "strong"), ("   ? shows all of it", "dim"))),
        ]
    )


def in_full(
    plan: ActionPlan, document: Incident, expires: datetime | None, now: datetime
) -> RenderableType:
    """The same, whole, with cause, runbook and the values that it rests on."""
    return _table(
        [
            _hurt(document, now),
            ("why", Text(shown(plan.rationale))),
            *_cause(plan, document),
            *[("evidence", Text(_quote(quote, document))) for quote in plan.quotes[:QUOTES]],
            ("action", Text(f"{plan.kind} {shown(plan.target)}", "strong")),
            *_changed(plan),
            ("expected", Text(shown(plan.expected_effect))),
            *_risks(plan, document, WHOLE),
            *_runbook(plan),
            *_until(expires, now),
            ("plan", Text(plan.hash, "strong")),
        ]
    )


def _risks(plan: ActionPlan, document: Incident, most: int) -> Iterator[Row]:
    yield "risk", Text(plan.risk.value, RISK[plan.risk.value])
    yield "who notices", Text(shown(plan.blast_radius, most))
    yield "if wrong", Text(shown(plan.undo, most), "" if plan.reversible else "bad")
    yield "we will know", Text(shown(plan.verification, most))
    if no := document.refused(plan):
        told = f"{shown(no.by, 60)} said no at {clock(no.at)}: {shown(no.reason, most)}"
        yield "before", Text(told, "watch")


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for label, content in rows:
        table.add_row(f"  {label}", content)
    return table


def _hurt(document: Incident, now: datetime) -> Row:
    impact = document.impact
    bare = impact.model_copy(update={"since": None, "until": None}) if impact else None
    since, ago = document.began.at, (now - document.began.at).total_seconds()
    told = f"{hurt(bare)}, since {since:%H:%M} UTC ({seconds(max(ago, 0.0))} ago)"
    return "hurt", Text(told)


def _sure(plan: ActionPlan, document: Incident) -> str:
    """almost certain, 91%: ; empty where it follows from no cause."""
    cause = next((h for h in document.hypotheses if h.id == plan.hypothesis), None)
    return f"{sureness(cause.confidence)}, {cause.confidence:.0%}: " if cause else ""


def _changed(plan: ActionPlan) -> Iterator[Row]:
    for name, now, after in changes(plan):
        rows = after.expandtabs().splitlines() if "\n" in after else ()
        whole = "\n".join("".join(c for c in r if c == " " or shown(c)) for r in rows)
        label, will = name.replace("_", " "), whole or shown(after, len(after))
        if name.startswith(ONLY):
            label, will = ONLY, f"{name.removeprefix(ONLY).strip()} {will}"
        yield label, Text(f"now {shown(now, len(now))}, then {will}" if now else will, "strong")


def _cause(plan: ActionPlan, document: Incident) -> Iterator[Row]:
    for one in document.hypotheses:
        if one.id == plan.hypothesis:
            yield "cause", Text(f"{one.id}, {_sure(plan, document)}{shown(one.statement)}")


def _quote(quote: Quote, document: Incident) -> str:
    """E4 failure_origins: share = 0.93."""
    record = next((item for item in document.evidence if item.id == quote.evidence), None)
    name = quote.pointer.rsplit("/", 1)[-1] or "value"
    tool = f" {record.tool}" if record else ""
    return f"{quote.evidence}{tool}: {name} = {shown(quote.value, 120)}"


def _runbook(plan: ActionPlan) -> Iterator[Row]:
    if plan.kind in CATALOGUE:
        yield "runbook", Text(CATALOGUE[plan.kind].profile.runbook)


def _until(expires: datetime | None, now: datetime) -> Iterator[Row]:
    if expires:
        left = max((expires - now).total_seconds(), 0.0)
        yield "expires", Text(f"{clock(expires)} UTC (in {seconds(left)})")


def text_card(message: Message, document: Incident, expires: datetime | None) -> RenderableType:
    """Audience, channels, subject and the whole body; what was said to the one before."""
    body = Text("\n".join(shown(row, len(row)) for row in texts.plain(message.body).splitlines()))
    no = document.refused_text(message)
    before = f"{shown(no.by, 60)} said no to the last one: {shown(no.reason, BRIEF)}" if no else ""
    until = [line(("  expires  ", "dim"), f"{clock(expires)} UTC")] if expires else []
    return Group(
        line(("  to       ", "dim"), f"{message.audience.value} by {', '.join(message.channels)}"),
        *([line(("  before   ", "dim"), (before, "watch"))] if before else []),
        line(("  subject  ", "dim"), (shown(message.subject), "strong")),
        Padding(body, (1, 2, 1, 4)),
        line(("  text     ", "dim"), (short(message.hash), "strong")),
        *until,
    )

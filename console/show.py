"""`warroom show`, `incidents` and `postmortem`: what the record holds."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from ..agents.reporting.wording import headline
from ..app.configuration import settings
from ..app.record import FIRST, Record
from ..app.words import clock, moment, value
from ..incident.document import Alert, Incident, to_json
from ..incident.memory import precedents
from ..incident.report import SweepReport
from ..incident.timeline import EventKind, from_ts
from ..prompts.values import began
from ..record.ledger import Request
from ..record.store import IncidentRow
from ..record.waking import HANDED_OVER, STUCK
from .closing import advice, done, questions, where
from .desk import print_json
from .exits import Exit
from .figures import matrix, measures, severity_lines
from .hypotheses import ranking
from .model_use import section
from .screen import folded, heading, line, say, screen, shown


def show_command(incident_id: str | None, as_json: bool, markdown: bool) -> Exit:
    """One incident: a screen, the whole document as Markdown, or as JSON."""
    record = Record(settings())
    incident = record.incident(incident_id)
    if as_json:
        print(to_json(record.published(incident.id)), end="")
    elif markdown:
        from ..app.files import document_text
        from ..app.why import why

        document = record.published(incident.id)
        print(document_text(record.settings, document, why(record.store, document).nodes))
    else:
        overview(screen(), incident, record.waiting(incident.id), record.files(incident.id))
    return Exit.done


def incidents_command(as_json: bool) -> Exit:
    """Every incident, newest first."""
    record = Record(settings())
    rows = record.incidents()
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        listing(screen(), rows)
        waiting(screen(), record.untaken())
    return Exit.done


def postmortem_command(incident_id: str | None, as_json: bool) -> Exit:
    """As it was published; before that, as it was drafted."""
    record = Record(settings())
    incident = record.incident(incident_id)
    text = record.postmortem(incident)
    if as_json:
        print_json({"incident": incident.id, "markdown": text})
    else:
        print(text)
    return Exit.done


OPENED, LONGEST = 4, 6000
"""Queries of one screen, and characters of an address: it is copied, and never cut."""
KEY = (
    EventKind.alert,
    EventKind.severity,
    EventKind.state,
    EventKind.proposal,
    EventKind.decision,
    EventKind.action,
    EventKind.verification,
    EventKind.person,
)


def overview(
    console: Console, incident: Incident, waiting: Sequence[Request], files: Sequence[Path]
) -> None:
    """Everything that a person wants to know first; `--markdown` has it all."""
    console.print(heading(incident.id))
    say(console, ("  title     ", "dim"), (shown(headline(incident.title)), "strong"))
    say(console, ("  state     ", "dim"), incident.state.value)
    say(console, ("  opened    ", "dim"), moment(incident.opened_at))
    say(console, ("  onset     ", "dim"), began(incident.began))
    console.print(severity_lines(incident))
    _health(console, incident)
    _causes(console, incident)
    _look_yourself(console, incident)
    _actions(console, incident)
    _course(console, incident)
    section(console, incident)
    _remains(console, incident)
    questions(console, waiting)
    where(console, files)


def _health(console: Console, incident: Incident) -> None:
    sweep = incident.report(SweepReport)
    if sweep and sweep.health:
        console.print(heading("Health"))
        console.print(matrix(sweep.health))


def _causes(console: Console, incident: Incident) -> None:
    if incident.hypotheses:
        console.print(heading("Competing causes"))
        console.print(ranking(incident.hypotheses, {}, reasons=3))
    for past in precedents(incident):
        console.print(folded(line(("  seen before  ", "dim")), shown(past.text, 900)))


def _look_yourself(console: Console, incident: Incident) -> None:
    """How to ask the backends for what speaks for the cause that leads; `--markdown` has all."""
    leading = incident.leading()
    cited = {quote.evidence for a in leading.support for quote in a.quotes} if leading else set()
    known = [record for record in incident.evidence if record.id in cited and record.backends]
    if not known:
        return
    console.print(heading("To look yourself"))
    for record in known[:OPENED]:
        asked = record.backends[0]
        told = f"{asked.datasource}: {shown(asked.link or asked.query, LONGEST)}"
        console.print(line((f"  {record.id:<5}", "dim"), told), soft_wrap=True)


def _actions(console: Console, incident: Incident) -> None:
    if not (incident.executions or incident.proposals):
        return
    console.print(heading("Actions"))
    advice(console, incident)
    for execution in incident.executions:
        undone = ", undone" if execution.undone else ""
        title = line(("  ● ", "strong"), (done(incident, execution), "strong"))
        console.print(title.append(f"  {execution.outcome.value}{undone}"))
        if execution.measures:
            console.print(measures(execution.measures))


def _course(console: Console, incident: Incident) -> None:
    console.print(heading("Timeline (UTC)"))
    for event in sorted((e for e in incident.timeline if e.kind in KEY), key=lambda e: e.at):
        who = f"{shown(event.actor, 20):<14.14} "
        say(console, (f"  {clock(event.at)} ", "dim"), (who, "who"), shown(event.text))


def _remains(console: Console, incident: Incident) -> None:
    numbers = {
        "evidence": len(incident.evidence),
        "findings": len(incident.findings),
        "dropped claims": len(incident.dropped),
        "messages": len(incident.communications),
        "follow-ups": len(incident.follow_ups),
    }
    console.print(heading("On the record"))
    console.print("  " + ", ".join(f"{count} {name}" for name, count in numbers.items()))
    for load in incident.loads:
        asked = f"{load.requests} requests, {load.bytes / 1e6:.2f} MB, {load.seconds:.1f} s"
        say(console, ("  asked     ", "dim"), f"{shown(load.datasource)}: {asked}")
    for gap in incident.gaps[:6]:
        say(console, ("  gap       ", "dim"), f"{shown(gap.what)}: {shown(gap.why)}")


def listing(console: Console, rows: Sequence[IncidentRow]) -> None:
    """One line an incident."""
    if not rows:
        console.print(f"no incidents yet; {FIRST}")
        return
    wide = max(len(_state(row)) for row in rows)
    head = f"{'incident':<24}  {'opened (UTC)':<16}  {'level':<5}  {'state':<{wide}}  title"
    say(console, (head, "dim"))
    for row in rows:  # an id is copied into the next command: it stands first and is never cut
        opened = f"{from_ts(row.opened_at):%Y-%m-%d %H:%M}"
        level = row.severity or value(None, "")
        known = f"{row.id:<24}  {opened:<16}  {level:<5}  {_state(row):<{wide}}  "
        say(console, known, shown(headline(row.title)))


def _state(row: IncidentRow) -> str:
    """With what a person has to know of the work on it."""
    return f"{row.state}, {row.work}" if row.work in (HANDED_OVER, STUCK) else row.state


def waiting(console: Console, alerts: Sequence[Alert]) -> None:
    """Alerts that were written down and that no incident took: a process ended in between."""
    for alert in alerts:
        what = f"{alert.service or 'no service'}: {alert.name}"
        text = f"{what} was kept and not taken; hand it in again with `warroom triage`"
        say(console, ("alert  ", "watch"), shown(text))

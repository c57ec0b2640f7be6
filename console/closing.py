"""What is said when a response stops: how it stands, what waits, where the files are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from ..actions.catalogue import in_passing
from ..app.words import seconds
from ..incident.action import Execution
from ..incident.document import Incident
from ..incident.evidence import short
from ..incident.lifecycle import OVER
from ..incident.report import FixReport
from ..record.ledger import Request
from ..settings import ModelSettings
from .model_use import section, totals
from .screen import called, heading, line, say, shown


def closing(
    console: Console,
    incident: Incident,
    waiting: Sequence[Request],
    files: Sequence[Path],
    settings: ModelSettings | None = None,
) -> None:
    """The last screen of a run; the settings say what a model was allowed to use."""
    console.print()
    console.print(heading("Where it stands"))
    say(console, ("  incident  ", "dim"), (incident.id, "strong"))
    style = "good" if incident.state in OVER else "watch"
    reason = f" — {shown(incident.transitions[-1].reason)}" if incident.transitions else ""
    say(console, ("  state     ", "dim"), (incident.state.value, style), reason)
    if leading := incident.leading():
        text = f"{leading.confidence:.0%}  {shown(leading.statement)}"
        say(console, ("  cause     ", "dim"), text)
    for execution in incident.executions:
        undone = ", undone" if execution.undone else ""
        text = f"{done(incident, execution)}: {execution.outcome.value}{undone}"
        say(console, ("  action    ", "dim"), text)
    if incident.transitions:
        took = (incident.transitions[-1].at - incident.opened_at).total_seconds()
        say(console, ("  took      ", "dim"), f"{seconds(took)} after the alert came in")
    advice(console, incident)
    section(console, incident, settings)
    questions(console, waiting)
    where(console, files)


def done(incident: Incident, execution: Execution) -> str:
    """What was carried out, in a few words."""
    plan = incident.plan(execution.plan)
    return shown(in_passing(plan) if plan else execution.title)


def advice(console: Console, incident: Incident) -> None:
    """What may be done by people, where nothing could be done here."""
    if incident.executions or incident.state in OVER:
        return
    fix = incident.report(FixReport)
    if fix and not incident.proposals:
        say(console, ("  advice    ", "dim"), shown(fix.summary))
    for place, plan in enumerate(incident.proposals[:3], 1):
        label = "  advice    " if place == 1 else "            "
        text = f"{place}. {shown(in_passing(plan))} (risk {plan.risk.value})"
        say(console, (label, "dim"), text)


def questions(console: Console, waiting: Sequence[Request]) -> None:
    """What waits for a person, with the commands that answer it."""
    if not waiting:
        return
    console.print()
    say(console, ("  waits for a person", "watch"))
    for request in waiting:
        console.print(
            line(
                (f"  {short(request.subject)}  ", "strong"),
                f"{request.kind}: {shown(request.title)}",
            )
        )
    first = waiting[0]
    for command in (
        f"{called()} approve {first.incident_id} {short(first.subject)}",
        f"{called()} reject {first.incident_id} {short(first.subject)} --reason '…'",
        f"{called()} resume {first.incident_id}",
    ):
        console.print(f"    $ {command}", style="dim", soft_wrap=True)


def where(console: Console, files: Sequence[Path]) -> None:
    """The folder, and what lies in it; what lies elsewhere with its whole path."""
    if not files:
        return
    folder = files[0].parent
    console.print()
    say(console, ("  files     ", "dim"), str(folder))
    groups: dict[str, list[str]] = {}
    for file in files:
        below = file.is_relative_to(folder)
        place = str(file.parent.relative_to(folder) if below else file.parent)
        groups.setdefault("" if place == "." else place, []).append(file.name)
    for parent, names in groups.items():
        some = ", ".join(names) if len(names) <= 6 else f"{len(names)} files"
        say(console, ("            ", ""), f"{parent}/ {some}".removeprefix("/ "))


EXECUTION = {"plan", "title", "outcome", "probability", "reason", "undone"}
"""What a program is told of an action."""


def result(incident: Incident, waiting: Sequence[Request], files: Sequence[Path]) -> dict[str, Any]:
    """The same for a program: one flat JSON object."""
    leading = incident.leading()
    return {
        "incident": incident.id,
        "state": incident.state.value,
        "severity": incident.severity.value if incident.severity else None,
        "type": incident.type.value,
        "title": incident.title,
        "cause": leading.model_dump(mode="json", include=CAUSE) if leading else None,
        "proposals": [{"hash": p.hash, "title": p.title} for p in incident.proposals],
        "executions": [e.model_dump(mode="json", include=EXECUTION) for e in incident.executions],
        "gaps": [gap.model_dump(mode="json") for gap in incident.gaps],
        "waiting": [
            {"subject": r.subject, "kind": r.kind, "title": r.title, "expires_at": r.expires_at}
            for r in waiting
        ],
        "related": incident.related,
        **({"model": model} if (model := totals(incident)) else {}),
        "files": [str(file) for file in files],
    }


CAUSE = {"id", "service", "kind", "statement", "confidence"}

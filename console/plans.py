"""`warroom runbook`: what is written down; `warroom plan`: following it on an incident."""

from pathlib import Path
from typing import Annotated

import typer

from .options import By, Id, Newest

runbook = typer.Typer(help="What to do when, as the team wrote it down.", rich_markup_mode=None)
plan = typer.Typer(help="Follow a runbook on an incident.", rich_markup_mode=None)
PLANS = {"runbook": runbook, "plan": plan}
Name = Annotated[str, typer.Argument(metavar="NAME", help="As `warroom runbook list` has it.")]
MARKS = {"done": "✓", "failed": "✖", "asked": "?", "skipped": "-", "waits": "·"}
MARKS |= {"ready": "✓", "wrong": "✖", "unclear": "?", "by hand": "·"}


@runbook.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Markdown.")],
) -> None:
    """Say of each file whether it is a runbook, or what to mend in which line."""
    from ..plans.runbook import parse_runbook

    for file in files:
        book = parse_runbook(file.read_text(encoding="utf-8"), str(file))
        _say("✓", f"{file}: {book.name}, version {book.version}, {len(book.steps)} steps")


@runbook.command("list")
def list_them() -> None:
    """Read the team's anew and list all, ours too."""
    from ..app.runbooks import refresh

    record = _record()
    for fault in refresh(record.store, record.settings.home):
        _say("!", fault)
    search("")


@runbook.command()
def search(words: Annotated[str, typer.Argument(metavar="WORDS", help="In any order.")]) -> None:
    """Find those whose title, text or steps have these words, the best first."""
    from ..app.dry_runs import listed
    from ..incident.timeline import utc_now

    for book, why, _last, due in listed(_record().store, utc_now(), words):
        own = f"version {book.version} of {book.owner or 'ours'}, {book.file}"
        whose = "shipped" if book.shipped else own
        _say(book.name, "; ".join([f"{book.title} ({whose})", *why, *filter(None, [due])]))


@runbook.command()
def diff(name: Name, versions: Annotated[list[int] | None, typer.Argument()] = None) -> None:
    """Print what changed from one version to another; without any, with the last change."""
    from ..app.runbooks import changes

    for line in changes(_record().store, name, versions or []):
        typer.echo(line)


@runbook.command()
def proposal(incident: Id) -> None:
    """Print, as a diff, what the runbook could learn from this incident; `git apply` takes it."""
    from ..app.proposals import proposal as diff_of

    record = _record()
    typer.echo(diff_of(record.store, record.published(incident)), nl=False)


@plan.command()
def show(incident: Newest = None) -> None:
    """Print how the steps stand; before one is followed, which runbooks fit and why."""
    from ..app.plan_turns import steps_of
    from ..app.plans import whats_next
    from ..app.runbooks import fitting

    record = _record()
    found = record.published(incident)
    for run in found.plans[-1:]:
        _say(run.name, run.state)
        for step, now in zip(steps_of(found), run.steps, strict=True):
            told = [step.text, *now.evidence, *([f"— {now.note}"] if now.note else [])]
            _say(MARKS[now.state], " ".join(told))
    if next_ := whats_next(record.store, found):
        _say("→", f"next: {next_}")
    if found.plans and found.plans[-1].state == "running":
        return
    for fit in fitting(record.store, found):
        _say(fit.book.name, f"{fit.book.title}: {'; '.join(fit.why)}")
    _say("→", f"follow one: `warroom plan start {found.id} NAME`; all: `warroom runbook list`")


@plan.command()
def test(
    name: Name,
    incident: Annotated[str, typer.Option(help="On which; else as far as one can tell.")] = "",
    by: By = "on-call",
) -> None:
    """Look at each step and do nothing: what would fail, what would be asked, what to mend."""
    from ..app.dry_runs import dry_run
    from ..app.runbooks import named
    from ..incident.identity import at_terminal

    record = _record()
    seen = dry_run(record.settings, record.store, name, at_terminal(by), incident)
    for step, (state, says) in zip(named(record.store, name).steps, seen.steps, strict=True):
        _say(MARKS[state], f"{step.text} — {says}")
    for advice in seen.advice:
        _say("→", advice)
    raise typer.Exit(bool(seen.wrong))


@plan.command()
def start(incident: Id, name: Name, by: By = "on-call") -> None:
    """Follow a runbook: what changes anything is asked of the commander, as ever."""
    _act(incident, by, "follow", {"runbook": name})


@plan.command()
def stop(
    incident: Id, reason: Annotated[str, typer.Option(help="Why.")], by: By = "on-call"
) -> None:
    """Follow it no further; what it asks for is not done."""
    _act(incident, by, "stop-runbook", {"reason": reason})


@plan.command()
def resume(
    incident: Id,
    note: Annotated[str, typer.Option(help="What you did or found.")] = "",
    skip: Annotated[bool, typer.Option("--skip", help="Pass the step over.")] = False,
    by: By = "on-call",
) -> None:
    """Say that your step is done, or try once more what failed or was stopped."""
    _act(incident, by, "go-on", {"note": note, "skip": skip})


def _act(incident: str, by: str, path: str, told: dict[str, object]) -> None:
    """As on pages; then the steps are worked here, unless another process holds the incident."""
    from ..app.by_hand import BY_PATH
    from ..app.work import work_plan
    from ..incident.identity import at_terminal

    record, act = _record(), BY_PATH[path]
    act.do(record.store, incident, act.read(told), at_terminal(by))
    work_plan(record.settings, incident, record.store)
    show(incident)


def _record():
    from ..app.configuration import settings
    from ..app.record import Record

    return Record(settings())


def _say(head: str, text: str) -> None:
    from .screen import say, screen, shown

    say(screen(), (f"  {shown(head):<{1 if len(head) == 1 else 24}} ", "strong"), shown(text, 900))

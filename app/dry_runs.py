"""A dry run of a runbook: each step is looked at, and nothing is asked of anybody, done or sent.
What is to be mended is said in words, and kept with who had it looked at and when.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from ..actions.catalogue import CATALOGUE, find
from ..agents.comms import communicate
from ..agents.reasoning.style import breaches
from ..errors import ToolError, ToolRetry
from ..incident.document import Alert, Incident
from ..incident.evidence import digest
from ..incident.following import Followed, Worked
from ..incident.identity import Identity
from ..incident.severity import Severity
from ..incident.timeline import from_ts, utc_now
from ..plans.matching import Match
from ..plans.runbook import Runbook, Step, Triggers
from ..record.oncall import Kept, Shelf
from ..record.store import Store
from ..settings import Settings
from ..tools.base import REGISTRY
from .configuration import Sources, declared, recall
from .configuration_file import read_configuration
from .oncall import Rota, say
from .opening import open_context, playbooks
from .plans import Turn, kinds_of
from .runbooks import library, named, search

Seen = tuple[Literal["ready", "skipped", "by hand", "unclear", "wrong"], str]
"""How a step stands, and what would come of it or is to be mended."""
SHOWS = "what it would act on shows on an incident only: name one"


class DryRun(BaseModel):
    """What a dry run saw of one text."""

    digest: str  # of what was read
    incident: str = ""  # on which; empty: on none
    steps: list[Seen]
    advice: list[str]

    @property
    def wrong(self) -> int:
        """Steps that would fail."""
        return sum(state == "wrong" for state, _says in self.steps)


def dry_runs(store: Store) -> Shelf[DryRun]:
    """The last of each runbook, by its name."""
    return Shelf(store.engine, "dry run", DryRun, lambda run: run.model_dump(include={"incident"}))


def dry_run(
    settings: Settings, store: Store, name: str, by: Identity, incident_id: str = ""
) -> DryRun:
    """Look at each step, on an incident where one is named. Raises NotFound."""
    book, sources = named(store, name), recall(settings, incident_id) if incident_id else Sources()
    if sources.operations and not sources.operations.exists():  # a drill's that is over
        sources = sources.model_copy(update={"operations": None})
    where = {"service": "".join(book.services[:1]), "fingerprint": "", "source": "plain"}
    nowhere = {"id": "INC-0", "opened_at": utc_now(), "alert": Alert(name="DryRun", **where)}
    document = store.load(incident_id) if incident_id else Incident(title=book.title, **nowhere)
    who = {"by": by.name, "person": by.person, "at": utc_now()}
    blank = [Worked() for _step in book.steps]
    document.plans.append(
        run := Followed(name=name, book=book.model_dump_json(), steps=blank, **who)
    )
    context = open_context(settings, sources, store=store, model_layer=playbooks)
    with closing(context.recorder):
        turns = [Turn(context, document, run, place) for place in range(len(blank))]
        steps = [_seen(turn, bool(incident_id)) for turn in turns]
    seen = DryRun(digest=text_of(book), incident=incident_id, steps=steps, advice=[*_advice(book)])
    dry_runs(store).put(name, seen, by)
    return seen


def text_of(book: Runbook) -> str:
    """Tells one text of a runbook from another."""
    return digest(book.model_dump(mode="json", exclude_defaults=True, exclude={"file"}))


def _seen(turn: Turn, real: bool) -> Seen:
    step = turn.step
    try:
        state, says = _found(turn, step, real)
    except ToolError as error:
        return "wrong", str(error)
    why = step.when.why_not(turn.document, turn.context.now(turn.document)) if real else ""
    return ("skipped", why) if why and state != "wrong" else (state, says)


def _found(turn: Turn, step: Step, real: bool) -> Seen:
    """Raises ToolError where it would fail."""
    if step.kind == "communicate":
        return _texts(turn) if real else ("ready", "what is due then is drafted")
    if step.kind == "ticket":
        return _ticket(turn)
    if step.tool:
        if step.tool not in REGISTRY:
            raise ToolRetry(f"no tool {step.tool!r}: write one of {', '.join(sorted(REGISTRY))}")
        REGISTRY[step.tool].parse(step.arguments)
        return "ready", f"asks {step.tool}"
    if not step.action:
        return "by hand", "waits until a person says that it is done"
    return _action(turn, step) if real else _somewhere(step)


def _somewhere(step: Step) -> Seen:
    """Of an action without an incident: whether there is one, and whether it has such a target."""
    if not (kinds := kinds_of(step.action)):
        raise ToolRetry(f"no action {step.action!r}: write one of {', '.join(CATALOGUE)}")
    if not step.target or "{" in step.target or len(kinds) > 1:
        return "unclear", SHOWS
    find(kinds[0]).parse(step.target, step.parameters)
    known = any(step.target == service.name for service in declared(Sources()).catalogue.services)
    told = f"{kinds[0]} {step.target}"
    return ("ready", f"{told}: a commander is asked") if known else ("unclear", f"{told}: {SHOWS}")


def _action(turn: Turn, step: Step) -> Seen:
    """Whether it could be planned as things are, and what the gate would ask."""
    if turn.context.operations is None:
        return "wrong", "the incident has no operations.json: nothing can be acted on"
    plan, policy = turn.planned(step), turn.context.policy
    if done := turn.document.tried(plan):
        return "wrong", f"{done.title} was tried: {done.outcome.value}"
    says = f"{plan.title}: persons asked: {policy.wanted(plan, turn.document.severity)}"
    if until := policy.frozen_until(turn.context.now(turn.document)):
        says += f"; nothing is changed before {until:%Y-%m-%d %H:%M} UTC"
    return "ready", says


def _texts(turn: Turn) -> Seen:
    document, language = turn.document, turn.context.settings.language
    drafts = communicate(document, turn.context.now(document), (language,)).messages
    for draft in drafts:
        if broken := breaches(draft):
            return "unclear", f"{draft.subject} breaks a rule: {broken[0].why or broken[0].rule}"
    outside = sum(draft.external for draft in drafts)
    return "ready", f"texts that are due: {len(drafts)}; that wait for approval: {outside}"


def _ticket(turn: Turn) -> Seen:
    channels = turn.context.channels
    trackers = [one.name for one in channels.told.channels if "ticket" in one.carries]
    if not trackers:
        return "wrong", "no channel of `notifications` carries tickets"
    faults = channels.unanswered("ticket")
    return ("wrong", "; ".join(faults)) if faults else ("ready", f"answers: {', '.join(trackers)}")


def _advice(book: Runbook) -> Iterator[str]:
    if not book.owner:
        yield "name its owner: nobody is reminded to keep it right"
    if book.triggers == Triggers():
        yield "give it triggers: it is found by its words alone"
    if all(step.kind != "verify" for step in book.steps):
        yield "end it with a step that verifies: nothing says when it is over"


# When one is due, and what lists show.


@dataclass(frozen=True)
class Listed:
    """A runbook as lists show it."""

    book: Runbook
    why: tuple[str, ...]  # it was found
    last: Kept[DryRun] | None
    due: str  # why it should be tried; empty: it need not be, or is ours


def listed(store: Store, now: datetime, words: str = "") -> Iterator[Listed]:
    """All of them, or those that have to do with these words, the best first."""
    runs = {one.key: one for one in dry_runs(store).all()}
    found = search(store, words) if words.strip() else map(Match, library(store).values())
    for fit in found:
        last = runs.get(fit.book.name)
        due = "" if fit.book.shipped else why_try(fit.book, last, now)
        yield Listed(fit.book, fit.why, last, due)


def why_try(book: Runbook, last: Kept[DryRun] | None, now: datetime) -> str:
    """Why a team's own should be tried; empty: it need not be."""
    if last is None:
        return "never tried"
    at, days = from_ts(last.at), read_configuration().runbooks.tested_within / 86400
    if last.body.digest != text_of(book):
        return f"changed since it was tried on {at:%Y-%m-%d}"
    if last.body.wrong:
        return f"steps that would have failed on {at:%Y-%m-%d}: {last.body.wrong}"
    return f"tried {(now - at).days} days ago" if (now - at).days >= days else ""


def remind(store: Store) -> None:
    """Tell the owner of each that is due: once for a text and its last dry run, whichever server
    comes first."""
    rota, now = Rota(store.engine, read_configuration()), utc_now()
    for one in (each for each in listed(store, now) if each.due and each.book.owner):
        name, tried = one.book.name, one.last.at if one.last else 0.0
        key = f"try {digest([name, text_of(one.book), tried])[:16]}"
        told = ("try", f"Try the runbook {name}: {one.due}", f"`warroom plan test {name}`\n")
        for who in rota.people([one.book.owner], "", now):
            for channel, at in rota.due(who, Severity.P3, now):
                say(rota, key, channel, at, *told)

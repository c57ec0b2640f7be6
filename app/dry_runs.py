"""A dry run of a runbook: each step is looked at, and nothing is asked of anybody, done or sent.
What is to be mended is said in words, and kept with who had it looked at and when.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from ..actions.catalogue import CATALOGUE, find
from ..agents.comms import communicate
from ..agents.reasoning.style import breaches
from ..agents.runtime.context import ResponseContext
from ..errors import ToolError, ToolRetry
from ..incident.document import Alert, Incident
from ..incident.evidence import digest
from ..incident.following import Followed, Worked
from ..incident.identity import WARROOM, Identity
from ..incident.severity import Severity
from ..incident.timeline import from_ts, utc_now
from ..plans.matching import Match
from ..plans.runbook import QUICK, Runbook, Step, Triggers
from ..record.oncall import Kept, Shelf
from ..record.store import Store
from ..settings import Settings
from ..tools.base import REGISTRY
from .configuration import Sources, declared, recall
from .configuration_file import read_configuration
from .oncall import Rota, say
from .opening import open_context, playbooks
from .plan_turns import Turn
from .runbooks import library, named, search

Seen = tuple[Literal["ready", "skipped", "by hand", "unclear", "wrong"], str]
"""How a step stands, and what would come of it or is to be mended."""


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
    alert = Alert(name="DryRun", service="".join(book.services[:1]), fingerprint="", source="plain")
    nowhere = Incident(id="INC-0", title=book.title, opened_at=utc_now(), alert=alert)
    document = store.load(incident_id) if incident_id else nowhere
    context = open_context(settings, sources, store=store, model_layer=playbooks)
    with closing(context.recorder):
        steps = looked(context, document, book, bool(incident_id))
    seen = DryRun(digest=text_of(book), incident=incident_id, steps=steps, advice=[*_advice(book)])
    dry_runs(store).put(name, seen, by)
    return seen


def looked(context: ResponseContext, document: Incident, book: Runbook, real: bool) -> list[Seen]:
    """Each step on this document, of which nothing is kept; real: it is an incident's."""
    who = {"by": WARROOM.name, "person": WARROOM.person, "at": utc_now()}
    steps = [Worked() for _step in book.steps]
    run = Followed(name=book.name, book=book.model_dump_json(), steps=steps, **who)
    document.plans.append(run)
    return [_seen(Turn(context, document, run, place), real) for place in range(len(steps))]


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
        if step.tool not in (*REGISTRY, QUICK):
            raise ToolRetry(f"no tool {step.tool!r}: write one of {', '.join(sorted(REGISTRY))}")
        if step.tool != QUICK:
            REGISTRY[step.tool].parse(step.arguments)
        return "ready", f"asks {step.tool}"
    if not step.action:
        return "by hand", "waits until a person says that it is done"
    return _action(turn, step) if real else _somewhere(step)


def _somewhere(step: Step) -> Seen:
    """Of an action without an incident: whether there is one, and whether it has such a target."""
    kinds = [kind for kind in CATALOGUE if kind.startswith(step.action)]
    if not kinds:
        raise ToolRetry(f"no action {step.action!r}: write one of {', '.join(CATALOGUE)}")
    if step.target and "{" not in step.target and step.action in kinds:
        find(step.action).parse(step.target, step.parameters)
    if any(step.target == service.name for service in declared(Sources()).catalogue.services):
        return "ready", "a commander is asked"
    return "unclear", "what it would act on shows on an incident only: name one"


def _action(turn: Turn, step: Step) -> Seen:
    """Whether it could be planned as things are, and what the gate would ask."""
    if turn.context.operations is None:
        return "wrong", "the incident has no operations.json: nothing can be acted on"
    plan, policy = turn.aimed(step), turn.context.policy
    if isinstance(plan, Worked):
        return "skipped" if plan.state == "skipped" else "by hand", plan.note
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
        return "unclear", "a follow-up alone: no channel of `notifications` carries tickets"
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


def listed(
    store: Store, now: datetime, words: str = ""
) -> Iterator[tuple[Runbook, tuple[str, ...], Kept[DryRun] | None, str]]:
    """All, or those that have to do with these words: each with why it was found, its last dry run,
    and why it should be tried; empty: it need not be."""
    runs = {one.key: one for one in dry_runs(store).all()}
    for fit in search(store, words) if words.strip() else map(Match, library(store).values()):
        last = runs.get(fit.book.name)
        yield fit.book, fit.why, last, "" if fit.book.shipped else why_try(fit.book, last, now)


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
    """Tell the owner of each that is due: once of a text and its last dry run, across servers."""
    rota, now = Rota(store.engine, read_configuration()), utc_now()
    for book, _why, last, why in listed(store, now):
        key = f"try {digest([book.name, text_of(book), last.at if last else 0.0])[:16]}"
        told = ("try", f"Try the runbook {book.name}: {why}", f"`warroom plan test {book.name}`\n")
        for who in rota.people([book.owner], "", now) if why and book.owner else []:
            for channel, at in rota.due(who, Severity.P3, now):
                say(rota, key, channel, at, *told)

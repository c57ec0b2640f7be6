"""Rules that act without a person: what came of each, stopping one that fails, and what they would
have done over past incidents.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection

from ..actions.rules import Rule, in_order
from ..agents.reasoning.ruling import why_not
from ..agents.runtime.outbox import Letter
from ..errors import InputError, NotFound
from ..incident.action import HELPED, Outcome, Verdict
from ..incident.communication import Audience, Message, MessageState
from ..incident.document import Incident
from ..incident.events import Asked, Decided, StepDone
from ..incident.finding import merged
from ..incident.identity import WARROOM, Identity
from ..incident.lifecycle import OVER
from ..incident.report import DetectionReport, VerificationReport
from ..incident.timeline import from_ts, utc_now
from ..record import rules as record
from ..record.database import glance
from ..record.events import EventLog, Stored
from ..record.ledger import Asks
from ..record.outbox import put_page
from ..record.store import Store
from ..record.switches import Switch, Switches, turn_in
from ..record.waking import ENDED
from ..settings import Settings
from .configuration import recall
from .configuration_file import read_configuration
from .lifecycle import change_in

BESIDE = (9, 10)
"""Steps that run beside a recovery and say nothing of it."""
HELD = (*HELPED, Outcome.contained)
RECORDING = "telemetry is a recording"


def settle(_settings: Settings, store: Store) -> None:
    """Write down what came of what rules did, once it is known; stop a rule that fails."""
    with glance(store.engine).begin() as connection:
        open_ = record.rulings(connection, record.UNDER_WAY)
    for ruling in open_:
        with suppress(NotFound):  # put back from an older backup
            document = store.load(ruling.incident_id)
            if outcome := _came_of(store, document, ruling.subject):
                _end(store, ruling, outcome)


def _came_of(store: Store, document: Incident, subject: str) -> str:
    """Empty: it is not known yet."""
    standing = store.work.standing(document.id)
    over = document.state in OVER or (standing is not None and standing.status in ENDED)
    execution = document.execution(subject)
    if execution is None:
        decision = store.ledger.decision(document.id, subject)
        begun = not over and decision and decision.verdict is Verdict.approved
        return "" if begun else record.NOT_BEGUN
    reports = [report for report in document.reports if report.step not in BESIDE]
    found = [r for r in reports if isinstance(r, VerificationReport) and r.plan == subject]
    last = found[-1] if found else None
    waits = last is None or last.improving or (last.take_back and not execution.undone)
    if waits and not over and (last is None or last is reports[-1]):
        return ""
    if execution.outcome is Outcome.by_itself:
        return record.BY_ITSELF
    verified = record.VERIFIED if execution.outcome in HELD else record.FAILED
    return record.ROLLED_BACK if execution.undone else verified


def _end(store: Store, ruling: record.Ruling, outcome: str) -> None:
    with store.durable.begin() as connection:
        record.alone(connection)
        new = record.end(connection, ruling, outcome)
        if new and (failed := record.failing(connection, ruling.rule)):
            _stop(connection, ruling, ", ".join(dict.fromkeys(failed)))


def _stop(connection: Connection, ruling: record.Ruling, failed: str) -> None:
    """With the failures that are too many the rule is off, and people are told."""
    why = f"what it did was not verified, twice in a row: {failed}"
    switch = Switch(record.switch_of(ruling.rule), True, time.time(), WARROOM.name, why)
    turn_in(connection, switch, WARROOM)
    channels = read_configuration().notifications.channels
    names = [c.name for c in channels if Audience.engineering in c.written and not c.post]
    text = f"Rule {ruling.rule} is stopped: {why}"
    cure = f"People are asked again. `warroom rules lift {ruling.rule} --reason WHY` lets it act."
    now, told = utc_now(), {"template": "rule stopped", "audience": Audience.engineering}
    told |= {"channels": names or ["chat"], "subject": text[:200], "body": f"**{text}.** {cure}\n"}
    message = Message(id="M0", state=MessageState.approved, created_at=now, **told)
    letter = Letter(message=message, drill=False, at=now).model_dump_json()
    for name in message.channels:
        put_page(
            connection, f"{switch.name} {switch.at}", ruling.incident_id, name, letter, switch.at
        )
    change_in(connection, ruling.incident_id, WARROOM, "stop rule", lambda _doc, _at: text)


Line = dict[str, str]
"""What is said of a rule or a case, by heading."""


def states(store: Store, rules: Sequence[Rule]) -> list[Line]:
    """Each in its order: what it says, what keeps it from acting, what came of what it did."""
    with glance(store.engine).begin() as connection:
        done = record.rulings(connection)
        off = {rule.name: record.stopped(connection, rule.name) for rule in rules}
    found = list[Line]()
    for rule in in_order(rules):
        counts = Counter(r.outcome or "under way" for r in done if r.rule == rule.name)
        did = ", ".join(f"{number} {word}" for word, number in counts.most_common())
        told = {"rule": rule.name, "version": str(rule.version), "mode": rule.mode}
        told |= {"stopped": off[rule.name], "says": rule.words, "did": did or "nothing yet"}
        found.append(told)
    return found


def turn(
    store: Store, rules: Sequence[Rule], rule: str, off: bool, by: Identity, reason: str
) -> None:
    """Stop a rule, or under no name all of them, or let it act again. Raises InputError for a rule
    that is not there, or no reason."""
    if rule and rule not in [each.name for each in rules]:
        raise InputError(f"no rule is called {rule!r}: `warroom rules list` has all")
    if not reason.strip():
        raise InputError("say why: --reason 'why'")
    Switches(store.engine).turn(off, by, reason, record.switch_of(rule))


# What rules would have done: every plan that people were asked about, by what was known then.


def simulate(
    settings: Settings, store: Store, rules: Sequence[Rule], since: datetime
) -> tuple[list[Line], Counter[str]]:
    """What each rule would have approved, whatever its mode, what people answered and how it ended;
    and how often it would not have, or cannot be told, by why."""
    found, against = list[Line](), Counter[str]()
    for row in store.incidents():
        if row.opened_at < since.timestamp():
            continue
        document = store.load(row.id)
        recorded = any(RECORDING in event.text for event in document.timeline)
        if recorded or recall(settings, row.id).drill:
            against["not told: a drill or a recording, where no rule acts"] += 1
            continue
        spent = Counter[str]()
        for at, subject, then in _asked(store, document):
            plan = then.plan(subject)
            if plan is None or not then.hypotheses:
                against["not told: what was known then is not on record any more"] += 1
                continue
            for rule in in_order(rules):
                full = spent[rule.name] >= rule.per_incident and "its limit on an incident"
                if why := why_not(rule, then, plan, at) or full:
                    against[f"{rule.name}: {why}"] += 1
                    continue
                spent[rule.name] += 1
                said = {"rule": rule.name, "incident": row.id, "plan": plan.title}
                found.append({**said, **_ended(store, document, subject)})
    return found, against


def _ended(store: Store, document: Incident, subject: str) -> Line:
    decision, execution = store.ledger.decision(document.id, subject), document.execution(subject)
    people = f"{decision.verdict} by {decision.by}" if decision else "not answered"
    ended = execution.outcome.value if execution else "not carried out"
    back = ", rolled back" if execution and execution.undone else ""
    return {"answered": people, "ended": ended + back}


def _asked(store: Store, document: Incident) -> Iterator[tuple[datetime, str, Incident]]:
    """Each plan when it was first asked about, and the incident as it was known then."""
    lists = ("hypotheses", "reports", "decisions", "executions")
    then = document.model_copy(update={"severity": None, **{name: [] for name in lists}})
    seen = set[str]()
    for stored in _events(store, document.id):
        event = stored.event
        if isinstance(event, StepDone):
            then.hypotheses = merged(then.hypotheses, event.report.hypotheses)
            then.reports = [*then.reports, event.report]
            level = event.report.severity if isinstance(event.report, DetectionReport) else None
            now = event.report.assessment.severity if event.report.assessment else level
            then.severity = now or then.severity
        elif isinstance(event, Decided):
            then.decisions = [*then.decisions, event.decision]
        elif isinstance(event, Asked) and event.kind == Asks.action and event.subject not in seen:
            seen.add(event.subject)
            yield from_ts(stored.at), event.subject, then


def _events(store: Store, incident: str) -> Iterator[Stored]:
    log, position = EventLog(store.engine), 0
    while some := log.after(position, incident):
        yield from some
        position = some[-1].position

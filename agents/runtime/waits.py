"""Waiting, and nobody sleeps: one node starts a timer in our table, the next one is there in
`interrupt()` until it is due, however often the process is restarted in between.

A timer is named by what it is for and which time: a node that runs again starts no second one. Of
history nothing new comes: there a wait is over at once.
"""

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from ...incident.events import Waiting
from ...incident.evidence import short
from ...incident.timeline import Event, EventKind, from_ts
from ...record.timers import ANEW, ANEW_SAYS
from ...state import Acted, IncidentState, Pause, Waits
from .context import ResponseContext
from .gate import proposed

LOOK_WINDOWS = 2
"""Detection windows between two looks at what is not confirmed."""
ANEW_LOOKS = 6
"""Looks at what nothing is known to do about: with windows of a minute, over two hours."""
OTHERS_LOOKS = 6
"""More of them while a request or a commit waits for others: with such windows, five days."""


def look_again(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Wait for as long as a rule looks back, so that the next look sees something new."""
    seconds = LOOK_WINDOWS * runtime.context.catalogue.windows.detect_s
    why = "not confirmed: looked at again"
    return begin(state, runtime, f"look {state.looks + 1}", seconds, why)


def looked_again(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """The time for another look has come."""
    _until_due(state, runtime)
    return {"looks": state.looks + 1, "timer": ""}


def look_anew(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Nothing is known to do, and it goes on: what alerted early may show by and by. Wait, twice as
    long each time; not for ever, a few times more where others may end it, and not what a person
    called over."""
    context = runtime.context
    document = context.store.load(state.incident_id)
    more = OTHERS_LOOKS if context.looks and document.waiting else 0
    if document.ended_by or state.anew >= context.looks + more:
        return {"timer": ""}
    name, why = f"{ANEW} {state.anew + 1}", "nothing is known to do: looked at anew"
    seconds = LOOK_WINDOWS * context.catalogue.windows.detect_s * 2**state.anew
    begun = begin(state, runtime, name, seconds, why)
    due = context.store.timers.due_at(state.incident_id, name) if begun["timer"] else None
    if due:
        text = ANEW_SAYS.format(from_ts(due))
        said = {"actor": "observability", "kind": EventKind.note, "text": text}
        if all(line.text != text for line in document.timeline):  # the node may run again
            line = Event(at=context.now(document), **said)
            context.store.update(state.incident_id, lambda doc: doc.record(line))
    return begun


def looked_anew(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """The time has come: whether it still hurts first, then from the sweep on, in another round."""
    _until_due(state, runtime)
    context = runtime.context
    ended = bool(context.store.load(state.incident_id).ended_by)
    over = ended or bool(state.stop) or state.anew >= context.looks  # others may still carry on
    more = {"anew": state.anew + 1, "attempt": state.attempt + 1, "investigated": over}
    return {**more, "timer": "", "checks": 0, "outcome": ""}


def stabilise(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Wait until the stabilisation window and a measuring window after it have passed; a
    measuring window more each time the symptoms were still on their way back."""
    context = runtime.context
    windows = context.catalogue.windows
    document = context.store.load(state.incident_id)
    ended = max(e.ended_at or e.started_at for e in document.executions)
    due = windows.stabilise_s + windows.verify_s * (1 + state.checks)
    seconds = due - (context.now(document) - ended).total_seconds()
    done = document.execution(state.plan)
    stage = f" stage {done.stage + 1}" if done and done.stage else ""
    name = f"{short(state.plan)}{stage} settles {state.checks + 1}"
    return begin(state, runtime, name, seconds, "stabilisation window")


def wait_on(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Wait a measuring window more before looking again, where nobody acts; what was just taken
    back has to settle first."""
    context = runtime.context
    windows = context.catalogue.windows
    merged = context.store.load(state.incident_id).carried_on(measured=False)
    seconds = windows.verify_s + (windows.stabilise_s if state.next or merged else 0.0)
    name = f"watch {state.attempt}.{state.checks + 1} {short(state.plan)}".rstrip()
    name += f" {short(merged.plan)} by others" if merged else ""
    return begin(state, runtime, name, seconds, "watching whether it stays well")


def waited(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """The time to measure has come: what is measured now is what has come since. What a person
    proposed meanwhile is asked about where it still hurts."""
    _until_due(state, runtime)
    document = runtime.context.store.load(state.incident_id)
    asks = {"acted": Acted.withdrawn.value} if proposed(document, state.attempt) else {}
    return {"checks": state.checks + 1, "timer": "", **asks}


def held_back(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """The time has come to try once more what was held back."""
    _until_due(state, runtime, "held")
    return {"checks": state.checks + 1, "timer": ""}


def begin(
    state: IncidentState, runtime: Runtime[ResponseContext], name: str, seconds: float, why: str
) -> dict:
    """Start the timer, unless its time has passed already."""
    if seconds <= 0:
        return {"timer": ""}
    context = runtime.context
    context.teller(runtime.stream_writer)(Waiting(seconds=seconds, why=why))
    if not context.pace:
        return {"timer": ""}
    context.store.timers.begin(state.incident_id, name, seconds * context.pace)
    return {"timer": name}


def hold_back(
    state: IncidentState, runtime: Runtime[ResponseContext], name: str, seconds: float, why: str
) -> dict:
    """Start a timer of the time that people live in, over a recording too: what holds an action
    back is a person's switch, a freeze, another action."""
    context = runtime.context
    context.teller(runtime.stream_writer)(Waiting(seconds=seconds, why=why))
    context.store.timers.begin(state.incident_id, name, seconds)
    return {"timer": name}


def _until_due(
    state: IncidentState, runtime: Runtime[ResponseContext], kind: Waits = "timer"
) -> None:
    """Look only, and wait: no side effect, so LangGraph may run it as often as it likes."""
    timers = runtime.context.store.timers
    while timers.due_at(state.incident_id, state.timer) is not None:
        interrupt(Pause(kind=kind, subject=state.timer, incident_id=state.incident_id))
    runtime.context.recorder.advance()

"""Runs the graph for an incident: start, pause for people and for time, resume, survive a restart.

    with Response(context) as response:
        incident_id, new = response.take(alert)
        for event in response.run(incident_id): ...
        context.store.ledger.decide(incident_id, subject, Verdict.approved, by="commander")

Who works an incident holds its lease (record/leases.py), renewed while the work goes on; what is
written by somebody who has lost it is refused. Nobody sleeps in here: a turn ends where the graph
waits, and the row of work says until when.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, cast, get_args

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import Command, StateSnapshot

from .agents.runtime.context import ResponseContext
from .agents.runtime.node import introduce
from .agents.runtime.outbox import hand_over
from .errors import InputError
from .graph import Phase, build
from .graph_version import Misfit, fitted, version_of
from .incident.document import Alert
from .incident.events import ResponseEvent, StepDone
from .incident.timeline import from_ts
from .intake.handing import take
from .intake.scopes import calls_of
from .record.checkpoints import open_checkpointer, readable
from .record.holding import Held, holding
from .record.leases import LEASE_S, lost, new_owner
from .record.ledger import Request
from .record.timers import ANEW, ANEW_SAYS
from .record.waking import ENDED
from .record.work import Standing
from .settings import Settings
from .state import IncidentState, Pause, Waits
from .tracing.spans import begin

Beside = Callable[[ResponseContext, str], float | None]
"""Of a context and an incident; seconds until it has to do with it again, None: it has not."""
Resume = object()
"""Go on where a process stopped: unfinished nodes run again, open questions are asked again."""
FOR_TIME = get_args(Waits)
MEASURED = "waits until it can be measured again"
HELD = "an approved action, or its undo, is held back; see the timeline"
LEAST_S = 1.0
"""Before a turn that came too early is tried again."""


@contextmanager
def durable_graph(settings: Settings) -> Iterator[Phase]:
    """The graph over the settings' checkpoints, for one thread. Raises StoreError."""
    with open_checkpointer(settings) as saver:
        yield build().compile(checkpointer=saver)


def prune(graph: Phase, incident_id: str) -> None:
    """Drop the checkpoints of an incident that is over. Raises StoreError."""
    assert isinstance(graph.checkpointer, BaseCheckpointSaver)
    with readable():
        graph.checkpointer.delete_thread(incident_id)


class Response:
    """The graph with durable checkpoints, over one context; for one thread.

    Args:
        context: what the nodes may reach.
        graph: over checkpoints that are open; by default over the settings' own, closed with this.
        lease_s: seconds that a lease lasts unless it is renewed.
        beside: what whoever holds the incident does before and after the graph goes on.

    Raises InputError when tracing is on and OpenTelemetry's SDK is not installed.
    """

    def __init__(
        self,
        context: ResponseContext,
        graph: Phase | None = None,
        lease_s: float = LEASE_S,
        beside: Beside = lambda _context, _incident: None,
    ) -> None:
        begin(context.settings.tracing, context.settings.tracing_content)
        self.context = context
        self.work = context.store.work
        self.owner = new_owner()
        self.lease_s = lease_s
        self.beside = beside
        self._open = ExitStack()
        self.graph = graph or self._open.enter_context(durable_graph(context.settings))

    def __enter__(self) -> "Response":
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def take(self, alert: Alert) -> tuple[str, bool]:
        """Keep the alert; the incident that has it, and whether that is a new one."""
        context = self.context
        calls = calls_of(context.catalogue)
        return take(context.store, alert, context.clock(), calls)

    def run(self, incident_id: str) -> Iterator[ResponseEvent]:
        """Work the incident for one turn; yields what happens.

        Raises NotFound for an unknown incident, InputError when somebody else works on it.
        """
        with self.claimed(incident_id) as held:
            yield from self.turn(held)

    @contextmanager
    def claimed(self, incident_id: str) -> Iterator[Held]:
        """Hold the incident, due or not, for as long as the block runs. Raises as `run`."""
        self.context.store.load(incident_id)
        lease = self.work.claim(incident_id, self.owner, self.lease_s)
        if lease is None:
            raise InputError(
                f"another process works on {incident_id}; a decision recorded with "
                "`warroom approve` or `warroom reject` is picked up by it"
            )
        with holding(self.work, lease, self.lease_s) as held:
            yield held
        if held.status in ENDED:
            prune(self.graph, incident_id)

    def turn(self, held: Held) -> Generator[ResponseEvent]:
        """Work an incident that we hold until it is over or waits: for people, or for time; answers
        that were given meanwhile are picked up before it ends.

        Raises LeaseLost when somebody else has taken it over, Misfit when it waits in a graph that
        this one does not continue: then it is set aside for a person.
        """
        incident_id = held.incident_id
        context = replace(self.context, store=self.context.store.under(held.lease))
        with readable():
            soon = self.beside(context, incident_id)
            standing, found = self._fit(held), self._found(incident_id)
            over = standing.status in ENDED or _is_over(found)
            given = None if over else self._entry(context, incident_id, found)
            while given is not None and not held.ended.is_set():
                yield from self._stream(held, context, given, standing.attempts > 0)
                self.work.heard(held.lease)
                soon = self.beside(context, incident_id)
                found = self._found(incident_id)
                given = self._answers(found)
            if not held.ended.is_set():
                over = over or _is_over(found)
                held.until, held.why = self._until(incident_id, found, over, soon)
            again = self._anew(incident_id, found)
            if held.until is None or again:
                hand_over(context, incident_id, again)

    def waiting(self, incident_id: str) -> list[Request]:
        """What the incident waits for people to decide."""
        return self.context.store.ledger.waiting(incident_id)

    def over(self, incident_id: str) -> bool:
        """Whether the graph has run to its end."""
        standing = self.work.standing(incident_id)
        if standing is not None and standing.status in ENDED:
            return True
        return _is_over(self._found(incident_id))

    def timer(self, incident_id: str) -> float | None:
        """Seconds until the time comes that the graph waits for; None: it waits for none."""
        return self._timer(incident_id, _pauses(self._found(incident_id)))

    def _timer(self, incident_id: str, pauses: Sequence[Pause]) -> float | None:
        timers = [each["subject"] for each in pauses if each["kind"] in FOR_TIME]
        if not timers:
            return None
        due = [self.context.store.timers.due_at(incident_id, name) for name in timers]
        now = self.work.now()
        return min(max(0.0, (at or now) - now) for at in due)

    def _anew(self, incident_id: str, found: StateSnapshot) -> datetime | None:
        """When it is looked at anew what nothing is known to do about; None: it is not."""
        names = (each["subject"] for each in _pauses(found) if each["subject"].startswith(ANEW))
        due = [self.context.store.timers.due_at(incident_id, name) for name in names]
        return from_ts(due[0]) if due and due[0] else None

    def _until(
        self, incident_id: str, found: StateSnapshot, over: bool, soon: float | None
    ) -> tuple[float | None, str]:
        """When to look at it again, by the shared clock (None: it is over), and why then."""
        if over:
            return None, "the response is over"
        now, pauses = self.work.now(), _pauses(found)
        asked = self.waiting(incident_id)
        wait = self._timer(incident_id, pauses)
        times = [request.expires_at for request in asked]
        times += [now + seconds for seconds in (wait, soon) if seconds is not None]
        said = [f"waits for a person: {request.title}" for request in asked[:1]]
        held = any(each["kind"] == "held" for each in pauses)
        again = self._anew(incident_id, found)
        wakes = ANEW_SAYS.format(again) if again else HELD if held else MEASURED
        said += [wakes] if wait is not None else []
        return max(min(times, default=now), now + LEAST_S), "; ".join(said) or "goes on"

    def _fit(self, held: Held) -> Standing:
        """See that the graph continues what was begun; a run is kept with its version. How the work
        stands."""
        standing = self.work.standing(held.incident_id)
        if standing is None:
            raise lost(held.lease)
        version = version_of(self.graph)
        if standing.graph != version:
            try:
                fitted(self.graph, self._config(held.incident_id))
            except Misfit as error:
                self.work.stuck(held.lease, str(error))
                raise
            self.work.ran_on(held.lease, version)
        return standing

    def _entry(self, context: ResponseContext, incident_id: str, found: StateSnapshot) -> Any:
        """What to feed the graph: a fresh state, answers to its interrupts, or 'go on'."""
        if not found.values:
            introduce(context, incident_id)
            return IncidentState(incident_id=incident_id)
        return self._answers(found) or Resume

    def _found(self, incident_id: str) -> StateSnapshot:
        """Where the graph stands."""
        return self.graph.get_state(self._config(incident_id))

    def _answers(self, found: StateSnapshot) -> Command | None:
        """A resume for each interrupt whose question is answered or whose time has come in our
        tables, by its id."""
        met = {item.id: "met" for item in found.interrupts if self._met(item.value)}
        return Command(resume=met) if met else None

    def _met(self, pause: Pause) -> bool:
        store = self.context.store
        if pause["kind"] in FOR_TIME:
            return store.timers.due_at(pause["incident_id"], pause["subject"]) is None
        return store.ledger.decision(pause["incident_id"], pause["subject"]) is not None

    def _stream(
        self, held: Held, context: ResponseContext, given: Any, failed: bool
    ) -> Iterator[ResponseEvent]:
        """Run the graph; a step that is done ends a row of failures."""
        stream: Any = self.graph.stream(
            None if given is Resume else given,
            self._config(held.incident_id),
            context=context,
            durability="sync",
            stream_mode=["custom"],
            subgraphs=True,
        )
        with self._kept(context, held), closing(stream):
            for _namespace, _mode, each in stream:
                event = cast("ResponseEvent", each)
                if failed and isinstance(event, StepDone):
                    failed = False
                    self.work.progressed(held.lease)
                yield event
                if held.ended.is_set():
                    return

    @contextmanager
    def _kept(self, context: ResponseContext, held: Held) -> Iterator[None]:
        """What the nodes find and tell is written; what could not be is forgotten."""
        pending = context.store.pending
        assert pending is not None
        try:
            with pending.followed():
                yield
        finally:
            if pending.waits:
                context.forget(held.incident_id)

    def _config(self, incident_id: str) -> Any:
        return {
            "configurable": {"thread_id": incident_id},
            "recursion_limit": self.context.settings.recursion_limit,
        }


def _is_over(found: StateSnapshot) -> bool:
    # `next` leaves out a step that is done and not yet followed: its writes wait to be applied.
    return bool(found.values) and not found.tasks


def _pauses(found: StateSnapshot) -> list[Pause]:
    return [cast("Pause", item.value) for item in found.interrupts]

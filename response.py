"""Runs the graph for an incident: start, pause for people and for time, resume, survive a restart.

    with Response(context) as response:
        incident_id, new = response.take(alert)
        for event in response.run(incident_id): ...
        context.store.ledger.decide(incident_id, subject, Verdict.approved, by="commander")

Who works an incident holds its lease (record/leases.py), renewed while the work goes on; what is
written by somebody who has lost it is refused. Nobody sleeps in here: a turn ends where the graph
waits, and the row of work says until when.
"""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from typing import Any, cast, get_args

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import Command

from .agents.runtime.context import ResponseContext
from .agents.runtime.node import introduce
from .agents.runtime.outbox import hand_over
from .errors import InputError, StoreError
from .graph import Phase, build
from .graph_version import Misfit, fitted, version_of
from .incident.document import Alert
from .incident.events import (
    ActionDone,
    ActionStarted,
    ModelWrites,
    PlaybookAnswered,
    ResponseEvent,
    StepDone,
)
from .intake.handing import take
from .intake.scopes import calls_of
from .record import events
from .record.checkpoints import open_checkpointer, readable
from .record.events import Told
from .record.holding import Held, holding
from .record.leases import LEASE_S, new_owner, writing
from .record.ledger import Request
from .record.waking import ENDED
from .settings import Settings
from .state import IncidentState, Pause, Waits
from .tracing.spans import begin

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

    Raises InputError when tracing is on and OpenTelemetry's SDK is not installed.
    """

    def __init__(
        self,
        context: ResponseContext,
        graph: Phase | None = None,
        lease_s: float = LEASE_S,
    ) -> None:
        begin(context.settings.tracing, context.settings.tracing_content)
        self.context = context
        self.work = context.store.work
        self.owner = new_owner()
        self.lease_s = lease_s
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
            self._fit(held)
            given = None if self.over(incident_id) else self._entry(context, incident_id)
            while given is not None and not held.ended.is_set():
                yield from self._stream(held, context, given)
                self.work.heard(held.lease)
                given = self._answers(incident_id)
            if not held.ended.is_set():
                held.until, held.why = self._until(incident_id)
            if held.until is None:
                hand_over(context, incident_id)

    def waiting(self, incident_id: str) -> list[Request]:
        """What the incident waits for people to decide."""
        return self.context.store.ledger.waiting(incident_id)

    def over(self, incident_id: str) -> bool:
        """Whether the graph has run to its end."""
        standing = self.work.standing(incident_id)
        if standing is not None and standing.status in ENDED:
            return True
        snapshot = self.graph.get_state(self._config(incident_id))
        # `next` leaves out a step that is done and not yet followed: its writes wait to be applied.
        return bool(snapshot.values) and not snapshot.tasks

    def timer(self, incident_id: str) -> float | None:
        """Seconds until the time comes that the graph waits for; None: it waits for none."""
        pauses = self._pauses(incident_id)
        timers = [each["subject"] for each in pauses if each["kind"] in FOR_TIME]
        due = [self.context.store.timers.due_at(incident_id, name) for name in timers]
        now = self.work.now()
        return min((max(0.0, (at or now) - now) for at in due), default=None)

    def _until(self, incident_id: str) -> tuple[float | None, str]:
        """When to look at it again, by the shared clock (None: it is over), and why then."""
        if self.over(incident_id):
            return None, "the response is over"
        now = self.work.now()
        asked = self.waiting(incident_id)
        wait = self.timer(incident_id)
        times = [request.expires_at for request in asked]
        times += [now + wait] if wait is not None else []
        said = [f"waits for a person: {request.title}" for request in asked[:1]]
        held = any(each["kind"] == "held" for each in self._pauses(incident_id))
        said += [HELD if held else MEASURED] if wait is not None else []
        return max(min(times, default=now), now + LEAST_S), "; ".join(said) or "goes on"

    def _fit(self, held: Held) -> None:
        """See that the graph continues what was begun; a run is kept with its version."""
        standing = self.work.standing(held.incident_id)
        version = version_of(self.graph)
        if standing is not None and standing.graph != version:
            try:
                fitted(self.graph, self._config(held.incident_id))
            except Misfit as error:
                self.work.stuck(held.lease, str(error))
                raise
            self.work.ran_on(held.lease, version)

    def _entry(self, context: ResponseContext, incident_id: str) -> Any:
        """What to feed the graph: a fresh state, answers to its interrupts, or 'go on'."""
        snapshot = self.graph.get_state(self._config(incident_id))
        if not snapshot.values:
            introduce(context, incident_id)
            return IncidentState(incident_id=incident_id)
        return self._answers(incident_id) or Resume

    def _answers(self, incident_id: str) -> Command | None:
        """A resume for each interrupt whose question is answered or whose time has come in our
        tables, by its id."""
        snapshot = self.graph.get_state(self._config(incident_id))
        met = {item.id: "met" for item in snapshot.interrupts if self._met(item.value)}
        return Command(resume=met) if met else None

    def _met(self, pause: Pause) -> bool:
        store = self.context.store
        if pause["kind"] in FOR_TIME:
            return store.timers.due_at(pause["incident_id"], pause["subject"]) is None
        return store.ledger.decision(pause["incident_id"], pause["subject"]) is not None

    def _pauses(self, incident_id: str) -> list[Pause]:
        snapshot = self.graph.get_state(self._config(incident_id))
        return [cast("Pause", item.value) for item in snapshot.interrupts]

    def _stream(self, held: Held, context: ResponseContext, given: Any) -> Iterator[ResponseEvent]:
        stream: Any = self.graph.stream(
            None if given is Resume else given,
            self._config(held.incident_id),
            context=context,
            durability="sync",
            stream_mode=["custom"],
            subgraphs=True,
        )
        with closing(stream), _keeping(context, held) as keep:
            for _namespace, _mode, each in stream:
                event = cast("ResponseEvent", each)
                keep(event)
                yield event
                if held.ended.is_set():
                    return

    def _config(self, incident_id: str) -> Any:
        return {
            "configurable": {"thread_id": incident_id},
            "recursion_limit": self.context.settings.recursion_limit,
        }


POINTS = (PlaybookAnswered, StepDone, ActionStarted, ActionDone)
"""Events that are stored at once, with those before them."""
MOMENT_S = 0.2
"""Others are stored with what comes so much later: evidence comes many at a time."""


@contextmanager
def _keeping(context: ResponseContext, held: Held) -> Iterator[Callable[[ResponseEvent], None]]:
    """Stores events for those who follow; a step that is done ends a row of failures."""
    store, told = context.store, list[Told]()
    written, failures = time.monotonic(), True

    def write() -> None:
        nonlocal written
        if told:
            with writing(store.engine, held.lease) as connection:
                events.append_all(connection, held.incident_id, told)
        told.clear()
        written = time.monotonic()

    def keep(event: ResponseEvent) -> None:
        nonlocal failures
        if not isinstance(event, ModelWrites):  # half a sentence is nothing to keep
            told.append((event, time.time()))
        if isinstance(event, POINTS) or time.monotonic() - written > MOMENT_S:
            write()
        if failures and isinstance(event, StepDone):
            store.work.progressed(held.lease)
            failures = False

    try:
        yield keep
    except BaseException:
        with suppress(StoreError):
            write()
        raise
    write()

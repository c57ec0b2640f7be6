"""Runs the graph for an incident: start, pause for people, resume, survive a restart.

    with Response(context) as response:
        incident_id, new = response.take(alert)
        for event in response.run(incident_id): ...
        context.store.ledger.decide(incident_id, subject, Verdict.approved, by="commander")

One process works an incident at a time (a file lock); what is claimed in our tables happens once
even without it.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

from langgraph.types import Command

from .agents.runtime.context import ResponseContext
from .agents.runtime.intake import take
from .errors import InputError
from .graph import build
from .incident.document import Alert
from .incident.events import ModelWrites, ResponseEvent
from .record.checkpoints import open_checkpointer, readable
from .record.ledger import Request
from .state import IncidentState
from .tracing.spans import begin

Resume = object()
"""Go on where a process stopped: unfinished nodes run again, open questions are asked again."""


class Response:
    """The graph with durable checkpoints, over one context. Raises InputError when tracing is on
    and OpenTelemetry's SDK is not installed."""

    def __init__(self, context: ResponseContext) -> None:
        begin(context.settings.tracing, context.settings.tracing_content)
        self.context = context
        self._open = ExitStack()
        saver = self._open.enter_context(open_checkpointer(context.settings))
        self.graph = build().compile(checkpointer=saver)

    def __enter__(self) -> "Response":
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def take(self, alert: Alert) -> tuple[str, bool]:
        """Keep the alert; the incident that has it, and whether that is a new one."""
        return take(self.context.store, alert, self.context.model_layer.note, self.context.clock())

    def run(self, incident_id: str) -> Iterator[ResponseEvent]:
        """Work the incident until it is over or waits for people; yields what happens.

        Answers given meanwhile by another process are picked up before it stops. Raises
        NotFound for an unknown incident, InputError when another process works on it.
        """
        self.context.store.load(incident_id)
        with self._alone(incident_id), readable():
            given = self._entry(incident_id)
            while given is not None:
                yield from self._stream(incident_id, given)
                given = self._answers(incident_id)

    def waiting(self, incident_id: str) -> list[Request]:
        """What the incident waits for people to decide."""
        return self.context.store.ledger.waiting(incident_id)

    def over(self, incident_id: str) -> bool:
        """Whether the graph has run to its end."""
        snapshot = self.graph.get_state(self._config(incident_id))
        return bool(snapshot.values) and not snapshot.next

    def _entry(self, incident_id: str) -> Any:
        """What to feed the graph: a fresh state, answers to its interrupts, or 'go on'."""
        snapshot = self.graph.get_state(self._config(incident_id))
        if not snapshot.values:
            return IncidentState(incident_id=incident_id)
        if not snapshot.next:
            return None
        return self._answers(incident_id) or Resume

    def _answers(self, incident_id: str) -> Command | None:
        """A resume for each interrupt whose question has an answer in our table, by its id."""
        snapshot = self.graph.get_state(self._config(incident_id))
        answered = {
            item.id: "answered"
            for item in snapshot.interrupts
            if self.context.store.ledger.decision(incident_id, item.value["subject"])
        }
        return Command(resume=answered) if answered else None

    def _stream(self, incident_id: str, given: Any) -> Iterator[ResponseEvent]:
        stream = self.graph.stream(
            None if given is Resume else given,
            self._config(incident_id),
            context=self.context,
            durability="sync",
            stream_mode=["custom"],
            subgraphs=True,
        )
        for _namespace, _mode, given_event in stream:
            event = cast("ResponseEvent", given_event)
            if not isinstance(event, ModelWrites):  # half a sentence is nothing to keep
                self.context.store.events.append(incident_id, event, time.time())
            yield event

    def _config(self, incident_id: str) -> Any:
        return {
            "configurable": {"thread_id": incident_id},
            "recursion_limit": self.context.settings.recursion_limit,
        }

    @contextmanager
    def _alone(self, incident_id: str) -> Iterator[None]:
        folder = self.context.settings.home / "locks"
        folder.mkdir(mode=0o700, exist_ok=True)
        with (folder / f"{incident_id}.lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(
                    f"another process works on {incident_id}; a decision recorded with "
                    "`warroom approve` or `warroom reject` is picked up by it"
                ) from None
            yield

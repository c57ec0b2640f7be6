"""Runs the graph for an incident: start, pause for people, resume, survive a restart.

    with Response(context) as response:
        incident_id, new = response.take(alert)
        for event in response.run(incident_id): ...
        context.store.ledger.decide(incident_id, subject, Verdict.approved, by="commander")

One process works an incident at a time (a file lock); what is claimed in our tables happens once
even without it.
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command

from .agents.runtime.context import ResponseContext
from .agents.runtime.intake import take
from .errors import InputError, StoreError
from .graph import build
from .incident.document import Alert
from .incident.events import ResponseEvent
from .incident.private import make_private
from .record.ledger import Request
from .state import CommunicationState, IncidentState, Told
from .tracing.spans import begin

FORMS = ("null", "bytes", "bytearray", "msgpack")
"""What checkpoints are written in."""
STATES = (IncidentState, CommunicationState, Told)
Resume = object()
"""Go on where a process stopped: unfinished nodes run again, open questions are asked again."""


class OwnTypes(JsonPlusSerializer):
    """Reads plain data and our own states; a planted checkpoint cannot name anything to run."""

    def __init__(self) -> None:
        super().__init__(allowed_msgpack_modules=STATES)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The value. Raises StoreError for a form that we never write (JSON, pickle)."""
        if data[0] not in FORMS:
            raise StoreError(
                f"a checkpoint holds {data[0]}, which Warroom never writes: see who did, then "
                "move checkpoints.db away; the incidents stay"
            )
        return super().loads_typed(data)


class Response:
    """The graph with durable checkpoints, over one context. Raises InputError when tracing is on
    and OpenTelemetry's SDK is not installed."""

    def __init__(self, context: ResponseContext) -> None:
        begin(context.settings.tracing, context.settings.tracing_content)
        self.context = context
        with _readable(context.settings.checkpoints):
            self._checkpoints = _connect(context.settings.checkpoints)
        saver = SqliteSaver(self._checkpoints, serde=OwnTypes())
        self.graph = build().compile(checkpointer=saver)

    def __enter__(self) -> "Response":
        return self

    def __exit__(self, *_error: object) -> None:
        self._checkpoints.close()

    def take(self, alert: Alert) -> tuple[str, bool]:
        """Keep the alert; the incident that has it, and whether that is a new one."""
        return take(self.context.store, alert, self.context.model_layer.note, self.context.clock())

    def run(self, incident_id: str) -> Iterator[ResponseEvent]:
        """Work the incident until it is over or waits for people; yields what happens.

        Answers given meanwhile by another process are picked up before it stops. Raises
        NotFound for an unknown incident, InputError when another process works on it.
        """
        self.context.store.load(incident_id)
        with self._alone(incident_id), _readable(self.context.settings.checkpoints):
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
        for _namespace, _mode, event in stream:
            yield cast("ResponseEvent", event)

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


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_private(path)
    connection = sqlite3.connect(path, check_same_thread=False)
    # As in our own database: what a dying machine forgets is worked again, from the last
    # checkpoint that it kept.
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Says what to do where the checkpoints cannot be read or written."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(
            f"{path}: {error}; make room on the disk or mend it; `warroom resume` then goes on"
        ) from error

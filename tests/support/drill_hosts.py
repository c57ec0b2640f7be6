"""Who hosts a drill in a test."""

from pathlib import Path

from warroom.agents.runtime.context import ResponseContext
from warroom.app.files import write_files
from warroom.app.work import Commander, Tell
from warroom.drills.host import automatic
from warroom.incident.events import ResponseEvent


class Host:
    """Approves as the drill's commander and remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[ResponseEvent] = []
        self.notes: list[str] = []
        self.files: list[Path] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def waiting(self, what: str, done: float, total: float) -> None:
        assert 0 <= done <= total

    def listener(self, context: ResponseContext, incident_id: str) -> Tell:
        return self.events.append

    def commander(self, context: ResponseContext) -> Commander:
        return automatic(context)

    def finished(self, context: ResponseContext, incident_id: str) -> None:
        self.files = write_files(context, incident_id).files

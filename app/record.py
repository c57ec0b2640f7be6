"""What an installation holds: the incidents, what waits for people, an incident's files."""

from pathlib import Path

from ..errors import NotFound
from ..incident.document import Alert, Incident
from ..incident.ledger import Request
from ..incident.store import Entry, Store
from ..settings import Settings
from .sources import KEPT

FIRST = "`warroom triage ALERT.json` or `warroom drill bad-deploy` makes one"


class Record:
    """The store of an installation, for reading. It opens no telemetry and no model."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store.open(settings.database)

    def incidents(self) -> list[Entry]:
        """Every incident, newest first."""
        return self.store.incidents()

    def incident(self, incident_id: str | None = None) -> Incident:
        """This incident's document, or the newest one's. Raises NotFound."""
        return self.store.load(incident_id or self._newest())

    def waiting(self, incident_id: str = "") -> list[Request]:
        """What waits for a person to decide; of all incidents when none is named."""
        return self.store.ledger.waiting(incident_id)

    def untaken(self) -> list[Alert]:
        """Alerts that were written down and that no incident took: a process ended in between."""
        return [alert for _, alert in self.store.unclaimed_alerts()]

    def files(self, incident_id: str) -> list[Path]:
        """An incident's files, documents first; what is only for us is left out."""
        folders = (self.settings.files(incident_id), self.settings.outbox(incident_id, drill=True))
        found = [file for folder in folders for file in folder.rglob("*")]
        kept = [f for f in found if f.is_file() and f.name != KEPT and f.name[0] != "."]
        return sorted(kept, key=lambda file: (len(file.parts), file))

    def published(self, incident_id: str | None = None) -> Incident:
        """The document as it may be handed on: without secrets. Raises NotFound."""
        from .masked import masked

        return masked(self.incident(incident_id))

    def postmortem(self, incident: Incident) -> str:
        """The draft as it was written, or rendered anew where the file is gone. Raises NotFound."""
        from .files import postmortem_text  # charts and playbooks: only where they are needed

        file = self.settings.files(incident.id) / "postmortem.md"
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, ValueError):  # gone or broken: the record has it all
            text = postmortem_text(self.published(incident.id))
        if not text:
            raise NotFound(
                f"{incident.id} has no postmortem yet: it is drafted when the response ends; "
                f"`warroom resume {incident.id}` goes on with it"
            )
        return text

    def _newest(self) -> str:
        rows = self.incidents()
        if not rows:
            raise NotFound(f"no incident yet; {FIRST}")
        return rows[0].id

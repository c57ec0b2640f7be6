"""What an installation holds: the incidents, what waits for people, an incident's files; what of it
may be handed on.
"""

from pathlib import Path
from typing import Any

from ..errors import NotFound
from ..incident.document import Alert, Incident
from ..incident.evidence import Evidence
from ..intake.alerts import episodes
from ..record.ledger import Request
from ..record.postmortems import Postmortems
from ..record.store import IncidentRow, Store
from ..record.teams import Sight
from ..settings import Settings
from .configuration import KEPT


def masked(incident: Incident) -> Incident:
    """The document with every secret masked as before a model; people and addresses stay, since
    those who respond have to find them."""
    clean = Incident.model_validate(masked_content(incident.model_dump(mode="json")))
    _follow(incident, clean)
    return clean


def masked_content(content: Any) -> Any:
    """JSON with every secret in its texts masked in the same way."""
    from ..models.masking import Mask  # its patterns take a moment
    from ..models.redaction import each_text, texts_in

    mask = Mask()
    mask.learn(texts_in(content))
    known: dict[tuple[str, str], str] = {}

    def one(value: str, name: str) -> str:
        if (value, name) not in known:
            known[value, name] = mask.reveal(mask.mask_value(value, name))
        return known[value, name]

    return each_text(content, one)


def _follow(incident: Incident, clean: Incident) -> None:
    """A plan or text that held a secret has another hash now: what refers to it follows."""
    pairs = [
        *zip(incident.proposals, clean.proposals, strict=True),
        *zip(incident.communications, clean.communications, strict=True),
    ]
    now = {old.hash: new.hash for old, new in pairs}
    for decision in clean.decisions:
        decision.subject = now.get(decision.subject, decision.subject)
    for execution in clean.executions:
        execution.plan = now.get(execution.plan, execution.plan)


FIRST = "`warroom triage ALERT.json` or `warroom drill bad-deploy` makes one"


class Record:
    """The store of an installation, for reading. It opens no telemetry and no model."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store.open(settings.database, settings.key_file)

    def incidents(self) -> list[IncidentRow]:
        """Every incident, newest first."""
        return self.store.incidents()

    def incident(self, incident_id: str | None = None) -> Incident:
        """This incident's document, or the newest one's. Raises NotFound."""
        return self.store.load(incident_id or self._newest())

    def waiting(self, incident_id: str = "", sight: Sight = None) -> list[Request]:
        """What waits for a person to decide; of all incidents that are seen when none is named."""
        return self.store.ledger.waiting(incident_id, sight)

    def untaken(self) -> list[Alert]:
        """Alerts that fire and that no incident took: silenced, or a process ended in between."""
        return [episode.alert for episode in episodes(self.store.engine, untaken=True)]

    def files(self, incident_id: str) -> list[Path]:
        """An incident's files, documents first; what is only for us is left out."""
        folders = (self.settings.files(incident_id), self.settings.outbox(incident_id, drill=True))
        found = [file for folder in folders for file in folder.rglob("*")]
        kept = [f for f in found if f.is_file() and f.name != KEPT and f.name[0] != "."]
        return sorted(kept, key=lambda file: (len(file.parts), file))

    def published(self, incident_id: str | None = None) -> Incident:
        """The document as it may be handed on: without secrets. Raises NotFound."""
        return masked(self.incident(incident_id))

    def evidence(self, incident_id: str, evidence_id: str) -> Evidence:
        """One record as it may be handed on. Raises NotFound."""
        found = next((e for e in self.published(incident_id).evidence if e.id == evidence_id), None)
        if found is None:
            raise NotFound(f"{incident_id} has no evidence {evidence_id}: its document lists all")
        return found

    def payload(self, record: Evidence) -> Any:
        """What the tool gave, without secrets. Raises NotFound, StoreError if it was altered."""
        return masked_content(self.store.payload(record.digest))

    def postmortem(self, incident: Incident) -> str:
        """As it was published; before that, as it was drafted. Raises NotFound."""
        published = Postmortems(self.store.engine).published(incident.id)
        if published is None:
            return self.drafted(incident)
        from .postmortem_text import as_published  # only where people wrote

        return as_published(published.markdown)

    def drafted(self, incident: Incident) -> str:
        """The draft as it was written, or rendered anew where the file is gone. Raises NotFound."""
        from .files import postmortem_text  # charts and playbooks: only where they are needed

        file = self.settings.files(incident.id) / "postmortem.md"
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, ValueError):  # gone or broken: the record has it all
            text = postmortem_text(self.settings, self.published(incident.id))
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

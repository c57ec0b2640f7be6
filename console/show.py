"""`warroom show`, `incidents` and `postmortem`: what the record holds."""

from pathlib import Path

from ..errors import NotFound
from ..incident.document import Incident
from ..incident.render import to_json
from ..incident.store import Store
from .desk import print_json
from .exits import Exit
from .overview import FIRST, listing, overview, waiting
from .screen import screen
from .settings import settings


def show_command(incident_id: str | None, as_json: bool, markdown: bool) -> Exit:
    """One incident: a screen, the whole document as Markdown, or as JSON."""
    store, incident = _load(incident_id)
    if as_json:
        print(to_json(incident), end="")
    elif markdown:
        from ..prompts.document import incident_markdown

        print(incident_markdown(incident))
    else:
        folder = settings().files(incident.id)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        overview(screen(), incident, store.ledger.waiting(incident.id), _ours(files))
    return Exit.done


def incidents_command(as_json: bool) -> Exit:
    """Every incident, newest first."""
    store = Store.open(settings().database)
    rows = store.incidents()
    if as_json:
        print_json(rows)
    else:
        listing(screen(), rows)
        waiting(screen(), [alert for _, alert in store.unclaimed_alerts()])
    return Exit.done


def postmortem_command(incident_id: str | None, as_json: bool) -> Exit:
    """The draft as it was written, or rendered anew where the file is gone."""
    from .files import postmortem_text

    _store, incident = _load(incident_id)
    file = settings().files(incident.id) / "postmortem.md"
    text = file.read_text(encoding="utf-8") if file.exists() else postmortem_text(incident)
    if not text:
        raise NotFound(
            f"{incident.id} has no postmortem yet: it is drafted when the response ends; "
            f"`warroom resume {incident.id}` goes on with it"
        )
    if as_json:
        print_json({"incident": incident.id, "markdown": text})
    else:
        print(text)
    return Exit.done


def _load(incident_id: str | None) -> tuple[Store, Incident]:
    store = Store.open(settings().database)
    if incident_id is None:
        rows = store.incidents()
        if not rows:
            raise NotFound(f"no incident yet; {FIRST}")
        incident_id = str(rows[0]["id"])
    return store, store.load(incident_id)


def _ours(files: list[Path]) -> list[Path]:
    """Documents first; what is only for us is left out."""
    kept = [file for file in files if file.name != "room.json" and not file.name.startswith(".")]
    return sorted(kept, key=lambda file: (len(file.parts), file))

"""`warroom show`, `incidents` and `postmortem`: what the record holds."""

from dataclasses import asdict

from ..app.configuration import settings
from ..app.record import Record
from ..incident.render import to_json
from .desk import print_json
from .exits import Exit
from .overview import listing, overview, waiting
from .screen import screen


def show_command(incident_id: str | None, as_json: bool, markdown: bool) -> Exit:
    """One incident: a screen, the whole document as Markdown, or as JSON."""
    record = Record(settings())
    incident = record.incident(incident_id)
    if as_json:
        print(to_json(record.published(incident.id)), end="")
    elif markdown:
        from ..prompts.document import incident_markdown

        print(incident_markdown(record.published(incident.id)))
    else:
        overview(screen(), incident, record.waiting(incident.id), record.files(incident.id))
    return Exit.done


def incidents_command(as_json: bool) -> Exit:
    """Every incident, newest first."""
    record = Record(settings())
    rows = record.incidents()
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        listing(screen(), rows)
        waiting(screen(), record.untaken())
    return Exit.done


def postmortem_command(incident_id: str | None, as_json: bool) -> Exit:
    """The draft as it was written, or rendered anew where the file is gone."""
    record = Record(settings())
    incident = record.incident(incident_id)
    text = record.postmortem(incident)
    if as_json:
        print_json({"incident": incident.id, "markdown": text})
    else:
        print(text)
    return Exit.done

"""The files of an incident: document, postmortem, charts; messages are written as they are sent."""

from pathlib import Path

from ..agents.postmortem import draft
from ..agents.runtime.context import ResponseContext
from ..incident.document import Incident
from ..incident.render import to_json
from ..incident.report import PostmortemReport
from ..incident.timeline import utc_now
from ..prompts.document import incident_markdown
from ..telemetry.model import Catalogue
from .charts.incident import charts


def write_files(context: ResponseContext, incident_id: str) -> list[Path]:
    """Write everything that the record holds now; the files, the document first.

    Writing again replaces the files: they only show what the store keeps.
    """
    incident = context.store.load(incident_id)
    folder = context.settings.files(incident_id)
    (folder / "charts").mkdir(parents=True, exist_ok=True)
    texts = {"incident.md": incident_markdown(incident), "incident.json": to_json(incident)}
    if postmortem := postmortem_text(incident, context.catalogue):
        texts["postmortem.md"] = postmortem
    texts |= {f"charts/{name}": svg for name, svg in charts(context, incident).items()}
    for name, text in texts.items():
        _replace(folder / name, text)
    return [folder / name for name in texts] + sorted((folder / "messages").glob("*.md"))


def postmortem_text(incident: Incident, catalogue: Catalogue | None = None) -> str:
    """The draft, rendered from the record as it stands; empty before it was written."""
    report = incident.report(PostmortemReport)
    if report is None:
        return ""
    if report.source == "model":  # its sentences were checked against the record as it stood
        return report.markdown
    return draft(incident, utc_now(), catalogue).markdown


def _replace(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a file."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)

"""The files of an incident: document, postmortem, charts; messages are written as they are sent.

A response never fails over its files: one that cannot be written is a gap that is said.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..agents.postmortem import draft
from ..agents.reporting.cause_charts import as_tables
from ..agents.reporting.incident_page import incident_markdown
from ..agents.runtime.context import ResponseContext
from ..errors import WarroomError
from ..incident.cause_chart import CauseNode
from ..incident.document import Incident, to_json
from ..incident.finding import Gap
from ..incident.private import write_private
from ..incident.report import PostmortemReport
from ..settings import Settings
from ..telemetry.model import Catalogue
from .charts.cause_drawing import cause_drawings
from .charts.incident_charts import charts, with_pictures
from .charts.tracks import SIGNALS, kept_tracks
from .record import masked
from .why import why

Make = Callable[[], str]


@dataclass(frozen=True)
class WrittenFiles:
    """What came of it."""

    files: list[Path]  # the documents first
    gaps: list[Gap]  # what could not be drawn or written, and why


def write_files(context: ResponseContext, incident_id: str) -> WrittenFiles:
    """Write everything that the record holds now, without secrets.

    Writing again replaces the files: they only show what the store keeps.
    """
    incident = masked(context.store.load(incident_id))
    folder = context.settings.files(incident_id)
    found = WrittenFiles([], [])
    for name, make in _makers(context, incident, found.gaps):
        path = folder / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path, make())
        except (OSError, WarroomError) as error:
            found.gaps.append(Gap(what=f"the file {name}", why=_why(error)))
        else:
            found.files.append(path)
    found.files.sort(key=lambda path: path.suffix != ".md")
    found.files.extend(sorted(context.outbox(incident_id).glob("*.txt")))
    return found


def document_text(settings: Settings, incident: Incident, nodes: list[CauseNode]) -> str:
    """incident.md: with the pictures that lie beside it."""
    text = incident_markdown(incident, as_tables(nodes, incident.evidence), settings.language)
    return _pictured(settings, incident, text)


def _pictured(settings: Settings, incident: Incident, markdown: str) -> str:
    kept = kept_tracks(settings.files(incident.id) / "charts" / SIGNALS)
    return with_pictures(markdown, kept, incident)


def postmortem_text(
    settings: Settings, incident: Incident, catalogue: Catalogue | None = None
) -> str:
    """The draft, rendered from the record as it stands; empty before it was written."""
    report = incident.report(PostmortemReport)
    if report is None:
        return ""
    text = report.markdown  # of a model: its sentences were checked against the record as it stood
    if report.source != "model":
        written = max([incident.opened_at, *(event.at for event in incident.timeline)])
        text = draft(incident, written, catalogue, settings.language).markdown
    return _pictured(settings, incident, text)


def _makers(
    context: ResponseContext, incident: Incident, gaps: list[Gap]
) -> Iterator[tuple[str, Make]]:
    nodes, settings = why(context.store, incident).nodes, context.settings
    yield "incident.json", lambda: to_json(incident)
    for name, svg in cause_drawings(nodes).items():
        yield f"charts/{name}.svg", lambda svg=svg: svg
    try:
        drawn = charts(context, incident)
    except (OSError, WarroomError) as error:  # its telemetry may be gone
        gaps.append(Gap(what="the charts", why=_why(error)))
        drawn = {}
    for name, svg in drawn.items():
        yield f"charts/{name}", lambda svg=svg: svg
    yield "incident.md", lambda: document_text(settings, incident, nodes)
    if incident.report(PostmortemReport):
        yield "postmortem.md", lambda: postmortem_text(settings, incident, context.catalogue)


def _why(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else ""
    return f"{reason or error}; mend that, then `warroom resume` writes it again"

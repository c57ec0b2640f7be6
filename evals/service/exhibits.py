"""Incidents to be looked at: recorded drills, worked by the playbooks up to the first question that
nobody answers, or to their end."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from ...app.configuration import Sources, remember
from ...app.opening import open_context, playbooks
from ...app.work import work
from ...incident.action import Verdict
from ...incident.identity import automatic
from ...record.ledger import Request
from ...response import Response
from ...settings import Settings
from ..incidents.cases import unpacked
from ..studies.one_run import alert_of

BY = automatic("exhibit")
PATIENT = 30
"""Minutes that a question waits in an exhibit."""


def exhibit(home: Path, case: str, approve: Sequence[str] = ()) -> str:
    """Work this recorded drill; the incident's id. `approve`: kinds of questions that are answered
    with yes, the others stay open. Nothing is acted upon."""
    settings = Settings(home=home, approval_minutes=PATIENT)
    bundle = home / "bundles" / case
    if not bundle.exists():
        unpacked(case, bundle.parent)
    sources = Sources(telemetry=bundle, drill=True)
    context = open_context(settings, sources, model_layer=playbooks, pace=0, rehearse=True)
    alert = alert_of(bundle)
    own = {"labels": {**alert.labels, "environment": case}, "fingerprint": case}

    def decide(request: Request) -> bool:
        if request.kind in approve:
            asked = (request.incident_id, request.subject)
            context.store.ledger.decide(*asked, Verdict.approved, BY)
        return request.kind in approve

    with closing(context.recorder), Response(context) as response:
        incident, _new = response.take(alert.model_copy(update=own))
        remember(settings, incident, sources)
        work(response, incident, lambda _event: None, decide)
    return incident

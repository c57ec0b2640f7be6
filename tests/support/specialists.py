"""A specialist at work on a bundle: a real room, store and toolbox."""

from datetime import timedelta
from pathlib import Path

from warroom.agents.runtime.case import Case, Step
from warroom.agents.runtime.context import ResponseContext
from warroom.agents.steps import ASSESS_SECURITY
from warroom.incident.document import Alert, Incident
from warroom.incident.filing import file_report
from warroom.incident.report import AnyReport
from warroom.incident.timeline import from_ts
from warroom.intake.handing import take
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.targets.survey import FILE as SURVEY
from warroom.targets.survey import Recorded
from warroom.telemetry.bundle import open_bundle
from warroom.tests.support.bundles import START


def room_on(bundle: Path, home: Path, now: float) -> ResponseContext:
    """A room over a bundle; its clock stands at `now` seconds after START."""
    home.mkdir(parents=True, exist_ok=True)
    store = Store.open(home / "warroom.db")
    looked_at = bundle / SURVEY
    return ResponseContext(
        Settings(home=home),
        store,
        open_bundle(bundle),
        survey=Recorded.load(looked_at) if looked_at.exists() else None,
        clock=lambda: from_ts(START + now),
    )


def case_on(
    bundle: Path,
    home: Path,
    *,
    onset: float = 60,
    now: float = 90,
    step: Step = ASSESS_SECURITY,
    **alert: str | dict[str, str],
) -> Case:
    """An incident whose onset is known, seconds after START, as that step gets it."""
    context = room_on(bundle, home, now)
    facts = {"name": "Alert", "fingerprint": "f", "source": "plain", **alert}
    starts = from_ts(START + onset) + timedelta(seconds=5)
    incident, _ = take(
        context.store, Alert.model_validate({**facts, "starts_at": starts}), context.clock()
    )
    context.store.update(incident, lambda doc: setattr(doc, "onset", from_ts(START + onset)))
    return context.case(incident, step, 1, lambda _: None)


def filed(case: Case, report: AnyReport, home: Path) -> Incident:
    """The document after the report was checked and filed, as the graph does it."""
    store = Store.open(home / "warroom.db")
    change = lambda doc: file_report(doc, report, store.payload)  # noqa: E731
    return store.update(case.document.id, change)

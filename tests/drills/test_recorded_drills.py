"""Every fault of the drill, from a bundle that the drill recorded, scored like a live one.

Recovery is left to the live drills: a record cannot get better.
"""

import os
from pathlib import Path

import pytest

from warroom.agents.runtime.context import ResponseContext
from warroom.drills.faults import FAULTS
from warroom.drills.score import DrillObservation, Score
from warroom.incident.action import Verdict
from warroom.incident.document import Incident
from warroom.incident.timeline import EventKind
from warroom.record.store import Store
from warroom.response import Response
from warroom.settings import Settings
from warroom.targets.survey import Recorded
from warroom.telemetry.alerts import read_alerts
from warroom.telemetry.bundle import open_bundle
from warroom.tests.support.recorded import unpacked
from warroom.tests.support.responses import finish

pytestmark = pytest.mark.thorough
ANSWERED = ("detected", "severity", "service", "kind", "action", "control")


def respond(name: str, home: Path) -> Incident:
    """The whole response on the recorded bundle, external texts declined."""
    bundle = unpacked(name, home)
    settings = Settings(home=home / "warroom")
    settings.home.mkdir()
    survey = bundle / "survey.json"
    context = ResponseContext(
        settings,
        Store.open(settings.database),
        open_bundle(bundle),
        survey=Recorded.load(survey) if survey.exists() else None,
    )
    with Response(context) as response:
        incident, _ = response.take(read_alerts((bundle / "alert.json").read_bytes())[0])
        list(response.run(incident))
        if not response.over(incident):
            finish(response, incident, Verdict.rejected)
        return context.store.load(incident)


@pytest.fixture(scope="module", params=list(FAULTS))
def drill(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """One recorded drill: its name, the document that the response left, the score."""
    name = request.param
    document = respond(name, tmp_path_factory.mktemp(name))
    return name, document, FAULTS[name].score(document, DrillObservation(detect_s=1.0))


def test_severity_cause_and_action_are_right(drill: tuple[str, Incident, Score]) -> None:
    _, _, result = drill
    missed = [c for c in result.checks if c.name in ANSWERED and c.met is False]
    assert missed == []


def test_every_claim_resolves_and_nothing_was_acted_upon(
    drill: tuple[str, Incident, Score],
) -> None:
    _, document, _ = drill
    assert document.dropped == []
    assert document.executions == []
    assert all(event.kind is not EventKind.action for event in document.timeline)


def test_the_record_never_announces_the_fault(
    drill: tuple[str, Incident, Score], tmp_path: Path
) -> None:
    """Neither the drill's name nor a word of drilling is in what the responder reads."""
    name, _, _ = drill
    bundle = unpacked(name, tmp_path)
    words = (f'"{name}"', "inject", "FaultKind", "truth")
    for file in bundle.rglob("*.json*"):
        text = file.read_text(encoding="utf-8").replace(os.fspath(tmp_path), "")
        assert [word for word in words if word in text] == [], file.name

"""A recording lives in its own time: nothing is counted from the day on which it is replayed."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from warroom.agents.reasoning.facts import public_facts
from warroom.agents.reporting.briefing import brief
from warroom.analysis.quantities import portion
from warroom.app.configuration import Sources
from warroom.app.opening import open_context, playbooks
from warroom.incident.action import Verdict
from warroom.incident.document import Incident
from warroom.incident.report import CustomerImpactReport
from warroom.incident.timeline import from_ts
from warroom.prompts.spoken import harmed
from warroom.prompts.values import hurt
from warroom.record.ledger import Request
from warroom.response import Response
from warroom.settings import Settings
from warroom.tests.support import incidents
from warroom.tests.support.bundles import START
from warroom.tests.support.people import person
from warroom.tests.support.responses import alert
from warroom.tests.support.shop_bundle import Fault, write_shop

SECONDS = 90
END = from_ts(START + SECONDS)


def worked(home: Path) -> Incident:
    """The document of a response to a recording of 2023, every question turned down."""
    bundle = write_shop(home / "bundle", Fault("errors", "checkout"), SECONDS)
    file = bundle / "catalogue.json"
    catalogue = json.loads(file.read_text())
    for service in catalogue["services"]:
        service["revenue_per_hour"] = 36_000
    file.write_text(json.dumps(catalogue))
    context = open_context(
        Settings(home=home), Sources(telemetry=bundle), model_layer=playbooks, rehearse=True
    )
    assert context.recorded

    def reject(request: Request) -> None:
        ledger = context.store.ledger
        ledger.decide(request.incident_id, request.subject, Verdict.rejected, person(), "no")

    with Response(context) as response:
        incident, _ = response.take(alert())
        while True:
            list(response.run(incident))
            waiting = response.waiting(incident)
            for request in waiting:
                reject(request)
            if not waiting:
                return context.store.load(incident)


def test_a_replayed_recording_ends_with_its_telemetry(tmp_path: Path):
    document = worked(tmp_path)
    told = [event.at for event in document.timeline]
    told += [t.at for t in document.transitions] + [document.opened_at]
    told += [m.created_at for m in document.communications]
    assert max(told) < END + timedelta(minutes=10)
    report = document.report(CustomerImpactReport)
    assert report and report.revenue_estimate and report.revenue_estimate < 36_000 * 60 / 3600
    texts = document.model_dump_json(exclude={"evidence", "decisions", "id"})
    assert not re.findall(r"\d{3,} h\b", texts)


def test_a_system_that_fell_silent_a_moment_ago_is_no_recording(tmp_path: Path, monkeypatch):
    write_shop(tmp_path / "bundle", seconds=30)
    monkeypatch.setattr("warroom.app.opening.time.time", lambda: START + 900.0)
    context = open_context(Settings(home=tmp_path), Sources(telemetry=tmp_path / "bundle"))
    assert not context.recorded


@pytest.mark.parametrize(
    ("part", "whole", "told"), [(1, 1, "1 of 1 requests"), (6, 24, "25% of requests")]
)
def test_a_share_of_few_is_told_as_a_count(part, whole, told):
    assert portion(part, whole) == told


def test_one_failed_request_is_not_everybody():
    document = incidents.full()
    assert document.impact
    one = document.impact.model_copy(
        update={"requests": 1, "failed_requests": 1, "failed_share": 1.0, "lost_requests": 0}
    )
    assert "%" not in hurt(one) + harmed(one) + harmed(one, "zh")
    document.impact = one
    facts = " ".join(fact.text for fact in public_facts(brief(document, incidents.at(200))))
    assert "100%" not in facts and "Some requests were affected" in facts


def test_the_public_reads_no_name_of_an_internal_service():
    document = incidents.full()
    for service in document.services:
        service.public_name = ""
    document.services[0].name = "checkoutservice"
    text = " ".join(fact.text for fact in public_facts(brief(document, incidents.at(200))))
    assert "checkoutservice" not in text and "our service" in text
    document.services[0].public_name = "checkout"
    text = " ".join(fact.text for fact in public_facts(brief(document, incidents.at(200))))
    assert "Customers using checkout may meet" in text

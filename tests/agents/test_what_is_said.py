"""Every sentence of whole responses: figures as people say them, and none that denies another."""

from datetime import timedelta
from pathlib import Path

import pytest

from warroom.agents.comms import communicate
from warroom.agents.postmortem import draft
from warroom.agents.reasoning.style import breaches
from warroom.agents.reporting.incident_page import incident_markdown
from warroom.agents.reporting.incident_status import is_noise
from warroom.app.opening import open_context, playbooks
from warroom.evals.incidents.cases import recorded
from warroom.evals.incidents.run import respond
from warroom.incident.document import Incident
from warroom.settings import Settings
from warroom.telemetry.bundle import open_bundle
from warroom.tests.support import incidents, readings
from warroom.tests.support.figures_said import wrong

DRILLS = ("bad-deploy", "memory-leak", "traffic-surge", "credential-stuffing")
RARER = ("ai-quota", "bad-flag", "corrupted-rows", "hung-dependency")
RARER += ("no-fault", "pool-exhaustion", "red-herring", "slow-release")
DOCUMENTS = (incidents.declared, incidents.running, incidents.full, incidents.security)


@pytest.fixture(
    scope="module",
    params=[*DRILLS, *(pytest.param(name, marks=pytest.mark.thorough) for name in RARER)],
)
def response(request, tmp_path_factory) -> Incident:
    """What a whole response to a recorded drill leaves; every action and text was declined."""
    home: Path = tmp_path_factory.mktemp(request.param)
    [case] = recorded(home, [request.param])
    context = open_context(
        Settings(home=home / "home"),
        recorder=open_bundle(case.bundle),
        model_layer=playbooks,
        pace=0,
    )
    return context.store.load(respond(case.alert, context))


def said(document: Incident) -> list[str]:
    """Texts that people read, one by one."""
    reasons = [a.text for h in document.hypotheses for a in (*h.support, *h.contradiction)]
    return [
        *(finding.statement for finding in document.findings),
        *(hypothesis.statement for hypothesis in document.hypotheses),
        *reasons,
        *(report.summary for report in document.reports),
        *(event.text for event in document.timeline),
        *(item.title for item in document.follow_ups),
    ]


def test_every_sentence_of_a_response_says_its_figures_as_people_do(response: Incident):
    alert = response.alert.summary  # quoted as it came
    assert [w for text in said(response) if alert not in text for w in wrong(text)] == []


def test_each_step_hands_over_what_the_practice_asks_for(response: Incident):
    """§3: of a fault whose cause is found, each phase in the shared document, with reasons."""
    found = {report.step: report for report in response.reports}
    if is_noise(response):
        assert {*found} == {1}
        return
    assert {*found} == {*range(1, 14)}
    told = {
        1: ("services", "impact", "slo", "command", "rule"),
        2: ("health", "origin"),
        4: ("root_cause", "contributing", "impact_map", "five_whys"),
        5: ("threat", "exposure"),
        7: ("stages", "validation", "rollback_triggers"),
        10: ("outreach",),
        11: ("markdown",),
    }
    assert [f"{n} {name}" for n in told for name in told[n] if not getattr(found[n], name)] == []
    assert {finding.step for finding in response.findings} >= {1, 2, 4}
    assert {item.step for item in response.follow_ups} >= {7, 11, 12, 13}
    assert response.proposals
    assert "real users' browsers: no page reports" in incident_markdown(response)
    assert response.command.technical_lead, "of the suspected service, from the catalogue"
    assert all(change.reason and change.actor for change in response.transitions)
    assert all(item.owner and item.due for item in response.follow_ups)
    kinds = {item.kind for item in response.follow_ups}
    assert kinds >= {"fix", "alert", "dashboard", "runbook", "chaos", "hardening"}


def test_every_message_of_a_response_agrees_with_itself(response: Incident):
    bodies = [m.body.replace(response.alert.summary, "") for m in response.communications]
    assert [w for body in bodies for w in wrong(body)] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_message_of_every_stage_keeps_the_rules(response: Incident, language: str):
    found = readings.found(response, response.opened_at + timedelta(minutes=3), language)
    assert [(m.name, b.rule, b.sentence, b.why) for m, b in found] == []


def test_every_document_keeps_the_rules(response: Incident):
    assert [(name, b.rule, b.sentence, b.why) for name, b in readings.in_documents(response)] == []


def test_what_was_drafted_keeps_the_rules(response: Incident):
    ours, known = readings.names(response), readings.public_names(response)
    for message in response.communications:
        assert breaches(message, ours, known=known) == []


def test_all_messages_of_one_moment_tell_one_figure(response: Incident):
    last = max((m.created_at for m in response.communications), default=None)
    together = "".join(m.body for m in response.communications if m.created_at == last)
    assert [w for w in wrong(together) if "two figures" in w] == []


@pytest.mark.parametrize("made", DOCUMENTS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_messages_and_postmortem_of_built_incidents_are_well_said(made, language):
    document = made()
    for message in communicate(document, incidents.at(200), (language,)).messages:
        assert wrong(message.body) == []
    assert wrong(draft(document, incidents.at(200)).markdown) == []


@pytest.mark.parametrize(
    "text",
    [
        "rose by 3.29e+03 times the usual spread",
        "holds 700.0% of the requests",
        "memory is 0.123456 of it",
        "5 of 10 requests failed; 6 of 10 requests failed",
        "no service that it calls explains it, its callee payments explains 90%",
    ],
)
def test_what_is_wrong_is_found(text):
    assert wrong(text)

"""A request that was opened cures nothing: what ends afterwards is not credited to it, what goes on
stays open, and something else is tried next."""

from pathlib import Path
from typing import cast

import pytest
from langgraph.runtime import Runtime

from warroom.actions.catalogue import plan
from warroom.actions.configuration import RevertConfiguration
from warroom.actions.inventory import Request
from warroom.agents import steps
from warroom.agents.health.verification import verify
from warroom.agents.runtime.context import ResponseContext
from warroom.agents.runtime.effects import act
from warroom.graph import after_verify
from warroom.incident.action import ActionPlan, Outcome, Verdict
from warroom.incident.document import Incident
from warroom.incident.filing import file_report
from warroom.incident.lifecycle import State
from warroom.incident.report import VerificationReport
from warroom.incident.timeline import from_ts
from warroom.intake.handing import take
from warroom.record import ledger
from warroom.state import IncidentState
from warroom.tests.support.bundles import START
from warroom.tests.support.hands import Hands
from warroom.tests.support.people import person
from warroom.tests.support.responses import alert, inventory, room_over
from warroom.tests.support.shop_bundle import Fault, write_shop

COMMIT = "0123abc4567"
ACTED, LOOKED = 78, 200


def acted(home: Path, until: int, asks: bool) -> tuple[VerificationReport, Incident, ActionPlan]:
    """A commit of the configuration is taken back at ACTED, or that is asked for; what it left as
    telemetry shows it at LOOKED, and as it is filed. The errors end at `until`."""
    there = inventory()
    request = Request(
        repository="acme/shop", base="main at 1", branch="b", head="2", title="t", diff="-1\n+2"
    )
    there.requests = {COMMIT: request} if asks else {}
    fault = Fault("errors", "checkout", at=60, until=until)
    write_shop(home / "bundle", fault, seconds=LOOKED + 5)
    context = room_over(home, fault, Hands(there))
    made = plan(RevertConfiguration.kind, "checkout", {"commit": COMMIT}, "why", inventory=there)
    context.clock = lambda: from_ts(START + ACTED)
    incident, _ = take(context.store, alert(), context.clock())
    context.store.update(incident, lambda doc: doc.proposals.append(made))
    at = context.store.ledger.clock()
    question = ledger.Request(incident, made.hash, "action", made.title, at, at + 60)
    context.store.ledger.ask(question)
    context.store.ledger.decide(incident, made.hash, Verdict.approved, by=person())
    state = IncidentState(incident_id=incident, plan=made.hash)
    act(state, cast("Runtime[ResponseContext]", Runtime(context=context)))
    moved = context.store.load(incident).state
    assert moved is (State.detected if asks else State.recovering)
    context.clock = lambda: from_ts(START + LOOKED)
    report = verify(context.case(incident, steps.VERIFY, 1, lambda _event: None))
    payload = context.store.payload
    document = context.store.update(
        incident, lambda doc: file_report(doc, report, payload, context.clock())
    )
    return report, document, made


@pytest.mark.parametrize(
    ("until", "asks", "outcome"),
    [
        (80, False, Outcome.better),
        (80, True, Outcome.by_itself),
        (500, True, Outcome.waits),
    ],
)
def test_what_waits_for_a_merge_is_never_called_better(
    tmp_path: Path, until: int, asks: bool, outcome: Outcome
) -> None:
    report, document, made = acted(tmp_path, until, asks)
    assert (report.outcome, report.take_back) == (outcome, False)
    assert document.executions[0].outcome is outcome
    if outcome is Outcome.waits:
        assert document.state is State.investigating
        assert f"{made.title}: waiting for a merge; " in document.timeline[-1].text
        tried = document.tried(made)
        assert tried and tried.outcome is Outcome.waits
        state = IncidentState(incident_id=document.id, outcome=outcome.value, investigated=True)
        assert after_verify(state) == ["again"]

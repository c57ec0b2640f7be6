"""A release amid an incident: one approval, each of its steps measured before the next, given up
where that hurts; at a simulated cluster."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from langgraph.runtime import Runtime

from warroom.actions.canaries import StepCanary
from warroom.actions.catalogue import plan
from warroom.agents.runtime.context import ResponseContext
from warroom.agents.runtime.effects import act, undo
from warroom.incident.action import ActionPlan, Outcome, Verdict
from warroom.incident.filing import file_report
from warroom.incident.lifecycle import State
from warroom.incident.report import VerificationReport
from warroom.intake.handing import take
from warroom.record.ledger import Request
from warroom.state import Acted, IncidentState
from warroom.tests.support.cluster_api import ClusterApi
from warroom.tests.support.cluster_shop import system
from warroom.tests.support.http_backends import serving
from warroom.tests.support.people import person
from warroom.tests.support.responses import alert, room_over
from warroom.tests.support.shop_cluster import BEFORE, NAMESPACE, NOW
from warroom.tests.support.stepped_shop import rollout

ASKED = {"version": NOW, "weight": 25, "stages": [50, 100]}


@pytest.fixture
def api() -> Iterator[ClusterApi]:
    """Amid a release that waits at a quarter."""
    with serving(ClusterApi()) as made:
        assert isinstance(made, ClusterApi)
        made.add("rollouts", rollout(BEFORE))
        new = rollout(NOW)["spec"]["template"]
        made.change("rollouts", NAMESPACE, "web", lambda one: one["spec"].update(template=new))
        yield made


def begun(home: Path, api: ClusterApi) -> tuple[ResponseContext, ActionPlan, IncidentState]:
    """A plan of two steps that a person approved."""
    context = room_over(home / "home")
    context.operations = context.survey = system(home, api)
    store = context.store
    incident = take(store, alert(), context.clock())[0]
    made = plan(StepCanary.kind, "web", ASKED, "why", inventory=context.inventory)
    store.update(incident, lambda doc: doc.proposals.append(made))
    at = store.ledger.clock()
    store.ledger.ask(Request(incident, made.hash, "action", made.title, at, at + 60))
    store.ledger.decide(incident, made.hash, Verdict.approved, by=person())
    return context, made, IncidentState(incident_id=incident, plan=made.hash)


def acted(context: ResponseContext, state: IncidentState) -> str:
    return act(state, cast("Runtime[ResponseContext]", Runtime(context=context)))["acted"]


def found(context: ResponseContext, state: IncidentState, outcome: Outcome, then: str = "") -> None:
    told = {"specialist": "observability", "conclusion": "concluded", "summary": "measured"}
    told |= {"plan": state.plan, "outcome": outcome, "well": True, "next": then}
    report = VerificationReport.model_validate(told)
    store = context.store
    store.update(state.incident_id, lambda doc: file_report(doc, report, store.payload))


def pods(api: ClusterApi) -> int:
    return api.objects["rollouts", NAMESPACE, "web"]["status"]["updatedReplicas"]


def test_each_step_is_measured_before_the_next_and_one_that_hurts_gives_it_up(
    tmp_path: Path, api: ClusterApi
) -> None:
    context, _, state = begun(tmp_path, api)
    assert acted(context, state) == acted(context, state) == Acted.begun.value
    assert pods(api) == 2, "once, and no further before it was found well"
    assert context.store.load(state.incident_id).state is State.recovering
    found(context, state, Outcome.worse)
    undo(state, cast("Runtime[ResponseContext]", Runtime(context=context)))
    assert context.store.load(state.incident_id).executions[-1].undone
    assert pods(api) == 0 and api.objects["rollouts", NAMESPACE, "web"]["status"]["abort"]


def test_found_well_at_each_step_it_is_through(tmp_path: Path, api: ClusterApi) -> None:
    context, made, state = begun(tmp_path, api)
    for count in (2, 4):
        assert acted(context, state) == Acted.begun.value
        assert pods(api) == count
        found(context, state, Outcome.stayed_well, "act" if count == 2 else "")
    document = context.store.load(state.incident_id)
    assert [each.plan for each in document.executions] == [made.hash]
    assert f"{made.title}, stage 2" in [event.text for event in document.timeline]

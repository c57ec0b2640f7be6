"""An action is one file: a tenth one is planned, gated, carried out and undone, nothing else
touched."""

from pathlib import Path
from typing import cast

import pytest
from langgraph.runtime import Runtime

from warroom.actions.catalogue import CATALOGUE, plan
from warroom.actions.inventory import Inventory
from warroom.agents.runtime.context import ResponseContext
from warroom.agents.runtime.effects import act, undo
from warroom.errors import ToolRetry
from warroom.incident.action import Verdict
from warroom.incident.document import Incident, to_json
from warroom.incident.timeline import utc_now
from warroom.intake.handing import take
from warroom.record.ledger import Request
from warroom.state import IncidentState
from warroom.targets.operations import Operations
from warroom.tests.support.extend_certificate import Certificates, ExtendCertificate
from warroom.tests.support.people import person
from warroom.tests.support.responses import alert, room_over

pytestmark = pytest.mark.usefixtures("tenth")


@pytest.fixture
def tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, ExtendCertificate.kind, ExtendCertificate)


@pytest.fixture
def certificates() -> Certificates:
    return Certificates({"payments": 0, "database": 90})


@pytest.fixture
def asked(
    tmp_path: Path, certificates: Certificates
) -> tuple[Runtime[ResponseContext], IncidentState]:
    """An incident whose only plan is to renew; the commander is asked."""
    context = room_over(tmp_path)
    context.operations = system = Operations(certificates)
    inventory = system.inventory()
    made = plan(ExtendCertificate.kind, "payments", {"days": 90}, "expired", inventory=inventory)
    incident, _ = take(context.store, alert(), context.clock())
    context.store.update(incident, lambda document: document.proposals.append(made))
    now = utc_now().timestamp()
    context.store.ledger.ask(Request(incident, made.hash, "action", made.title, now, now + 60))
    state = IncidentState(incident_id=incident, plan=made.hash)
    return cast("Runtime[ResponseContext]", Runtime(context=context)), state


def test_it_is_offered_by_the_target_that_can(certificates: Certificates) -> None:
    inventory = Operations(certificates).inventory()
    assert inventory.offered == [ExtendCertificate.kind]
    with pytest.raises(ToolRetry, match="days"):
        plan(ExtendCertificate.kind, "payments", {"days": 0}, "expired", inventory=inventory)
    with pytest.raises(ToolRetry, match="no certificate of ours"):
        plan(ExtendCertificate.kind, "database", {"days": 90}, "expired", inventory=inventory)


def test_nothing_happens_without_an_approval(
    asked: tuple[Runtime[ResponseContext], IncidentState], certificates: Certificates
) -> None:
    runtime, state = asked
    act(state, runtime)
    document = runtime.context.store.load(state.incident_id)
    assert document.executions == []
    assert "is not approved: nothing was done" in document.timeline[-1].text
    assert certificates.days["payments"] == 0


def test_approved_it_is_carried_out_once_and_undone(
    asked: tuple[Runtime[ResponseContext], IncidentState], certificates: Certificates
) -> None:
    runtime, state = asked
    store = runtime.context.store
    store.ledger.decide(state.incident_id, state.plan, Verdict.approved, by=person())
    act(state, runtime)
    assert certificates.days["payments"] == 90
    certificates.days["payments"] = 89
    act(state, runtime)
    assert certificates.days["payments"] == 89
    undo(state, runtime)
    assert certificates.days["payments"] == 0
    [execution] = store.load(state.incident_id).executions
    assert execution.undone
    assert execution.receipt == {"changed": True, "note": "", "service": "payments", "before": 0}


def test_documents_that_hold_it_are_read_where_nobody_knows_it(
    asked: tuple[Runtime[ResponseContext], IncidentState], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, state = asked
    text = to_json(runtime.context.store.load(state.incident_id))
    monkeypatch.delitem(CATALOGUE, ExtendCertificate.kind)
    [kept] = Incident.model_validate_json(text).proposals
    assert kept.hash == state.plan
    with pytest.raises(ToolRetry, match="no action 'extend certificate'"):
        plan(kept.kind, kept.target, kept.parameters, "again", inventory=Inventory())

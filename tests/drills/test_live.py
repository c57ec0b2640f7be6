"""Whole drills on the real shop: a real fault, a real response, nothing left behind."""

from collections.abc import Mapping

import pytest

from warroom.actions.catalogue import plan
from warroom.actions.edge import Throttle
from warroom.app.work import Commander, Tell
from warroom.drills.faults import FAULTS
from warroom.drills.host import AUTOMATIC
from warroom.drills.runner import Drill
from warroom.drills.surprise.draw import announced
from warroom.incident.action import Execution, Outcome
from warroom.incident.events import StepStarted
from warroom.incident.lifecycle import OVER
from warroom.incident.timeline import utc_now
from warroom.record.store import Store
from warroom.response import Response
from warroom.settings import Settings
from warroom.telemetry.bundle import read_bundle
from warroom.tests.support.drill_hosts import Host


@pytest.mark.reliability  # as below: alone on the machine
@pytest.mark.timeout(420)
def test_a_model_that_is_of_no_use_is_exchanged_for_a_smaller_one(tmp_path):
    settings, host = Settings(home=tmp_path / "home"), Host()
    found = Drill(announced("ai-answers", "shop"), settings, host).run()
    document = Store.open(settings.database).load(found.incident)
    first = document.executions[0]
    assert first.title == "switch model recommendations (to=suggest-small)"
    assert first.outcome in (Outcome.better, Outcome.partly)
    assert {decision.by for decision in document.decisions} == {AUTOMATIC}
    met = {check.name: check.met for check in found.checks}
    assert (met["cause"], met["harm"], met["better"]) == (True, True, True)


@pytest.mark.live
@pytest.mark.parametrize("name", ["bad-flag", "hung-dependency"])
def test_a_fault_is_found_cured_and_verified(tmp_path, name):
    settings, host = Settings(home=tmp_path / "home"), Host()
    found = Drill(FAULTS[name], settings, host, keep=tmp_path / "kept").run()
    failed = [check for check in found.checks if check.met is False and check.name != "calm"]
    assert not failed
    document = Store.open(settings.database).load(found.incident)
    assert {decision.by for decision in document.decisions} == {AUTOMATIC}
    steps = {event.step for event in host.events if isinstance(event, StepStarted)}
    assert steps == set(range(1, 14))
    assert "postmortem.md" in {file.name for file in host.files}
    assert read_bundle(tmp_path / "kept" / name).coverage()
    assert (tmp_path / "kept" / f"{name}.truth.json").exists()
    left = {path.name for path in (settings.home / "drills").glob("*/shop/*")}
    assert left == {"telemetry", "output"}


class Limited(Drill):
    """A limit of ours is in force at the edge when the response begins, as after a first move."""

    left: Mapping[str, float] | None = None

    def _work(self, response: Response, incident_id: str, tell: Tell, decide: Commander) -> None:
        system, store = response.context.operations, response.context.store
        assert system is not None
        limit = Throttle(target="gateway", route="/search", rate=0.2)
        told = (limit.kind, limit.target, limit.parameters, "to hold the load off")
        made, now = plan(*told, inventory=system.inventory()), utc_now()
        receipt = system.perform(limit).model_dump(mode="json")
        done = Execution(plan=made.hash, title=made.title, started_at=now, ended_at=now)
        done.receipt, done.outcome = receipt, Outcome.contained
        store.update(incident_id, lambda doc: doc.proposals.append(made))
        store.update(incident_id, lambda doc: doc.executions.append(done))
        super()._work(response, incident_id, tell, decide)
        self.left = system.inventory().limits


@pytest.mark.reliability  # alone on the machine: with another system beside it a share hurts
@pytest.mark.timeout(420)
def test_what_was_limited_comes_back_in_stages_once_it_is_cured(tmp_path):
    settings = Settings(home=tmp_path / "home")
    drill = Limited(FAULTS["bad-flag"], settings, Host())
    found = drill.run()
    document = Store.open(settings.database).load(found.incident)
    done = [(each.title.split(" gateway")[0], each.outcome) for each in document.executions]
    assert done[-1] == ("bring back", Outcome.stayed_well), [e.text for e in document.timeline]
    assert document.executions[-1].stage == 2 and drill.left == {}
    assert document.state in OVER

"""Whole drills on the real shop: a real fault, a real response, nothing left behind."""

import pytest

from warroom.drills.faults import FAULTS
from warroom.drills.host import AUTOMATIC
from warroom.drills.runner import Drill
from warroom.drills.surprise.draw import announced
from warroom.incident.action import Outcome
from warroom.incident.events import StepStarted
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.telemetry.bundle import read_bundle
from warroom.tests.support.drill_hosts import Host


@pytest.mark.live
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

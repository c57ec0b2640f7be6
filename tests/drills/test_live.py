"""Whole drills on the real shop: a real fault, a real response, nothing left behind."""

from pathlib import Path

import pytest

from warroom.agents.runtime.context import ResponseContext
from warroom.app.files import write_files
from warroom.app.work import Commander, Tell
from warroom.drills.faults import FAULTS
from warroom.drills.host import AUTOMATIC, automatic
from warroom.drills.runner import Drill
from warroom.drills.surprise import Drawn, draw
from warroom.drills.surprise.score import QUESTIONS, RESOLVED
from warroom.drills.surprise.truth import read_truth
from warroom.incident.events import ResponseEvent, StepStarted
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.telemetry.bundle import read_bundle


class Host:
    """Approves as the drill's commander and remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[ResponseEvent] = []
        self.notes: list[str] = []
        self.files: list[Path] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def waiting(self, what: str, done: float, total: float) -> None:
        assert 0 <= done <= total

    def listener(self, context: ResponseContext, incident_id: str) -> Tell:
        return self.events.append

    def commander(self, context: ResponseContext) -> Commander:
        return automatic(context)

    def finished(self, context: ResponseContext, incident_id: str) -> None:
        self.files = write_files(context, incident_id).files


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


@pytest.mark.live
def test_a_surprise_is_sealed_lived_through_and_scored(tmp_path):
    settings, host = Settings(home=tmp_path / "home"), Host()
    fault = next(one for seed in range(500) if quick(one := draw(seed)))
    found = Drill(fault, settings, host, keep=tmp_path / "kept").run()
    assert [check.name for check in found.checks] == list(QUESTIONS)
    assert found.check(RESOLVED).met is not False or "error_rate" in found.check(RESOLVED).answer
    assert fault.truth.seal in fault.title
    assert read_bundle(tmp_path / "kept" / fault.name).coverage()
    assert read_truth(tmp_path / "kept" / f"{fault.name}.truth.json") == fault.truth


def quick(fault: Drawn) -> bool:
    """Whether it is a plain one: at once, and by itself."""
    truth = fault.truth
    return (truth.mechanism, truth.shape, truth.decoy) == ("refused", "step", "none")


@pytest.mark.live
def test_noise_is_closed_without_an_action(tmp_path):
    found = Drill(FAULTS["no-fault"], Settings(home=tmp_path / "home"), Host()).run()
    assert found.check("control").met
    assert found.check("action").met

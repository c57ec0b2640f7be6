"""Whole drills on the real shop of which nobody says what comes: a surprise, and noise."""

import pytest

from warroom.drills.faults import FAULTS
from warroom.drills.runner import Drill
from warroom.drills.surprise import Drawn, draw
from warroom.drills.surprise.score import QUESTIONS, RESOLVED
from warroom.drills.surprise.truth import read_truth
from warroom.settings import Settings
from warroom.telemetry.bundle import read_bundle
from warroom.tests.support.drill_hosts import Host


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

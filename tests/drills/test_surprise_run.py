"""What the run of a surprise adds to a drill: who tells, and what is measured at the end."""

from collections.abc import Callable
from typing import Any

import pytest

from warroom.drills.alarm import Alarm
from warroom.drills.surprise.draw import LOUD, draw
from warroom.drills.surprise.run import SurpriseDrill, values
from warroom.drills.surprise.score import Seen
from warroom.drills.surprise.truth import LOG_LINES, Symptom
from warroom.errors import DrillError
from warroom.settings import Settings
from warroom.telemetry.alerts import parse_alerts
from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window
from warroom.tests.support.bundles import START, BundleWriter, counter


class Told:
    """A host that keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def waiting(self, what: str, done: float, total: float) -> None:
        self.notes.append(what)


class Heard(Alarm):
    """An alarm that has heard this already."""

    def __init__(self, body: dict[str, Any] | None) -> None:
        self.body = body

    def wait(self, seconds: float, tick: Callable[[float], None]) -> dict[str, Any] | None:
        tick(seconds)
        return self.body


def drill(tmp_path, **truth: object) -> SurpriseDrill:
    """Of a fault that nobody hands an alert for."""
    fault = next(one for seed in range(99) if not (one := draw(seed)).handed)
    fault.truth = fault.truth.model_copy(update={"hurt": True, **truth})
    return SurpriseDrill(fault, Settings(home=tmp_path / "home"), Told())  # pyright: ignore


FIRED = {"alerts": [{"labels": {"alertname": "HighErrorRate", "service": "payments"}}]}


def test_an_alert_that_fires_is_taken_as_it_is(tmp_path):
    run = drill(tmp_path, decoy="none")
    assert run._alert(Heard(FIRED)) is FIRED
    assert not run.by_hand


def test_without_an_alert_a_person_tells_what_customers_say(tmp_path):
    run = drill(tmp_path, decoy="none", complaint="that they cannot pay")
    [alert] = parse_alerts(run._alert(Heard(None)))
    assert run.by_hand
    assert (alert.service, alert.summary) == ("", "Several customers write that they cannot pay")


def test_a_loud_victim_is_heard_before_the_alert(tmp_path):
    run = drill(tmp_path, decoy=LOUD, loud="checkout")
    assert [a.service for a in parse_alerts(run._alert(Heard(FIRED)))] == ["checkout", "payments"]


def test_a_run_without_an_incident_is_no_score(tmp_path):
    with pytest.raises(DrillError, match="run it again"):
        drill(tmp_path)._scored(None, Seen())


def test_symptoms_are_read_off_telemetry(tmp_path):
    with BundleWriter(tmp_path / "b") as bundle:
        counter(bundle, "http_requests_total", "gateway", [15.0] * 40, code="200")
        counter(bundle, "http_requests_total", "gateway", [5.0] * 40, code="502")
        for number in range(12):
            bundle.log(START + 30 + number / 2, "gateway", "GET / 200")
    telemetry, window = read_bundle(tmp_path / "b"), Window(START + 30, START + 36)
    errors = Symptom(service="gateway", signal="error_rate", level=0.1)
    assert errors.worst(values(telemetry, errors, window), steady=True) == pytest.approx(0.25)
    lines = Symptom(service="gateway", signal=LOG_LINES, level=0.1, below=True)
    assert values(telemetry, lines, window).tolist() == [2.0]
    silent = lines.model_copy(update={"service": "login"})
    assert silent.shows(silent.worst(values(telemetry, silent, window), steady=True))
    nothing = errors.model_copy(update={"service": "login"})
    assert values(telemetry, nothing, window).size == 0

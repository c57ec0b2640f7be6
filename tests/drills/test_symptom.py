"""By what a fault shows, read off telemetry."""

import numpy as np
import pytest

from warroom.drills.symptom import LOG_LINES, Symptom
from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window
from warroom.tests.support.bundles import START, BundleWriter, counter


def test_symptoms_are_read_off_telemetry(tmp_path):
    with BundleWriter(tmp_path / "b") as bundle:
        counter(bundle, "http_requests_total", "gateway", [15.0] * 40, code="200")
        counter(bundle, "http_requests_total", "gateway", [5.0] * 40, code="502")
        for number in range(12):
            bundle.log(START + 30 + number / 2, "gateway", "GET / 200")
    telemetry, window = read_bundle(tmp_path / "b"), Window(START + 30, START + 36)
    errors = Symptom(service="gateway", signal="error_rate", level=0.1)
    assert errors.left(telemetry, window, steady=True) == pytest.approx(0.25)
    lines = Symptom(service="gateway", signal=LOG_LINES, level=0.1, below=True)
    assert lines.left(telemetry, window, steady=True) == 2.0
    silent = lines.model_copy(update={"service": "login"})
    assert silent.shows(silent.left(telemetry, window, steady=True))
    nothing = errors.model_copy(update={"service": "login"})
    assert nothing.left(telemetry, window, steady=True) is None


@pytest.mark.parametrize(
    ("below", "steady", "value", "shows"),
    [(False, True, 0.2, True), (False, False, 0.9, True), (True, False, 0.0, True)],
)
def test_what_counts_of_the_values_seen(monkeypatch, tmp_path, below, steady, value, shows):
    with BundleWriter(tmp_path / "b") as bundle:
        bundle.log(START, "a", "ready")
    symptom = Symptom(service="a", signal="b", level=0.1, below=below)
    values = np.array([0.2, np.nan, 0.0, 0.9, 0.2])
    monkeypatch.setattr(Symptom, "_values", lambda *_: values)
    found = symptom.left(read_bundle(tmp_path / "b"), Window(START, START + 1), steady)
    assert found == value
    assert symptom.shows(found) is shows
    assert not symptom.shows(None)

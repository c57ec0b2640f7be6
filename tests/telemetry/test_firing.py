"""What fires now, over fakes of Alertmanager and Prometheus made from their published APIs, and
over a real Alertmanager."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from warroom.drills.monitoring import ALERTS, installed
from warroom.telemetry.alerts import read_alerts
from warroom.telemetry.sources.alertmanager import firing
from warroom.telemetry.sources.checkup import checkup
from warroom.telemetry.sources.datasource import Datasource
from warroom.tests.support.alertmanager_backend import AlertmanagerBackend
from warroom.tests.support.alertmanager_server import alertmanager
from warroom.tests.support.http_backends import HttpBackend, Reply
from warroom.tests.support.prometheus_backend import PrometheusBackend
from warroom.tests.support.working import until

HOUR = timedelta(hours=1)
SINCE = "2026-11-29T10:00:00Z"


@pytest.fixture
def manager() -> Iterator[AlertmanagerBackend]:
    made = AlertmanagerBackend()
    yield made
    made.close()


@pytest.fixture
def prometheus() -> Iterator[PrometheusBackend]:
    made = PrometheusBackend()
    labels = {"alertname": "Slow", "service": "cart", "severity": "warning"}
    one = {"labels": labels, "annotations": {"summary": "s"}, "activeAt": SINCE, "value": "1"}
    made.alerts = [one | {"state": "firing"}, one | {"state": "pending"}]
    yield made
    made.close()


def source(kind: str, backend: HttpBackend, name: str = "") -> Datasource:
    return Datasource.model_validate({"name": name or kind, "type": kind, "url": backend.where})


def test_alertmanager_is_asked_before_prometheus_and_knows_of_silences(manager, prometheus):
    manager.fire("Down", "cart", "critical", SINCE)
    manager.fire("Down", "login", "critical", SINCE, state="suppressed")
    found = firing([source("prometheus", prometheus), source("alertmanager", manager)])
    assert (found.asked, found.failed, found.left_out) == (("alertmanager",), (), ())
    (alert,) = read_alerts(found.body)
    assert (alert.name, alert.service, alert.severity) == ("Down", "cart", "critical")
    assert alert.summary == "Down of cart"
    assert alert.fingerprint == "0" * 16
    assert alert.starts_at
    assert alert.starts_at.isoformat() == "2026-11-29T10:00:00+00:00"
    assert (alert.status, alert.ends_at) == ("firing", None)


def test_without_one_prometheus_tells_what_its_rules_say(prometheus):
    found = firing([source("prometheus", prometheus)])
    (alert,) = read_alerts(found.body)
    assert (alert.name, alert.service, found.asked) == ("Slow", "cart", ("prometheus",))


def test_where_alertmanager_is_down_prometheus_tells_and_that_is_said(manager, prometheus):
    manager.failing = "502"
    found = firing([source("alertmanager", manager), source("prometheus", prometheus)])
    assert (len(found.alerts), found.asked) == (1, ("prometheus",))
    assert found.failed[0].startswith("alertmanager ")


def test_two_of_a_cluster_tell_of_one_alert(manager):
    manager.fire("Down", "cart", "critical", SINCE)
    twice = [source("alertmanager", manager, name) for name in ("one", "two")]
    assert len(firing(twice).alerts) == 1


def test_what_is_no_alert_to_respond_to_is_left_out_and_said(manager):
    manager.fire("Watchdog", "", "none", SINCE)
    manager.fire("", "cart", "critical", SINCE)
    found = firing([source("alertmanager", manager)])
    assert found.alerts == ()
    assert found.left_out == ("1 without a label alertname", "Watchdog of severity none")


@pytest.mark.parametrize("failing", ["401", "404", "429", "garbage", "partial", "redirect"])
def test_who_does_not_answer_is_said(manager, failing):
    manager.failing = failing
    found = firing([source("alertmanager", manager)])
    assert (found.alerts, found.asked) == ((), ())
    assert manager.where in found.failed[0]


@pytest.mark.parametrize("body", [{"data": []}, {"data": {"alerts": None}}, [], "x"])
def test_another_shape_is_no_alerts(prometheus, monkeypatch, body):
    monkeypatch.setattr(prometheus, "answer", lambda _question: Reply(body))
    assert "no list of alerts" in firing([source("prometheus", prometheus)]).failed[0]


@pytest.mark.thorough
@pytest.mark.skipif(installed(ALERTS) is None, reason="alertmanager is not on PATH")
def test_a_real_alertmanager_tells_what_fires_and_is_not_silenced(tmp_path):
    starts = datetime.now(UTC)
    with alertmanager(tmp_path, "http://127.0.0.1:1", tmp_path / "none") as client:
        labels = [{"alertname": "Slow", "service": name} for name in ("cart", "login")]
        body = [{"labels": one, "startsAt": starts.isoformat()} for one in labels]
        assert client.post("/api/v2/alerts", json=body).is_success
        matcher = {"name": "service", "value": "login", "isRegex": False}
        silence = {"matchers": [matcher], "createdBy": "ann", "comment": "known"}
        silence |= {"startsAt": starts.isoformat(), "endsAt": (starts + HOUR).isoformat()}
        assert client.post("/api/v2/silences", json=silence).is_success
        url = str(client.base_url).rstrip("/")
        real = Datasource(name="real", type="alertmanager", url=url)
        until(lambda: len(firing([real]).alerts) == 1, "one is silenced")
        (alert,) = read_alerts(firing([real]).body)
        looked = checkup(real)
    assert (alert.name, alert.service) == ("Slow", "cart")
    assert alert.starts_at
    assert abs(alert.starts_at - starts) < timedelta(seconds=1)
    assert (looked.fault, looked.amount, looked.sees, looked.advice) == ("", 1, {"alerts"}, [])
    assert looked.version

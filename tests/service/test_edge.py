"""What surrounds every request: sizes, kinds, headers, ids, health, metrics."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from warroom.incident.timeline import utc_now
from warroom.service.edge import MOST_BODY
from warroom.tests.support.alerts import delivery, posted
from warroom.tests.support.consoles import asked as ask
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import full
from warroom.tests.support.services import Asked, asked


@pytest.fixture
def service(tmp_path):
    with asked(tmp_path / "home") as found:
        yield found


def test_no_browser_shows_or_shares_an_answer(service):
    for path in ("/healthz", "/api/v1/me", "/nowhere"):
        answer = service["observer"].get(path, headers={"Origin": "https://elsewhere.example"})
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_request_keeps_its_id_where_that_is_plain(service):
    assert (
        service[""].get("/healthz", headers={"X-Request-Id": "a-1"}).headers["x-request-id"]
        == "a-1"
    )
    for given in ("a b", "x" * 65, 'a"b'):
        answer = service[""].get("/healthz", headers={"X-Request-Id": given})
        assert answer.headers["x-request-id"] != given


def test_what_is_too_large_is_refused_before_it_is_read(service):
    form = {"reason": "x" * MOST_BODY}
    answer = service["responder"].post("/api/v1/switches/off", json=form)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"

    def chunks():
        for _chunk in range(2):
            yield b'"' + b"x" * MOST_BODY

    headers = {"Content-Type": "application/json"}
    answer = service["responder"].post("/api/v1/switches/off", content=chunks(), headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_is_taken(service, kind):
    answer = service["responder"].post(
        "/api/v1/switches/off", content=b'{"reason": "x"}', headers={"Content-Type": kind}
    )
    assert answer.status_code == 415


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 60_000, b'{"reason": NaN}', b"1e999"])
def test_what_is_no_json_is_said(service, body):
    headers = {"Content-Type": "application/json"}
    answer = service["responder"].post("/api/v1/switches/off", content=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text


def test_it_says_that_it_lives_and_is_ready(service):
    assert service[""].get("/healthz").text == "ok\n"
    answer = service[""].get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"database": True, "worker": True, "disk": True}


def test_metrics_are_those_of_the_tables(tmp_path, place):
    with asked(tmp_path / "home", place) as service:
        check_metrics(service)


def check_metrics(service: Asked) -> None:
    incident = kept(service.service.store, full())
    ask(service.service.store, incident)
    service.send(delivery(posted(at=utc_now())))
    assert service[""].get("/metrics").status_code == 401
    page = service["observer"].get("/metrics").text
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    assert samples["warroom_alerts_total",] == 1
    assert samples["warroom_deliveries_total", "alertmanager"] == 1
    assert samples["warroom_incidents", "resolved"] == 1
    assert samples["warroom_approvals_waiting", "action"] == 1
    assert samples["warroom_outbox",] == 0
    assert samples["warroom_model_tokens_total", "input"] == 0
    assert samples["warroom_http_request_seconds_count", "GET", "/metrics", "401"] >= 1


def test_a_database_that_is_gone_is_said_without_its_place(tmp_path):
    home = tmp_path / "home"
    with asked(home) as service:
        service.service.engine.dispose()
        for file in home.glob("warroom.db*"):
            file.unlink()
        (home / "warroom.db").mkdir()
        answer = service["observer"].get("/api/v1/incidents")
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "warroom.db" not in answer.text
        ready = service[""].get("/readyz")
        assert (ready.status_code, ready.json()["database"]) == (503, False)

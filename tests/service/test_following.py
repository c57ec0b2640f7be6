"""Events over HTTP: a page, a wait, a stream that goes on where it was."""

import json
import threading

import pytest

from warroom.incident.events import StepStarted
from warroom.tests.support.services import Asked, asked

V1 = "/api/v1"


@pytest.fixture
def service(tmp_path):
    with asked(tmp_path / "home") as found:
        yield found


def happen(service: Asked, *incidents: str) -> None:
    """A step begins in each of these."""
    for incident in incidents:
        event = StepStarted(step=1, specialist="triage", attempt=1)
        service.service.events.append(incident, event, 1.0)


def test_a_page_ends_with_where_the_next_begins(service):
    happen(service, "INC-1", "INC-2", "INC-1")
    first = service["observer"].get(f"{V1}/events", params={"limit": 2}).json()
    assert [each["incident"] for each in first["items"]] == ["INC-1", "INC-2"]
    assert first["items"][0]["event"]["event"] == "step_started"
    rest = service["observer"].get(f"{V1}/events", params={"after": first["after"]}).json()
    assert [(each["incident"], each["number"]) for each in rest["items"]] == [("INC-1", 2)]
    last = service["observer"].get(f"{V1}/events", params={"after": rest["after"]}).json()
    assert last == {"items": [], "after": rest["after"]}
    mine = service["observer"].get(f"{V1}/events", params={"incident": "INC-2"}).json()
    assert [each["incident"] for each in mine["items"]] == ["INC-2"]


def test_who_waits_hears_of_what_comes(service):
    writer = threading.Timer(0.2, happen, (service, "INC-1"))
    writer.start()
    answer = service["observer"].get(f"{V1}/events", params={"wait_s": 30}).json()
    writer.join()
    assert [each["incident"] for each in answer["items"]] == ["INC-1"]


def lines(service: Asked, **asked_with) -> list[str]:
    """A stream's lines to its end: the service is about to stop, so that it has one."""
    with service["observer"].stream("GET", f"{V1}/events/stream", **asked_with) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return list(answer.iter_lines())


def test_a_stream_goes_on_after_the_last_event_that_was_seen(service):
    happen(service, "INC-1", "INC-2", "INC-3")
    threading.Timer(3.0, service.service.stopping.set).start()
    found = lines(service, headers={"Last-Event-ID": "1"})
    assert [line for line in found if line.startswith("id:")] == ["id: 2", "id: 3"]
    bodies = [json.loads(line[5:]) for line in found if line.startswith("data:")]
    assert [body["incident"] for body in bodies] == ["INC-2", "INC-3"]
    assert "event: step_started" in found


def test_streams_are_bounded(service):
    for _stream in range(100):
        assert service.service.streams.acquire(blocking=False)
    answer = service["observer"].get(f"{V1}/events/stream")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


def test_secrets_in_events_are_masked(service):
    secret = "hvs.CAESIJ" + "a1B2c3D4e5F6g7H8i9J0" * 4
    event = StepStarted(step=1, specialist=f"token={secret}", attempt=1)
    service.service.events.append("INC-1", event, 1.0)
    answer = service["observer"].get(f"{V1}/events")
    assert answer.status_code == 200
    assert secret not in answer.text

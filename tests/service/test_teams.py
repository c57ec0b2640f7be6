"""Another team's incident is not there: on REST, pages, streams, in lists, in a body."""

import json
import re
import threading

import pytest

from warroom.incident.document import Incident
from warroom.incident.events import StepStarted
from warroom.incident.impact import ServiceState
from warroom.tests.support.browsers import Browser, person
from warroom.tests.support.consoles import asked as ask
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import full
from warroom.tests.support.routes import routes
from warroom.tests.support.services import Asked, asked

V1 = "/api/v1"
OURS, THEIRS, NOBODYS = "INC-1", "INC-2", "INC-3"


def keep(service: Asked, incident: str, team: str) -> Incident:
    """An incident of this team, with a question and an event."""
    services = [ServiceState(name="checkout", role="alerting", team=team)]
    document = kept(service.service.store, full().model_copy(update={"id": incident}))
    service.service.store.update(incident, lambda doc: setattr(doc, "services", services))
    ask(service.service.store, document)
    event = StepStarted(step=1, specialist="triage", attempt=1)
    service.service.events.append(incident, event, 1.0)
    return document


@pytest.fixture
def service(tmp_path, place):
    with asked(tmp_path / "home", place) as found:
        for incident, team in ((OURS, "payments"), (THEIRS, "search"), (NOBODYS, "")):
            keep(found, incident, team)
        yield found


@pytest.fixture
def ann(service) -> Browser:
    """Commands what payments has."""
    browser = person(service, "ann", "commander")
    assert service["admin"].put(f"{V1}/teams/payments/members/ann").status_code == 204
    return browser


def test_what_another_team_has_is_not_there(service, ann):
    headers = {"X-CSRF-Token": ann.csrf()}
    fill = {"evidence": "E1", "subject": "0" * 12, "what": "note", "act": "publish", "kind": "md"}
    found = set()
    for route in routes(service[""].app):
        if "{incident" not in route.path:
            continue
        found.add(route)
        answers = []
        for incident in (THEIRS, "INC-9"):
            path = route.path.format_map(fill | {"incident": incident, "incident_id": incident})
            answer = ann.client.request(route.method, path, json={}, headers=headers)
            assert answer.status_code == 404, (route, answer.text)
            answers.append(re.sub(r'INC-\d|"request_id":"\w+"', "", answer.text))
        assert answers[0] == answers[1], route
    assert len(found) > 40


def test_lists_have_what_is_theirs_and_nobodys(service, ann):
    for path in ("/incidents", "/events"):
        items = ann.get(f"{V1}{path}").json()["items"]
        assert {each.get("id") or each["incident"] for each in items} == {OURS, NOBODYS}
    asked_for = {each["incident_id"] for each in ann.get(f"{V1}/requests").json()}
    assert asked_for == {OURS, NOBODYS}
    everything = service["admin"].get(f"{V1}/incidents").json()["items"]
    assert len(everything) == 3
    assert len(service["observer"].get(f"{V1}/incidents").json()["items"]) == 3


def test_a_stream_tells_nothing_of_others(service, ann):
    assert ann.get(f"{V1}/events", params={"incident": THEIRS}).status_code == 404
    assert ann.get(f"{V1}/events/stream", params={"incident": THEIRS}).status_code == 404
    threading.Timer(1.0, service.service.stopping.set).start()
    with ann.client.stream("GET", f"{V1}/events/stream") as answer:
        lines = [json.loads(line[5:]) for line in answer.iter_lines() if line.startswith("data:")]
    assert {line["incident"] for line in lines} == {OURS, NOBODYS}


def test_events_of_others_are_passed_over(service, ann):
    event = StepStarted(step=1, specialist="triage", attempt=1)
    for _event in range(5):
        service.service.events.append(THEIRS, event, 1.0)
    last = service["admin"].get(f"{V1}/events", params={"limit": 500}).json()["after"]
    page = ann.get(f"{V1}/events", params={"after": last - 5, "limit": 2}).json()
    assert page == {"items": [], "after": last}


def test_nothing_is_merged_into_what_is_not_seen(service, ann):
    headers = {"X-CSRF-Token": ann.csrf()}
    form = {"into": THEIRS, "reason": "a test"}
    answer = ann.client.post(f"{V1}/incidents/{OURS}/merge", json=form, headers=headers)
    assert answer.status_code == 404


def test_a_token_of_a_member_sees_no_more(service):
    service["admin"].put(f"{V1}/teams/payments/members/responder")
    assert service["responder"].get(f"{V1}/incidents/{THEIRS}").status_code == 404
    assert service["responder"].get(f"{V1}/incidents/{OURS}").status_code == 200
    service["admin"].delete(f"{V1}/teams/payments/members/responder")
    assert service["responder"].get(f"{V1}/incidents/{THEIRS}").status_code == 200


def test_whoever_administers_sees_all(service):
    service["admin"].put(f"{V1}/teams/payments/members/admin")
    assert service["admin"].get(f"{V1}/incidents/{THEIRS}").status_code == 200


def test_an_incident_goes_with_its_first_service(service, ann):
    services = [ServiceState(name="cart", role="alerting", team="payments")]
    service.service.store.update(THEIRS, lambda doc: setattr(doc, "services", services))
    assert ann.get(f"{V1}/incidents/{THEIRS}").status_code == 200


def test_somebody_is_responder_in_one_team_and_observer_in_another(service, ann):
    for team, role in (("payments", "responder"), ("search", "observer")):
        path = f"{V1}/teams/{team}/members/ann"
        assert service["admin"].put(path, params={"role": role}).status_code == 204
    me = ann.client.get(f"{V1}/me").json()
    assert me["role_in"] == {"payments": "responder", "search": "observer"}
    headers = {"X-CSRF-Token": ann.csrf()}

    def post(incident: str, what: str, **form: str) -> int:
        path = f"{V1}/incidents/{incident}/{what}"
        return ann.client.post(path, json=form, headers=headers).status_code

    assert [post(each, "notes", text="seen") for each in (OURS, THEIRS, NOBODYS)] == [200, 403, 200]
    why = {"reason": "it is over"}  # what takes a commander: her role where no team has one for her
    assert post(OURS, "close", **why) == 403
    assert post(NOBODYS, "close", **why) == 200
    other = {"other": THEIRS, "reason": "the same night"}
    assert post(OURS, "related", **other) == 403  # it would be changed too
    assert post(NOBODYS, "related", other=OURS, reason="the same night") == 200
    assert post(OURS, "merge", into=THEIRS, reason="one cause") == 403
    assert ann.press(f"/incidents/{THEIRS}/change/note", text="seen").status_code == 403


def test_a_role_in_a_team_gives_a_token_no_more_than_it_has(service):
    path = f"{V1}/teams/payments/members/observer"
    assert service["admin"].put(path, params={"role": "commander"}).status_code == 204
    assert (
        service["observer"].post(f"{V1}/incidents/{OURS}/notes", json={"text": "x"}).status_code
        == 403
    )
    listed = service["admin"].get(f"{V1}/teams").json()
    assert listed["payments"]["observer"] == "commander"


@pytest.mark.parametrize("role", ["admin", "sender"])
def test_no_team_has_administrators_or_senders_of_its_own(service, role):
    path = f"{V1}/teams/payments/members/bob"
    assert service["admin"].put(path, params={"role": role}).status_code == 422


def test_whoever_administers_is_no_less_in_a_team(service):
    service["admin"].put(f"{V1}/teams/payments/members/admin", params={"role": "observer"})
    assert (
        service["admin"].post(f"{V1}/incidents/{OURS}/notes", json={"text": "x"}).status_code == 200
    )

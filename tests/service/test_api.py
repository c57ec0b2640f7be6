"""The API: what the command line can do, for those who may; nothing for anybody else."""

import json
from datetime import timedelta

import pytest

from warroom.agents.comms import communicate
from warroom.incident.action import Verdict
from warroom.incident.communication import Audience
from warroom.incident.document import to_json
from warroom.incident.evidence import short
from warroom.incident.lifecycle import State
from warroom.incident.timeline import utc_now
from warroom.tests.support.alerts import delivery, posted
from warroom.tests.support.consoles import asked as ask
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import at as at_second
from warroom.tests.support.incidents import full, running
from warroom.tests.support.services import Asked, asked

V1 = "/api/v1"


@pytest.fixture
def service(tmp_path, place):
    with asked(tmp_path / "home", place) as found:
        yield found


@pytest.fixture
def incident(service: Asked):
    return kept(service.service.store, full())


@pytest.fixture
def question(service: Asked, incident):
    return ask(service.service.store, incident)


def at(incident, *parts: str) -> str:
    return "/".join((V1, "incidents", incident.id, *parts))


def test_the_list_and_the_document_are_those_of_the_record(service, incident):
    listed = service["observer"].get(f"{V1}/incidents").json()
    assert [(line["id"], line["state"]) for line in listed["items"]] == [(incident.id, "resolved")]
    document = service["observer"].get(at(incident)).json()
    assert document == json.loads(to_json(service.service.record.published(incident.id)))


def test_a_list_is_paged_without_a_gap(service):
    for number in range(5):
        document = full()
        document.id = f"INC-{number}"
        kept(service.service.store, document)
    seen, after = [], ""
    for _page in range(3):
        params = {"limit": 2, "after": after, "state": ["resolved", "closed"]}
        page = service["observer"].get(f"{V1}/incidents", params=params).json()
        seen += [line["id"] for line in page["items"]]
        after = page["after"]
    assert (seen, after) == ([f"INC-{number}" for number in reversed(range(5))], "")
    none = service["observer"].get(f"{V1}/incidents", params={"severity": "P3"}).json()
    assert none == {"items": [], "after": ""}


def test_evidence_comes_with_its_payload(service, incident):
    records = service["observer"].get(at(incident, "evidence")).json()
    assert [record["id"] for record in records] == [e.id for e in incident.evidence]
    one = service["observer"].get(at(incident, "evidence", "E4")).json()
    payload = service["observer"].get(at(incident, "evidence", "E4", "payload")).json()
    assert payload["digest"] == one["digest"]
    assert payload["content"]["summary"] == one["summary"]


def test_secrets_are_masked_wherever_they_stand(service):
    document = full()
    secret = "hvs.CAESIJ" + "a1B2c3D4e5F6g7H8i9J0" * 4
    document.alert.annotations["note"] = f"token={secret}"
    kept(service.service.store, document)
    store = service.service.store
    record = store.load(document.id).evidence[0]
    store.add_evidence(document.id, record, {"rows": [{"body": f"password={secret}"}]})
    for path in ([], ["evidence"], ["evidence", "E8", "payload"], ["messages"]):
        answer = service["admin"].get(at(document, *path))
        assert answer.status_code == 200, path
        assert secret not in answer.text


def test_alerts_are_listed_as_they_were_taken(service):
    assert service.send(delivery(posted(at=utc_now()))).status_code == 200
    (taken,) = service["observer"].get(f"{V1}/alerts").json()["items"]
    assert (taken["id"], taken["alert"]["name"]) == (1, "HighErrorRate")
    assert service["observer"].get(f"{V1}/alerts", params={"after": 1}).json()["items"] == []


def test_a_commander_approves_what_waits_and_is_named(service, incident, question):
    (line,) = service["observer"].get(f"{V1}/requests").json()
    assert line["subject"] == question.subject
    whole = service["responder"].get(at(incident, "requests", short(question.subject))).json()
    assert whole["plan"]["kind"] == incident.proposals[-1].kind
    path = at(incident, "requests", question.subject, "approve")
    decision = service["commander"].post(path).json()
    assert (decision["verdict"], decision["by"]) == ("approved", "commander")
    found = service.service.store.ledger.decision(incident.id, question.subject)
    assert found is not None
    assert (found.verdict, found.by) == (Verdict.approved, "commander")
    assert service["observer"].get(at(incident, "requests")).json() == []


def test_the_same_answer_again_is_answered_as_the_first_time(service, incident, question):
    path = at(incident, "requests", question.subject, "approve")
    first = service["commander"].post(path)
    again = service["commander"].post(path)
    assert (again.status_code, again.json()) == (200, first.json())
    other = service["admin"].post(path)
    assert other.status_code == 409
    assert other.json()["title"] == "Conflict"
    reason = {"reason": "I changed my mind"}
    turned = service["commander"].post(path.replace("approve", "reject"), json=reason)
    assert turned.status_code == 409


def test_a_rejection_needs_a_reason(service, incident, question):
    path = at(incident, "requests", question.subject, "reject")
    for form in (
        {},
        {"reason": ""},
        {"reason": " "},
        {"reason": "a\x00b"},
        {"reason": "x", "y": 1},
    ):
        answer = service["commander"].post(path, json=form)
        assert answer.status_code == 422, form
        assert answer.headers["content-type"] == "application/problem+json"
    decision = service["commander"].post(path, json={"reason": "old prices"}).json()
    assert (decision["verdict"], decision["reason"]) == ("rejected", "old prices")


def test_an_edit_that_does_not_fit_says_so_and_leaves_the_question_open(
    service, incident, question
):
    path = at(incident, "requests", question.subject, "edit")
    answer = service["commander"].post(path, json={"parameters": {"colour": "red"}})
    assert answer.status_code == 422
    assert "no parameter 'colour'" in answer.json()["detail"]
    assert service.service.store.ledger.decision(incident.id, question.subject) is None


def test_a_resumed_incident_is_due(service, incident):
    assert service["observer"].get(at(incident, "work")).status_code == 404
    assert service["responder"].post(at(incident, "resume")).status_code == 202
    work = service["observer"].get(at(incident, "work")).json()
    assert (work["status"], work["owner"]) == ("ready", None)
    assert "responder asked" in work["why"]


def test_switches_stop_and_let_go_on(service):
    reason = {"reason": "a storm"}
    assert service["responder"].post(f"{V1}/switches/off", json=reason).json()["off"]
    assert service["responder"].post(f"{V1}/switches/on", json=reason).status_code == 403
    target = {"target": "checkout"}
    service["commander"].post(f"{V1}/switches/off", json=reason, params=target)
    service["commander"].post(f"{V1}/switches/on", json=reason)
    listed = service["observer"].get(f"{V1}/switches").json()
    assert {each["name"]: each["off"] for each in listed} == {"checkout": True, "effects": False}


def test_the_same_silence_twice_is_one(service):
    form = {
        "matchers": [{"name": "service", "value": "cart"}],
        "ends_at": (utc_now() + timedelta(hours=1)).isoformat(),
        "reason": "it moves",
    }
    made = [service["responder"].post(f"{V1}/silences", json=form) for _ in range(2)]
    assert {each.status_code for each in made} == {201}
    assert made[0].json() == made[1].json()
    name = made[0].json()["id"]
    assert service["responder"].delete(f"{V1}/silences/{name}").status_code == 204
    assert service["observer"].get(f"{V1}/silences").json() == []


def test_a_text_is_said_in_other_words_and_asked_about_anew(service):
    document = running()
    drafts = communicate(document, at_second(10)).messages
    document.communications = [m for m in drafts if m.audience is Audience.status_page]
    incident = kept(service.service.store, document)
    old = ask(service.service.store, incident, "text")
    path = at(incident, "requests", old.subject, "text")
    form = {"subject": "Trouble", "body": "37.21% of requests fail."}
    refused = service["commander"].post(path, json=form)
    assert refused.status_code == 422
    assert "the record does not say 37.21%" in refused.json()["detail"]
    new = service["commander"].post(path, json=form | {"anyway": True}).json()
    assert new["message"]["body"] == form["body"]
    listed = service["observer"].get(at(incident, "requests")).json()
    assert [each["subject"] for each in listed] == [new["request"]["subject"]] != [old.subject]
    assert service["commander"].post(path, json=form | {"anyway": True}).status_code == 409


@pytest.mark.parametrize("role", ["observer", "responder"])
def test_who_may_not_decide_changes_nothing(service, incident, question, role):
    path = at(incident, "requests", question.subject, "approve")
    assert service[role].post(path).status_code == 403
    assert service.service.store.ledger.decision(incident.id, question.subject) is None


def test_what_is_not_there_is_said_with_a_way_on(service):
    answer = service["observer"].get(f"{V1}/incidents/INC-0")
    assert answer.status_code == 404
    body = answer.json()
    assert (body["title"], body["status"]) == ("Not Found", 404)
    assert body["request_id"] == answer.headers["x-request-id"]
    assert "warroom incidents" in body["detail"]


def test_who_am_i(service):
    assert service["responder"].get(f"{V1}/me").json()["role"] == "responder"


def test_only_an_admin_gives_out_and_takes_tokens(service):
    form = {"name": "ann", "role": "observer"}
    assert service["commander"].post(f"{V1}/tokens", json=form).status_code == 403
    made = service["admin"].post(f"{V1}/tokens", json=form)
    assert made.status_code == 201
    hers = {"Authorization": f"Bearer {made.json()['token']}"}
    assert service[""].get(f"{V1}/me", headers=hers).json()["name"] == "ann"
    assert made.json()["token"] not in service["admin"].get(f"{V1}/tokens").text
    assert service["admin"].post(f"{V1}/tokens", json=form).status_code == 422
    assert service["admin"].delete(f"{V1}/tokens/ann").status_code == 204
    assert service[""].get(f"{V1}/me", headers=hers).status_code == 401
    assert service["admin"].delete(f"{V1}/tokens/ann").status_code == 404


@pytest.mark.parametrize("name", ["drill commander (automatic)", "comms", "nobody", "warroom"])
def test_a_name_that_only_code_decides_under_gets_no_token(service, name):
    form = {"name": name, "role": "commander"}
    assert service["admin"].post(f"{V1}/tokens", json=form).status_code == 422


def test_the_audit_log_is_checked_over_http(service):
    found = service["admin"].get(f"{V1}/audit").json()
    assert found["fault"] == ""
    assert found["number"] >= 4  # the tokens
    head = f"{found['number']}:{found['seal']}"
    assert service["admin"].get(f"{V1}/audit", params={"head": head}).json()["fault"] == ""
    assert service["commander"].get(f"{V1}/audit").status_code == 403


def test_what_ended_unresolved_is_seen_and_taken_by_one(service, incident):
    store = service.service.store
    store.update(incident.id, lambda doc: doc.move(State.investigating, utc_now(), "x", "again"))
    store.work.wake(None, incident.id)
    store.work.release(store.work.claim(incident.id, "here/1/a"), None, "over")
    (line,) = service["observer"].get(f"{V1}/incidents").json()["items"]
    assert (line["state"], line["work"]) == ("investigating", "handed over")
    assert 'warroom_work{status="handed over"} 1.0' in service["observer"].get("/metrics").text
    assert service["observer"].post(at(incident, "resume")).status_code == 403
    for _again in range(2):
        work = service["responder"].post(at(incident, "resume")).json()
        assert (work["status"], work["why"]) == ("over", "taken over by responder")
    text = "responder has taken it over"
    assert [e["text"] for e in service["observer"].get(at(incident)).json()["timeline"]].count(
        text
    ) == 1

"""What people change by hand, over HTTP and on pages: who may, what is refused, what it says."""

import re

import pytest

from warroom.app.by_hand import BY_PATH
from warroom.incident.severity import Severity
from warroom.intake.grouping import group_due
from warroom.record.tokens import Role
from warroom.tests.support.alerts import fires, later, put
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import declared
from warroom.tests.support.services import Asked, asked

WHY = {"reason": "the provider says so"}
CALLS = {
    "duties": {"duty": "expert", "whom": "ann"},
    "notes": {"text": "seen on the board"},
    "support": {"contacts": 14},
    "links": {"url": "https://meet.example.org/1", "title": "call"},
    "severity": {"severity": "P1", **WHY},
    "resolve": WHY,
    "reopen": WHY,
    "close": WHY,
    "forget": WHY,  # what is over is remembered
}
"""By what is asked for, in an order that makes sense: what is said with it."""
LEAST = ("observer", "responder", "commander", "admin")


@pytest.fixture
def service(tmp_path):
    with asked(tmp_path / "home") as found:
        kept(found.service.store, declared(Severity.P2, "checkout"))
        yield found


@pytest.fixture
def place(service: Asked) -> str:
    (row,) = service.service.store.incidents()
    return row.id


def test_each_takes_its_role_and_answers_the_document(service: Asked, place: str):
    assert {"severity", "resolve", "close", "forget"} == {
        path for path, act in BY_PATH.items() if act.needs is Role.commander
    }
    for what, body in CALLS.items():
        role = BY_PATH[what].needs.value
        if what == "close":  # reopened before
            service["commander"].post(f"/api/v1/incidents/{place}/resolve", json=WHY)
        url = f"/api/v1/incidents/{place}/{what}"
        for less in LEAST[: LEAST.index(role)]:
            assert service[less].post(url, json=body).status_code == 403, (what, less)
        answer = service[role].post(url, json=body)
        assert answer.status_code == 200, (what, answer.text)
        assert answer.json()["id"] == place
    document = service.service.store.load(place)
    assert (document.severity, document.state) == ("P1", "closed")
    assert {"observer", "responder", "commander"} & {e.actor for e in document.timeline} == {
        "responder",
        "commander",
    }


def test_what_does_not_fit_the_state_says_what_to_do(service: Asked, place: str):
    answer = service["commander"].post(f"/api/v1/incidents/{place}/close", json=WHY)
    assert (answer.status_code, answer.json()["detail"].split(": ", 1)[1]) == (
        422,
        "resolve it first, then close it",
    )


@pytest.mark.parametrize(
    ("what", "sent", "says"),
    [
        ("notes", {"text": "<b>seen</b>"}, "&lt;b&gt;seen&lt;/b&gt;"),
        ("duties", {"duty": "commander", "whom": ""}, "commander is commander now"),
        ("severity", {"severity": "P0", **WHY}, "severity raised from P2 to P0"),
        ("links", {"url": "https://a.example/?q=1", "title": "board"}, "board"),
        ("support", {"contacts": "14"}, "14 people have written to support"),
    ],
)
def test_a_form_changes_it_and_leads_back(service: Asked, place: str, what, sent, says):
    answer = service["commander"].post(f"/incidents/{place}/change/{what}", data=sent)
    assert answer.status_code == 200 and answer.url.path == f"/incidents/{place}"
    assert says in answer.text


@pytest.mark.parametrize(
    ("role", "what", "sent", "says"),
    [
        ("responder", "severity", {"severity": "P0", **WHY}, "takes the role commander"),
        ("commander", "severity", {"severity": "P9", **WHY}, "P9"),
        ("commander", "related", {"other": "INC-NONE", **WHY}, "no incident INC-NONE"),
        ("commander", "links", {"url": "javascript:alert(1)"}, "is no address"),
        (
            "commander",
            "support",
            {"contacts": "many"},
            "a whole number is wanted",
        ),
        ("commander", "reopen", WHY, "it is not over"),
        ("commander", "notes", {"text": "  "}, "text: it is missing: add it"),
    ],
)
def test_what_does_not_fit_changes_nothing_and_says_why(
    service: Asked, place: str, role, what, sent, says
):
    before = service.service.store.load(place)
    answer = service[role].post(f"/incidents/{place}/change/{what}", data=sent)
    assert answer.status_code == 422 and "Nothing was changed" in answer.text
    assert says in answer.text
    assert service.service.store.load(place) == before


def test_a_form_that_there_is_not_is_not_found(service: Asked, place: str):
    answer = service["admin"].post(f"/incidents/{place}/change/explode", data={})
    assert answer.status_code == 404


def test_alerts_are_given_an_incident_of_their_own_and_merged_back(service: Asked):
    store = service.service.store
    put(store, fires("cart"), at=0)
    put(store, fires("cart", "Slow"), at=1)
    (both,) = set(group_due(store, later(1)))
    page = service["responder"].get(f"/incidents/{both}/change").text
    alert = re.findall(r'name="alerts" value="(\d+)"', page)[0]
    split = service["responder"].post(f"/incidents/{both}/change/split", data={"alerts": [alert]})
    made = split.url.path.rpartition("/")[2]
    assert made != both and store.load(made).related == [both]
    refused = service["responder"].post(f"/incidents/{both}/change/split", data={})
    assert refused.status_code == 422 and "alerts" in refused.text
    told = {"into": both, **WHY}
    merged = service["responder"].post(f"/incidents/{made}/change/merge", data=told)
    assert merged.url.path == f"/incidents/{both}"
    assert store.load(made).state == "closed"


def test_a_runbook_is_followed_on_the_page_and_over_http(service: Asked, place: str):
    page, url = service["responder"], f"/incidents/{place}/change"
    store = service.service.store
    store.update(place, lambda doc: setattr(doc.alert, "summary", "no space left on /var"))
    fits = service["observer"].get(f"/api/v1/incidents/{place}/runbooks").json()
    assert fits and all(each["why"] for each in fits)
    assert fits[0]["book"]["name"] in page.get(url).text
    assert page.post(f"{url}/follow", data={"runbook": "gremlins"}).status_code == 422
    assert page.post(f"{url}/follow", data={"runbook": "disk-full"}).status_code == 200
    shown = page.get(url).text
    assert "disk-full</strong>, running" in shown and "Stop following it" in shown
    assert shown.count("diagnose") > 1 and "Follow it" not in shown
    again = page.post(f"/api/v1/incidents/{place}/follow", json={"runbook": "disk-full"})
    assert (again.status_code, "stop that first" in again.text) == (422, True)
    answer = page.post(f"{url}/go-on", data={"note": "done"})
    assert answer.status_code == 422 and "not yours to do" in answer.text
    stopped = page.post(f"/api/v1/incidents/{place}/stop-runbook", json=WHY).json()
    assert stopped["plans"][0]["state"] == "stopped"
    assert stopped["timeline"][-1]["actor"] == "responder"
    skipped = page.post(f"{url}/go-on", data={"skip": "true"})
    assert "step 1 of disk-full is skipped" in skipped.text

"""Local accounts over HTTP: made by an administrator, opened by their person alone."""

import re
import time

import pytest

from warroom.record import failures
from warroom.tests.support.browsers import PASSWORD, Browser, person
from warroom.tests.support.services import Asked, asked

V1 = "/api/v1"
NEW = "another four good words"
GONE = {"enabled": False}


@pytest.fixture
def service(tmp_path):
    with asked(tmp_path / "home") as found:
        yield found


def link_of(service: Asked, name: str) -> str:
    link = service["admin"].post(f"{V1}/accounts/{name}/link").json()["link"]
    return link[link.index("/set-password") :]


def test_an_account_is_made_opened_and_used(service):
    ann = person(service, "ann", "commander")
    me = ann.get(f"{V1}/me").json()
    mine = {"teams": [], "role_in": {}}
    assert me == {"name": "ann", "role": "commander", "vouched": "account", **mine}
    (listed,) = service["admin"].get(f"{V1}/accounts").json()
    assert (listed["name"], listed["has_password"], listed["disabled_at"]) == ("ann", True, None)
    assert "argon" not in str(listed)


def test_a_link_sets_one_password_once(service):
    person(service, "ann")
    first, link = link_of(service, "ann"), link_of(service, "ann")
    browser = Browser(service)
    assert browser.post(first, password=NEW, again=NEW).status_code == 422  # a newer one was made
    assert browser.post(link, password=NEW, again="another").status_code == 422
    assert browser.post(link, password="short", again="short").status_code == 422
    assert browser.post(link, password=NEW, again=NEW).status_code == 303
    assert browser.post(link, password=PASSWORD, again=PASSWORD).status_code == 422
    assert browser.sign_in(name="ann", password=PASSWORD).status_code == 403
    assert browser.sign_in(name="ann", password=NEW).status_code == 303


def test_a_wrong_password_and_a_name_that_nobody_has_are_answered_alike(service):
    person(service, "ann")
    service["admin"].post(f"{V1}/accounts", json={"name": "bob", "role": "observer"})
    gone = person(service, "cid")
    service["admin"].post(f"{V1}/accounts/cid", json=GONE)
    assert gone.get("/account").status_code == 303
    answers, took = set(), []
    for name, password in (("ann", "x"), ("eve", "x"), ("bob", "x"), ("cid", PASSWORD)):
        began = time.process_time()
        answer = Browser(service).sign_in(name=name, password=password)
        took.append(time.process_time() - began)
        answers.add((answer.status_code, answer.text.replace(f'value="{name}"', "")))
    assert len(answers) == 1
    assert min(took) > max(took) / 4  # a hash was worked each time


def test_who_guesses_waits_and_the_person_does_not(service, monkeypatch):
    monkeypatch.setattr(failures, "FREE", 2)
    monkeypatch.setattr(failures, "FREE_OF_ALL", 4)
    ann = person(service, "ann")
    store = service.service.failures
    for network in ("198.51.100.1", "198.51.100.2", "198.51.100.3"):
        waits = [store.attempt("ann", network) for _attempt in range(3)]
        assert waits[-1] > 0
    assert store.attempt("ann", "198.51.100.9") > 0  # all together
    assert Browser(service).sign_in(name="ann", password=PASSWORD).status_code == 303
    assert ann.get("/account").status_code == 200


def test_a_name_that_nobody_has_is_guessed_at_as_slowly(service):
    browser = Browser(service)
    answers = [browser.sign_in(name="eve", password="x") for _attempt in range(failures.FREE + 5)]
    assert {each.status_code for each in answers[: failures.FREE]} == {403}
    told = [each for each in answers if each.status_code == 429]
    assert told and int(told[0].headers["retry-after"]) >= 1


def test_changing_ones_password_ends_the_other_sessions(service):
    ann, other = person(service, "ann"), Browser(service)
    other.sign_in(name="ann", password=PASSWORD)
    assert ann.press("/account/password", old="wrong", password=NEW).status_code == 422
    assert other.get("/account").status_code == 200
    assert ann.press("/account/password", old=PASSWORD, password=NEW).status_code == 303
    assert other.get("/account").status_code == 303
    assert ann.get("/account").status_code == 200
    assert Browser(service).sign_in(name="ann", password=NEW).status_code == 303


@pytest.mark.parametrize("change", [GONE, {"role": "observer"}])
def test_what_an_administrator_changes_ends_the_sessions(service, change):
    ann, path = person(service, "ann", "commander"), f"{V1}/accounts/ann"
    assert service["admin"].post(path, json={}).status_code == 422
    assert service["admin"].post(path, json=change).status_code == 204
    assert ann.get("/account").status_code == 303
    service["admin"].post(path, json={"enabled": True})
    ann.sign_in(name="ann", password=PASSWORD)
    assert ann.get(f"{V1}/me").json()["role"] == change.get("role", "commander")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"name": "warroom", "role": "admin"}, 422),
        ({"name": "Ann", "role": "admin"}, 422),
        ({"name": "ci", "role": "sender"}, 422),
        ({"name": "ann", "role": "admin"}, 422),
    ],
)
def test_what_is_no_account_is_refused(service, form, status):
    person(service, "ann")
    assert service["admin"].post(f"{V1}/accounts", json=form).status_code == status


def test_an_administrator_makes_and_changes_accounts_on_a_page(service):
    admin, page = Browser(service), "/accounts"
    admin.sign_in(token=service.tokens["admin"])
    assert "No account yet" in admin.get(page).text
    made = admin.press(page, page, name="ann", role="responder")
    assert made.status_code == 201
    link = re.findall(r"<code>http://[^/]+(/set-password/[\w-]{43})</code>", made.text)[0]
    assert link not in admin.get(page).text
    ann = Browser(service)
    assert ann.post(link, password=PASSWORD, again=PASSWORD).status_code == 303
    assert ann.sign_in(name="ann", password=PASSWORD).status_code == 303
    assert ann.get(page).status_code == 403
    assert admin.press(f"{page}/ann", page, role="commander").status_code == 303
    assert ann.get("/account").status_code == 303
    assert admin.press(f"{page}/ann", page, enabled="no").status_code == 303
    assert ann.sign_in(name="ann", password=PASSWORD).status_code == 403
    assert "disabled" in admin.get(page).text
    again = admin.press(f"{page}/ann/link", page)
    assert "/set-password/" in again.text and link not in again.text
    assert admin.press(page, page, name="ann", role="observer").status_code == 422
    assert admin.post(f"{page}/ann", enabled="yes").status_code == 403


def test_every_change_is_in_the_audit_log(service):
    ann = person(service, "ann")
    ann.press("/account/password", old=PASSWORD, password=NEW)
    link_of(service, "ann")
    service["admin"].post(f"{V1}/accounts/ann", json=GONE)
    with service.service.engine.begin() as connection:
        rows = connection.exec_driver_sql("SELECT actor, act FROM audit ORDER BY number").all()
    assert [tuple(row) for row in rows][-7:] == [
        ("token:admin", "make account"),
        ("account:ann", "set password"),
        ("account:ann", "sign in"),
        ("account:ann", "set password"),
        ("account:ann", "sign in"),
        ("token:admin", "link to set a password"),
        ("token:admin", "change account"),
    ]
    assert not service["admin"].get(f"{V1}/audit").json()["fault"]

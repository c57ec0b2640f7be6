"""Sessions of browsers: how they begin and end, what they may, and who else may use them."""

import pytest

from warroom.app.configuration_file import Configuration
from warroom.record.tokens import Role
from warroom.tests.support.browsers import Browser
from warroom.tests.support.consoles import asked as ask
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import full
from warroom.tests.support.services import asked

V1 = "/api/v1"
REASON = {"reason": "a test"}


@pytest.fixture
def service(tmp_path):
    with asked(tmp_path / "home") as found:
        yield found


@pytest.fixture
def admin(service) -> Browser:
    """Whoever has the first token, signed in by it."""
    browser = Browser(service)
    assert browser.sign_in(token=service.tokens["admin"]).status_code == 303
    return browser


def test_a_token_signs_in_to_pages(service, admin):
    page = admin.get("/account")
    assert page.status_code == 200 and "<dd>admin</dd>" in page.text
    assert admin.get(f"{V1}/me").json()["vouched"] == "token"
    assert Browser(service).sign_in(token="wr_wrong").status_code == 403


def test_a_pipelines_token_signs_nobody_in(service):
    assert Browser(service).sign_in(token=service.tokens["sender"]).status_code == 403


def test_the_cookie_is_of_this_host_alone_and_no_script_reads_it(service, tmp_path):
    plain = Browser(service).sign_in(token=service.tokens["admin"]).headers["set-cookie"]
    assert plain.startswith("warroom=") and "Secure" not in plain
    configuration = Configuration.model_validate({"server": {"external_url": "https://w.example"}})
    with asked(tmp_path / "other", configuration=configuration) as other:
        browser = Browser(other, "https")
        cookie = browser.sign_in(token=other.tokens["admin"]).headers["set-cookie"]
        assert cookie.startswith("__Host-warroom=") and "Secure" in cookie
        assert browser.get("/account").status_code == 200
    for found in (plain, cookie):
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(found.split("; "))
        assert "Domain" not in found
        assert len(found.partition("=")[2].partition(";")[0]) == 43  # 256 bits


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(service):
    browser = Browser(service)
    answer = browser.get("/account?a=1&b=2")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/account%3Fa%3D1%26b%3D2"
    form = browser.get(answer.headers["location"]).text
    assert 'name="next" value="/account?a=1&amp;b=2"' in form
    back = browser.sign_in(token=service.tokens["observer"], next="/account?a=1&b=2")
    assert back.headers["location"] == "/account?a=1&b=2"
    assert browser.post("/sign-out").status_code == 403  # no form of ours


@pytest.mark.parametrize(
    "place",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/x\r\nSet-Cookie: a=b",
        "evil.example",
        "",
        "///evil.example",
        "/x\\..\\y",
    ],
)
def test_nobody_is_led_elsewhere(service, place):
    browser = Browser(service)
    assert 'name="next" value="/"' in browser.get("/sign-in", params={"next": place}).text
    answer = browser.sign_in(token=service.tokens["observer"], next=place)
    assert answer.headers["location"] == "/"
    assert len(answer.headers.get_list("set-cookie")) == 1


def test_what_changes_something_comes_from_a_page_of_ours(service, admin):
    off, csrf = f"{V1}/switches/off", {"X-CSRF-Token": admin.csrf()}
    for headers in (
        {},
        {"X-CSRF-Token": "0" * 64},
        csrf | {"Origin": "https://evil.example"},
        csrf | {"Sec-Fetch-Site": "cross-site"},
        csrf | {"Sec-Fetch-Site": "same-site"},
        csrf | {"Origin": "null"},
    ):
        answer = admin.client.post(off, json=REASON, headers=headers)
        assert answer.status_code == 403, headers
    del admin.client.headers["Origin"], admin.client.headers["Sec-Fetch-Site"]
    assert admin.client.post(off, json=REASON, headers=csrf).status_code == 403
    given = csrf | {"Origin": "http://testserver"}
    assert admin.client.post(off, json=REASON, headers=given).status_code == 200


def test_a_decision_on_a_page_is_taken_from_its_own_form_alone(service):
    store = service.service.store
    document = kept(store, full())
    request, target = ask(store, document), document.proposals[-1].target
    browser = Browser(service)
    browser.sign_in(token=service.tokens["commander"])
    page = f"/incidents/INC-1/requests/{request.subject}"
    assert browser.post(f"{page}/approve", target=target).status_code == 403
    assert store.ledger.decision("INC-1", request.subject) is None
    assert browser.press(f"{page}/approve", page, target=target).status_code == 303
    answer = store.ledger.decision("INC-1", request.subject)
    assert answer and answer.by == "commander"


def test_another_sites_form_signs_nobody_in(service):
    browser = Browser(service)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        form = {"token": service.tokens["admin"]}
        answer = browser.client.post("/sign-in", data=form, headers=headers)
        assert answer.status_code == 403 and "set-cookie" not in answer.headers


def test_the_form_of_one_session_is_none_of_another(service, admin):
    other = Browser(service)
    other.sign_in(token=service.tokens["commander"])
    assert admin.post("/sign-out", csrf=other.csrf()).status_code == 403


def test_a_session_may_what_its_role_may(service):
    browser = Browser(service)
    browser.sign_in(token=service.tokens["observer"])
    headers = {"X-CSRF-Token": browser.csrf()}
    assert browser.get(f"{V1}/incidents").status_code == 200
    answer = browser.client.post(f"{V1}/switches/off", json=REASON, headers=headers)
    assert answer.status_code == 403


def test_signing_in_again_ends_the_session_before(service, admin):
    before = admin.cookies["warroom"]
    admin.sign_in(token=service.tokens["observer"])
    assert admin.cookies["warroom"] != before
    stolen = Browser(service)
    stolen.client.cookies.set("warroom", before)
    assert stolen.get("/account").status_code == 303
    assert stolen.get(f"{V1}/me").status_code == 401


def test_a_cookie_that_somebody_planted_becomes_no_session(service):
    browser = Browser(service)
    browser.client.cookies.set("warroom", "planted")
    browser.sign_in(token=service.tokens["admin"])
    other = Browser(service)
    other.client.cookies.set("warroom", "planted")
    assert other.get("/account").status_code == 303


def test_signing_out_ends_it_here_or_everywhere(service, admin):
    elsewhere, kept = Browser(service), admin.cookies["warroom"]
    elsewhere.sign_in(token=service.tokens["admin"])
    assert admin.press("/sign-out").status_code == 303
    stolen = Browser(service)
    stolen.client.cookies.set("warroom", kept)
    assert stolen.get("/account").status_code == 303
    assert elsewhere.get("/account").status_code == 200
    admin.sign_in(token=service.tokens["admin"])
    admin.press("/sign-out", everywhere="yes")
    assert elsewhere.get("/account").status_code == 303


def test_a_revoked_token_ends_its_sessions(service):
    browser = Browser(service)
    browser.sign_in(token=service.tokens["commander"])
    service.service.tokens.revoke("commander")
    assert browser.get("/account").status_code == 303


def test_it_outlives_the_process_and_holds_on_another_server(service, admin, tmp_path):
    with asked(tmp_path / "home", tokens=False) as again:
        browser = Browser(again)
        browser.client.cookies.update(admin.client.cookies)
        assert browser.get("/account").status_code == 200


def test_pages_run_nothing_that_stands_in_them_and_are_framed_by_nobody(service, admin):
    for page in (admin.get("/account"), admin.get("/sign-in")):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert not {"<script>", "style=", "onclick", "javascript:"} & set(page.text.split())
    assert "script-src" not in admin.get(f"{V1}/me").headers["content-security-policy"]


def test_what_is_typed_is_shown_as_text(service):
    page = Browser(service).sign_in(name="<script>alert(1)</script>", password="x").text
    assert "<script>" not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize("told", [str, str.lower])
def test_a_token_in_the_field_of_the_name_is_neither_logged_nor_kept_nor_shown(
    service, caplog, told
):
    token = told(service.tokens["admin"])
    answer = Browser(service).sign_in(name=token, password="")
    assert answer.status_code == 422 and "put it into “Or a token” below" in answer.text
    kept_ = service.service.settings.home.glob("*.db*")
    left = [caplog.text, answer.text, *(file.read_bytes().decode("latin-1") for file in kept_)]
    assert not [text for text in left if token.lower() in text.lower()]


def test_a_role_is_read_anew_with_each_request(service, admin):
    tokens = service.service.tokens
    tokens.create("eve", Role.admin)
    assert admin.get(f"{V1}/tokens").status_code == 200
    tokens.revoke("admin")
    assert admin.get(f"{V1}/tokens").status_code == 401

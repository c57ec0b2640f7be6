"""Signing in with an OpenID provider, over HTTP: who comes in, as what, and who does not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from httpx2 import Response
from oidc_provider_mock import run_server_in_thread

from warroom.app.configuration_file import Configuration
from warroom.tests.support.browsers import Browser, person
from warroom.tests.support.services import Asked, asked

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the provider
V1 = "/api/v1"
SAME: Callable[[str], str] = str


@dataclass
class Provider:
    """One that runs, and whom it knows."""

    url: str

    def knows(self, sub: str, email: str = "", verified: bool = True, groups=("sre",)) -> None:
        claims = {"email": email or f"{sub}@example.org", "email_verified": verified}
        httpx.put(f"{self.url}/users/{sub}", json={**claims, "groups": list(groups)})


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with run_server_in_thread() as server:
        yield Provider(f"http://localhost:{server.server_port}")


@pytest.fixture
def configured(tmp_path, provider) -> Callable[..., Configuration]:
    """warroom.yaml with this provider; and what is otherwise in it."""
    secret = tmp_path / "client"
    secret.write_text("s3cret\n")

    def made(**more) -> Configuration:
        oidc = {
            "issuer": provider.url,
            "client_id": "warroom",
            "client_secret_file": str(secret),
            "roles": {"sre": "commander", "staff": "observer", "root": "admin"},
            "teams": {"payments-team": "payments"},
            **more,
        }
        server = {"external_url": "http://testserver", "sign_in": {"oidc": oidc}}
        return Configuration.model_validate({"server": server})

    return made


@pytest.fixture
def service(tmp_path, configured) -> Iterator[Asked]:
    with asked(tmp_path / "home", configuration=configured()) as found:
        yield found


def sent(browser: Browser, sub: str, at_provider=SAME) -> str:
    """Where the provider sends the browser after somebody has signed in there."""
    begun = browser.get("/sign-in/oidc?next=/account")
    assert begun.status_code == 302, begun.text
    answer = httpx.post(at_provider(begun.headers["location"]), data={"sub": sub})
    place = answer.headers.get("location", "")
    assert place.startswith("http://testserver/sign-in/oidc/callback?"), answer.text
    return place.removeprefix("http://testserver")


def sign_in(browser: Browser, sub: str, at_provider=SAME, on_return=SAME) -> Response:
    return browser.get(on_return(sent(browser, sub, at_provider)))


def said(answer: Response, *words: str) -> None:
    """They stay outside and are told why."""
    assert answer.status_code == 403
    assert "warroom=" not in answer.headers.get("set-cookie", "").replace("warroom-oidc=", "")
    assert all(word in answer.text for word in words), answer.text


def test_an_account_is_made_at_the_first_sign_in(service, provider):
    provider.knows("1", "Ann@example.org", groups=("staff", "sre", "payments-team"))
    browser = Browser(service)
    assert "/sign-in/oidc?next=/" in browser.get("/sign-in").text
    assert sign_in(browser, "1").headers["location"] == "/account"
    assert browser.get(f"{V1}/me").json() == {
        "name": "ann@example.org",
        "role": "commander",
        "vouched": "oidc",
        "teams": ["payments"],
        "role_in": {"payments": "commander"},
    }
    (account,) = service["admin"].get(f"{V1}/accounts").json()
    assert account["signs_on"] and not account["has_password"]


def test_what_is_asked_for_binds_the_answer_to_this_browser(service):
    asked_for = parse_qs(urlsplit(Browser(service).get("/sign-in/oidc").headers["location"]).query)
    assert asked_for["response_type"] == ["code"]
    assert asked_for["code_challenge_method"] == ["S256"]
    assert len(asked_for["state"][0]) >= 30 and len(asked_for["nonce"][0]) >= 20


def test_the_provider_says_anew_what_they_may(tmp_path, place, configured, provider):
    with asked(tmp_path / "home", place, configured()) as service:
        check_what_they_may(service, provider)


def check_what_they_may(service: Asked, provider: Provider) -> None:
    provider.knows("2", groups=("sre",))
    first, second = Browser(service), Browser(service)
    sign_in(first, "2")
    provider.knows("2", groups=("staff", "payments-team"))
    sign_in(second, "2")
    assert second.get(f"{V1}/me").json()["role"] == "observer"
    assert second.get(f"{V1}/me").json()["teams"] == ["payments"]
    assert first.get("/account").status_code == 303  # another role: its session ended
    provider.knows("2", groups=())
    said(sign_in(second, "2"), "no group that may sign in")


def test_wrong_answers_open_nothing(service, provider):
    provider.knows("3")
    browser = Browser(service)

    def said_of(on_return=SAME, at_provider=SAME) -> str:
        answer = sign_in(browser, "3", at_provider, on_return)
        said(answer, "did not vouch for you", "begin again")
        return answer.text

    assert "another browser" in said_of(lambda place: place.replace("state=", "state=x"))
    assert "another browser" in said_of(lambda place: place.partition("&state")[0])
    said_of(lambda place: place.replace("code=", "code=x"))
    said_of(at_provider=lambda url: url.replace("nonce=", "nonce=x"))
    said_of(lambda place: f"{place}&iss=https://evil.example")
    said_of(at_provider=lambda url: url.replace("client_id=warroom", "client_id=other"))
    said_of(lambda place: "/sign-in/oidc/callback?error=access_denied&" + place.partition("&")[2])
    assert browser.get("/account").status_code == 303


def test_an_answer_counts_once_and_in_the_browser_that_asked(service, provider):
    provider.knows("4")
    browser, other = Browser(service), Browser(service)
    place = sent(browser, "4")
    said(other.get(place), "another browser")
    assert browser.get(place).status_code == 303
    said(browser.get(place), "another browser")


def test_who_calls_itself_otherwise_is_another_issuer(tmp_path, configured, provider):
    other = configured(issuer=f"{provider.url}/")
    with asked(tmp_path / "home", configuration=other) as service:
        said(Browser(service).get("/sign-in/oidc"), "did not vouch for you")


def test_a_provider_that_does_not_answer_is_said(tmp_path, configured):
    gone = configured(issuer="http://127.0.0.1:9")
    with asked(tmp_path / "home", configuration=gone) as service:
        said(Browser(service).get("/sign-in/oidc"), "does not answer")
        assert Browser(service).sign_in(token=service.tokens["admin"]).status_code == 303


def test_an_address_that_is_not_verified_names_nobody(service, provider):
    provider.knows("5", verified=False)
    said(sign_in(Browser(service), "5"), "has not verified 5@example.org")


def test_nobody_gets_somebody_elses_account_by_a_name(service, provider):
    person(service, "ann@example.org")
    provider.knows("6", "ann@example.org")
    said(sign_in(Browser(service), "6"), "somebody else", "administrator")
    provider.knows("7", "admin")  # a token's name
    said(sign_in(Browser(service), "7"), "token", "administrator")
    provider.knows("8")
    assert sign_in(Browser(service), "8").status_code == 303
    provider.knows("9", "8@example.org")  # the address was given to another person
    said(sign_in(Browser(service), "9"), "somebody else")


def test_an_account_that_waits_for_its_person_is_theirs(service, provider):
    form = {"name": "10@example.org", "role": "observer"}
    service["admin"].post(f"{V1}/accounts", json=form)
    provider.knows("10")
    browser = Browser(service)
    assert sign_in(browser, "10").status_code == 303
    assert browser.get(f"{V1}/me").json()["role"] == "commander"


def test_who_is_disabled_stays_outside(service, provider):
    provider.knows("11")
    browser = Browser(service)
    sign_in(browser, "11")
    service["admin"].post(f"{V1}/accounts/11@example.org", json={"enabled": False})
    assert browser.get("/account").status_code == 303
    said(sign_in(browser, "11"), "disabled")


def test_a_name_that_is_codes_own_is_no_persons(service, provider):
    for sub, name in (("12", "warroom"), ("13", "a b@example.org"), ("14", "x" * 90)):
        provider.knows(sub, name)
        said(sign_in(Browser(service), sub))


def test_nobody_is_led_elsewhere_by_it(service, provider):
    provider.knows("15")
    browser = Browser(service)
    begun = browser.get("/sign-in/oidc", params={"next": "//evil.example"})
    answer = httpx.post(begun.headers["location"], data={"sub": "15"})
    place = answer.headers["location"].removeprefix("http://testserver")
    assert browser.get(place).headers["location"] == "/"

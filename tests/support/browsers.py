"""A browser as the service sees it: cookies, forms, where a request comes from."""

import re
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from warroom.tests.support.services import Asked

PASSWORD = "correct horse battery staple"
CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class Browser:
    """One browser; it is led nowhere by itself."""

    def __init__(self, service: Asked, scheme: str = "http") -> None:
        origin = f"{scheme}://testserver"
        self.client = TestClient(
            service[""].app,
            origin,
            headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"},
            follow_redirects=False,
            raise_server_exceptions=False,
        )

    def get(self, path: str, **more) -> Response:
        return self.client.get(path, **more)

    def post(self, path: str, headers: dict[str, str] | None = None, **form: Any) -> Response:
        """A form as it is sent, without what shows that a page of ours asks."""
        return self.client.post(path, data=form, headers=headers)

    def sign_in(self, **form: Any) -> Response:
        return self.post("/sign-in", **form)

    def press(self, path: str, page: str = "/account", **form: Any) -> Response:
        """A form as a page of ours sends it."""
        return self.post(path, csrf=self.csrf(page), **form)

    def csrf(self, page: str = "/account") -> str:
        found = CSRF.search(self.get(page).text)
        assert found, f"{page} has no form"
        return found[1]

    @property
    def cookies(self) -> dict[str, str]:
        return dict(self.client.cookies)


def person(service: Asked, name: str, role: str = "responder") -> Browser:
    """Somebody with an account and a password, signed in."""
    made = service["admin"].post("/api/v1/accounts", json={"name": name, "role": role})
    assert made.status_code == 201, made.text
    browser = Browser(service)
    link = made.json()["link"]
    answer = browser.post(link[link.index("/set-password") :], password=PASSWORD, again=PASSWORD)
    assert answer.status_code == 303, answer.text
    assert browser.sign_in(name=name, password=PASSWORD).headers["location"] == "/"
    return browser

"""Every route, by the table of them, before hostile texts, other sites' forms, and what would lead
elsewhere."""

import pytest

from warroom.record import audit
from warroom.tests.support.browsers import person
from warroom.tests.support.consoles import asked as ask
from warroom.tests.support.hostile import NASTY, harm, nasty
from warroom.tests.support.routes import Route, routes
from warroom.tests.support.services import Asked, asked

V1 = "/api/v1"
EVIL = "//evil.example/\r\nSet-Cookie: stolen=1"
WITHOUT = {"/hooks/{receiver}", "/slack/events", "/theme"}
"""What takes a body that no browser's session vouches for, or changes nothing but colours."""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Hostile texts wherever people and senders may put some."""
    with asked(tmp_path_factory.mktemp("attacked") / "home") as found:
        ask(found.service.store, nasty(found.service.store))
        for method, path, body in WRITES:
            answer = found["admin"].request(method, V1 + path, json=body)
            assert answer.is_success, (path, answer.text)
        yield found


MARKDOWN = f"""# Postmortem

{NASTY} [a link](javascript:alert(1)) ![a picture](https://evil.example/x.png) [E4]

<iframe src="https://evil.example"></iframe>
"""


WRITES = [
    ("POST", "/accounts", {"name": "ann", "role": "commander"}),
    ("PUT", "/teams/payments/members/ann", {}),
    ("POST", "/incidents/INC-1/notes", {"text": NASTY}),
    ("POST", "/incidents/INC-1/links", {"url": "https://wiki.example.org/x", "title": NASTY}),
    ("POST", "/incidents/INC-1/duties", {"duty": "technical lead", "whom": NASTY, "note": NASTY}),
    ("POST", "/incidents/INC-1/postmortem/edited", {"base": 0, "markdown": MARKDOWN}),
    (
        "PUT",
        "/on-call/schedules/primary",
        {"name": "primary", "layers": [{"participants": ["ann"], "start": "2026-10-19T09:00"}]},
    ),
    ("POST", "/on-call/schedules/primary/notes", {"text": NASTY}),
]


def filled(service: Asked, route: Route) -> str:
    """Its path, with what is there."""
    subject = service.service.store.ledger.waiting("INC-1")[0].subject
    known = {"incident": "INC-1", "incident_id": "INC-1", "evidence": "E4", "subject": subject}
    known |= {"name": "ann", "what": "note", "act": "publish", "kind": "html", "team": "payments"}
    known |= {"receiver": "alertmanager", "key": "0" * 12, "secret": "x" * 43, "code": "x" * 43}
    known |= {"silence": "SIL-0", "memory_id": "INC-1"}
    return route.path.format_map(known)


def asked_for(service: Asked) -> list[Route]:
    found = routes(service[""].app)
    return [r for r in found if r.method == "GET" and not r.path.endswith(("/stream", "/live"))]


def test_no_page_runs_or_loads_what_others_wrote(service):
    shown = 0
    for route in asked_for(service):
        path = filled(service, route)
        for headers in ({"Accept": "text/html"}, {"Accept": "text/html", "HX-Request": "true"}):
            answer = service["admin"].get(path, headers=headers, follow_redirects=False)
            assert answer.status_code < 500, (path, answer.text)
            assert answer.headers["x-content-type-options"] == "nosniff", path
            policy = answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy and "unsafe" not in policy, path
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert not harm(answer.text), (path, harm(answer.text))
                shown += "&lt;script&gt;" in answer.text
    assert shown > 10


def test_nobody_is_led_elsewhere_and_no_header_is_written_from_outside(service):
    names = ("next", "q", "team", "seen", "after", "back", "url", "return_to")
    for route in asked_for(service):
        for role in ("admin", ""):
            answer = service[role].get(
                filled(service, route),
                params=dict.fromkeys(names, EVIL),
                headers={"X-Request-Id": "evil.example", "Accept": "text/html"},
                follow_redirects=False,
            )
            told = {k: v for k, v in answer.headers.items() if k != "x-request-id"}
            place = told.get("location", "/")
            assert place.startswith("/") and not place.startswith(("//", "/\\")), (route, place)
            assert "stolen" not in told.get("set-cookie", ""), route


def test_no_other_sites_form_changes_anything(service):
    zoe = person(service, "zoe", "admin")
    before = audit.verify(service.service.engine).number
    tried = 0
    for route in routes(service[""].app):
        if route.method in ("GET", "HEAD", "OPTIONS") or route.path in WITHOUT:
            continue
        tried += 1
        path = filled(service, route)
        for kind in ("application/json", "application/x-www-form-urlencoded"):
            for headers in ({}, {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}):
                answer = zoe.client.request(
                    route.method, path, headers=headers | {"Content-Type": kind}
                )
                assert answer.status_code >= 400, (route, answer.status_code)
    assert tried > 40
    assert audit.verify(service.service.engine).number == before

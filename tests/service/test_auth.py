"""Tokens over HTTP: nothing without one, no more than its role, a bound on guessing."""

import pytest

from warroom.record.tokens import Role
from warroom.service.attempts import MOST_ADDRESSES, MOST_FAILURES, PERIOD_S, Attempts
from warroom.tests.support.services import Asked, asked

OPEN = {"/healthz", "/readyz", "/api/v1/openapi.json"}
NEEDS = {
    Role.sender: {
        ("POST", "/api/v1/changes"),
    },
    Role.responder: {
        ("POST", "/api/v1/incidents/{incident}/resume"),
        ("GET", "/api/v1/incidents/{incident}/requests/{subject}"),
        ("POST", "/api/v1/incidents/{incident}/merge"),
        ("POST", "/api/v1/incidents/{incident}/split"),
        ("POST", "/api/v1/silences"),
        ("DELETE", "/api/v1/silences/{silence}"),
        ("POST", "/api/v1/switches/off"),
        ("POST", "/api/v1/on-call/schedules/{name}/notes"),
        ("POST", "/api/v1/on-call/overrides"),
        ("DELETE", "/api/v1/on-call/overrides/{key}"),
        ("GET", "/api/v1/on-call/ways"),
        ("POST", "/api/v1/on-call/ways"),
        ("POST", "/api/v1/on-call/ways/{key}/code"),
        ("POST", "/api/v1/on-call/ways/{key}/verify"),
        ("DELETE", "/api/v1/on-call/ways/{key}"),
        ("POST", "/api/v1/on-call/calendars"),
        ("DELETE", "/api/v1/on-call/calendars/{key}"),
        ("POST", "/api/v1/incidents/{incident}/acknowledge"),
        ("POST", "/api/v1/incidents/{incident}/release"),
        ("POST", "/api/v1/incidents/{incident}/duties"),
        ("POST", "/api/v1/incidents/{incident}/notes"),
        ("POST", "/api/v1/incidents/{incident}/links"),
        ("POST", "/api/v1/incidents/{incident}/support"),
        ("POST", "/api/v1/incidents/{incident}/related"),
        ("POST", "/api/v1/incidents/{incident}/reopen"),
        ("POST", "/api/v1/incidents/{incident}/follow"),
        ("POST", "/api/v1/incidents/{incident}/go-on"),
        ("POST", "/api/v1/incidents/{incident}/stop-runbook"),
        ("POST", "/api/v1/incidents/{incident}/postmortem/edited"),
        ("POST", "/api/v1/incidents/{incident}/why"),
        ("POST", "/api/v1/incidents/{incident}/postmortem/sign"),
        ("POST", "/api/v1/incidents/{incident}/postmortem/comments"),
    },
    Role.commander: {
        ("POST", "/api/v1/incidents/{incident}/requests/{subject}/approve"),
        ("POST", "/api/v1/incidents/{incident}/requests/{subject}/reject"),
        ("POST", "/api/v1/incidents/{incident}/requests/{subject}/edit"),
        ("POST", "/api/v1/incidents/{incident}/requests/{subject}/text"),
        ("POST", "/api/v1/switches/on"),
        ("POST", "/api/v1/incidents/{incident}/severity"),
        ("POST", "/api/v1/incidents/{incident}/resolve"),
        ("POST", "/api/v1/incidents/{incident}/close"),
        ("POST", "/api/v1/incidents/{incident}/forget"),
        ("POST", "/api/v1/incidents/{incident}/postmortem/publish"),
    },
    Role.admin: {
        ("GET", "/api/v1/tokens"),
        ("POST", "/api/v1/tokens"),
        ("DELETE", "/api/v1/tokens/{name}"),
        ("GET", "/api/v1/audit"),
        ("GET", "/api/v1/rules"),
        ("GET", "/api/v1/accounts"),
        ("POST", "/api/v1/accounts"),
        ("POST", "/api/v1/accounts/{name}/link"),
        ("POST", "/api/v1/accounts/{name}"),
        ("PUT", "/api/v1/teams/{team}/members/{name}"),
        ("DELETE", "/api/v1/teams/{team}/members/{name}"),
        ("PUT", "/api/v1/on-call/schedules/{name}"),
        ("DELETE", "/api/v1/on-call/schedules/{name}"),
        ("POST", "/api/v1/memory/import"),
        ("POST", "/api/v1/memory/redact"),
        ("POST", "/api/v1/memory/{memory_id}/forget"),
    },
}
"""What takes another role than an observer's."""
FILL = {"incident": "INC-1", "evidence": "E1", "subject": "0" * 12, "name": "ann"}
FILL |= {"silence": "SIL-0", "team": "payments", "key": "0" * 12, "memory_id": "INC-1"}


@pytest.fixture
def service(tmp_path):
    with asked(tmp_path / "home") as found:
        yield found


def operations(service: Asked) -> list[tuple[str, str]]:
    """Every method and path of the OpenAPI."""
    paths = service[""].get("/api/v1/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, found in paths.items() for method in found]


def test_without_a_token_nothing_is_said(service):
    assert len(operations(service)) > 20
    for method, path in operations(service):
        if path in OPEN:
            continue
        answer = service[""].request(method, path.format(**FILL), json={})
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert set(answer.json()) == {"type", "title", "status", "detail", "request_id"}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_what_it_may_and_no_more(service, role):
    for method, path in operations(service):
        if path in OPEN or path.endswith("/stream"):
            continue
        needed = next((r for r, found in NEEDS.items() if (method, path) in found), Role.observer)
        answer = service[role].request(method, path.format(**FILL), json={})
        assert (answer.status_code == 403) is not role.may(needed), (method, path, answer.text)


def test_every_operation_that_needs_more_is_there(service):
    assert set().union(*NEEDS.values()) <= set(operations(service))


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YWRtaW46", "Bearer wr_wrong", "Bearer \xff\xfe"]
)
def test_what_is_no_token_opens_nothing(service, header):
    answer = service[""].get("/api/v1/me", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401


def test_a_token_in_the_query_is_none(service):
    token = service.tokens["admin"]
    assert service[""].get("/api/v1/me", params={"access_token": token}).status_code == 401


def test_after_too_many_wrong_tokens_the_address_waits(service):
    wrong = {"Authorization": "Bearer wr_wrong"}
    for _attempt in range(MOST_FAILURES):
        assert service[""].get("/api/v1/me", headers=wrong).status_code == 401
    answer = service[""].get("/api/v1/me", headers=wrong)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= PERIOD_S


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_wait_ends_and_others_do_not_wait():
    clock = Clock()
    attempts = Attempts(clock)
    for _attempt in range(MOST_FAILURES):
        attempts.failed("192.0.2.1")
    assert attempts.wait("192.0.2.1") == PERIOD_S
    assert attempts.wait("192.0.2.2") == 0
    clock.now = PERIOD_S
    assert attempts.wait("192.0.2.1") == 0


def test_one_network_of_ipv6_is_one_address():
    attempts = Attempts(Clock())
    for number in range(MOST_FAILURES):
        attempts.failed(f"2001:db8:1:2::{number:x}")
    assert attempts.wait("2001:db8:1:2:ffff::1") > 0
    assert attempts.wait("2001:db8:1:3::1") == 0


def test_what_is_remembered_of_addresses_is_bounded():
    attempts = Attempts(Clock())
    for number in range(MOST_ADDRESSES + 10):
        attempts.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(attempts._since) == MOST_ADDRESSES

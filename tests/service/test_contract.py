"""The API against its own OpenAPI: whatever is sent, no 5xx, nothing undocumented, nothing without
a token. Bounded here; WARROOM_CONTRACT_EXAMPLES=500 searches for longer.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.types import ASGIApp, Receive, Scope, Send

from warroom.tests.support.consoles import asked as ask
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import full
from warroom.tests.support.services import Asked, asked

EXAMPLES = int(os.environ.get("WARROOM_CONTRACT_EXAMPLES", "4"))
OPEN = ("/healthz", "/readyz")
TOO_STRICT = [positive_data_acceptance, negative_data_rejection]
"""A name that is taken fits the schema; a parameter that nobody reads is no harm."""
SEARCH = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    database=None,
)


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Asked]:
    with asked(tmp_path_factory.mktemp("contract") / "home") as found:
        incident = kept(found.service.store, full())
        ask(found.service.store, incident)
        yield found


@pytest.fixture(scope="module")
def operations(service: Asked) -> list[APIOperation]:
    """All of the OpenAPI's, but the one that does not end."""
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", running(service[""].app))
    schema = schema.exclude(path_regex="/stream$")
    found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    assert len(found) > 20
    return found


@pytest.fixture(params=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
def search(request, operations) -> Callable[[Callable[[Case], None]], None]:
    """Holds a check against many requests of each operation, made to fit or made not to."""

    def searched(check: Callable[[Case], None]) -> None:
        for operation in operations:
            cases = operation.as_strategy(generation_mode=request.param)
            with suppress(Unsatisfiable):  # there is nothing that does not fit
                SEARCH(given(case=cases.map(hurried))(check))()

    return searched


def running(app: ASGIApp) -> ASGIApp:
    """The application, which was started already and is not started again."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        while (kind := (await receive())["type"]) != "lifespan.shutdown":
            await send({"type": f"{kind}.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    return answer


def hurried(case: Case) -> Case:
    """Waits for no event."""
    if case.query.get("wait_s") is not None:
        case.query["wait_s"] = 0
    return case


def headers(service: Asked, role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.tokens[role]}"} if role else {}


@pytest.mark.thorough
def test_whatever_an_admin_sends_is_answered_as_documented(search, service):
    def check(case: Case) -> None:
        case.call_and_validate(headers=headers(service, "admin"), excluded_checks=TOO_STRICT)
        request = next(iter(service.service.record.waiting()), None)
        known = {"incident": "INC-1", "evidence": "E4", "subject": request and request.subject}
        there = {name: value for name, value in known.items() if name in case.path_parameters}
        if any(there.values()):  # and the same about what is there
            case.path_parameters.update({name: value for name, value in there.items() if value})
            answer = case.call(headers=headers(service, "admin"))
            assert answer.status_code < 500, answer.text

    search(check)


def test_nothing_is_said_without_a_token_and_an_observer_changes_nothing(search, service):
    before = state(service)

    def check(case: Case) -> None:
        answer = case.call()
        if case.path not in OPEN:
            assert 400 <= answer.status_code < 500
            assert set(answer.json()) == {"type", "title", "status", "detail", "request_id"}
        answer = case.call(headers=headers(service, "observer"))
        assert answer.status_code < 500
        assert case.method == "GET" or 400 <= answer.status_code < 500

    search(check)
    assert state(service) == before


def state(service: Asked) -> object:
    """All that a write could change."""
    record = service.service.record
    tokens = [(token.name, token.revoked_at) for token in service.service.tokens.all()]
    return record.waiting(), tokens, record.incident("INC-1").model_dump_json()

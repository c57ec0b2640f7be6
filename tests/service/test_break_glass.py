"""The account for when nothing else works: whatever is done under it is told, and nothing is kept
from it."""

import pytest
from sqlalchemy import select

from warroom.app.configuration_file import Configuration
from warroom.record.tables import AUDIT
from warroom.tests.support.browsers import PASSWORD, Browser, person
from warroom.tests.support.consoles import asked as ask
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import full
from warroom.tests.support.services import Asked, asked

V1 = "/api/v1"
SIGN_IN = {"passwords": False, "break_glass": "ops"}


@pytest.fixture
def service(tmp_path, place):
    found = Configuration.model_validate({"server": {"sign_in": SIGN_IN}})
    with asked(tmp_path / "home", place, found) as service:
        kept(service.service.store, full())
        yield service


def audited(service: Asked, actor: str = "account:ops (break-glass)") -> list[str]:
    query = select(AUDIT.c.act, AUDIT.c.detail).where(AUDIT.c.actor == actor)
    with service.service.engine.begin() as connection:
        return [f"{act} {detail}" for act, detail in connection.execute(query)]


def told(service: Asked) -> list[str]:
    items = service["admin"].get(f"{V1}/events", params={"incident": "INC-1"}).json()["items"]
    return [one["event"]["what"] for one in items if one["event"]["event"] == "glass_broken"]


def test_it_signs_in_where_passwords_are_switched_off_and_nobody_else_does(service):
    ops = person(service, "ops", "commander")
    assert any(line.startswith("sign in") for line in audited(service))
    service["admin"].post(f"{V1}/accounts", json={"name": "ann", "role": "admin"})
    answer = Browser(service).sign_in(name="ann", password=PASSWORD)
    assert answer.status_code == 403 and "switched off" in answer.text
    assert ops.get("/account").status_code == 200


def test_what_is_done_under_it_is_told_where_it_is_done(service):
    store = service.service.store
    request = ask(store, store.load("INC-1"))
    ops = person(service, "ops", "commander")
    headers = {"X-CSRF-Token": ops.csrf()}
    for _look in range(3):
        assert ops.get(f"{V1}/incidents/INC-1").status_code == 200
    assert told(service) == [f"GET {V1}/incidents/INC-1"]
    path = f"{V1}/incidents/INC-1/requests/{request.subject}/approve"
    assert ops.client.post(path, headers=headers).status_code == 200
    reason = {"reason": "a test"}
    ops.client.post(f"{V1}/switches/off", json=reason, headers=headers)
    assert told(service)[1:] == [f"POST {path}"]
    timeline = service["admin"].get(f"{V1}/incidents/INC-1").json()["timeline"]
    assert len([one for one in timeline if "break-glass" in one["text"]]) == 2
    acts = [line.partition(" {")[0] for line in audited(service)]
    assert acts[-4:] == ["break-glass", "approved", "break-glass", "switch off"]


def test_nothing_is_kept_from_it(service):
    ops = person(service, "ops", "commander")
    service["admin"].put(f"{V1}/teams/payments/members/ops")
    with service.service.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE incidents SET team = 'search'")
    assert ops.get(f"{V1}/incidents/INC-1").status_code == 200


def test_that_it_is_in_use_shows(service):
    line = "warroom_break_glass_sessions"
    assert f"{line} 0.0" in service["observer"].get("/metrics").text
    person(service, "ops", "commander")
    assert f"{line} 1.0" in service["observer"].get("/metrics").text

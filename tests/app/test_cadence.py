"""Updates by the clock: drafted once by several servers, sent inside, asked about outside."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from warroom.app.cadence import remind
from warroom.app.escalating import acknowledge
from warroom.incident.action import Verdict
from warroom.incident.communication import Audience, MessageState
from warroom.incident.lifecycle import State
from warroom.incident.severity import Severity
from warroom.record.store import Store
from warroom.record.tables import INCIDENTS, TIMERS
from warroom.tests.support.nights import Night, night
from warroom.tests.support.people import person

TEXT = "oncall: {roles: {communications: com}}\nserver: {external_url: https://w.example.org}\n"
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)


ON_A_FILE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


@pytest.fixture
def shop(tmp_path, place, monkeypatch) -> Night:
    monkeypatch.setenv("WARROOM_CONFIG", str(tmp_path / "home" / "warroom.yaml"))
    found = night(tmp_path / "home", place, TEXT, NOON, servers=2)
    found.incident()
    return found


def after(shop: Night, minutes: int) -> list[str]:
    """Time goes on; who is told then, by audience."""
    before = len(shop.store.load("INC-1").communications)
    shop.now += timedelta(minutes=minutes)
    with ThreadPoolExecutor(len(shop.stores)) as pool:
        list(pool.map(lambda store: remind(shop.settings, store, shop.clock), shop.stores))
    new = shop.store.load("INC-1").communications[before:]
    return [message.audience.value for message in new]


EVERYBODY = ["engineering", "support", "executives", "status page"]


def test_it_is_drafted_when_the_time_is_over_once_over_two_servers_and_a_restart(shop: Night):
    assert after(shop, 0) == []
    assert after(shop, 14) == []
    assert after(shop, 1) == EVERYBODY
    assert after(shop, 0) == []
    url = shop.store.engine.url.render_as_string(hide_password=False)
    shop.stores = [Store.open(url), Store.open(url)]
    assert after(shop, 14) == []
    assert after(shop, 1) == EVERYBODY
    assert after(shop, 95) == EVERYBODY, "what was missed while nobody ran is told once"
    first, *_ = shop.store.load("INC-1").communications
    assert first.template.startswith("declared") and first.state is MessageState.approved


@ON_A_FILE
def test_a_text_for_outside_waits_for_a_person_and_a_newer_one_replaces_it(shop: Night):
    after(shop, 0)
    after(shop, 15)
    (old,) = shop.store.ledger.waiting("INC-1")
    after(shop, 15)
    (new,) = shop.store.ledger.waiting("INC-1")
    assert old.subject != new.subject
    shop.store.ledger.decide("INC-1", new.subject, Verdict.approved, person("ann"))
    after(shop, 1)
    texts = shop.store.load("INC-1").communications
    page = {m.hash: m.state for m in texts if m.audience is Audience.status_page}
    assert page == {old.subject: MessageState.rejected, new.subject: MessageState.approved}
    assert sum(line.endswith(" status page") for line in shop.outbox()) == 1


@ON_A_FILE
def test_whoever_has_it_is_reminded(shop: Night):
    acknowledge(shop.store, "INC-1", person("ann"), shop.clock)
    after(shop, 0)
    after(shop, 15)
    told = sorted(line for line in shop.outbox() if "person:" in line)
    assert told == ["12:15 person:ann", "12:15 person:com"]


@ON_A_FILE
def test_the_cadence_is_that_of_the_severity_and_ends_with_the_incident(shop: Night):
    shop.becomes(Severity.P2)
    after(shop, 0)
    assert after(shop, 30) == []
    shop.becomes(Severity.P0)
    assert after(shop, 1) == EVERYBODY, "a P0 of which nobody was told for half an hour is overdue"
    assert after(shop, 14) == []
    shop.becomes(Severity.P3)
    assert after(shop, 600) == []
    shop.becomes(Severity.P0, State.resolved)
    assert after(shop, 600) == []


@ON_A_FILE
def test_a_recordings_incident_lives_in_its_own_time(shop: Night):
    with shop.store.engine.begin() as connection:
        connection.execute(INCIDENTS.update().values(opened_at=NOON.timestamp() - 9999))
    assert after(shop, 0) + after(shop, 60) == []
    with shop.store.engine.connect() as connection:
        assert connection.execute(select(TIMERS)).all() == []

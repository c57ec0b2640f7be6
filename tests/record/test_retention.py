"""What is dropped for its age, and what is not."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from warroom.errors import NotFound
from warroom.incident.lifecycle import State
from warroom.record import audit
from warroom.record.retention import CHUNK, DAY_S, drop_deliveries, drop_evidence
from warroom.record.store import Store
from warroom.record.tables import ALERTS, DELIVERIES, INCIDENTS
from warroom.tests.support import alerts
from warroom.tests.support.alerts import fires, put
from warroom.tests.support.evidence_shelf import PAYLOAD, shelf
from warroom.tests.support.incidents import minimal

NOW = 1e9


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


def incident(store: Store, name: str, state: State, days: float, payload: object = PAYLOAD) -> str:
    """One that changed so many days ago; the digest of its only payload."""
    document = minimal().model_copy(update={"id": name})
    store.create(document)
    record = next(iter(shelf()[0].values()))
    digest = store.add_evidence(name, record, payload).digest
    changed = {"state": state.value, "updated_at": NOW - days * DAY_S}
    with store.engine.begin() as connection:
        connection.execute(update(INCIDENTS).where(INCIDENTS.c.id == name).values(changed))
    return digest


@pytest.mark.parametrize("state", [State.resolved, State.closed])
def test_an_old_one_of_what_is_over_is_dropped_and_says_so(store: Store, state: State) -> None:
    digest = incident(store, "INC-1", state, 91)
    assert drop_evidence(store.engine, NOW, 90) == 1
    with pytest.raises(NotFound, match="expired: dropped for its age on 2001-09-09"):
        store.payload(digest)
    assert [record.digest for record in store.load("INC-1").evidence] == [digest]
    assert audit.verify(store.engine).number == 1
    assert drop_evidence(store.engine, NOW, 90) == 0
    assert audit.verify(store.engine).number == 1


@pytest.mark.parametrize(("state", "days"), [(State.closed, 89), (State.monitoring, 900)])
def test_a_younger_one_or_one_of_what_is_open_stays(
    store: Store, state: State, days: float
) -> None:
    digest = incident(store, "INC-1", state, days)
    assert drop_evidence(store.engine, NOW, 90) == 0
    assert store.payload(digest) == PAYLOAD


def test_one_that_another_incident_rests_on_stays(store: Store) -> None:
    digest = incident(store, "INC-1", State.closed, 91)
    incident(store, "INC-2", State.investigating, 1)
    assert drop_evidence(store.engine, NOW, 90) == 0
    assert store.payload(digest) == PAYLOAD


def test_one_that_is_measured_again_is_back(store: Store) -> None:
    digest = incident(store, "INC-1", State.closed, 91)
    drop_evidence(store.engine, NOW, 90)
    incident(store, "INC-2", State.investigating, 0)
    assert store.payload(digest) == PAYLOAD


def delivery(store: Store, service: str, days: float, incident_id: str | None = None) -> None:
    """One that came so many days ago, of one alert, which this incident has taken."""
    put(store, fires(service), at=-days * DAY_S)
    change = update(ALERTS).where(ALERTS.c.component == service)
    with store.engine.begin() as connection:
        connection.execute(change.values(incident_id=incident_id))


def left(store: Store) -> set[str]:
    """Services whose delivery still has its body."""
    query = select(ALERTS.c.component).join(DELIVERIES, ALERTS.c.delivery == DELIVERIES.c.key)
    with store.reading.begin() as connection:
        return set(connection.execute(query.where(DELIVERIES.c.body != b"")).scalars())


def test_bodies_of_old_deliveries_are_dropped_unless_an_incident_is_open(store: Store) -> None:
    incident(store, "INC-1", State.investigating, 60)
    incident(store, "INC-2", State.resolved, 60)
    for service, days, of in (("a", 31, None), ("b", 29, None), ("c", 31, "INC-1")):
        delivery(store, service, days, of)
    delivery(store, "d", 31, "INC-2")
    assert left(store) == set("abcd")
    for dropped in (2, 0):
        assert drop_deliveries(store.engine, alerts.NOW.timestamp(), 30) == dropped
        assert left(store) == set("bc")
    assert audit.verify(store.engine).number == 1


def test_many_are_dropped_some_at_a_time(store: Store) -> None:
    incident(store, "INC-1", State.investigating, 0)
    record = next(iter(shelf()[0].values()))
    for number in range(CHUNK + 5):
        store.add_evidence("INC-1", record, {"number": number})
    changed = {"state": State.closed.value, "updated_at": 0.0}
    with store.engine.begin() as connection:
        connection.execute(update(INCIDENTS).values(changed))
    assert drop_evidence(store.engine, NOW, 90) == CHUNK + 6
    assert audit.verify(store.engine).number == 2

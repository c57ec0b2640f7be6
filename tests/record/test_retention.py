"""What is dropped for its age, and what is not."""

from pathlib import Path

import pytest
from sqlalchemy import update

from warroom.errors import NotFound
from warroom.incident.lifecycle import State
from warroom.record import audit
from warroom.record.retention import DAY_S, drop_evidence
from warroom.record.store import Store
from warroom.record.tables import INCIDENTS
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

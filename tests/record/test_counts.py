"""What /metrics tells of the tables."""

from pathlib import Path

from sqlalchemy import update

from warroom.record.counts import counts
from warroom.record.store import Store
from warroom.record.tables import WORK
from warroom.record.waking import wake


def figures(store: Store) -> dict[str, float]:
    return {count.name: count.values[""] for count in counts(store.engine) if not count.label}


def test_what_a_dead_worker_held_is_due_and_late(place: Path | str) -> None:
    store = Store.open(place)
    with store.engine.begin() as connection:
        wake(connection, "INC-1", at=store.work.now() + 3600)
    lease = store.work.claim("INC-1", "far/1/x")
    assert lease and figures(store)["work_due"] == 0
    with store.engine.begin() as connection:
        connection.execute(update(WORK).values(lease_until=store.work.now() - 90))
    assert figures(store)["work_due"] == 1
    assert figures(store)["work_late_seconds"] >= 90

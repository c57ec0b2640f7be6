"""A person's word on grouping counts: merged, split, linked and audited."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from warroom.errors import InputError, LeaseLost, NotFound
from warroom.incident.lifecycle import State
from warroom.intake.alerts import episodes
from warroom.intake.grouping import group_due
from warroom.intake.regrouping import merge, split
from warroom.record import audit
from warroom.record.store import Store
from warroom.record.tables import AUDIT
from warroom.tests.support.alerts import end_work, fires, later, put


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


def opened(store: Store, *services: str, at: float = 0.0) -> list[str]:
    """An incident each."""
    found = []
    for service in services:
        put(store, fires(service), at=at)
        found += group_due(store, later(at))
    return found


def names(store: Store, incident_id: str) -> list[str]:
    return sorted(e.alert.service for e in episodes(store.engine, incident_id))


def acts(store: Store) -> list[tuple[str, str, dict]]:
    with store.reading.begin() as connection:
        rows = connection.execute(select(AUDIT).order_by(AUDIT.c.number))
        return [(row.actor, row.act, json.loads(row.detail)) for row in rows]


def test_two_become_one(store: Store) -> None:
    cart, orders = opened(store, "cart", "orders")
    merge(store, cart, orders, "token:ann", "one deploy")
    assert names(store, orders) == ["cart", "orders"]
    closed, open_ = store.load(cart), store.load(orders)
    assert closed.state is State.closed
    assert closed.transitions[-1].reason == f"merged into {orders}: one deploy"
    assert (closed.related, open_.related) == ([orders], [cart])
    assert [joined.alert.service for joined in open_.joined] == ["cart"]
    assert acts(store) == [("token:ann", "merge", {"source": cart, "reason": "one deploy"})]
    assert audit.verify(store.engine).fault == ""
    put(store, fires("cart", "Slow"), at=60)
    assert list(group_due(store, later(60))) == [orders]


def test_who_works_the_one_that_was_merged_is_fenced_off(store: Store) -> None:
    cart, orders = opened(store, "cart", "orders")
    lease = store.work.claim(cart, "me/1/x")
    assert lease
    merge(store, cart, orders, "token:ann")
    with pytest.raises(LeaseLost):
        store.under(lease).update(cart, lambda doc: setattr(doc, "title", "still mine"))
    standing = store.work.standing(cart)
    assert standing and (standing.status, standing.wake_at) == ("over", None)


def test_an_alert_gets_an_incident_of_its_own(store: Store) -> None:
    (cart,) = opened(store, "cart")
    put(store, fires("cart", "Slow"), fires("cart", "Disk"), at=10)
    group_due(store, later(10))
    ids = {e.alert.name: e.id for e in episodes(store.engine, cart)}
    new = split(store, cart, [ids["Slow"], ids["Disk"]], "token:ann")
    assert sorted(e.alert.name for e in episodes(store.engine, new)) == ["Disk", "Slow"]
    assert names(store, cart) == ["cart"]
    assert (store.load(new).related, store.load(cart).related) == ([cart], [new])
    standing = store.work.standing(new)
    assert standing and standing.wake_at is not None
    assert acts(store)[-1][1] == "split"
    put(store, fires("cart", "Again"), at=20)
    assert list(group_due(store, later(20))) == [new]


def test_what_cannot_be_regrouped_says_why(store: Store) -> None:
    cart, orders = opened(store, "cart", "orders")
    (alert,) = episodes(store.engine, cart)
    with pytest.raises(InputError, match="would keep no alert"):
        split(store, cart, [alert.id], "ann")
    with pytest.raises(NotFound, match="does not have all"):
        split(store, orders, [alert.id], "ann")
    with pytest.raises(InputError, match="into itself"):
        merge(store, cart, cart, "ann")
    with pytest.raises(NotFound):
        merge(store, cart, "INC-none", "ann")
    end_work(store, orders)
    with pytest.raises(InputError, match="is over"):
        merge(store, cart, orders, "ann")
    assert acts(store) == []

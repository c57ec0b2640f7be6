"""The memory on both databases: who is in it, who is found, what each sign is worth."""

from math import log
from pathlib import Path

import pytest

from warroom.incident.lifecycle import State
from warroom.incident.memory import Remembered, signs_of
from warroom.record import audit
from warroom.record.memories import (
    DOUBT,
    FORGET,
    MEMORIES,
    MOST,
    catch_up,
    drop,
    like,
    listed,
    write,
)
from warroom.record.store import Store
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import at, declared, full


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


def remember(store: Store, name: str, *signs: str, team: str = "") -> None:
    with store.engine.begin() as connection:
        write(connection, Remembered(id=name, title="t", team=team), signs)


def known(store: Store) -> list[str]:
    return [one.id for one in listed(store.engine, None)]


def test_it_is_remembered_with_its_end_and_not_while_it_runs(store: Store):
    document = full()
    ends, document.state = document.state, State.recovering
    kept(store, document)
    assert known(store) == []
    store.update("INC-1", lambda doc: doc.move(ends, at(150), "commander", "verified"))
    assert known(store) == ["INC-1"]
    assert like(store.engine, None, "", signs_of(document))[0].likeness > 0.5
    store.update("INC-1", lambda doc: doc.move(State.investigating, at(200), "ann", "reopened"))
    assert known(store) == []


def test_what_ended_before_is_remembered_later_but_for_what_was_forgotten(store: Store):
    for number in (1, 2, 3):
        kept(store, full().model_copy(update={"id": f"INC-{number}"}))
    kept(store, declared().model_copy(update={"id": "INC-4"}))
    with store.engine.begin() as connection:
        audit.add(connection, "ann", FORGET, "INC-2")
    catch_up(store.engine, limit=1)
    assert known(store) == ["INC-1"]
    catch_up(store.engine)
    catch_up(store.engine)
    assert sorted(known(store)) == ["INC-1", "INC-3"]
    store.update("INC-2", lambda doc: doc.move(State.closed, at(300), "ann", "done"))
    assert sorted(known(store)) == ["INC-1", "INC-3"]


def test_a_rare_sign_is_worth_more_than_one_that_all_have(store: Store):
    for number in range(8):
        remember(store, f"INC-{number}", "checkout hurt", f"own {number}")
    rare = ["log of checkout #2", "stack of checkout #1"]
    remember(store, "INC-8", "checkout hurt", *rare)
    (first,) = like(store.engine, None, "", [*rare, "checkout hurt", "new"])
    worth = {**dict.fromkeys(rare, log(1 + 9 / 1)), "checkout hurt": log(1 + 9 / 9)}
    whole = DOUBT + sum(worth.values()) + log(1 + 9)  # nobody has "new": as rare as it gets
    assert first.memory.id == "INC-8"
    assert first.likeness == pytest.approx(sum(worth.values()) / whole, abs=1e-3)
    assert first.signs == [(sign, round(value, 1)) for sign, value in worth.items()]
    assert "Alike by" in first.words and "stack of checkout (2.3)" in first.words


def test_the_same_record_has_the_same_answer_and_not_itself(store: Store):
    signs = [f"sign {number}" for number in range(9)]
    for number in range(9):
        remember(store, f"INC-{number}", *signs)
    found = [one.memory.id for one in like(store.engine, None, "INC-0", signs)]
    assert found == [f"INC-{number}" for number in range(1, MOST + 1)]


def test_another_teams_are_not_told_of(store: Store):
    signs = ["a", "b", "c", "d"]
    for name, team in (("INC-1", "shop"), ("INC-2", "vault"), ("INC-3", "")):
        remember(store, name, *signs, team=team)
    seen = like(store.engine, frozenset({"shop"}), "", signs)
    assert {one.memory.id for one in seen} == {"INC-1", "INC-3"}
    assert {one.id for one in listed(store.engine, frozenset())} == {"INC-3"}
    assert len(like(store.engine, None, "", signs)) == 3


def test_what_is_dropped_is_not_found(store: Store):
    remember(store, "INC-1", "a", "b", "c", "d", "e")
    with store.engine.begin() as connection:
        assert drop(connection, "INC-1") and not drop(connection, "INC-1")
        assert connection.execute(MEMORIES.select()).first() is None
    assert like(store.engine, None, "", ["a", "b", "c", "d", "e"]) == []

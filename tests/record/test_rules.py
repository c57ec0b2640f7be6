"""Decisions of rules on both databases: everything counted in one transaction, once over all
servers."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from warroom.errors import ApprovalError
from warroom.incident.action import Verdict
from warroom.record import audit, rules
from warroom.record.claims import Does, Effect
from warroom.record.ledger import Ledger, Request
from warroom.record.rules import (
    FAILED,
    NOT_BEGUN,
    ROLLED_BACK,
    RULINGS,
    VERIFIED,
    WOULD,
    Ruling,
    decide,
    end,
    failing,
    rulings,
    switch_of,
    take_back,
)
from warroom.record.store import Store
from warroom.record.switches import EVERYTHING, Switches
from warroom.record.tables import AUDIT
from warroom.tests.support.people import person
from warroom.tests.support.rules import rule

FREE = (9, 9)


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


def ask(ledger: Ledger, incident: str = "INC-1", subject: str = "a" * 64, **other) -> Ruling:
    now = ledger.clock()
    asked = Request(incident, subject, "action", "restart payments", now, now + 600)
    ledger.ask(replace(asked, **other))
    made = rule()
    return Ruling(made.name, made.version, made.hash, incident, subject, "payments")


def decided(store: Store, ruling: Ruling, limits: tuple[int, int] = FREE) -> str:
    return decide(store.ledger, ruling, rule().by, limits, "shop/payments", "it hangs")


def ended(store: Store, ruling: Ruling, outcome: str) -> None:
    with store.engine.begin() as connection:
        assert end(connection, ruling, outcome)


def acted(store: Store, incident: str, outcome: str) -> None:
    ruling = ask(store.ledger, incident)
    assert decided(store, ruling) == ""
    ended(store, ruling, outcome)


def test_it_is_an_approval_like_a_persons_under_a_name_of_its_own(store):
    ruling = ask(store.ledger)
    assert decided(store, ruling) == ""
    answer = store.ledger.decision("INC-1", ruling.subject)
    assert answer and (answer.verdict, answer.by) == (
        Verdict.approved,
        "rule restart-hung, version 1 (automatic)",
    )
    with store.engine.begin() as connection:
        rows = connection.execute(select(AUDIT).order_by(AUDIT.c.number)).mappings().all()
    actor = "rule:rule restart-hung, version 1 (automatic)"
    assert [(r["actor"], r["act"]) for r in rows] == [(actor, "rule fits"), (actor, "approved")]
    assert rule().hash in rows[0]["detail"]
    assert audit.verify(store.engine).fault == ""
    assert store.ledger.claim(Effect("INC-1", Does.execute, ruling.subject)) is None
    again = store.ledger.claim(Effect("INC-1", Does.execute, ruling.subject))
    assert again and again.done_at is None  # once


def test_of_two_servers_one_acts(store, place):
    """One rule has one action under way, however many incidents it fits at once."""
    servers = [store, *(Store.open(place) for _ in range(3))]
    waiting = [ask(s.ledger, f"INC-{n}") for n, s in enumerate(servers)]
    begin, said = threading.Barrier(4), list[str]()

    def work(server: Store, ruling: Ruling) -> None:
        begin.wait()
        said.append(decided(server, ruling))

    threads = [
        threading.Thread(target=work, args=pair) for pair in zip(servers, waiting, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["", *["it has an action under way, or had its say here"] * 3]
    yes = [store.ledger.decision(r.incident_id, r.subject) for r in waiting]
    assert len([answer for answer in yes if answer]) == 1


def test_limits_count_what_every_rule_did(store):
    acted(store, "INC-1", VERIFIED)
    acted(store, "INC-2", NOT_BEGUN)  # counts for nothing
    other = replace(ask(store.ledger, "INC-3"), rule="another")
    assert decided(store, other, (1, 9)) == "its limit of 1 an hour is reached"
    with store.engine.begin() as connection:
        connection.execute(update(RULINGS).values(at=RULINGS.c.at - 3601))
    assert decided(store, other, (1, 9)) == ""
    second = replace(ask(store.ledger, "INC-1", "b" * 64), rule="another")
    ended(store, other, VERIFIED)
    assert decided(store, second, (9, 1)) == "its limit of 1 an incident is reached"


def test_a_version_says_one_thing(store):
    acted(store, "INC-1", VERIFIED)
    other = replace(ask(store.ledger, "INC-2"), hash=rule(confidence=0.8).hash)
    assert "its version 1 said something else before" in decided(store, other)
    assert decided(store, replace(other, version=2)) == ""


@pytest.mark.parametrize("name", [EVERYTHING, "payments", switch_of(""), switch_of("restart-hung")])
def test_a_switch_is_heeded(store, name):
    ruling, switches = ask(store.ledger), Switches(store.engine)
    switches.turn(True, person("ann"), "hands off", name)
    assert "switched off by ann" in decided(store, ruling)
    switches.turn(False, person("ann"), "", name)
    assert decided(store, ruling) == ""


@pytest.mark.parametrize(
    "other", [{"wanted": 2}, {"barred": "person:ann"}, {"requested_at": 0.0}, {"number": 2}]
)
def test_what_is_peoples_to_answer_is_left_to_them(store, other):
    assert "people have it before them" in decided(store, ask(store.ledger, **other))


def test_while_people_have_another_question_it_waits(store):
    ruling = ask(store.ledger)
    ask(store.ledger, subject="b" * 64)
    assert "people have it before them" in decided(store, ruling)
    store.ledger.decide("INC-1", "b" * 64, Verdict.rejected, person(), "no")
    assert decided(store, ruling) == ""


def test_a_person_who_was_quicker_has_decided(store):
    ruling = ask(store.ledger)
    store.ledger.decide("INC-1", ruling.subject, Verdict.rejected, person("ann"), "no")
    with pytest.raises(ApprovalError, match="already rejected by ann"):
        decided(store, ruling)
    with store.engine.begin() as connection:
        assert rulings(connection) == []  # all of it or nothing


def test_what_is_simulated_decides_nothing_and_holds_nothing_up(store):
    would = replace(ask(store.ledger), outcome=WOULD)
    assert decided(store, would) == ""
    assert store.ledger.decision("INC-1", would.subject) is None
    assert decided(store, replace(ask(store.ledger, "INC-2"), outcome=WOULD)) == ""


def test_what_is_taken_back_is_asked_anew_of_people(store):
    ruling = ask(store.ledger)
    decided(store, ruling)
    take_back(store.ledger, ruling, "it says something else by now")
    answer = store.ledger.decision("INC-1", ruling.subject)
    assert answer and answer.verdict is Verdict.expired
    with pytest.raises(ApprovalError, match="expired"):
        store.ledger.claim(Effect("INC-1", Does.execute, ruling.subject))
    ask(store.ledger)
    assert store.ledger.request("INC-1", ruling.subject).number == 2
    with store.engine.begin() as connection:
        assert [r.outcome for r in rulings(connection)] == [NOT_BEGUN]


def test_two_failures_in_a_row_are_too_many_until_somebody_lifts_it(store):
    def many() -> list[str]:
        with store.engine.begin() as connection:
            return failing(connection, "restart-hung")

    for number, outcome in enumerate([FAILED, VERIFIED, ROLLED_BACK, NOT_BEGUN, rules.BY_ITSELF]):
        acted(store, f"INC-{number}", outcome)
        assert many() == []
    acted(store, "INC-9", FAILED)
    assert many() == ["INC-9", "INC-2"]
    Switches(store.engine).turn(False, person(), "mended", switch_of("restart-hung"))
    assert many() == []

"""Effects: claimed under all that they rest on, or not at all; what was refused is tried again."""

import threading
import time
from pathlib import Path

import pytest

from warroom.errors import ApprovalError, HeldBack, LeaseLost
from warroom.incident.action import Verdict
from warroom.record import audit
from warroom.record.claims import Bounds, Does, Effect
from warroom.record.ledger import Asks, Request
from warroom.record.store import Store
from warroom.record.switches import Switches
from warroom.tests.support.people import person

PLAN = Effect("INC-1", Does.execute, "abc", target="shop/payments")


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


def approved(store: Store, effect: Effect = PLAN, seconds: float = 60) -> Effect:
    now = store.ledger.clock()
    asked = Request(effect.incident_id, effect.subject, "action", "restart", now, now + seconds)
    store.ledger.ask(asked)
    store.ledger.decide(effect.incident_id, effect.subject, Verdict.approved, person())
    return effect


def other(number: int, target: str = PLAN.target) -> Effect:
    return Effect(f"INC-{number}", Does.execute, f"plan {number}", target=target)


def test_nothing_is_claimed_without_an_approval_of_exactly_this(store: Store) -> None:
    with pytest.raises(ApprovalError, match="not approved"):
        store.ledger.claim(PLAN)
    approved(store)
    with pytest.raises(ApprovalError, match="not approved"):
        store.ledger.claim(Effect("INC-1", Does.execute, "abd"))
    with pytest.raises(ApprovalError, match="expired"):
        store.ledger.claim(Effect("INC-1", Does.execute, "abc", number=2))
    assert store.ledger.claim(PLAN) is None


def test_nothing_is_claimed_under_an_approval_that_ran_out(store: Store) -> None:
    approved(store)
    store.ledger.clock = lambda: time.time() + 61
    with pytest.raises(ApprovalError, match="expired"):
        store.ledger.claim(PLAN)
    assert store.ledger.effect(PLAN.key) is None


def test_of_many_claims_at_once_one_wins(store: Store) -> None:
    approved(store)
    won, begin = [], threading.Barrier(8)

    def claim() -> None:
        begin.wait()
        if store.ledger.claim(PLAN) is None:
            won.append(threading.get_ident())

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_one_action_at_a_time_on_a_target(store: Store) -> None:
    approved(store)
    second = approved(store, other(2))
    elsewhere = approved(store, other(3, "shop/catalog"))
    store.ledger.claim(PLAN)
    with pytest.raises(HeldBack, match="INC-1 on shop/payments is under way"):
        store.ledger.claim(second)
    assert store.ledger.claim(elsewhere) is None
    store.ledger.finish(PLAN.key, {"receipt": {}})
    assert store.ledger.claim(second) is None


def test_actions_that_race_for_a_target_never_overlap(store: Store) -> None:
    effects = [approved(store, other(number)) for number in range(6)]
    begin, won, held = threading.Barrier(6), [], []

    def claim(effect: Effect) -> None:
        begin.wait()
        try:
            store.ledger.claim(effect)
            won.append(effect)
        except HeldBack:
            held.append(effect)

    threads = [threading.Thread(target=claim, args=(effect,)) for effect in effects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(held)) == (1, 5)


def test_the_switch_stops_what_is_claimed_from_then_on(store: Store, place: Path | str) -> None:
    approved(store)
    Switches(store.engine).turn(True, person("ann"), "a deploy is broken")
    with pytest.raises(HeldBack, match=r"switched off by ann .*: a deploy is broken"):
        store.ledger.claim(PLAN)
    again = Store.open(place)  # it survives a restart
    with pytest.raises(HeldBack):
        again.ledger.claim(PLAN)
    Switches(store.engine).turn(False, person("ann"), "mended")
    assert store.ledger.claim(PLAN) is None
    assert audit.verify(store.engine).fault == ""


@pytest.mark.parametrize("name", ["payments", "shop/payments"])
def test_a_switch_of_one_target_stops_nothing_else(store: Store, name: str) -> None:
    approved(store)
    elsewhere = approved(store, other(2, "shop/catalog"))
    Switches(store.engine).turn(True, person(), "", target=name)
    with pytest.raises(HeldBack, match=f"actions on {name} are switched off"):
        store.ledger.claim(PLAN)
    assert store.ledger.claim(elsewhere) is None


def test_an_undo_waits_for_the_switch_alone(store: Store) -> None:
    store.ledger.claim(approved(store))
    store.ledger.finish(PLAN.key, {})
    back = Effect("INC-1", Does.undo, "abc", target=PLAN.target)
    store.ledger.clock = lambda: time.time() + 61
    Switches(store.engine).turn(True, person(), "")
    with pytest.raises(HeldBack):
        store.ledger.claim(back)
    Switches(store.engine).turn(False, person(), "")
    frozen = Bounds(frozen_until=time.time() + 9999, per_hour=0)
    assert store.ledger.claim(back, frozen) is None


def test_a_freeze_says_until_when(store: Store) -> None:
    approved(store)
    until = time.time() + 3600
    with pytest.raises(HeldBack, match="frozen until") as held:
        store.ledger.claim(PLAN, Bounds(frozen_until=until))
    assert held.value.until == until
    assert store.ledger.claim(PLAN) is None


def test_limits_are_counted_by_the_hour(store: Store) -> None:
    begun = store.ledger.clock()
    for number in range(2):
        effect = approved(store, other(number))
        assert store.ledger.claim(effect, Bounds(per_target=2)) is None
        store.ledger.finish(effect.key, {})
    approved(store)
    with pytest.raises(HeldBack, match="2 actions on shop/payments within an hour") as held:
        store.ledger.claim(PLAN, Bounds(per_target=2))
    assert held.value.until and held.value.until - begun == pytest.approx(3600, abs=60)
    with pytest.raises(HeldBack, match="2 actions in all"):
        store.ledger.claim(PLAN, Bounds(per_hour=2, per_target=9))
    assert store.ledger.claim(PLAN, Bounds(per_target=3)) is None


def test_what_was_proven_not_done_frees_its_target_and_is_asked_anew(store: Store) -> None:
    store.ledger.claim(approved(store))
    assert store.ledger.finish(PLAN.key, {"note": "seen"}, void=True)
    lapsed = store.ledger.decision("INC-1", "abc")
    assert lapsed and lapsed.verdict is Verdict.expired and "not to have been" in lapsed.reason
    now = store.ledger.clock()
    again = store.ledger.ask(Request("INC-1", "abc", "action", "restart", now, now + 60))
    store.ledger.decide("INC-1", "abc", Verdict.approved, person())
    second = Effect("INC-1", Does.execute, "abc", again.number, PLAN.target)
    assert second.key != PLAN.key
    assert store.ledger.claim(second) is None


def test_the_first_report_stands_and_answers_the_question(store: Store) -> None:
    store.ledger.claim(approved(store))
    now = store.ledger.clock()
    asked = Request("INC-1", PLAN.question, Asks.effect, "was it done", now, now + 60)
    store.ledger.ask(asked)
    assert store.ledger.finish(PLAN.key, {"receipt": {"pid": 7}})
    assert not store.ledger.finish(PLAN.key, {}, void=True)
    known = store.ledger.effect(PLAN.key)
    assert known and (known.result, known.void) == ({"receipt": {"pid": 7}}, False)
    answer = store.ledger.decision("INC-1", PLAN.question)
    assert answer and answer.verdict is Verdict.withdrawn


def test_who_lost_the_lease_claims_nothing_but_may_report_what_was_done(store: Store) -> None:
    approved(store)
    lease = store.work.claim("INC-1", "me", lease_s=0.0)
    assert lease
    mine = store.under(lease)
    approved(store, other(2, "shop/catalog"))
    assert store.work.claim("INC-1", "you", lease_s=60.0)
    with pytest.raises(LeaseLost):
        mine.ledger.claim(PLAN)
    assert store.ledger.effect(PLAN.key) is None
    assert store.ledger.claim(PLAN) is None
    assert mine.ledger.finish(PLAN.key, {"receipt": {}})

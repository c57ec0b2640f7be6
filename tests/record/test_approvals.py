"""Questions and answers: of several answers one counts, and what lapsed is asked anew."""

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import update

from warroom.errors import ApprovalError
from warroom.incident.action import Decision, Verdict
from warroom.incident.identity import Identity, Vouched, automatic, receiver
from warroom.record import audit
from warroom.record.claims import Does, Effect
from warroom.record.ledger import LAPSED, Request
from warroom.record.store import Store
from warroom.record.tables import APPROVALS
from warroom.tests.support.people import person

HERE = ("INC-1", "abc")
TERMINAL = Identity("on-call commander", Vouched.terminal, "ann")


@pytest.fixture
def store(place: Path | str) -> Store:
    return Store.open(place)


def ask(store: Store, seconds: float = 60, wanted: int = 1, subject: str = "abc") -> Request:
    now = store.ledger.clock()
    title = "restart payments"
    request = Request("INC-1", subject, "action", title, now, now + seconds, wanted=wanted)
    return store.ledger.ask(request)


def later(store: Store, seconds: float) -> None:
    store.ledger.clock = lambda: time.time() + seconds


def test_of_answers_at_the_same_time_one_counts_and_the_others_learn_whose(store: Store) -> None:
    ask(store)
    won: list[Decision] = []
    lost: list[str] = []
    begin = threading.Barrier(8)

    def answer(number: int) -> None:
        verdict = Verdict.approved if number % 2 else Verdict.rejected
        begin.wait()
        try:
            won.append(store.ledger.decide(*HERE, verdict, person(f"p{number}"), "because"))
        except ApprovalError as error:
            lost.append(str(error))

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = won
    assert store.ledger.decision(*HERE) == winner
    said = f"already {winner.verdict} by {winner.by} at {winner.at:%H:%M:%S} UTC; it counts once"
    assert len(lost) == 7
    assert all(said in text for text in lost)
    assert audit.verify(store.engine).number == 1


def test_an_answer_wakes_the_incident_and_stands_in_the_audit_log(store: Store) -> None:
    ask(store)
    store.ledger.decide(*HERE, Verdict.rejected, person("ann"), "not on a Friday")
    standing = store.work.standing("INC-1")
    assert standing and standing.wake_at and "rejected by ann" in standing.why
    kinds = [stored.event.event for stored in store.events.after(incident_id="INC-1")]
    assert kinds == ["asked", "decided"]
    assert audit.verify(store.engine).fault == ""


def test_two_persons_where_two_are_wanted(store: Store) -> None:
    ask(store, wanted=2)
    first = store.ledger.decide(*HERE, Verdict.approved, person("ann"))
    assert first.verdict is Verdict.one_of_two
    assert store.ledger.decision(*HERE) is None
    with pytest.raises(ApprovalError, match="wants another"):
        store.ledger.decide(*HERE, Verdict.approved, person("ann"))
    assert [request.subject for request in store.ledger.waiting()] == ["abc"]
    assert store.ledger.decide(*HERE, Verdict.approved, person("bob")).verdict is Verdict.approved


def test_one_of_two_may_still_reject(store: Store) -> None:
    ask(store, wanted=2)
    store.ledger.decide(*HERE, Verdict.approved, person("ann"))
    store.ledger.decide(*HERE, Verdict.rejected, person("ann"), "I misread it")
    answer = store.ledger.decision(*HERE)
    assert answer and answer.verdict is Verdict.rejected


def test_what_nobody_answered_is_asked_anew_under_the_next_number(store: Store) -> None:
    ask(store)
    later(store, 61)
    lapsed = store.ledger.decision(*HERE)
    assert lapsed and lapsed.verdict is Verdict.expired
    assert ask(store).number == 2
    assert store.ledger.decision(*HERE) is None
    assert ask(store).number == 2  # it is open: nothing changes
    assert store.ledger.decide(*HERE, Verdict.approved, person()).verdict is Verdict.approved


def test_what_was_approved_and_not_used_in_time_is_asked_anew(store: Store) -> None:
    ask(store)
    store.ledger.decide(*HERE, Verdict.approved, person())
    assert ask(store).number == 1
    later(store, 61)
    assert ask(store).number == 2
    with pytest.raises(ApprovalError, match="not approved"):
        store.ledger.claim(Effect("INC-1", Does.execute, "abc", 1))


def test_what_was_rejected_is_not_asked_anew_but_by_a_person_who_edits(store: Store) -> None:
    ask(store)
    store.ledger.decide(*HERE, Verdict.rejected, person(), "no")
    later(store, 61)
    assert ask(store).number == 1
    again = store.ledger.request(*HERE)
    assert store.ledger.ask(again, afresh=(*LAPSED, Verdict.rejected)).number == 2


def test_a_sender_takes_back_what_is_asked_about_actions(store: Store) -> None:
    ask(store)
    now = store.ledger.clock()
    store.ledger.ask(Request("INC-1", "text", "text", "an update", now, now + 60))
    ask(store, subject="decided")
    store.ledger.decide("INC-1", "decided", Verdict.approved, person())
    assert store.ledger.withdraw("INC-1", receiver("alertmanager"), "it is resolved") == ["abc"]
    answer = store.ledger.decision(*HERE)
    assert answer and (answer.verdict, answer.by) == (Verdict.withdrawn, "alertmanager")
    assert [request.subject for request in store.ledger.waiting()] == ["text"]
    with pytest.raises(ApprovalError, match="already withdrawn by alertmanager"):
        store.ledger.decide(*HERE, Verdict.approved, person())
    assert ask(store).number == 2


def test_a_commander_that_is_code_is_told_from_a_person(store: Store) -> None:
    ask(store)
    store.ledger.decide(*HERE, Verdict.approved, automatic("drill commander"))
    answer = store.ledger.decision(*HERE)
    assert answer and answer.by == "drill commander (automatic)"


@pytest.mark.parametrize(
    "again", [Identity("Ann", Vouched.account), Identity("ann", Vouched.oidc), TERMINAL]
)
def test_one_person_is_one_however_they_sign_in(store: Store, again: Identity) -> None:
    ask(store, wanted=2)
    store.ledger.decide(*HERE, Verdict.approved, person("ann"))
    with pytest.raises(ApprovalError, match="wants another"):
        store.ledger.decide(*HERE, Verdict.approved, again)


def test_a_consent_from_before_there_were_accounts_counts_for_the_same_person(store: Store) -> None:
    ask(store, wanted=2)
    with store.engine.begin() as connection:
        connection.execute(update(APPROVALS).values(consents='["token:ann"]'))
    with pytest.raises(ApprovalError, match="wants another"):
        store.ledger.decide(*HERE, Verdict.approved, Identity("ann", Vouched.account))


def test_nobody_approves_their_own_where_they_may_not_also_when_it_is_asked_anew(
    store: Store,
) -> None:
    ann, now = person("ann"), store.ledger.clock()
    own = Request("INC-1", "abc", "action", "restart", now, now + 60, barred=ann.person)
    for _round in range(2):
        store.ledger.ask(own)
        with pytest.raises(ApprovalError, match="wants another person"):
            store.ledger.decide(*HERE, Verdict.approved, Identity("ann", Vouched.account))
        later(store, 61)
        own = Request("INC-1", "abc", "action", "restart", now, now + 600)  # as a response asks
    store.ledger.ask(own)
    assert store.ledger.decide(*HERE, Verdict.approved, person("bob")).by == "bob"

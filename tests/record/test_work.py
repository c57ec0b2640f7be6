"""Work: one holder at a time, whoever was left behind is refused, nothing that is due is lost."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from warroom.app.decisions import take_over
from warroom.errors import InputError, LeaseLost, StoreUnavailable, TelemetryError
from warroom.incident.document import Incident
from warroom.incident.lifecycle import State
from warroom.record import leases
from warroom.record.holding import holding
from warroom.record.leases import Lease, is_dead, new_owner, writing
from warroom.record.ledger import Request
from warroom.record.store import Store
from warroom.record.timers import Timers
from warroom.record.waking import HANDED_OVER, OVER, READY, STUCK, WAITING, wake
from warroom.record.work import FAILURES, Work
from warroom.tests.support import incidents
from warroom.tests.support.consoles import kept
from warroom.tests.support.people import free, person

HERE, OTHER = "a-machine/1/aa", "b-machine/1/bb"


@dataclass
class Clock:
    """Unix seconds that stand until they are moved."""

    now: float = 1_000.0

    def __call__(self, _connection: object) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def work(place: Path | str, clock: Clock) -> Work:
    return Work(Store.open(place).engine, clock)


def held(lease: Lease | None) -> Lease:
    assert lease is not None
    return lease


def test_nothing_is_due_until_it_is_woken(work: Work, clock: Clock) -> None:
    assert work.claim_next(HERE) is None
    work.wake(None, "INC-1", 1_005.0, "an alert")
    assert work.claim_next(HERE) is None
    clock.now = 1_005.0
    assert held(work.claim_next(HERE)).incident_id == "INC-1"
    assert work.claim_next(OTHER) is None


def test_the_sooner_time_counts(work: Work, clock: Clock) -> None:
    work.wake(None, "INC-1", 1_100.0, "a timer")
    work.wake(None, "INC-1", 1_050.0, "a decision")
    work.wake(None, "INC-1", 1_200.0, "another timer")
    standing = work.standing("INC-1")
    assert standing and (standing.wake_at, standing.why) == (1_050.0, "a decision")


def test_who_is_woken_while_it_is_worked_is_looked_at_again(work: Work, clock: Clock) -> None:
    work.wake(None, "INC-1")
    lease = held(work.claim_next(HERE))
    work.wake(None, "INC-1", why="an answer that the turn did not see")
    assert work.release(lease, None, "over") == WAITING
    again = held(work.claim_next(HERE))
    assert work.release(again, None, "over") == OVER
    work.wake(None, "INC-1")
    assert work.claim_next(HERE) is None


def test_a_dead_holders_incident_is_due_and_the_dead_one_is_refused(
    work: Work, clock: Clock
) -> None:
    work.wake(None, "INC-1")
    old = held(work.claim_next(HERE, lease_s=10))
    clock.now += 9.9
    assert work.claim_next(OTHER) is None
    clock.now += 0.1
    new = held(work.claim_next(OTHER))
    assert new.token > old.token
    for late in (
        lambda: work.renew(old),
        lambda: work.release(old, None, "over"),
        lambda: work.failed(old, "it broke"),
        lambda: work.stuck(old, "no way on"),
    ):
        with pytest.raises(LeaseLost):
            late()
    work.renew(new)


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_clock_that_steps_delays_and_never_gives_two_the_right(
    work: Work, clock: Clock, step: float
) -> None:
    work.wake(None, "INC-1")
    first = held(work.claim_next(HERE))
    clock.now += step
    second = work.claim_next(OTHER)
    holders = [first if second is None else second]
    with writing(work.engine, holders[0]):
        pass
    if second is not None:
        with pytest.raises(LeaseLost), writing(work.engine, first):
            pass


def test_who_gave_it_back_is_refused_even_before_somebody_takes_it(work: Work) -> None:
    lease = held(work.claim("INC-1", HERE))
    work.release(lease, 2_000.0, "waits")
    with pytest.raises(LeaseLost), writing(work.engine, lease):
        pass


def test_failures_in_a_row_end_in_stuck_visibly(work: Work, clock: Clock) -> None:
    work.wake(None, "INC-1")
    pauses = []
    for _ in range(FAILURES - 1):
        work.failed(held(work.claim_next(HERE)), "the disk is full")
        standing = work.standing("INC-1")
        assert standing and standing.wake_at
        pauses.append(standing.wake_at - clock.now)
        clock.now = standing.wake_at
    assert pauses == [2.0, 4.0, 8.0, 16.0, 32.0]
    work.failed(held(work.claim_next(HERE)), "the disk is full")
    standing = work.standing("INC-1")
    assert standing and (standing.status, standing.wake_at) == (STUCK, None)
    assert "the disk is full" in standing.why and "warroom resume" in standing.why
    work.wake(None, "INC-1")
    assert work.claim_next(HERE) is None
    work.release(held(work.claim("INC-1", HERE)), 5_000.0, "waits")  # a person resumed it
    standing = work.standing("INC-1")
    assert standing and (standing.status, standing.attempts) == (WAITING, 0)


@pytest.mark.parametrize("away", [StoreUnavailable("the disk is full"), TelemetryError("gone")])
def test_what_passes_by_itself_sets_nothing_aside(
    work: Work, clock: Clock, away: Exception
) -> None:
    work.wake(None, "INC-1")
    for _ in range(3 * FAILURES):
        with pytest.raises(type(away)), holding(work, held(work.claim_next(HERE))):
            raise away
        standing = work.standing("INC-1")
        assert standing and standing.status == WAITING and standing.wake_at
        assert str(away) in standing.why
        clock.now = standing.wake_at


def test_an_incident_that_ends_its_processes_is_set_aside(work: Work, clock: Clock) -> None:
    work.wake(None, "INC-1")
    for _ in range(FAILURES):
        assert work.claim_next(HERE, lease_s=10)
        clock.now += 10
    assert work.claim_next(HERE) is None
    standing = work.standing("INC-1")
    assert standing and standing.status == STUCK and "in a row" in standing.why


def test_a_step_that_is_done_ends_the_row_of_failures(work: Work, clock: Clock) -> None:
    work.wake(None, "INC-1")
    for _ in range(2 * FAILURES):
        work.progressed(held(work.claim_next(HERE, lease_s=10)))
        clock.now += 10
    standing = work.standing("INC-1")
    assert standing and (standing.status, standing.attempts) == (READY, 0)


def test_every_write_under_a_lost_lease_is_refused(place: Path | str) -> None:
    store = Store.open(place)
    document = kept(store, incidents.full())
    lease = held(store.work.claim(document.id, HERE))
    mine = store.under(lease)
    mine.update(document.id, lambda doc: None)
    found = store.under(lease)
    found.add_evidence(document.id, document.evidence[0], {"rows": []})
    store.work.release(lease, None, "given back")
    before = store.load(document.id)
    request = Request(document.id, "abc", "action", "restart", 0.0, 9e9)
    for write in (
        lambda: mine.update(document.id, _closed),
        lambda: found.update(document.id, lambda doc: None),  # with what was found before
        lambda: mine.ledger.ask(request),
        lambda: mine.ledger.claim(free("key", document.id)),
        lambda: mine.timers.begin(document.id, "settles", 5),
    ):
        with pytest.raises(LeaseLost):
            write()
    assert store.load(document.id) == before
    assert store.ledger.waiting(document.id) == []
    assert store.ledger.claim(free("key", document.id)) is None  # nobody had it


def _closed(document: Incident) -> None:
    document.title = "rewritten by a straggler"


def test_racing_workers_get_every_incident_once(place: Path | str) -> None:
    store = Store.open(place)
    names = [f"INC-{number}" for number in range(30)]
    for name in names:
        store.work.wake(None, name)
    taken: list[str] = []

    def take() -> None:
        own, owner = Store.open(place).work, new_owner()
        while lease := own.claim_next(owner):
            taken.append(lease.incident_id)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(names)


def test_waking_counts_only_with_its_transaction(place: Path | str) -> None:
    store = Store.open(place)
    with pytest.raises(ZeroDivisionError), store.engine.begin() as connection:
        wake(connection, "INC-1", why="an alert")
        raise ZeroDivisionError
    assert store.work.standing("INC-1") is None


def test_a_process_of_this_machine_that_is_gone_is_known_to_be(
    place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, mine = Store.open(place), new_owner()
    assert not is_dead(mine) and not is_dead(OTHER)
    store.work.wake(None, "INC-1")
    lease = held(store.work.claim_next(mine))
    monkeypatch.setattr(leases.os, "kill", _no_such_process)
    assert is_dead(mine)
    store.work.bury()
    assert held(store.work.claim_next(OTHER)).token > lease.token


def _no_such_process(_pid: int, _signal: int) -> None:
    raise ProcessLookupError


def test_a_timer_is_begun_once_and_is_due_once_its_time_has_come(
    place: Path | str, clock: Clock
) -> None:
    timers = Timers(Store.open(place).engine, clock)
    assert timers.begin("INC-1", "settles 1", 60) == 1_060.0
    clock.now += 30
    assert timers.begin("INC-1", "settles 1", 60) == 1_060.0  # the node ran again
    assert timers.due_at("INC-1", "settles 1") == 1_060.0
    assert timers.due_at("INC-1", "settles 2") is None
    clock.now += 30
    assert timers.due_at("INC-1", "settles 1") is None


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (State.investigating, HANDED_OVER),
        (State.contained, HANDED_OVER),
        (State.resolved, OVER),
        (State.closed, OVER),
    ],
)
def test_what_ends_unresolved_is_handed_over(
    place: Path | str, clock: Clock, state: State, status: str
) -> None:
    store = Store.open(place)
    work = Work(store.engine, clock)
    document = incidents.running()
    document.state = state
    kept(store, document)
    work.wake(None, document.id)
    assert work.release(held(work.claim_next(HERE)), None, "over") == status
    standing = work.standing(document.id)
    assert standing and ("take it over" in standing.why) is (status == HANDED_OVER)
    assert store.incidents()[0].work == status
    work.wake(None, document.id)
    assert work.claim_next(HERE) is None  # it is with people


def test_one_person_takes_what_was_handed_over_and_it_stays_theirs(place: Path | str) -> None:
    store = Store.open(place)
    document = incidents.running()
    kept(store, document)
    store.work.wake(None, document.id)
    store.work.release(held(store.work.claim_next(HERE)), None, "over")
    people, begin, took = ["ann", "bob", "eve"], threading.Barrier(3), list[str]()

    def take(name: str) -> None:
        begin.wait()
        with suppress(InputError):
            took.extend([name] * take_over(store, document.id, person(name)))

    threads = [threading.Thread(target=take, args=[name]) for name in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (name,) = took
    said = [event.text for event in store.load(document.id).timeline]
    assert said.count(f"{name} has taken it over") == 1
    assert store.work.release(held(store.work.claim(document.id, HERE)), None, "over") == OVER
    assert not take_over(store, document.id, person("late"))

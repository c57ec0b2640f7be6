"""Alerts, decisions, switches, time and crashes in any order, on the real code and a real database:
what has to hold then holds after every step."""

import shutil
import tempfile
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from warroom.actions.base import Action
from warroom.errors import ApprovalError, NotFound, WarroomError
from warroom.incident.action import Verdict
from warroom.incident.document import Alert
from warroom.incident.timeline import from_ts
from warroom.intake.grouping import group_due
from warroom.intake.silences import Matcher, Silences
from warroom.intake.taking import Delivery, keep
from warroom.record import audit
from warroom.record.holding import holding
from warroom.record.leases import Lease, shared_clock
from warroom.record.switches import Switches
from warroom.record.tables import ALERTS, APPROVALS, EFFECTS, WORK
from warroom.record.waking import ENDED, STUCK
from warroom.response import Response
from warroom.targets.stand_ins import Rehearsal, Rehearsed
from warroom.tests.support.bundles import START
from warroom.tests.support.crashing import crashing
from warroom.tests.support.databases import KINDS, fresh
from warroom.tests.support.people import person
from warroom.tests.support.responses import alert, inventory, room_over

LEASE_S = 60.0
POINTS = st.one_of(st.just(0), st.integers(1, 120))
"""The commit at which a turn crashes; 0: it does not."""


class Hands(Rehearsal):
    """Looks, at each deed, whether it was allowed and is the first of its claim."""

    def __init__(self, machine: "Incidents") -> None:
        super().__init__(inventory())
        self.machine = machine

    def perform(self, action: Action) -> Rehearsed:
        self.machine.acting()
        return super().perform(action)


class Incidents(RuleBasedStateMachine):
    """Two services in two environments, one system to act on, and whoever comes along."""

    server: str | None = None
    recording: Path

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "bundle").symlink_to(self.recording)
        self.place = fresh(self.server) if self.server else ""
        self.offset = self.latest = 0.0  # seconds that the clock is ahead, and ever was
        self.done: set[str] = set()  # keys of claims under which something was done
        self.sent = 0
        self.off = False
        self.reopen()

    @rule()
    def reopen(self) -> None:
        """The process is gone, and another one comes: nothing is known but what is written."""
        if hasattr(self, "context"):
            self.context.store.engine.dispose()
        self.context = room_over(self.folder, hands=Hands(self), place=self.place, max_attempts=1)
        self.store = self.context.store
        self.store.work.clock = self.store.timers.clock = self.clock
        self.store.ledger.clock = self.now

    def clock(self, connection) -> float:
        return shared_clock(connection) + self.offset

    def now(self) -> float:
        return time.time() + self.offset

    @rule(
        service=st.sampled_from(["gateway", "checkout"]),
        place=st.sampled_from(["a", "b"]),
        over=st.sampled_from([False, False, True]),
        dies=st.sampled_from([0, 0, 0, 1, 2]),
        when=st.sampled_from(["before", "after"]),
    )
    def send(self, service: str, place: str, over: bool, dies: int, when: str) -> None:
        told = alert(service, f"{service}/{place}")
        update = {"labels": {"service": service, "environment": place}, "receiver": "am"}
        if over:
            update |= {"status": "resolved", "ends_at": from_ts(START + 80)}
        told = Alert.model_validate({**told.model_dump(), **update})
        body = told.model_dump_json().encode()
        with crashing(self.store.engine, dies, when) as crash:
            keep(self.store.engine, [Delivery("am", body, alerts=[told])], self.now())
            self.sent += 1
        if crash.dead:
            self.reopen()

    @rule(dies=st.sampled_from([0, 0, 1, 2]), when=st.sampled_from(["before", "after"]))
    def group(self, dies: int, when: str) -> None:
        with crashing(self.store.engine, dies, when) as crash, suppress(WarroomError):
            group_due(self.store, from_ts(self.now()) + timedelta(seconds=1))
        if crash.dead:
            self.reopen()

    @rule(dies=POINTS, when=st.sampled_from(["before", "after"]))
    def work(self, dies: int, when: str) -> None:
        """Whoever is due is worked for a turn, or until it crashes."""
        with crashing(self.store.engine, dies, when) as crash:
            lease = self.store.work.claim_next("machine", LEASE_S)
            if lease is not None:
                self.turn(lease.incident_id, lease)
        if crash.dead:
            self.reopen()

    def turn(self, incident: str, lease: Lease) -> None:
        with (
            Response(self.context, lease_s=LEASE_S) as response,
            suppress(WarroomError),
            holding(self.store.work, lease, LEASE_S) as held,
        ):
            list(response.turn(held))

    @rule(verdict=st.sampled_from([Verdict.approved, Verdict.approved, Verdict.rejected]))
    def decide(self, verdict: Verdict) -> None:
        for incident in self.store.incidents():
            for request in self.store.ledger.waiting(incident.id):
                with suppress(ApprovalError, NotFound):
                    self.store.ledger.decide(incident.id, request.subject, verdict, person(), "why")

    @rule(off=st.booleans())
    def switch(self, off: bool) -> None:
        Switches(self.store.engine).turn(off, person(), "a test")
        self.off = off

    @rule(seconds=st.sampled_from([1.0, LEASE_S + 1, 1900.0, 3600.0, -30.0, -3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.offset += seconds
        self.latest = max(self.latest, self.offset)

    @rule(place=st.sampled_from(["a", "b"]))
    def silence(self, place: str) -> None:
        matchers = [Matcher(name="environment", value=place)]
        begin = from_ts(self.now())
        end = begin + timedelta(seconds=60)
        Silences(self.store.engine).add(matchers, begin, end, "a tester", "a test")

    def acting(self) -> None:
        """A claim of now stands under an approval that is live, and nothing was done under it."""
        assert not self.off
        with self.store.reading.begin() as connection:
            under_way = (EFFECTS.c.done_at.is_(None), EFFECTS.c.does == "execute")
            (claim,) = [
                row
                for row in connection.execute(select(EFFECTS).where(*under_way))
                if row.key not in self.done
            ]
            subject = claim.key.split(":")[2]
            here = (APPROVALS.c.incident_id == claim.incident_id, APPROVALS.c.subject == subject)
            rows = connection.execute(select(APPROVALS).where(*here).order_by(APPROVALS.c.number))
            answer = rows.all()[-1]
        assert answer.verdict == "approved"
        assert answer.decided_at <= answer.expires_at and claim.claimed_at <= answer.expires_at
        self.done.add(claim.key)

    @invariant()
    def every_alert_is_somebodys(self) -> None:
        for row in self.rows(ALERTS):
            assert row.incident_id or row.silence_id or row.due_at is not None or row.ends_at

    @invariant()
    def every_incident_is_owned_or_stuck(self) -> None:
        work = {row.incident_id: row for row in self.rows(WORK)}
        for line in self.store.incidents() if work or hasattr(self, "store") else ():
            row = work[line.id]
            assert row.wake_at is not None or row.owner or row.status in (*ENDED, STUCK), row

    def rows(self, table) -> list:
        if not hasattr(self, "store"):
            return []
        with self.store.reading.begin() as connection:
            return list(connection.execute(select(table)).all())

    def teardown(self) -> None:
        """In the end everything is worked, and the log of it is whole."""
        if not hasattr(self, "store"):
            return
        try:
            self.drain()
            assert audit.verify(self.store.engine).fault == ""
        finally:
            self.store.engine.dispose()
            shutil.rmtree(self.folder)

    def ended(self) -> bool:
        return all(row.status in (*ENDED, STUCK) for row in self.rows(WORK))

    def drain(self) -> None:
        self.switch(False)
        self.offset = self.latest + 4000.0
        group_due(self.store, from_ts(self.now()) + timedelta(seconds=1))
        for _ in range(40):
            self.decide(Verdict.approved)
            self.work(0, "after")
            self.offset += 100.0
            if self.ended():
                break
        assert self.ended(), self.rows(WORK)
        assert not [row for row in self.rows(ALERTS) if not row.incident_id and not row.ends_at]


def run(request: pytest.FixtureRequest, kind: str, how: settings) -> None:
    class Machine(Incidents):
        server = None if kind == "sqlite" else request.getfixturevalue("server")
        recording = request.getfixturevalue("recording")

    run_state_machine_as_test(Machine, settings=how)


FOUND = (Phase.generate,)  # a shorter example would take minutes more
QUICK = settings(max_examples=4, stateful_step_count=12, derandomize=True, phases=FOUND)
LONG = settings(max_examples=40, stateful_step_count=30)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.thorough)])
def test_in_any_order(request: pytest.FixtureRequest, kind: str) -> None:
    run(request, kind, QUICK)


@pytest.mark.reliability
@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", KINDS)
def test_in_any_order_for_long(request: pytest.FixtureRequest, kind: str) -> None:
    run(request, kind, LONG)

"""Whatever order people, crashes, switches and clocks come in: at most one effect an approval, and
none without one that was live when it was claimed."""

import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from warroom.errors import ApprovalError, HeldBack, NotFound
from warroom.incident.action import Verdict
from warroom.incident.identity import receiver
from warroom.record import audit
from warroom.record.claims import Bounds, Does, Effect
from warroom.record.ledger import LAPSED, Request
from warroom.record.store import Store
from warroom.record.switches import Switches
from warroom.tests.support.databases import KINDS, fresh
from warroom.tests.support.people import person

PLANS = st.sampled_from(["restart", "roll back"])
INCIDENTS = st.sampled_from(["INC-1", "INC-2"])
VERDICTS = st.sampled_from([Verdict.approved] * 3 + [Verdict.rejected])
TARGET = "shop/payments"
LIMIT = 2


class Effects(RuleBasedStateMachine):
    """Two incidents with two plans each, all on one target, and what they may do to each other."""

    server: str | None = None  # PostgreSQL's; None: a file

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.place = fresh(self.server) if self.server else self.folder / "warroom.db"
        self.at = 1_000_000.0
        self.off = False
        self.begun: dict[str, float] = {}  # the world: when each effect happened
        self.claimed: set[str] = set()
        self.under_way: str | None = None
        self.reopen()

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            assert audit.verify(self.store.engine).fault == ""
            self.store.engine.dispose()
            shutil.rmtree(self.folder)

    @rule()
    def reopen(self) -> None:
        """A process ended and another one came: nothing is known but what is written."""
        if hasattr(self, "store"):
            self.store.engine.dispose()
        self.store = Store.open(self.place)
        self.store.ledger.clock = lambda: self.at
        self.switches = Switches(self.store.engine)

    @rule(seconds=st.sampled_from([1.0, 30.0, 120.0, 4000.0, -60.0]))
    def time_passes(self, seconds: float) -> None:
        self.at += seconds

    @rule(off=st.booleans())
    def switch(self, off: bool) -> None:
        self.switches.turn(off, person(), "a test")
        self.off = off

    @rule(incident=INCIDENTS, plan=PLANS)
    def ask(self, incident: str, plan: str) -> None:
        request = Request(incident, plan, "action", plan, self.at, self.at + 60)
        assert self.store.ledger.ask(request, afresh=LAPSED).subject == plan

    @rule(incident=INCIDENTS, plan=PLANS, verdict=VERDICTS)
    def decide(self, incident: str, plan: str, verdict: Verdict) -> None:
        before = self.store.ledger.decision(incident, plan)
        with suppress(ApprovalError, NotFound):
            self.store.ledger.decide(incident, plan, verdict, person(), "why")
            assert before is None  # of an open question, and of nothing else

    @rule(incident=INCIDENTS)
    def withdraw(self, incident: str) -> None:
        self.store.ledger.withdraw(incident, receiver("alertmanager"), "resolved")

    @rule(incident=INCIDENTS, plan=PLANS, dies=st.sampled_from(["", "", "before", "after"]))
    def act(self, incident: str, plan: str, dies: str) -> None:
        """Claim, do, report; the process may end before it did something, or before it says so."""
        effect = self.effect(incident, plan)
        live = self.live(incident, plan)
        try:
            earlier = self.store.ledger.claim(effect, Bounds(per_target=LIMIT))
        except (ApprovalError, HeldBack):
            return
        if earlier is not None:
            assert effect.key in self.claimed
            return
        assert live and not self.off and self.under_way is None
        assert effect.key not in self.claimed
        self.claimed.add(effect.key)
        if dies != "before":
            self.begun[effect.key] = self.at
        if dies:
            self.under_way = effect.key
        else:
            assert self.store.ledger.finish(effect.key, {})

    @rule(incident=INCIDENTS, plan=PLANS)
    def ask_approve_and_act(self, incident: str, plan: str) -> None:
        """The ordinary course, so that it comes often."""
        self.ask(incident, plan)
        self.decide(incident, plan, Verdict.approved)
        self.act(incident, plan, "")

    @rule()
    def find_out(self) -> None:
        """What nobody reported is looked for in the world."""
        if self.under_way is None:
            return
        void = self.under_way not in self.begun
        assert self.store.ledger.finish(self.under_way, {}, void=void)
        assert not self.store.ledger.finish(self.under_way, {}, void=not void)
        self.under_way = None

    @invariant()
    def no_more_than_the_limit_in_an_hour(self) -> None:
        if hasattr(self, "begun"):
            times = sorted(self.begun.values())
            assert all(self.within(times, at) <= LIMIT for at in times)

    @staticmethod
    def within(times: list[float], at: float) -> int:
        return sum(at <= time < at + 3600 for time in times)

    def effect(self, incident: str, plan: str) -> Effect:
        effect = Effect(incident, Does.execute, plan, 1, TARGET)
        with suppress(NotFound):
            effect = replace(effect, number=self.store.ledger.request(incident, plan).number)
        return effect

    def live(self, incident: str, plan: str) -> bool:
        answer = self.store.ledger.decision(incident, plan)
        return answer is not None and answer.verdict is Verdict.approved


@pytest.mark.parametrize("kind", KINDS)
def test_effects_happen_once_and_only_as_approved(
    kind: str, request: pytest.FixtureRequest
) -> None:
    class Machine(Effects):
        server = None if kind == "sqlite" else request.getfixturevalue("server")

    few = settings(
        max_examples=20,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(Machine, settings=few)

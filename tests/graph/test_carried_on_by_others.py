"""What was prepared and waits for others: looked at until they merge it, close it or push to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from warroom.actions.catalogue import plan
from warroom.actions.configuration import RevertConfiguration
from warroom.actions.inventory import Request, Stood
from warroom.agents.runtime import gate
from warroom.agents.runtime.waits import OTHERS_LOOKS
from warroom.app.work import _beside
from warroom.incident.action import ActionPlan, Execution, Outcome, Verdict
from warroom.incident.document import Incident
from warroom.incident.lifecycle import State
from warroom.incident.timeline import from_ts
from warroom.record.timers import Timers
from warroom.record.work import Work
from warroom.response import Response
from warroom.tests.support.bundles import START
from warroom.tests.support.hands import Hands
from warroom.tests.support.people import person
from warroom.tests.support.responses import Time, alert, decide, inventory, room_over
from warroom.tests.support.shop_bundle import Fault, Shop, run_shop

COMMIT, WHERE = "0123abc4567", "https://forge.example/acme/shop/pulls/7"
ASKED = {"base": "main at 1", "branch": "b", "head": "2", "title": "t", "diff": "-1\n+2"}
REQUEST = Request(repository="acme/shop", **ASKED)
EARLY, CURED = 90, 500


class Forge(Hands):
    """What it is asked for stands there as somebody left it."""

    stood: Stood | None = None
    looks = 0

    def stands(self, asked: Request) -> Stood | None:
        assert asked.branch == REQUEST.branch
        self.looks += 1
        return self.stood


@dataclass
class Asked:
    """An incident of which a request is open, and whose time somebody lets pass."""

    forge: Forge
    shop: Shop
    time: Time
    response: Response
    incident: str
    plan: ActionPlan = field(init=False)

    def passes(self, seconds: float) -> None:
        self.time.now += seconds
        while self.shop.second < EARLY + self.time.now - 1_000.0:
            self.shop.one_second(8)
        self.shop.bundle.flush()

    def runs(self) -> Incident:
        self.response.context.looked.clear()  # as long ago as that
        list(self.response.run(self.incident))
        return self.document

    @property
    def document(self) -> Incident:
        return self.response.context.store.load(self.incident)

    @property
    def execution(self) -> Execution:
        found = self.document.execution(self.plan.hash)
        assert found
        return found

    def stands(self, state: str, **more: object) -> Incident:
        self.forge.stood = Stood(state, WHERE, **more)  # type: ignore[arg-type]
        return self.runs()

    def moved(self, to: State, why: str = "") -> bool:
        return any(one.state is to and why in one.reason for one in self.document.transitions)

    def says(self, part: str) -> bool:
        return any(part in line.text for line in self.document.timeline)


@contextmanager
def asked(home: Path, place: Path | str = "", looks: int = 2) -> Iterator[Asked]:
    there = inventory()
    there.requests = {COMMIT: REQUEST}
    forge, time = Forge(there), Time()
    fault = Fault("errors", "checkout", at=60, until=CURED)
    shop = run_shop(home / "bundle", fault, seconds=EARLY)
    context = room_over(home, hands=forge, place=place)
    context.clock = lambda: from_ts(START + EARLY + time.now - 1_000.0)
    context.pace, context.looks = 1.0, looks
    context.store.work = Work(context.store.engine, time)
    context.store.timers = Timers(context.store.engine, time)
    with Response(context, beside=_beside) as response:
        incident, _ = response.take(alert())
        it = Asked(forge, shop, time, response, incident)
        it.runs()
        made = plan(RevertConfiguration.kind, "checkout", {"commit": COMMIT}, "w", inventory=there)
        it.plan = made = made.model_copy(update={"proposed_by": "ann"})
        gate.propose(context, it.document, made, "ann")
        context.store.ledger.decide(incident, made.hash, Verdict.approved, by=person())
        it.runs()
        for _ in range(12):
            if (found := it.document.execution(made.hash)) and found.outcome is Outcome.waits:
                break
            it.passes(15)
            it.runs()
        assert it.execution.outcome is Outcome.waits
        yield it


def measured(it: Asked) -> Outcome:
    for _ in range(12):
        it.passes(15)
        it.runs()
        last = it.document.reports[-1]
        if it.execution.outcome is not Outcome.started and not getattr(last, "improving", False):
            break
    return it.execution.outcome


def test_what_is_merged_is_measured_from_then_on(tmp_path: Path, place: Path | str) -> None:
    with asked(tmp_path, place) as it:
        it.passes(CURED - it.shop.second)
        it.stands("open")
        assert it.execution.outcome is Outcome.waits and it.forge.looks
        ours = plan("restart", "checkout", {}, "w", inventory=it.forge.inventory())
        gate.propose(it.response.context, it.document, ours, "ann")
        it.runs()
        asks = [one.subject for one in it.response.waiting(it.incident) if one.kind == "action"]
        assert asks == [ours.hash]
        it.stands("merged")
        assert it.says(f"{WHERE} was merged; telemetry decides what it did")
        assert it.execution.merged_at == it.execution.ended_at
        assert it.moved(State.recovering, "others carried it on")
        answer = it.response.context.store.ledger.decision(it.incident, ours.hash)
        assert answer and answer.verdict is Verdict.withdrawn
        assert all(one.kind == "text" for one in it.response.waiting(it.incident))
        assert measured(it) is Outcome.better
        assert it.document.state in (State.resolved, State.post_incident)


def test_what_is_merged_and_does_not_help_is_told_so(tmp_path: Path) -> None:
    with asked(tmp_path) as it:
        it.stands("merged")
        assert it.execution.merged_at
        assert measured(it) is Outcome.unchanged
        assert it.moved(State.investigating, "the action left things unchanged")
        assert not it.moved(State.resolved)


def test_what_is_closed_changed_nothing(tmp_path: Path) -> None:
    with asked(tmp_path) as it:
        it.stands("closed")
        assert it.says(f"{WHERE} is closed and was not merged: it changed nothing")
        assert (it.execution.outcome, it.execution.merged_at) == (Outcome.failed, None)
        assert not it.document.waiting
        assert not it.moved(State.resolved) and not it.moved(State.recovering)


def test_what_others_pushed_is_told_once(tmp_path: Path) -> None:
    with asked(tmp_path) as it:
        for _ in range(2):
            it.stands("open", others=True)
            it.passes(5)
        told = [
            line for line in it.document.timeline if "somebody pushed to the branch" in line.text
        ]
        assert len(told) == 1 and WHERE in told[0].text
        assert it.execution.outcome is Outcome.waits


def test_it_is_looked_at_after_all_other_looks_and_not_for_ever(tmp_path: Path) -> None:
    with asked(tmp_path, looks=1) as it:
        it.forge.stood, looks = Stood("open", WHERE), 0
        for _ in range(1 + OTHERS_LOOKS):
            assert not it.response.over(it.incident) and it.forge.looks > looks
            looks, it.time.now = it.forge.looks, it.time.now + 2 * 60 * 2 ** (1 + OTHERS_LOOKS)
            it.runs()
        assert it.response.timer(it.incident) is None
        decide(it.response.context, it.incident, Verdict.rejected, "text")
        it.runs()
        assert it.response.over(it.incident)
        assert it.execution.outcome is Outcome.waits and not it.moved(State.resolved)

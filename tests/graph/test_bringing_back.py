"""Traffic that was limited comes back in stages: one approval, each stage measured before the next,
taken back if worse; at a real edge whose rules lie in a real repository."""

import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest
from langgraph.runtime import Runtime

from warroom.actions.catalogue import plan, staged
from warroom.actions.edge import BringBack, Throttle
from warroom.actions.services import Restart
from warroom.agents import steps
from warroom.agents.health.bringing_back import bringing_back
from warroom.agents.health.verification import verify
from warroom.agents.reporting.recovery import recovery_view
from warroom.agents.runtime.case import Case
from warroom.agents.runtime.context import ResponseContext
from warroom.agents.runtime.effects import act, undo
from warroom.app.recovery import Recovery
from warroom.console.recover import Menu
from warroom.incident.action import ActionPlan, Execution, Outcome, Verdict
from warroom.incident.document import Incident
from warroom.incident.filing import file_report
from warroom.incident.identity import at_terminal
from warroom.incident.lifecycle import State
from warroom.incident.report import VerificationReport
from warroom.incident.timeline import EventKind, from_ts, utc_now
from warroom.intake.handing import take
from warroom.record.claims import Does, Effect
from warroom.record.ledger import Request
from warroom.record.timers import Timers
from warroom.record.work import Work
from warroom.response import Response
from warroom.state import Acted, IncidentState
from warroom.targets.configured import Edge
from warroom.targets.git import Configuration, Git
from warroom.targets.operations import Operations
from warroom.tests.support.bundles import START, BundleWriter
from warroom.tests.support.consoles import paper
from warroom.tests.support.people import person
from warroom.tests.support.responses import alert, decide, inventory, room_over
from warroom.tests.support.shop_bundle import ROUTES, Fault, Shop, catalogue, run_shop

ROUTE, LIMIT, STAGES = "/cart", 0.5, [10, 50, 100]


class Ramp:
    """An incident with a limit of ours at a real edge, and what is done about it."""

    def __init__(self, home: Path) -> None:
        if not (home / "config").exists():
            (home / "config").mkdir(parents=True)
            (home / "config/edge.json").write_text(json.dumps({"limits": {ROUTE: LIMIT}}))
            for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Set up"]):
                Git(home / "config").run(*words)
        self.git = Git(home / "config")
        self.edge = Edge(Configuration(home / "config"))
        self.context: ResponseContext = room_over(home)
        self.context.operations = self.context.survey = Operations(self.edge)
        self.store = self.context.store
        known = self.store.incidents()
        self.incident = known[0].id if known else take(self.store, alert(), self.context.clock())[0]

    @property
    def limits(self) -> dict[str, float]:
        return self.edge.rules()["limits"]

    def planned(self, kind: str, **parameters: Any) -> ActionPlan:
        inventory = self.context.inventory
        made = plan(kind, "gateway", {"route": ROUTE, **parameters}, "why", inventory=inventory)
        self.store.update(self.incident, lambda doc: doc.proposals.append(made))
        return made

    def approved(self, subject: ActionPlan, seconds: float = 60) -> IncidentState:
        at = self.store.ledger.clock()
        asked = Request(self.incident, subject.hash, "action", subject.title, at, at + seconds)
        self.store.ledger.ask(asked)
        self.store.ledger.decide(self.incident, subject.hash, Verdict.approved, by=person())
        return IncidentState(incident_id=self.incident, plan=subject.hash)

    def act(self, state: IncidentState) -> str:
        found = act(state, cast("Runtime[ResponseContext]", Runtime(context=self.context)))
        return found["acted"]

    def verified(self, subject: ActionPlan, outcome: Outcome, following: str = "") -> None:
        told = {"specialist": "observability", "conclusion": "concluded", "summary": "measured"}
        told |= {"plan": subject.hash, "outcome": outcome, "well": True, "next": following}
        report = VerificationReport.model_validate(told)
        self.store.update(self.incident, lambda doc: file_report(doc, report, self.store.payload))

    def done(self) -> Execution:
        return self.store.load(self.incident).executions[-1]

    def case(self) -> Case:
        return self.context.case(self.incident, steps.VERIFY, 1, lambda _event: None)


@pytest.fixture
def ramp(tmp_path: Path) -> Ramp:
    return Ramp(tmp_path)


def test_one_approval_brings_it_back_in_three_stages_each_once(ramp: Ramp) -> None:
    back = ramp.planned(BringBack.kind, limit=LIMIT, full=100.5, stages=STAGES)
    state = ramp.approved(back)
    for rate in (10.5, 50.5, None):
        assert ramp.act(state) == ramp.act(state) == Acted.begun.value  # it runs again: once
        assert ramp.limits.get(ROUTE) == rate
        further = staged(back, ramp.done().stage + 1) is not None
        ramp.verified(back, Outcome.stayed_well, "act" if further else "")
        going = State.monitoring if further else State.resolved
        assert ramp.store.load(ramp.incident).state is going, "not over before the last stage"
    document = ramp.store.load(ramp.incident)
    assert [each.plan for each in document.executions] == [back.hash]
    told = [event.text for event in document.timeline if event.text.startswith(back.title)]
    assert [text for text in told if text.endswith(("stage 2", "stage 3"))] == [
        f"{back.title}, stage 2",
        f"{back.title}, stage 3",
    ]
    keys = [Effect(ramp.incident, Does.execute, back.hash, stage=n).key for n in range(3)]
    assert all(ramp.store.ledger.effect(key) for key in keys) and len(set(keys)) == 3


def test_no_stage_begins_before_the_last_was_found_well(ramp: Ramp) -> None:
    back = ramp.planned(BringBack.kind, limit=LIMIT, full=100.5, stages=STAGES)
    state = ramp.approved(back)
    ramp.act(state)
    ramp.verified(back, Outcome.unverified)
    ramp.act(state)
    assert ramp.limits == {ROUTE: 10.5} and ramp.done().stage == 0


def test_a_stage_that_makes_it_worse_goes_back_to_the_share_before(ramp: Ramp) -> None:
    back = ramp.planned(BringBack.kind, limit=LIMIT, full=100.5, stages=STAGES)
    state = ramp.approved(back)
    ramp.act(state)
    ramp.verified(back, Outcome.stayed_well, "act")
    ramp.act(state)
    ramp.verified(back, Outcome.worse)
    undo(state, cast("Runtime[ResponseContext]", Runtime(context=ramp.context)))
    assert ramp.limits == {ROUTE: 10.5} and ramp.done().undone


def test_the_approval_that_was_used_in_time_covers_the_later_stages(ramp: Ramp) -> None:
    back = ramp.planned(BringBack.kind, limit=LIMIT, full=100.5, stages=STAGES)
    state = ramp.approved(back, seconds=30)
    ramp.act(state)
    ramp.verified(back, Outcome.stayed_well, "act")
    late = ramp.store.ledger.clock() + 60
    ramp.store.ledger.clock = lambda: late
    assert ramp.act(state) == Acted.begun.value and ramp.limits == {ROUTE: 50.5}


def test_a_stage_that_is_known_not_to_have_happened_is_done_anew(ramp: Ramp) -> None:
    back = ramp.planned(BringBack.kind, limit=LIMIT, full=100.5, stages=STAGES)
    state = ramp.approved(back)
    ramp.act(state)
    ramp.verified(back, Outcome.stayed_well, "act")
    gone = Effect(ramp.incident, Does.execute, back.hash, stage=1)
    ramp.store.ledger.claim(gone)  # and whoever did so ends before it does anything
    assert ramp.act(state) == Acted.void.value and ramp.limits == {ROUTE: 10.5}
    assert (ramp.done().stage, ramp.done().outcome) == (0, Outcome.stayed_well)
    assert ramp.act(state) == Acted.begun.value and ramp.limits == {ROUTE: 50.5}


def test_nothing_comes_back_without_an_approval_of_exactly_this(ramp: Ramp) -> None:
    back = ramp.planned(BringBack.kind, limit=LIMIT, full=100.5, stages=STAGES)
    other = ramp.planned(BringBack.kind, limit=LIMIT, full=100.5, stages=[50, 100])
    assert back.hash != other.hash
    ramp.approved(back)
    state = IncidentState(incident_id=ramp.incident, plan=other.hash)
    at = ramp.store.ledger.clock()
    ramp.store.ledger.ask(Request(ramp.incident, other.hash, "action", "other", at, at + 60))
    assert ramp.act(state) == Acted.lapsed.value
    assert ramp.limits == {ROUTE: LIMIT}


def test_without_a_service_a_person_says_yes_to_each_stage(ramp: Ramp, tmp_path: Path) -> None:
    lines = iter(["2", "gateway", ROUTE, str(LIMIT), "100.5", "10,50,100", "yes", "yes", "no"])
    (tmp_path / "operations.json").write_text('{"supervisor_url": "http://127.0.0.1:1/RPC2"}')
    hands = Recovery(Operations(ramp.edge), tmp_path / "home", at_terminal("ann"))
    menu = Menu(paper(), hands, tmp_path / "operations.json", lambda _question: next(lines))
    assert menu.run() == 0 and ramp.limits == {ROUTE: 50.5}
    assert hands.take_back(2).receipt["before"] == 50.5 and ramp.limits == {ROUTE: 10.5}


def limited(ramp: Ramp, at: datetime | None = None) -> ActionPlan:
    """Our limit, carried out and in force."""
    limit = ramp.planned(Throttle.kind, rate=LIMIT)
    now = at or utc_now()
    begun = Execution(plan=limit.hash, title=limit.title, started_at=now, ended_at=now)
    begun.outcome = Outcome.contained
    ramp.store.update(ramp.incident, lambda doc: doc.executions.append(begun))
    return limit


def test_what_we_limit_is_proposed_to_come_back_by_its_own_rate(ramp: Ramp) -> None:
    limit = limited(ramp)
    (made,) = bringing_back(ramp.case())
    assert (made.kind, made.target, made.parameters["route"]) == (BringBack.kind, "gateway", ROUTE)
    back = BringBack.parse(made.target, made.parameters)
    assert back.full > back.limit == LIMIT and back.stages == STAGES
    assert back.rates[1:3] == sorted(rate for rate in back.rates[1:3] if rate and rate > LIMIT)
    assert list(bringing_back(ramp.case(), but=limit.hash)) == [], "it has just ended what hurt"
    view = recovery_view(ramp.store.load(ramp.incident))
    assert any(step.name == f"traffic {ROUTE}" for step in view.steps)


def test_what_is_limited_no_more_or_was_refused_is_not_proposed(ramp: Ramp) -> None:
    limited(ramp)
    (back,) = bringing_back(ramp.case())
    ramp.store.update(ramp.incident, lambda doc: doc.proposals.append(back))
    state = ramp.approved(back)
    for _stage in BringBack.parse(back.target, back.parameters).stages:
        ramp.act(state)
        ramp.verified(back, Outcome.stayed_well, "act")
    assert list(bringing_back(ramp.case())) == []
    (step,) = (s for s in recovery_view(ramp.store.load(ramp.incident)).steps if ROUTE in s.name)
    assert step.met and step.now == "lifted, and it stays well"


GO_ON = """
import sys
from pathlib import Path
from warroom.state import IncidentState
from warroom.tests.graph.test_bringing_back import Ramp
ramp = Ramp(Path(sys.argv[1]))
ramp.act(IncidentState(incident_id=ramp.incident, plan=sys.argv[2]))
"""


GIT = """#!/bin/sh
case " $* " in *" commit "*) ;; *) exec {git} "$@" ;; esac
[ {when} = before ] || {git} "$@"
kill -9 $PPID
"""


@pytest.mark.thorough
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_killed_in_a_stage_neither_loses_nor_doubles_one(tmp_path: Path, when: str):
    """Killed by the git that it calls: before the change is committed, or after."""
    ramp = Ramp(tmp_path)
    back = ramp.planned(BringBack.kind, limit=LIMIT, full=100.5, stages=STAGES)
    state = ramp.approved(back)
    ramp.act(state)
    ramp.verified(back, Outcome.stayed_well, "act")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(GIT.format(git=shutil.which("git"), when=when))
    (tmp_path / "bin/git").chmod(0o755)
    acting = [sys.executable, "-c", GO_ON, str(tmp_path), back.hash]
    path = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    assert subprocess.run(acting, env=path, check=False).returncode == -signal.SIGKILL
    reopened = Ramp(tmp_path)
    assert (reopened.done().outcome, reopened.done().stage) == (Outcome.started, 1)
    assert reopened.act(state) == reopened.act(state) == Acted.begun.value
    assert reopened.limits == {ROUTE: 50.5}
    reopened.verified(back, Outcome.stayed_well, "act")
    reopened.act(state)
    assert reopened.limits == {} and reopened.done().stage == 2
    subjects = reopened.git.run("log", "--format=%s").splitlines()
    assert len(subjects) == len(set(subjects)), subjects


HURT = Fault("errors", "checkout", at=60, until=80)
AGAIN = Fault("errors", "checkout", at=0)


class Refusing(Shop):
    """Half of the requests of a route are refused from second 70 on."""

    def request(self, at: float, route: str) -> None:
        if route != ROUTE or self.second < 70 or self.rng.random() < 0.5:
            return super().request(at, route)
        self.counts["http_requests_total", "gateway", "route", route, "code", "429"] += 1
        names = (f"{next(self.ids):032x}", f"{next(self.ids):016x}", "")
        told: dict[str, Any] = {"client.address": "10.0.1.7", "http.route": route}
        told["http.response.status_code"] = 429
        self.bundle.span(at, "gateway", ROUTES[route].name, names, ms=1.0, **told)
        return None


@pytest.mark.parametrize("ours", [True, False])
def test_what_our_limit_refuses_takes_nothing_from_the_cure_and_is_asked_about(
    tmp_path: Path, ours: bool
) -> None:
    with BundleWriter(tmp_path / "bundle", catalogue(), START) as bundle:
        shop = Refusing(bundle, HURT, random.Random(7))
        for _ in range(300):
            shop.one_second(rps=8)
    ramp, at = Ramp(tmp_path), from_ts(START + 80)
    ramp.context.clock = lambda: from_ts(START + 295)
    if ours:
        limited(ramp, from_ts(START + 70))
    cure = plan(Restart.kind, "checkout", {}, "why", inventory=inventory())
    done = Execution(plan=cure.hash, title=cure.title, started_at=at, ended_at=at)
    ramp.store.update(ramp.incident, lambda doc: doc.proposals.append(cure))
    ramp.store.update(ramp.incident, lambda doc: doc.executions.append(done))
    found = verify(ramp.case())
    asked = [made.kind for made in found.proposals]
    if ours:
        assert (found.outcome, found.next, asked) == (Outcome.better, "ask", [BringBack.kind])
    else:  # of others' limits nothing is known
        assert (found.outcome, found.next, asked) == (Outcome.contained, "", [])


def lived(
    home: Path, breaks: Callable[[float], bool], answer: Verdict = Verdict.approved
) -> tuple[Ramp, Incident]:
    """A whole response to errors that end while a limit of ours is in force; whether they come back
    is up to how much the edge lets through. Seconds pass where it waits for them."""
    shop = run_shop(home / "bundle", HURT, seconds=110)
    ramp = Ramp(home)
    context, now = ramp.context, lambda: from_ts(START + shop.second)
    context.clock, context.pace = now, 1.0
    ramp.store.work = Work(ramp.store.engine, lambda _: now().timestamp())
    ramp.store.timers = Timers(ramp.store.engine, ramp.store.work.clock)
    limited(ramp, from_ts(START + 70))
    with Response(context) as response:
        list(response.run(ramp.incident))
        for _turn in range(60):
            asked = decide(context, ramp.incident, answer)
            decide(context, ramp.incident, Verdict.rejected, kind="text")
            if not asked and response.over(ramp.incident):
                break
            for _second in range(math.ceil(response.timer(ramp.incident) or 0)):
                shop.fault = AGAIN if breaks(ramp.limits.get(ROUTE, math.inf)) else HURT
                shop.one_second(rps=8)
            shop.bundle.flush()
            list(response.run(ramp.incident))
        else:
            raise AssertionError("the response did not end")
    return ramp, ramp.store.load(ramp.incident)


def commits(ramp: Ramp) -> list[str]:
    """What was done at the edge, in order."""
    return ramp.git.run("log", "--reverse", "--format=%s").splitlines()[1:]


@pytest.mark.thorough
def test_a_response_ends_when_all_the_traffic_is_back(tmp_path: Path) -> None:
    ramp, document = lived(tmp_path, breaks=lambda rate: False)
    (back,) = (plan for plan in document.proposals if plan.kind == BringBack.kind)
    rates = BringBack.parse(back.target, back.parameters).rates[1:3]
    limits = [f"Limit {ROUTE} to {rate:g}/s" for rate in rates]
    assert commits(ramp) == [*limits, f"Lift the limit on {ROUTE}"]
    done = document.executions[-1]
    assert (done.plan, done.outcome, done.stage) == (back.hash, Outcome.stayed_well, 2)
    assert [d.subject for d in document.decisions if d.subject == back.hash] == [back.hash]
    assert document.state in (State.resolved, State.post_incident)
    told = [event.text for event in document.timeline if event.kind is EventKind.verification]
    assert len([text for text in told if f"{back.title}: stayed well" in text]) == 3


@pytest.mark.thorough
def test_a_share_that_hurts_goes_back_to_the_one_before_and_says_so(tmp_path: Path) -> None:
    ramp, document = lived(tmp_path, breaks=lambda rate: rate > 0.8)
    done = next(each for each in document.executions if each.title.startswith("bring back"))
    assert (done.outcome, done.undone, done.stage) == (Outcome.worse, True, 1)
    (back,) = (plan for plan in document.proposals if plan.hash == done.plan)
    assert ramp.limits[ROUTE] == BringBack.parse(back.target, back.parameters).rates[1]
    assert any("undone" in event.text for event in document.timeline)
    (step,) = (s for s in recovery_view(document).steps if s.name == f"traffic {ROUTE}")
    assert not step.met and step.now.endswith("10% of what it held back is let in again")
    assert document.state is State.contained, "well with that share, and not over"


@pytest.mark.thorough
def test_where_a_person_says_no_the_limit_stays_and_it_is_over(tmp_path: Path) -> None:
    ramp, document = lived(tmp_path, breaks=lambda rate: False, answer=Verdict.rejected)
    assert ramp.limits == {ROUTE: LIMIT} and commits(ramp) == []
    assert document.state in (State.resolved, State.post_incident)
    (step,) = (s for s in recovery_view(document).steps if s.name == f"traffic {ROUTE}")
    assert not step.met

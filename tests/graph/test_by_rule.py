"""A rule answers at the one gate, in a whole response over real parts: nobody is asked, and all
else is as with a person."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from warroom.actions.policy import Freeze, Policy
from warroom.agents.runtime import by_rule
from warroom.agents.runtime.context import ResponseContext
from warroom.app.rules import settle
from warroom.errors import InputError
from warroom.incident.action import Verdict
from warroom.incident.document import Incident
from warroom.incident.timeline import from_ts
from warroom.record.ledger import Request
from warroom.record.rules import FAILED, NOT_BEGUN, RULINGS, WOULD, switch_of
from warroom.record.switches import Switches
from warroom.response import Response
from warroom.tests.support.hands import Hands
from warroom.tests.support.people import person
from warroom.tests.support.responses import begin, inventory, room_over
from warroom.tests.support.rules import rule

ALWAYS = "Mon 00:00/P7D UTC"
BY = "rule restart-hung, version 1 (automatic)"


def policy(**other: object) -> Policy:
    return Policy(rules=[rule(**other)])


@pytest.fixture(scope="module")
def waiting(tmp_path_factory) -> Path:
    """A home with an incident whose response waits for the commander; no rule was there."""
    home = tmp_path_factory.mktemp("waiting") / "home"
    home.mkdir()
    context = room_over(home, hands=Hands(inventory()))
    response, _incident = begin(context)
    response.__exit__()
    context.store.engine.dispose()
    return home


@pytest.fixture
def context(tmp_path: Path, waiting: Path) -> ResponseContext:
    """The same in the second in which it was asked, with a rule that acts."""
    shutil.copytree(waiting, tmp_path / "home")
    found = room_over(tmp_path / "home", hands=Hands(inventory()))
    found.policy, asked = policy(), open_question(found)
    found.store.ledger.clock = lambda: asked.requested_at + 1
    return found


def open_question(context: ResponseContext) -> Request:
    return next(r for r in context.store.ledger.waiting() if r.kind == "action")


def document(context: ResponseContext) -> Incident:
    return context.store.load(context.store.incidents()[0].id)


def answer(context: ResponseContext) -> str:
    """Who answered it then, if anybody did."""
    asked, found = open_question(context), document(context)
    plan = found.plan(asked.subject)
    assert plan and plan.title == "restart payments"
    by_rule.answer(context, found, plan)
    said = context.store.ledger.decision(found.id, asked.subject)
    return said.by if said else ""


def outcomes(context: ResponseContext) -> list[str | None]:
    with context.store.engine.begin() as connection:
        return list(connection.execute(select(RULINGS.c.outcome)).scalars())


def acted(context: ResponseContext) -> int:
    assert isinstance(context.operations, Hands)
    return len(context.operations.acted)


def run(context: ResponseContext) -> list[Request]:
    """On from where it stands; what is asked then about actions."""
    with Response(context) as response:
        list(response.run(document(context).id))
        return [r for r in response.waiting(document(context).id) if r.kind == "action"]


def test_nobody_is_asked_and_all_else_is_as_ever(tmp_path):
    context = room_over(tmp_path, hands=Hands(inventory()))
    context.policy = policy()
    response, _incident = begin(context)
    response.__exit__()
    found = document(context)
    assert acted(context) == 1
    decision = next(d for d in found.decisions if d.verdict is Verdict.approved)
    assert (decision.by, decision.subject) == (BY, found.executions[0].plan)
    assert "hung process in payments" in decision.reason and rule().hash[:12] in decision.reason
    line = next(e for e in found.timeline if e.actor == BY)
    assert line.text.startswith("approved: restart payments")
    assert found.executions[0].measures  # telemetry decides, and this one goes on failing
    settle(context.settings, context.store)
    assert outcomes(context) == [FAILED]


def test_it_answers_what_is_asked_in_this_moment(context):
    assert answer(context) == BY
    run(context)
    assert acted(context) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda c: setattr(c, "recorded", True),
        lambda c: setattr(c, "policy", Policy()),
        lambda c: setattr(c, "policy", policy(mode="off")),
        lambda c: setattr(c, "policy", policy(confidence=0.999)),
        lambda c: setattr(c, "policy", policy(witnesses=5)),
        lambda c: setattr(c, "policy", Policy(rules=[rule()], freeze=[Freeze.parse(ALWAYS)])),
        lambda c: Switches(c.store.engine).turn(True, person("ann"), "hands off"),
        lambda c: Switches(c.store.engine).turn(True, person("ann"), "", switch_of("")),
    ],
    ids=["recording", "no rule", "off", "unsure", "unseen", "frozen", "switch", "all stopped"],
)
def test_else_a_person_is_asked_as_ever(context, change: Callable[[ResponseContext], object]):
    change(context)
    assert answer(context) == ""
    assert outcomes(context) == []
    assert [r.number for r in run(context)] == [1]
    assert acted(context) == 0


def test_what_people_have_had_before_them_is_theirs(context):
    asked = open_question(context)
    context.store.ledger.clock = lambda: asked.requested_at + 61
    assert answer(context) == ""
    assert (
        "fits and does not act: people have it before them" in document(context).timeline[-1].text
    )


@pytest.mark.parametrize("given", [{"mode": "simulate"}, {}])
def test_what_is_tried_out_acts_on_nothing(context, given):
    context.policy = Policy(rules=[rule(**given)], dry_run=not given)
    assert answer(context) == ""
    assert outcomes(context) == [WOULD]
    assert [r.number for r in run(context)] == [1]
    assert acted(context) == 0


def test_the_first_by_priority_that_fits_decides(context):
    first = rule(name="first", priority=1, causes=["memory leak"])
    context.policy = Policy(rules=[rule(), first, rule(name="second", priority=50)])
    assert answer(context) == "rule second, version 1 (automatic)"


def unreadable() -> Policy:
    raise InputError("warroom.yaml: is not UTF-8 text")


@pytest.mark.parametrize(
    "reread",
    [
        Policy,
        lambda: policy(confidence=0.71),
        lambda: policy(mode="simulate"),
        unreadable,
    ],
    ids=["gone", "edited", "switched", "unreadable"],
)
def test_a_policy_that_was_edited_in_between_leaves_it_to_people(context, reread):
    assert answer(context) == BY
    context.reread = reread
    assert [r.number for r in run(context)] == [2]
    assert acted(context) == 0
    assert outcomes(context) == [NOT_BEGUN]
    assert "a person is asked" in "\n".join(e.text for e in document(context).timeline)


def test_hours_that_end_in_between_leave_it_to_people(context):
    asked = open_question(context)
    opens, shuts = (from_ts(asked.requested_at + s).strftime("%H:%M") for s in (0, 120))
    context.policy = policy(hours=[f"{opens}-{shuts}"])
    assert answer(context) == BY
    context.store.ledger.clock = lambda: asked.requested_at + 200
    assert [r.number for r in run(context)] == [2]
    assert acted(context) == 0


def test_stopped_in_between_nothing_is_begun(context):
    assert answer(context) == BY
    Switches(context.store.engine).turn(True, person("ann"), "no", switch_of("restart-hung"))
    assert [r.number for r in run(context)] == [2]
    assert acted(context) == 0


def test_killed_between_the_decision_and_the_effect_it_is_done_once(context, tmp_path):
    assert answer(context) == BY
    context.store.engine.dispose()
    again = room_over(tmp_path / "home", hands=Hands(inventory()))
    again.policy, again.store.ledger.clock = context.policy, context.store.ledger.clock
    run(again)
    assert acted(again) == 1
    third = replace(again, operations=Hands(inventory()))
    run(third)
    assert acted(third) == 0

"""Between an answer and an effect: what lapsed is asked anew, what may not happen now waits, what
nobody reported is never taken for done, and nothing of it ends as resolved."""

from pathlib import Path

import pytest
from sqlalchemy import update

from warroom.actions.capabilities import Receipt
from warroom.actions.policy import Policy
from warroom.agents.runtime import hands as acting
from warroom.errors import Halfway
from warroom.incident.action import Outcome, Verdict
from warroom.incident.document import Incident
from warroom.incident.identity import receiver
from warroom.incident.lifecycle import State
from warroom.record.claims import Does, Effect
from warroom.record.ledger import Asks, Request
from warroom.record.switches import Switches
from warroom.record.tables import TIMERS
from warroom.response import Response
from warroom.targets.stand_ins import DRY, DryRun
from warroom.tests.support.hands import Hands
from warroom.tests.support.people import person
from warroom.tests.support.responses import asking, begin, decide, inventory, room_over
from warroom.tests.support.working import until


def begun(home: Path, hands: Hands | None = None, **policy: object) -> tuple[Response, str, Hands]:
    hands = hands or Hands(inventory())
    if not policy:
        return *asking(home, hands), hands
    context = room_over(home, hands=hands)
    context.policy = Policy.model_validate(policy)
    response, incident = begin(context)
    return response, incident, hands


def run(response: Response, incident: str) -> None:
    list(response.run(incident))


def actions(response: Response, incident: str, kind: Asks = Asks.action) -> list[Request]:
    return [request for request in response.waiting(incident) if request.kind == kind]


def pass_time(response: Response) -> None:
    """As when every timer is due."""
    with response.context.store.engine.begin() as connection:
        connection.execute(update(TIMERS).values(due_at=0))


def document(response: Response, incident: str) -> Incident:
    return response.context.store.load(incident)


def texts(response: Response, incident: str) -> str:
    return "\n".join(event.text for event in document(response, incident).timeline)


def test_a_plan_that_nobody_answered_is_asked_anew_and_not_burnt(tmp_path: Path) -> None:
    response, incident, hands = begun(tmp_path)
    [first] = actions(response, incident)
    ledger = response.context.store.ledger
    ledger.clock = lambda: first.expires_at + 1
    run(response, incident)
    [second] = actions(response, incident)
    assert (second.subject, second.number) == (first.subject, 2)
    assert hands.acted == []
    assert document(response, incident).state is not State.resolved
    assert decide(response.context, incident, Verdict.approved) == [first.subject]
    run(response, incident)
    assert len(hands.acted) == 1


def test_what_was_approved_too_late_to_be_used_is_asked_anew(tmp_path: Path) -> None:
    response, incident, hands = begun(tmp_path)
    [first] = actions(response, incident)
    decide(response.context, incident, Verdict.approved)
    response.context.store.ledger.clock = lambda: first.expires_at + 1
    run(response, incident)
    assert hands.acted == []
    assert [request.number for request in actions(response, incident)] == [2]


def test_edits_in_a_circle_do_not_spin(tmp_path: Path) -> None:
    response, incident, hands = begun(tmp_path)
    [asked] = actions(response, incident)
    ledger = response.context.store.ledger
    now = ledger.clock()
    ledger.ask(Request(incident, "b" * 64, "action", "another", now, now + 60))
    ledger.decide(incident, asked.subject, Verdict.edited, person(), "b" * 64)
    ledger.decide(incident, "b" * 64, Verdict.edited, person(), asked.subject)
    run(response, incident)
    assert hands.acted == []


def test_a_system_that_is_another_by_now_is_planned_for_anew(tmp_path: Path) -> None:
    response, incident, hands = begun(tmp_path)
    decide(response.context, incident, Verdict.approved)
    hands.becomes(inventory().model_copy(update={"system": "another"}))
    run(response, incident)
    assert hands.acted == []
    assert document(response, incident).executions == []
    assert "decided for system none; it is another by now" in texts(response, incident)
    assert response.context.store.ledger.effect(f"{incident}:execute:x") is None


@pytest.mark.parametrize("pace", [1.0, 0.0])
def test_while_the_switch_is_off_an_approved_plan_waits(tmp_path: Path, pace: float) -> None:
    """Over a recording too: a person's switch is of our time."""
    response, incident, hands = begun(tmp_path)
    response.context.pace = pace
    switches = Switches(response.context.store.engine)
    switches.turn(True, person("ann"), "hands off")
    [subject] = decide(response.context, incident, Verdict.approved)
    for _ in range(3):
        run(response, incident)
        pass_time(response)
    assert hands.acted == []
    assert texts(response, incident).count("switched off by ann") == 1  # said once
    standing = response.context.store.work.standing(incident)
    assert standing and "held back" in standing.why
    switches.turn(False, person("ann"), "")
    run(response, incident)
    assert [e.plan for e in document(response, incident).executions][:1] == [subject]
    assert len(hands.acted) >= 1


def test_in_a_freeze_nothing_is_begun(tmp_path: Path) -> None:
    frozen = "Mon 00:00/P7D UTC"
    response, incident, hands = begun(tmp_path, freeze=[frozen])
    decide(response.context, incident, Verdict.approved)
    run(response, incident)
    assert hands.acted == []
    assert "changes are frozen until" in texts(response, incident)
    assert document(response, incident).state is not State.resolved


def test_two_persons_approve_where_the_policy_says_so(tmp_path: Path) -> None:
    response, incident, hands = begun(tmp_path, two_person=["restart"])
    [asked] = actions(response, incident)
    ledger = response.context.store.ledger
    ledger.decide(incident, asked.subject, Verdict.approved, person("ann"))
    run(response, incident)
    assert hands.acted == []
    ledger.decide(incident, asked.subject, Verdict.approved, person("bob"))
    run(response, incident)
    assert len(hands.acted) >= 1


def test_in_a_dry_run_nothing_is_touched_and_nothing_is_credited(tmp_path: Path) -> None:
    hands = Hands(inventory())
    context = room_over(tmp_path)
    context.operations = DryRun(hands)
    response, incident = begin(context)
    decide(context, incident, Verdict.approved)
    run(response, incident)
    assert hands.acted == []
    execution = document(response, incident).executions[0]
    assert execution.receipt["note"] == DRY
    assert execution.outcome in (Outcome.failed, Outcome.by_itself)


def claimed(response: Response, incident: str) -> Effect:
    """The approved plan's effect, as a process that then died left it."""
    [asked] = actions(response, incident)
    decide(response.context, incident, Verdict.approved)
    effect = Effect(incident, Does.execute, asked.subject, asked.number, "payments")
    assert response.context.store.ledger.claim(effect) is None
    return effect


def test_what_nobody_reported_is_asked_about_and_a_person_says_it_was_done(tmp_path: Path) -> None:
    response, incident, hands = begun(tmp_path)
    effect = claimed(response, incident)
    run(response, incident)
    [question] = actions(response, incident, Asks.effect)
    assert question.title == "it was carried out: restart payments"
    assert document(response, incident).executions[0].outcome is Outcome.started
    ledger = response.context.store.ledger
    ledger.decide(incident, question.subject, Verdict.approved, person("ann"), "it runs anew")
    run(response, incident)
    assert hands.acted == []
    execution = document(response, incident).executions[0]
    assert execution.plan == effect.subject
    assert "ann says that it was done: it runs anew" in texts(response, incident)
    assert execution.outcome is not Outcome.better  # telemetry decides, and it goes on failing


def test_what_a_person_says_was_not_done_is_asked_anew_under_a_new_key(tmp_path: Path) -> None:
    response, incident, hands = begun(tmp_path)
    effect = claimed(response, incident)
    run(response, incident)
    [question] = actions(response, incident, Asks.effect)
    ledger = response.context.store.ledger
    ledger.decide(incident, question.subject, Verdict.rejected, person("ann"), "it never began")
    run(response, incident)
    [again] = actions(response, incident)
    assert (again.subject, again.number) == (effect.subject, 2)
    assert hands.acted == []  # never by itself
    decide(response.context, incident, Verdict.approved)
    run(response, incident)
    assert len(hands.acted) == 1
    outcomes = [e.outcome for e in document(response, incident).executions]
    assert outcomes[0] is Outcome.not_done
    assert outcomes[1] is not Outcome.not_done


def test_what_the_system_shows_as_done_needs_no_person(tmp_path: Path) -> None:
    response, incident, hands = begun(tmp_path)
    effect = claimed(response, incident)
    hands.keys.add(effect.key)
    run(response, incident)
    assert actions(response, incident, Asks.effect) == []
    assert "the system shows that it was done" in texts(response, incident)
    assert hands.acted == []


def test_a_late_report_answers_the_question(tmp_path: Path) -> None:
    response, incident, _hands = begun(tmp_path)
    effect = claimed(response, incident)
    run(response, incident)
    assert response.context.store.ledger.finish(effect.key, {"receipt": {"changed": True}})
    run(response, incident)
    assert actions(response, incident, Asks.effect) == []
    assert document(response, incident).executions[0].receipt == {"changed": True}


def test_an_action_that_hangs_is_left_alone_and_reports_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Event

    go_on = Event()
    monkeypatch.setattr(acting, "ACTION_S", 0.01)
    response, incident, hands = begun(tmp_path, Hands(inventory(), before=go_on.wait))
    [subject] = decide(response.context, incident, Verdict.approved)
    run(response, incident)
    assert len(actions(response, incident, Asks.effect)) == 1
    go_on.set()
    effect = Effect(incident, Does.execute, subject)
    ledger = response.context.store.ledger
    until(lambda: ledger.effect(effect.key).done_at is not None, "its thread reports")  # pyright: ignore
    run(response, incident)
    assert len(hands.acted) == 1
    assert actions(response, incident, Asks.effect) == []


def test_what_failed_half_way_leaves_a_receipt(tmp_path: Path) -> None:
    def fail() -> None:
        raise Halfway("it never answered", Receipt(note="the link is switched"))

    response, incident, _hands = begun(tmp_path, Hands(inventory(), before=fail))
    decide(response.context, incident, Verdict.approved)
    run(response, incident)
    execution = document(response, incident).executions[0]
    assert execution.receipt == {"changed": True, "note": "the link is switched"}
    assert execution.outcome is Outcome.failed
    assert "it never answered" in texts(response, incident)


def test_a_sender_who_calls_it_resolved_is_held_against_telemetry(tmp_path: Path) -> None:
    response, incident, hands = begun(tmp_path)
    [asked] = actions(response, incident)
    ledger = response.context.store.ledger
    assert ledger.withdraw(incident, receiver("alertmanager"), "it is resolved") == [asked.subject]
    run(response, incident)
    [again] = actions(response, incident)  # the recording goes on failing
    assert (again.subject, again.number) == (asked.subject, 2)
    found = document(response, incident)
    assert found.state is not State.resolved
    assert Verdict.withdrawn in {decision.verdict for decision in found.decisions}
    assert hands.acted == []


def test_a_closed_incident_begins_nothing_however_often_it_is_resumed(tmp_path: Path) -> None:
    response, incident, hands = begun(tmp_path)
    context = response.context
    decide(context, incident, Verdict.approved)
    context.store.update(
        incident, lambda doc: doc.move(State.closed, context.now(doc), "test", "over")
    )
    for _ in range(2):
        run(response, incident)
    assert hands.acted == []
    assert "nothing is begun any more" in texts(response, incident)
    assert document(response, incident).state is State.closed

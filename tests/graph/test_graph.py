"""The graph: gates that only our table opens, effects that happen once, loops that end."""

import threading
from pathlib import Path

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from warroom.actions.edge import BlockSource
from warroom.actions.services import Restart
from warroom.graph import build
from warroom.incident.action import Outcome, Verdict
from warroom.incident.communication import MessageState
from warroom.incident.lifecycle import State
from warroom.incident.report import DetectionReport, PostmortemReport
from warroom.incident.timeline import EventKind, from_ts
from warroom.record.claims import Does, Effect
from warroom.response import Response
from warroom.targets.stand_ins import Rehearsal
from warroom.tests.support.bundles import START
from warroom.tests.support.responses import (
    alert,
    asking,
    begin,
    decide,
    finish,
    inventory,
    room_over,
)
from warroom.tests.support.shop_bundle import NO_FAULT, Fault


def hands() -> Rehearsal:
    return Rehearsal(inventory())


def test_all_thirteen_steps_are_on_the_picture() -> None:
    picture = build().compile().get_graph(xray=True).draw_mermaid()
    names = (
        "detect",
        "sweep",
        "mitigate",
        "debug",
        "security",
        "performance",
        "design_fix",
        "verify",
        "announce",
        "customer_impact",
        "postmortem",
        "monitoring",
        "hardening",
    )
    assert [name for name in names if name not in picture] == []


def test_people_are_told_beside_the_rest_and_two_steps_need_the_debugger_alone() -> None:
    """§3."""
    drawn = build().compile().get_graph(xray=True).edges
    edges = {(e.source.split(":")[-1], e.target.split(":")[-1]) for e in drawn}
    assert edges >= {("debug", "security"), ("debug", "performance")}
    assert edges >= {("security", "design_fix"), ("performance", "design_fix")}
    assert not edges & {("security", "performance"), ("performance", "security")}
    assert edges >= {("detect", "__start__"), ("__start__", "sweep"), ("detect", "customer_impact")}


def test_nothing_acts_before_the_commander_answers(tmp_path: Path) -> None:
    acting = hands()
    response, incident = begin(room_over(tmp_path, hands=acting))
    kinds = {item.kind for item in response.waiting(incident)}
    assert kinds == {"action", "text"}
    assert acting.acted == []


def test_a_forged_resume_opens_no_gate(tmp_path: Path) -> None:
    acting = hands()
    response, incident = asking(tmp_path, acting)
    context = response.context
    config: RunnableConfig = {"configurable": {"thread_id": incident}}
    pending = response.graph.get_state(config).interrupts
    forged = Command(resume={item.id: {"verdict": "approved"} for item in pending})
    response.graph.invoke(forged, config, context=context, durability="sync")
    assert acting.acted == []
    assert {item.kind for item in response.waiting(incident)} == {"action", "text"}


def test_an_approved_plan_is_carried_out_once_and_measured(tmp_path: Path) -> None:
    acting = hands()
    response, incident = asking(tmp_path, acting)
    context = response.context
    (subject,) = decide(context, incident, Verdict.approved)
    list(response.run(incident))
    document = context.store.load(incident)
    assert [call[:2] for call in acting.acted][:1] == [(Restart.kind, "payments")]
    assert document.executions[0].plan == subject
    # The recorded telemetry goes on failing: what did not help is never called done.
    assert document.executions[0].outcome in (Outcome.unchanged, Outcome.unverified)
    assert document.state is not State.resolved
    entered = [change.state for change in document.transitions]
    acted = entered.index(State.containing)
    assert entered[acted + 1] is State.recovering  # carried out: it has time to stabilise
    assert entered[acted + 2] in (State.investigating, State.monitoring)


def test_an_action_waits_for_no_text_and_a_text_for_no_action(tmp_path: Path) -> None:
    acting = hands()
    response, incident = asking(tmp_path, acting)
    context = response.context
    decide(context, incident, Verdict.approved, kind="text")
    list(response.run(incident))
    sent = [m for m in context.store.load(incident).communications if m.external]
    assert [m.state for m in sent] == [MessageState.sent]
    assert acting.acted == []
    decide(context, incident, Verdict.approved)
    list(response.run(incident))
    assert len(acting.acted) >= 1


def test_internal_messages_leave_at_once_and_external_ones_never_unapproved(
    tmp_path: Path,
) -> None:
    response, incident = asking(tmp_path, hands())
    context = response.context
    states = {m.external: m.state for m in context.store.load(incident).communications}
    assert states == {False: MessageState.sent, True: MessageState.awaiting_approval}
    sent = [m.id for m in context.store.load(incident).communications if not m.external]
    lines = context.store.load(incident).timeline
    told = " ".join(line.text for line in lines if line.kind is EventKind.message)
    assert sent and all(f"{name} to " in told for name in sent)  # §10
    finish(response, incident, Verdict.rejected)
    external = [m for m in context.store.load(incident).communications if m.external]
    assert {m.state for m in external} == {MessageState.rejected}


def test_a_restart_picks_up_where_it_stopped(tmp_path: Path) -> None:
    acting = hands()
    first, incident = asking(tmp_path, acting)
    first.__exit__()
    context = room_over(tmp_path, hands=acting)
    with Response(context) as second:
        before = len(context.store.load(incident).evidence)
        assert list(second.run(incident)) == []  # nobody has answered: nothing runs again
        assert len(context.store.load(incident).evidence) == before
        decide(context, incident, Verdict.approved)
        list(second.run(incident))
    assert len(acting.acted) >= 1


def test_two_processes_that_resume_act_once(tmp_path: Path) -> None:
    acting = hands()
    response, incident = asking(tmp_path, acting)
    context = response.context
    (subject,) = decide(context, incident, Verdict.approved)
    errors: list[str] = []

    def resume() -> None:
        with Response(room_over(tmp_path, hands=acting)) as other:
            try:
                list(other.run(incident))
            except Exception as error:  # noqa: BLE001 - the loser says why, whatever it is
                errors.append(str(error))

    threads = [threading.Thread(target=resume) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    executions = [e for e in context.store.load(incident).executions if e.plan == subject]
    assert len(executions) == 1
    assert len([call for call in acting.acted if call == acting.acted[0]]) == 1
    assert all("another process" in text for text in errors)


def test_a_plan_approved_after_the_system_is_gone_fails_in_words(tmp_path: Path) -> None:
    response, incident = asking(tmp_path, hands())
    context = response.context
    context.operations = None
    (subject,) = decide(context, incident, Verdict.approved)
    list(response.run(incident))
    document = context.store.load(incident)
    assert [e.plan for e in document.executions] == [subject]
    assert document.executions[0].outcome is not Outcome.better
    assert any("nothing was done" in event.text for event in document.timeline)


def test_a_message_claimed_by_a_process_that_died_is_sent_all_the_same(tmp_path: Path) -> None:
    response, incident = asking(tmp_path, hands())
    context = response.context
    (subject,) = decide(context, incident, Verdict.approved, kind="text")
    assert context.store.ledger.claim(Effect(incident, Does.send, subject)) is None
    list(response.run(incident))
    outbox = context.settings.files(incident) / "messages"
    assert list(outbox.glob(f"{subject}-*.txt"))


def test_rejection_is_recorded_and_ends_without_acting(tmp_path: Path) -> None:
    acting = hands()
    response, incident = asking(tmp_path, acting)
    context = response.context
    finish(response, incident, Verdict.rejected)
    document = context.store.load(incident)
    assert acting.acted == []
    assert {d.verdict for d in document.decisions} == {Verdict.rejected}
    assert (
        document.report(PostmortemReport) is not None
    )  # what was learned is written down all the same


def test_what_does_not_help_is_tried_a_bounded_number_of_times(tmp_path: Path) -> None:
    acting = hands()
    context = room_over(tmp_path, hands=acting, max_attempts=2)
    response, incident = begin(context)
    finish(response, incident, Verdict.approved)
    document = context.store.load(incident)
    titles = [execution.title for execution in document.executions]
    assert len(titles) == len(set(titles)) <= 2
    assert document.state is not State.resolved
    assert {report.attempt for report in document.reports} == {1, 2}
    moves = [plan.move for plan in document.proposals]
    assert len(moves) == len(set(moves))  # what did not help is not proposed again


def test_noise_ends_early(tmp_path: Path) -> None:
    acting = hands()
    context = room_over(tmp_path, NO_FAULT, acting)
    response, incident = begin(context)
    document = context.store.load(incident)
    assert response.over(incident)
    assert document.state is State.closed
    assert [report.step for report in document.reports] == [1]
    assert document.proposals == []


def test_telemetry_that_ends_before_the_alert_calls_nothing_noise(tmp_path: Path) -> None:
    context = room_over(tmp_path, NO_FAULT)
    late = alert().model_copy(update={"starts_at": from_ts(START + 3600)})
    with Response(context) as response:
        incident, _ = response.take(late)
        list(response.run(incident))
    document = context.store.load(incident)
    first = document.report(DetectionReport)
    assert first is not None and first.conclusion == "inconclusive"
    assert document.state is not State.closed
    assert "telemetry of the alert" in {gap.what for gap in document.gaps}


def test_a_duplicate_joins_the_running_incident(tmp_path: Path) -> None:
    response, incident = asking(tmp_path, hands())
    context = response.context
    again, new = response.take(alert())
    assert (again, new) == (incident, False)
    other, new = response.take(alert(fingerprint="f2").model_copy(update={"name": "Slow"}))
    assert (other, new) == (incident, False)
    (joined,) = context.store.load(incident).joined
    assert joined.reason == "gateway again, within 5 minutes"


def test_without_hands_the_response_advises_and_ends(tmp_path: Path) -> None:
    response, incident = asking(tmp_path)
    context = response.context
    assert {item.kind for item in response.waiting(incident)} == {"text"}
    document = context.store.load(incident)
    assert document.proposals[0].title == "restart payments"
    assert document.executions == []
    assert document.report(PostmortemReport) is not None


def test_every_claim_of_a_whole_response_resolves(tmp_path: Path) -> None:
    response, incident = asking(tmp_path)
    context = response.context
    document = context.store.load(incident)
    assert document.dropped == []
    assert len(document.findings) > 5
    kinds = [event.kind for event in document.timeline]
    assert kinds.index(EventKind.alert) < kinds.index(EventKind.severity)


def test_a_leak_far_from_its_limit_is_no_noise(tmp_path: Path) -> None:
    """Nothing fails yet and nothing is nearly full: growth alone backs the alert."""
    context = room_over(tmp_path, Fault("leak", "recommendations", at=60), hands())
    context.clock = lambda: from_ts(START + 72)
    response = Response(context)
    incident, _ = response.take(alert("recommendations"))
    list(response.run(incident))
    document = context.store.load(incident)
    assert document.state is not State.closed
    assert document.hypotheses[0].service == "recommendations"


def test_an_attack_is_eradicated_and_not_contained(tmp_path: Path) -> None:
    """§5."""
    acting = hands()
    context = room_over(tmp_path, Fault("stuffing"), hands=acting)
    response, incident = begin(context)
    decide(context, incident, Verdict.approved)
    list(response.run(incident))
    assert [call[:2] for call in acting.acted][:1] == [(BlockSource.kind, "gateway")]
    entered = [change.state for change in context.store.load(incident).transitions]
    assert State.eradicating in entered and State.containing not in entered

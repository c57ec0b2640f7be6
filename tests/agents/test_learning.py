"""What actions teach about causes, and which actions may be proposed on what is known."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from warroom.actions.catalogue import plan
from warroom.actions.inventory import Inventory, Part
from warroom.actions.services import Reroute, Restart, RollBack
from warroom.agents import steps
from warroom.agents.causes.candidate import Candidate
from warroom.agents.causes.judgement import judge
from warroom.agents.causes.observations import Observations
from warroom.agents.causes.remedies import propose, sure_of_first, why_no_restart
from warroom.incident.action import ActionKind, Execution, Outcome
from warroom.incident.document import Incident
from warroom.incident.filing import file_report
from warroom.incident.finding import Argument, FaultKind, Hypothesis
from warroom.incident.report import InvestigationReport
from warroom.intake.handing import take
from warroom.tests.support.incidents import at, minimal
from warroom.tests.support.responses import alert, inventory, room_over
from warroom.tools.sessions import RoleConnections, SessionWait
from warroom.tools.state import StateChange


def candidate(service: str, kind: FaultKind, weight: float = 4.0) -> Candidate:
    made = Candidate(service, kind, f"{kind.value} at {service}")
    made.backed(weight, 1.0, "seen")
    return made


def found() -> list[Candidate]:
    return [
        candidate("payments", FaultKind.hung_process),
        candidate("payments", FaultKind.memory_leak),
        candidate("payments", FaultKind.bad_flag),
        candidate("checkout", FaultKind.hung_process),
    ]


def acted(kind: ActionKind, target: str, outcome: Outcome, cause: FaultKind) -> Incident:
    """An incident in which one action against one cause ended so."""
    document = minimal()
    document.hypotheses = judge(found(), document)
    blamed = next(h for h in document.hypotheses if (h.service, h.kind) == (target, cause))
    parts = {target: Part(instances=["a"], version="v2", versions=["v1", "v2"])}
    values = {"to_version": "v1"} if kind == RollBack.kind else {}
    done = plan(
        kind, target, values, "why", inventory=Inventory(services=parts), hypothesis=blamed.id
    )
    document.proposals = [done]
    document.executions = [
        Execution(plan=done.hash, title=done.title, started_at=at(0), outcome=outcome)
    ]
    return document


def odds(hypotheses: list[Hypothesis]) -> dict[tuple[str, str], float]:
    return {
        (h.service, h.kind.value): sum(a.weight for a in (*h.support, *h.contradiction))
        for h in hypotheses
    }


def test_what_did_not_help_speaks_against_every_cause_that_it_would_have_cured():
    document = acted(Restart.kind, "payments", Outcome.unchanged, FaultKind.hung_process)
    left = odds(judge(found(), document))
    hung, leak = left["payments", "hung process"], left["payments", "memory leak"]
    assert hung < leak < 4.0  # a restart is the first move for the one, the second for the other
    assert left["payments", "bad feature flag"] == left["checkout", "hung process"] == 4.0


@pytest.mark.parametrize("outcome", [Outcome.by_itself, Outcome.failed, Outcome.unverified])
def test_what_proved_nothing_teaches_nothing(outcome: Outcome):
    document = acted(Restart.kind, "payments", outcome, FaultKind.hung_process)
    assert set(odds(judge(found(), document)).values()) == {4.0}


def test_a_verified_cause_stands_when_its_evidence_has_gone_with_it():
    document = acted(RollBack.kind, "payments", Outcome.better, FaultKind.memory_leak)
    after = judge([candidate("checkout", FaultKind.hung_process)], document)
    assert (after[0].service, after[0].kind) == ("payments", FaultKind.memory_leak)
    assert after[0].confidence > 0.9
    document.hypotheses = after
    assert judge([], document)[0].confidence == pytest.approx(after[0].confidence, abs=0.1)


@pytest.mark.parametrize("rival", [4.0, 9.0, 14.0])
def test_a_verified_cause_is_never_less_sure_than_when_it_was_verified(rival: float):
    document = acted(RollBack.kind, "payments", Outcome.better, FaultKind.memory_leak)
    proven = next(h for h in document.hypotheses if h.kind is FaultKind.memory_leak)
    proven.confidence = 0.99
    faint = candidate("payments", FaultKind.memory_leak, 0.4)
    after = judge([faint, candidate("checkout", FaultKind.hung_process, rival)], document)
    assert (after[0].id, after[0].confidence >= 0.99) == (proven.id, True)
    assert sum(h.confidence for h in after) <= 1.001
    assert any("as measured" in argument.text for argument in after[0].support)
    report = InvestigationReport(
        specialist="debugger", conclusion="concluded", summary="s", hypotheses=after
    )
    file_report(document, report, lambda _digest: None, at(60))
    assert next(h for h in document.hypotheses if h.id == proven.id).confidence >= 0.99


def test_no_report_rules_out_what_an_action_proved():
    document = acted(RollBack.kind, "payments", Outcome.better, FaultKind.memory_leak)
    proven = next(h for h in document.hypotheses if h.kind is FaultKind.memory_leak)
    rival = Hypothesis(
        id="H9",
        statement="the network",
        service="x",
        kind=FaultKind.network,
        support=[Argument(text="a guess", weight=1.0)],
        confidence=0.4,
    )
    report = InvestigationReport(
        specialist="debugger", conclusion="concluded", summary="s", hypotheses=[rival]
    )
    file_report(document, report, lambda _digest: None, at(60))
    kept = next(h for h in document.hypotheses if h.id == proven.id)
    assert (kept.ruled_out, kept.confidence) == ("", proven.confidence)


def test_a_cause_whose_part_ended_leaves_the_ranking_to_what_is_left():
    document = acted(RollBack.kind, "payments", Outcome.partly, FaultKind.memory_leak)
    alone = judge([candidate("checkout", FaultKind.hung_process)], minimal())[0].confidence
    after = judge([candidate("checkout", FaultKind.hung_process)], document)
    left = next(h for h in after if h.service == "checkout")
    ended = next(h for h in after if h.kind is FaultKind.memory_leak)
    assert left.confidence == pytest.approx(alone)
    assert ended.ended_by == document.executions[0].title and not ended.standing
    document.hypotheses = after
    leading = document.leading()
    assert leading and leading.service == "checkout"


def proposed(home: Path, service: str, kind: FaultKind, confidence: float, *tried: Outcome):
    """Plans and reasons for one cause, over a shop whose payments hang."""
    parts = inventory()
    parts.services["payments"].spares = ["payments-2"]
    context = room_over(home)
    incident, _ = take(context.store, alert(), context.clock())
    cause = Hypothesis(
        id="H1", statement="the cause", service=service, kind=kind, confidence=confidence
    )
    for outcome in tried:
        done = plan(Restart.kind, service, {}, "before", inventory=parts)
        begun = Execution(plan=done.hash, title=done.title, started_at=at(0), outcome=outcome)
        context.store.update(incident, lambda doc, p=done: doc.proposals.append(p))
        context.store.update(incident, lambda doc, e=begun: doc.executions.append(e))
    case = context.case(incident, steps.DESIGN_FIX, 1, lambda _event: None)
    case = replace(case, inventory=parts)
    plans, gaps = propose(Observations(case), [cause])
    return plans, [f"{gap.what}: {gap.why}" for gap in gaps], cause


def restart_of_payments(home: Path, **answers: list[Any]) -> str:
    """Why payments, which hangs, is not restarted, where state has these rows."""
    context = room_over(home)
    incident, _ = take(context.store, alert(), context.clock())
    seen = Observations(context.case(incident, steps.DESIGN_FIX, 1, lambda _event: None))
    for name, rows in answers.items():
        seen.__dict__[name] = SimpleNamespace(rows=rows)
    return why_no_restart(seen, "payments")


def wait(blocker: str, ended: bool = False) -> SessionWait:
    words = {"waiting_role": "payments", "waiting_application": "payments-1", "mode": "share"}
    words |= {"relation": "orders", "statement": "SELECT", "blocker": "7", "blocker_role": "admin"}
    words |= {"blocker_application": blocker, "blocker_state": "idle", "blocker_statement": "LOCK"}
    times = {"first": 0.0, "last": 9.0, "blocker_since": 0.0, "held_s": 9.0, "ended": ended}
    return SessionWait(**{"service": "database", "waiting": 3, **words, **times})


def test_a_process_that_waits_for_others_is_not_restarted(tmp_path: Path):
    assert "a lock that psql holds" in restart_of_payments(tmp_path, sessions=[wait("psql")])
    own = restart_of_payments(tmp_path, sessions=[wait("payments-1"), wait("psql", ended=True)])
    assert own == ""


def test_a_process_is_not_restarted_where_connections_or_settings_keep_it_out(tmp_path: Path):
    full = RoleConnections("database", "payments", 6, 6, 1.0, 3, "payments-1 3, report 3")
    assert "6 of 6 connections" in restart_of_payments(tmp_path, connections=[full])
    changed = StateChange(
        *("c1", 0.0, 5.0, "environment", "environment", "payments", "payments-1", "TIMEOUT"),
        *("2", "0.05", "", True, True, "TIMEOUT of payments-1 was 2 and is 0.05"),
    )
    assert "leaves that as it is" in restart_of_payments(tmp_path, state=[changed])
    assert restart_of_payments(tmp_path, state=[replace(changed, kind="restart")]) == ""


def test_a_likely_cause_that_hangs_is_restarted(tmp_path: Path):
    plans, _, cause = proposed(tmp_path, "payments", FaultKind.hung_process, 0.8)
    assert [p.kind for p in plans] == [Restart.kind, Reroute.kind]
    assert not plans[0].experiment
    assert sure_of_first(plans, [cause]) == 0.8


def test_below_one_half_only_a_labelled_experiment_with_an_undo_is_proposed(tmp_path: Path):
    plans, withheld, _ = proposed(tmp_path, "payments", FaultKind.hung_process, 0.4)
    (only,) = plans
    assert (only.kind, only.experiment, only.reversible) == (Reroute.kind, True, True)
    assert only.title.startswith("experiment: ") and "undone unless" in only.rationale
    assert any("below one half" in why and "what would decide" in why for why in withheld)


def test_a_service_that_answers_is_not_restarted(tmp_path: Path):
    plans, withheld, _ = proposed(tmp_path, "login", FaultKind.hung_process, 0.8)
    assert plans == []
    assert any("nothing says that login hangs" in why for why in withheld)


def test_what_was_tried_is_not_proposed_again_whatever_cause_asks_for_it(tmp_path: Path):
    for kind in (FaultKind.hung_process, FaultKind.pool_exhaustion):
        tried = Outcome.unchanged
        plans, withheld, _ = proposed(tmp_path / kind.name, "payments", kind, 0.9, tried)
        assert [p.kind for p in plans] == [Reroute.kind]
        assert any("tried already: it left things unchanged" in why for why in withheld)

"""A whole response with a model on top: what it may change, and what it never can."""

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from warroom.agents import steps
from warroom.agents.runtime.case import Case
from warroom.errors import ModelUnavailable
from warroom.evals.servers.scripted import Line
from warroom.graph import build
from warroom.incident.action import Verdict
from warroom.incident.document import Incident
from warroom.incident.finding import FaultKind
from warroom.incident.report import AnyReport
from warroom.models.allowance import Effort, allowance
from warroom.models.protocol import Ask, ToolCall
from warroom.settings import Settings
from warroom.targets.stand_ins import Rehearsal
from warroom.tests.support.responses import begin, finish, inventory, room_over
from warroom.tests.support.thinkers import ROOMY, evidence_of, filled, think, told


def respond(home: Path, script, verdict: Verdict = Verdict.rejected) -> tuple[Incident, list[Ask]]:
    """The document after a whole response with this script, and what was asked."""
    home.mkdir(exist_ok=True)
    context = room_over(home, hands=Rehearsal(inventory()))
    model = think(context, script)
    response, incident = begin(context)
    with response:
        if not response.over(incident):
            finish(response, incident, verdict)
        return context.store.load(incident), model.asked


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Incident, list[Ask]]:
    """A model that adds nothing."""
    return respond(tmp_path_factory.mktemp("calm"), lambda ask: filled(ask, summary="nothing new"))


def test_every_step_is_asked_once_and_the_leading_cause_challenged(
    calm: tuple[Incident, list[Ask]],
) -> None:
    document, asked = calm
    steps = {ask.step for ask in asked}
    assert steps >= {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13}
    assert len([ask for ask in asked if ask.purpose == "skeptic"]) >= 1
    assert len(document.model_calls) == len(asked)
    assert all("@" in call.prompt for call in document.model_calls)


def test_a_model_that_adds_nothing_changes_nothing(
    calm: tuple[Incident, list[Ask]], tmp_path: Path
) -> None:
    document, _ = calm
    floor, _ = respond(tmp_path / "floor", lambda _: ModelUnavailable("no model"))
    shown = lambda doc: [(h.service, h.kind, h.confidence) for h in doc.hypotheses]  # noqa: E731
    assert shown(document) == shown(floor)
    assert [p.title for p in document.proposals] == [p.title for p in floor.proposals]


def test_a_model_that_is_down_leaves_the_floor_and_every_report_says_so(tmp_path: Path) -> None:
    document, _ = respond(tmp_path / "down", lambda _: ModelUnavailable("no answer from the model"))
    assert document.leading() is not None
    assert {report.source for report in document.reports} == {"floor"}
    assert all("no answer from the model" in report.fallback for report in document.reports)


def test_a_brief_is_small_and_holds_tables_of_what_the_playbook_saw(
    calm: tuple[Incident, list[Ask]],
) -> None:
    _, asked = calm
    debug = next(ask for ask in asked if ask.step == 4)
    assert evidence_of(debug, "changed_paths")
    assert evidence_of(debug, "call_edges")
    assert len(told(debug)) < 24_000


def test_lies_are_dropped_and_listed(tmp_path: Path) -> None:
    lie = {
        "statement": "checkout fails 87.31% of its calls",
        "service": "checkout",
        "cites": [{"evidence": "E1", "value": "87.31%"}],
    }
    document, _ = respond(tmp_path / "lies", lambda ask: filled(ask, claims=[lie]))
    assert all("87.31" not in finding.statement for finding in document.findings)
    assert any("87.31" in claim.statement for claim in document.dropped)


def test_an_invented_cause_with_a_made_up_proof_gets_no_place(tmp_path: Path) -> None:
    cause = {
        "service": "catalog",
        "kind": FaultKind.disk_full,
        "change": "",
        "explains": [],
        "statement": "the disk of catalog is full",
        "support": [
            {
                "statement": "disk at 100 %",
                "service": "catalog",
                "cites": [{"evidence": "E1", "value": "100"}],
            }
        ],
        "against": [],
        "ruled_out": "",
    }
    document, _ = respond(tmp_path / "made", lambda ask: filled(ask, causes=[cause]))
    assert all(h.kind is not FaultKind.disk_full for h in document.hypotheses)


def test_tools_are_answered_within_bounds_also_when_the_model_never_ends(tmp_path: Path) -> None:
    def looping(ask: Ask) -> Line:
        if ask.tools and not ask.last:
            return ToolCall("c1", "search_logs", {"pattern": f"error {len(ask.messages)}"})
        return filled(ask, summary="enough")

    document, asked = respond(tmp_path / "loop", looping)
    debug = [ask for ask in asked if ask.step == 4 and ask.purpose == "reason"]
    most = allowance(Settings(context_tokens=ROOMY), None, Effort.most).rounds + 1
    assert 1 < len(debug) <= most * len({ask.messages[1].content for ask in debug})
    assert "search_logs" in {e.tool for e in document.evidence}


def test_unknown_tools_and_write_tools_are_answered_with_what_there_is(tmp_path: Path) -> None:
    seen = []

    def reaching(ask: Ask) -> Line:
        seen.extend(m.content for m in ask.messages if m.role == "tool")
        if ask.tools and not any(m.role == "tool" for m in ask.messages):
            return (
                ToolCall("c1", "restart_service", {"service": "payments"}),
                ToolCall("c2", "approve", {"hash": "x"}),
            )
        return filled(ask)

    document, _ = respond(tmp_path / "reach", reaching)
    assert any("There is no tool 'restart_service' here" in text for text in seen)
    assert document.executions == []


ODD = (
    ToolCall("c1", "changes_between", {"start": 1_760_000_000_000}),
    ToolCall("c2", "search_spans", {"slower_than_ms": float("nan")}),
    ToolCall("c3", "signal_series", {"name": "checkout", "self": 1, "service": "x"}),
    ToolCall("c4", "search_logs", {"pattern": "a{99999999999}"}),
)


def test_odd_arguments_are_answered_with_a_correction(tmp_path: Path) -> None:
    seen: list[str] = []

    def odd(ask: Ask) -> Line:
        seen.extend(m.content for m in ask.messages if m.role == "tool")
        first = ask.step == 4 and len(ask.messages) == 2
        return ODD if first and ask.tools and not ask.last else filled(ask)

    document, _ = respond(tmp_path / "odd", odd)
    assert document.leading() is not None
    assert len([text for text in seen if "failed" in text or "none of" in text]) >= len(ODD)


def test_what_a_query_was_told_to_say_proves_nothing(tmp_path: Path) -> None:
    """A model that writes its own evidence and cites it."""
    sql = "SELECT 'checkout' AS service, 4711 AS orders_lost"

    def forging(ask: Ask) -> Line:
        if ask.step != 4 or ask.purpose != "reason":
            return filled(ask)
        if len(ask.messages) == 2:
            return ToolCall("c1", "query_telemetry", {"sql": sql})
        (own,) = set(re.findall(r"<<<(E\d+)\n\S+ query_telemetry", told(ask)))
        cites = [{"evidence": own, "value": "4711"}]
        claim = {"statement": "4711 orders are lost", "service": "checkout", "cites": cites}
        return filled(ask, claims=[claim])

    document, _ = respond(tmp_path / "forged", forging)
    assert not any("4711" in finding.statement for finding in document.findings)
    assert any("none of whose columns" in claim.reason for claim in document.dropped)


@pytest.mark.parametrize("late", ["IMPROVE_MONITORING", "HARDEN"])
def test_who_works_beside_is_not_heard_however_fast_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """Else one question would have two wordings, by chance."""
    step = getattr(steps, late)

    def slow(case: Case) -> AnyReport:
        time.sleep(1)
        return step.playbook(case)

    monkeypatch.setattr(steps, late, replace(step, playbook=slow))
    build.cache_clear()
    try:
        document, asked = respond(tmp_path / late, lambda ask: filled(ask, summary="nothing new"))
    finally:
        build.cache_clear()
    (other,) = (r for r in document.reports if isinstance(r, step.beside))
    (question,) = ("\n".join(m.content for m in a.messages) for a in asked if a.step == step.number)
    assert f"- {other.step} {other.specialist}:" not in question
    assert "- 6 performance:" in question  # what earlier steps said is

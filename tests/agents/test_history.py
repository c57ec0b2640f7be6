"""What the past may say of a cause and of a plan, and what it may not: by hand-made histories."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from warroom.agents import steps
from warroom.agents.causes.candidate import Candidate
from warroom.agents.causes.history import BOUND, COUNTS, recalled, warned
from warroom.agents.causes.judgement import judge
from warroom.agents.causes.observations import Observations
from warroom.agents.runtime.context import ResponseContext
from warroom.incident.document import Incident
from warroom.incident.evidence import EvidenceStatus
from warroom.incident.filing import file_report
from warroom.incident.finding import FaultKind, Hypothesis
from warroom.incident.lifecycle import State
from warroom.incident.memory import precedents
from warroom.intake.handing import take
from warroom.tests.support.incident_parts import at, plan
from warroom.tests.support.incidents import minimal
from warroom.tests.support.responses import alert, room_over
from warroom.tools.base import Result
from warroom.tools.seen_before import Seen

HUNG, LEAK = FaultKind.hung_process, FaultKind.memory_leak


def past(number: int, fault: FaultKind = HUNG, service: str = "payments", **facts: Any) -> Seen:
    """An earlier incident, very like it, that a restart cured."""
    row = {"worked": f"restart {service}", "failed": "", "likeness": 0.9, "imported": False} | facts
    return Seen(
        id=f"INC-{number}",
        told="t",
        signs="s",
        began=at(0).timestamp(),
        minutes=5.0,
        service=service,
        fault=fault.value,
        **row,
    )


def candidate(service: str, kind: FaultKind, weight: float) -> Candidate:
    made = Candidate(service, kind, f"{kind.value} at {service}")
    made.backed(weight, 1.0, "seen")
    return made


def judged(today: dict[FaultKind, float], *rows: Seen) -> dict[FaultKind, Hypothesis]:
    """The hypotheses about payments, by kind, from today's weights and this past; best first."""
    found = [candidate("payments", kind, weight) for kind, weight in today.items()]
    result = Result("E9", EvidenceStatus.ok, rows)
    again = recalled(found, lambda some: judge(some, minimal()), result if rows else None)
    return {h.kind: h for h in again}


def test_a_verified_cure_of_the_past_is_a_weak_witness():
    today = {HUNG: 2.0, LEAK: 2.0}
    alone, told = judged(today), judged(today, past(1))
    assert alone[HUNG].confidence == alone[LEAK].confidence
    assert told[HUNG].confidence > alone[HUNG].confidence > told[LEAK].confidence
    (reason,) = [a for a in told[HUNG].support if "INC-1" in a.text]
    assert 0 < reason.weight <= BOUND
    assert [q.evidence for q in reason.quotes] == ["E9", "E9"]


def test_ten_times_the_same_past_say_no_more_than_once():
    today = {HUNG: 2.0, LEAK: 2.0}
    once, often = judged(today, past(1)), judged(today, *map(past, range(1, 11)))
    assert often[HUNG].confidence == once[HUNG].confidence


@pytest.mark.parametrize("right", [3.2, 4.0, 8.0])
def test_a_poisoned_past_takes_nothing_from_what_today_shows(right: float):
    today = {LEAK: right, HUNG: right - 0.3}
    alone, told = judged(today), judged(today, *map(past, range(1, 11)))
    if alone[LEAK].confidence >= 0.5:
        assert {k: h.confidence for k, h in told.items()} == {
            k: h.confidence for k, h in alone.items()
        }
    else:
        assert told[HUNG].confidence < 0.5


def test_the_past_alone_concludes_nothing_and_names_nothing():
    told = judged({HUNG: 1.5}, past(1))
    assert judged({HUNG: 1.5})[HUNG].confidence < 0.5
    assert told[HUNG].confidence < 0.5
    assert told[HUNG].confidence == 0.49 and "sign of today" in told[HUNG].reserved
    assert set(judged({LEAK: 2.0}, past(1))) == {LEAK}


@pytest.mark.parametrize(
    "row",
    [
        past(1, imported=True),
        past(1, worked=""),
        past(1, likeness=COUNTS - 0.01),
        past(1, service="checkout"),
        past(1, fault=LEAK),
    ],
)
def test_what_is_imported_unverified_unlike_or_elsewhere_is_not_counted(row: Seen):
    today = {HUNG: 2.0}
    assert judged(today, row)[HUNG].confidence == judged(today)[HUNG].confidence


def seen(*rows: Seen) -> Observations:
    """A step that was told of these."""
    found = Observations(cast(Any, SimpleNamespace()))
    found.notes["past"] = Result("E9", EvidenceStatus.ok, rows)
    return found


def test_a_fix_that_failed_under_the_same_signs_ranks_lower_and_says_so():
    made = plan("restart", "payments")  # pyright: ignore[reportArgumentType]
    failed: Any = {"worked": "", "failed": "restart payments\nscale payments"}
    same, worth = warned(seen(), made)
    assert (same, worth) == (made, 1.0)
    told, worth = warned(seen(past(1, **failed)), made)
    assert worth == 0.5 and "tried on 2025-03-14" in told.rationale and told.hash != made.hash
    assert warned(seen(*(past(n, **failed) for n in range(9))), made)[1] == 0.25
    assert warned(seen(past(1, **failed), past(2)), made)[1] == 1.0  # it helped as often
    assert warned(seen(past(1, **(failed | {"likeness": 0.3}))), made)[1] == 1.0


def investigated(context: ResponseContext, name: str, team: str = "") -> Incident:
    """Steps 1, 2 and 4 of a new incident with this alert."""
    store = context.store
    fired = alert().model_copy(update={"fingerprint": name})
    incident, _new = take(store, fired, context.clock())
    for step in (steps.DETECT, steps.SWEEP, steps.INVESTIGATE):
        report = step.playbook(context.case(incident, step, 1, lambda _event: None))
        store.update(incident, lambda doc, new=report: file_report(doc, new, store.payload))
        if team:
            store.update(incident, lambda doc: setattr(doc.services[0], "team", team))
    end = lambda doc: doc.move(State.closed, context.now(doc), "ann", "a test")  # noqa: E731
    return store.update(incident, end)


def asked(document: Incident) -> bool:
    return "seen_before" in {record.tool for record in document.evidence}


def test_the_debugger_is_told_of_those_that_a_team_may_see_and_a_drill_of_none(tmp_path: Path):
    context = room_over(tmp_path)
    first = investigated(context, "f1", "vault")
    assert not asked(first) and precedents(first) == []
    assert not asked(investigated(context, "f2", "shop"))
    third = investigated(context, "f3", "shop")
    (told,) = precedents(third)
    (proof,) = [record for record in third.evidence if record.tool == "seen_before"]
    assert told.evidence == [proof.id] and first.id not in told.text
    context.drill = True
    assert not asked(investigated(context, "f4", "shop"))

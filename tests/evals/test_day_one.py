"""Day one: what is shipped arrives once, and a wrong or late answer is no right one."""

import json
from datetime import timedelta

import httpx
import pytest

from warroom.drills.faults import FAULTS
from warroom.drills.score import Check, Score, not_run
from warroom.evals.conformance.running import Row
from warroom.evals.day_one.drills import Run, compared, run
from warroom.evals.day_one.first_answer import Bench, judged
from warroom.evals.day_one.shipper import Shipping
from warroom.incident.document import Incident
from warroom.incident.evidence import BackendLoad
from warroom.incident.timeline import Event, EventKind
from warroom.tests.support.incidents import full
from warroom.tests.support.ways import RUN

RELEASE = "v1.4.2"


def test_lines_are_shipped_once_and_again_where_a_server_refused(tmp_path):
    (tmp_path / "logs").mkdir()
    file, taken, refuses = tmp_path / "logs" / "a.jsonl", list[Row](), [True, False, False]

    def send(rows: list[Row]) -> None:
        if refuses.pop(0):
            raise httpx.ConnectError("down")
        taken.extend(rows)

    shipping = Shipping(tmp_path, "logs", send)
    file.write_text('{"ts": 1}\nno JSON\n{"ts": 2}\n{"ts"')
    shipping.go_on()
    assert taken == []
    shipping.go_on()
    assert taken == [{"ts": 1}, {"ts": 2}]
    with file.open("a") as out:
        out.write(": 3}\n")
    shipping.go_on()
    assert taken == [{"ts": 1}, {"ts": 2}, {"ts": 3}]


@pytest.fixture
def incident() -> Incident:
    """A right answer, in time."""
    found = full()
    for cause in found.hypotheses:
        cause.service, cause.statement = "checkout", f"release {RELEASE} of checkout raises errors"
    found.timeline = [said(found, f"step {step}: done", step) for step in (1, 4)]
    found.charge([BackendLoad(datasource="jaeger", requests=3, bytes=2_000_000, seconds=0.5)])
    return found


def said(incident: Incident, text: str, after_s: float) -> Event:
    at = incident.opened_at + timedelta(seconds=after_s)
    return Event(at=at, actor="triage", kind=EventKind.note, text=text)


@pytest.fixture
def bench(tmp_path, incident) -> Bench:
    steps = {"venv": 2.0, "triage": 9.0, "show": 1.0}
    return Bench(tmp_path, steps, incident.opened_at.timestamp() - 1)


def test_an_answer_is_right_that_names_the_release_in_time(bench, incident):
    [steps, answer, asked], right = judged(bench, incident, RELEASE, "warning")
    assert right
    assert steps.rows[-1] == ["all", "7.0"]  # 2 s, 1 s until it took the alert, 4 s to the cause
    assert [row[-1] for row in answer.rows] == ["✓"] * 5
    assert asked.rows == [["jaeger", "3", "2.00", "0.5"]]


WRONG = [
    ("level", {"severity": None}),
    ("cause", {"hypotheses": []}),
    ("alert to cause", {"timeline": []}),
]


@pytest.mark.parametrize(("question", "facts"), WRONG)
def test_another_answer_is_not(bench, incident, question, facts):
    changed = incident.model_copy(update=facts)
    [_steps, answer, _asked], right = judged(bench, changed, RELEASE, "warning")
    assert not right
    assert {row[0]: row[-1] for row in answer.rows}[question] == "✖"
    assert not judged(bench, incident, "v9.9.9", "warning")[1]


def test_drills_are_summed_by_what_they_were_read_over():
    good = [Check("severity", True, "P1", "P1"), Check("kind", True, "bad deploy", "bad deploy")]
    bad = [Check("level", False, "P3", "P1"), Check("cause", None, "", "")]
    runs = [Run("a", "files", Score("a", "", good)), Run("a", "live", Score("a", "", bad))]
    runs.append(Run("b", "live", not_run("b", "the shop did not start")))
    grid = compared(runs)
    assert grid.rows[-2:] == [
        ["all", "files", "1 of 1", "0 of 0", "1 of 1", "0 of 0", "1 of 1 met all", "", "", ""],
        ["all", "live", "0 of 2", "0 of 1", "0 of 1", "0 of 1", "0 of 2 met all", "", "", ""],
    ]
    assert grid.notes[0] == "a over live: level: P3; wanted: P1"


@RUN
@pytest.mark.conformance
def test_a_drill_over_servers_ends_as_it_should(tmp_path):
    found = run(FAULTS["bad-deploy"], "live", tmp_path / "home")
    assert [check for check in found.score.checks if check.met is False] == []
    assert found.incident
    asked = {load.datasource: load.requests for load in found.incident.loads}
    assert asked.keys() == {"prometheus", "victorialogs", "jaeger"}
    assert json.dumps(found.to_json())

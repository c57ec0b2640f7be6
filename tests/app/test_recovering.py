"""The way back to service: what has to wait for what, how long it takes, what is measured of it."""

import pytest

from warroom.actions.edge import Throttle
from warroom.app.record import Record
from warroom.app.recovering import STEPS, UNREAD, Step, plan_chart, recovery, recovery_plan
from warroom.errors import InputError
from warroom.incident.action import Outcome
from warroom.incident.document import Incident
from warroom.incident.report import VerificationReport
from warroom.incident.timeline import utc_now
from warroom.settings import Settings
from warroom.tests.support.incident_parts import act
from warroom.tests.support.incidents import at, declared, full


def row(document: Incident, step: str, firing: int = 0) -> dict[str, str]:
    """Of the step whose words begin so."""
    return next(r for r in recovery_plan(document, firing) if r["Step"].startswith(step))


def test_the_critical_path_is_the_longest_way_through_what_needs_what():
    """a (5) before b (1) and c (20); d (2) after both: 27, by a, c and d."""
    told = [("a", 5, ()), ("b", 1, ("a",)), ("c", 20, ("a",)), ("d", 2, ("b", "c"))]
    more = {"owner": "ann", "undo": "back"}
    steps = [Step(name=n, does=n, minutes=m, needs=needs, **more) for n, m, needs in told]
    found = {r["Step"]: r["Done by"] for r in recovery_plan(full(), 0, steps=steps)[: len(steps)]}
    assert found == {
        "a (critical)": "5 min",
        "b": "6 min",
        "c (critical)": "25 min",
        "d (critical)": "27 min",
    }


def test_the_picture_goes_from_the_cause_to_the_traffic():
    picture = plan_chart()
    assert "Critical of the recovery: cause to data to function to traffic" in picture
    assert picture.index(">cause<") < picture.index(">data<") < picture.index(">traffic<")
    assert ">30 min<" in picture and "origin" not in picture and picture.count("<line") == 5


def test_steps_wait_for_steps_before_them():
    names = [step.name for step in STEPS]
    assert all(names.index(need) < n for n, step in enumerate(STEPS) for need in step.needs)
    assert [step.undo for step in STEPS] == [step.undo for step in STEPS if step.undo]


def measured(document: Incident, *healthy: bool | None) -> None:
    measures = [m.model_copy(update={"healthy": each}) for m in MEASURED for each in healthy]
    told = {"specialist": "observability", "conclusion": "concluded", "summary": "measured"}
    told |= {"outcome": Outcome.better, "reason": "back"}
    report = VerificationReport.model_validate(told).model_copy(update={"measures": measures})
    document.reports.append(report)


MEASURED = [full().executions[-1].measures[0]]


def test_each_step_says_what_was_measured_of_it_and_what_was_not():
    document = full()
    assert "better ✓" in row(document, "confirm")["Now"]
    assert row(document, "restore")["Now"] == "nothing is in force at the edge ✓"
    assert row(document, "check the data")["Now"] == UNREAD
    assert row(document, "check the functions")["Now"] == UNREAD  # nobody looked afterwards
    measured(document, True)
    assert row(document, "check the functions")["Now"] == "1 of 1 signals healthy, 0 alerts fire ✓"
    assert row(document, "check the functions", firing=2)["Now"].endswith("2 alerts fire ✖")
    measured(document, True, None)
    assert row(document, "check the functions")["Now"].startswith("1 of 2 signals healthy")
    assert row(declared(), "confirm")["Now"] == UNREAD


def test_what_still_refuses_customers_is_not_brought_back():
    document = full()
    act(document, Throttle.kind, 140, Outcome.contained, (0.001, "E7"))
    assert row(document, "restore")["Now"].endswith("is in force at the edge ✖")
    document.executions[-1].undone = True
    assert row(document, "restore")["Now"].startswith("nothing is in force")


@pytest.mark.parametrize(("hours", "said"), [(3.9, "3.9 h ✓"), (4.1, "4.1 h ✖")])
def test_the_recovery_time_is_held_to_its_objective(hours: float, said: str):
    document = full()
    assert row(document, "RTO")["Step"] == "RTO 4.0 h"
    document.onset = document.transitions[-1].at - (at(3600 * hours) - at(0))
    assert row(document, "RTO")["Now"] == said
    runs = declared()
    runs.alert.starts_at = runs.opened_at = utc_now()
    assert row(runs, "RTO")["Now"] in ("0 s", "1 s", "2 s")  # neither met nor missed yet
    assert row(document, "RPO")["Now"] == row(document, "data integrity")["Now"] == UNREAD


CATALOGUE = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: checkout, annotations: {{warroom/rto: {rto}, warroom/rpo: 5m}}}}
spec: {{type: service, lifecycle: production, owner: orders}}
"""


def test_objectives_are_those_that_the_catalogue_annotates(tmp_path, monkeypatch):
    (tmp_path / "warroom.yaml").write_text("catalog: [catalog-info.yaml]\n")
    monkeypatch.setenv("WARROOM_CONFIG", str(tmp_path / "warroom.yaml"))
    (tmp_path / "catalog-info.yaml").write_text(CATALOGUE.format(rto="2m"))
    record = Record(Settings(home=tmp_path))
    record.store.create(full())
    found = {r["Step"]: r["Now"] for r in recovery(record, None)}
    assert found["RTO 2 min"] == "3 min ✖"
    assert "RPO 5 min" in found
    (tmp_path / "catalog-info.yaml").write_text(CATALOGUE.format(rto="soon"))
    with pytest.raises(InputError, match="checkout: warroom/rto"):
        recovery(record, "INC-1")

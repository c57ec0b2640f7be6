"""The way back to service: what has to wait for what, how long it takes, what is measured of it."""

import pytest

from warroom.actions.database import EndSession
from warroom.actions.edge import Throttle
from warroom.actions.services import RollBack, Scale
from warroom.agents.postmortem import draft
from warroom.agents.reporting.narrator import Narrator
from warroom.agents.reporting.recovery import (
    KINDS,
    UNREAD,
    RecoveryGoal,
    RecoveryStep,
    RecoveryView,
    recovery_view,
)
from warroom.agents.reporting.retrospective import recovered
from warroom.app.record import Record
from warroom.app.recovering import plan_chart, recovery, recovery_rows
from warroom.incident.action import Measure, Outcome
from warroom.incident.document import Incident
from warroom.incident.impact import ServiceState
from warroom.incident.report import VerificationReport
from warroom.incident.timeline import utc_now
from warroom.settings import Settings
from warroom.telemetry.model import Catalogue, Goals, Service
from warroom.tests.support.incident_parts import act
from warroom.tests.support.incidents import at, declared, full


def row(document: Incident, step: str, firing: int | None = None) -> dict[str, str]:
    """Of the step or goal whose words begin so."""
    rows = recovery_rows(recovery_view(document, None, firing))
    return next(each for each in rows if each["Step"].startswith(step))


def test_the_critical_path_is_the_longest_way_through_what_needs_what():
    """a (5) before b (1) and c (20); d (2) after both: 27, by a, c and d."""
    told = [("a", 5, ()), ("b", 1, ("a",)), ("c", 20, ("a",)), ("d", 2, ("b", "c"))]
    steps = [RecoveryStep(n, n, "ann", m, "back", needs=needs) for n, m, needs in told]
    found = {r["Step"]: r["Done by"] for r in recovery_rows(RecoveryView(steps, [], []))}
    assert found == {
        "a (critical)": "5 min",
        "b": "6 min",
        "c (critical)": "25 min",
        "d (critical)": "27 min",
    }


def limited() -> Incident:
    """Two moves are in force: one refuses customers, one is a stopgap; orders lie in a database."""
    document = full()
    act(document, Scale.kind, 120, Outcome.partly, (0.001, "E7"))
    act(document, Throttle.kind, 140, Outcome.contained, (0.001, "E7"))
    document.services.append(ServiceState(name="orders-db", role="dependency", kind="database"))
    return document


def test_the_picture_goes_from_the_cause_to_the_traffic():
    picture = plan_chart(recovery_view(limited()))
    assert "cause to data orders-db to function checkout to function gateway to tr" in picture
    assert picture.index(">cause<") < picture.index(">data orders-db<") < picture.index(">traffic")
    assert ">30 min<" in picture and "origin" not in picture


def test_steps_wait_for_steps_before_them():
    view = recovery_view(limited())
    names = [step.name for step in view.steps]
    assert all(names.index(need) < n for n, s in enumerate(view.steps) for need in s.needs)
    assert all(step.undo for step in view.steps) and all(kind.undo for kind in KINDS.values())


def test_an_incident_has_the_steps_for_which_it_has_something_to_do():
    kinds = [step.name.split()[0] for step in recovery_view(full()).steps]
    assert kinds == ["cause", "function", "function"]
    needs = {step.name: step.needs for step in recovery_view(full()).steps}
    assert needs["function gateway"] == ("cause", "function checkout"), "what it calls comes first"
    view = recovery_view(limited())
    assert [step.name.split()[0] for step in view.steps] == [
        "cause",
        "stopgap",
        "data",
        "function",
        "function",
        "traffic",
    ]
    owners = {step.name: step.owner for step in view.steps}
    assert owners["function checkout"] == "orders", "the team that has it"


def test_what_nobody_reported_on_comes_first():
    document = full()
    act(document, RollBack.kind, 160, Outcome.worse, (0.6, "E7"))
    assert row(document, "find out")["Now"].startswith("worse for it, not taken back: deploy")
    owed = next(step for step in recovery_view(document).steps if step.name.startswith("owed"))
    function = recovery_view(document).steps[-2]
    assert owed.name in function.needs and "cause" in function.needs
    document.executions[-1].undone = True
    assert not any(step.name.startswith("owed") for step in recovery_view(document).steps)


def measured(document: Incident, *healthy: bool | None, more: tuple[Measure, ...] = ()) -> None:
    measures = [m.model_copy(update={"healthy": each}) for m in MEASURED for each in healthy]
    told = {"specialist": "observability", "conclusion": "concluded", "summary": "measured"}
    told |= {"outcome": Outcome.better, "reason": "back"}
    report = VerificationReport.model_validate(told)
    document.reports.append(report.model_copy(update={"measures": [*measures, *more]}))


MEASURED = [full().executions[-1].measures[0]]


def test_each_step_says_what_was_measured_of_it_and_what_was_not():
    document = full()
    assert "better ✓" in row(document, "confirm")["Now"]
    assert row(document, "check the functions of checkout")["Now"] == UNREAD
    measured(document, True)
    now = row(document, "check the functions of checkout", 0)["Now"]
    assert now == "1 of 1 signals healthy, 0 alerts fire ✓"
    assert row(document, "check the functions of checkout", 2)["Now"].endswith("2 alerts fire ✖")
    assert row(document, "check the functions of gateway", 2)["Now"] == UNREAD
    measured(document, True, None)
    assert row(document, "check the functions of ch")["Now"].startswith("1 of 2 signals healthy")
    assert row(declared(), "confirm")["Now"] == UNREAD


def test_what_still_refuses_customers_is_not_brought_back():
    document = limited()
    assert row(document, "lift throttle checkout")["Now"].endswith("10:02 UTC ✖")
    assert row(document, "end the stopgap scale checkout")["Now"].startswith("in force since")
    document.executions[-1].undone = True
    assert not any(step.name.startswith("traffic") for step in recovery_view(document).steps)


PROVEN = Catalogue(services=[Service(name="orders-db", goals=Goals(newest="a", broken="b"))])


def store_goals(document: Incident, catalogue: Catalogue | None = None) -> list[RecoveryGoal]:
    found = recovery_view(document, catalogue).goals
    return [one for one in found if one.name.startswith(("RPO", "data"))]


def test_of_data_is_said_what_was_measured_or_that_nothing_measures_it():
    (none,) = store_goals(full())
    assert none.now == "no data store is known among its services" and none.met is None
    copy, rows = store_goals(limited())
    assert (copy.name, copy.now) == ("RPO 60 min of orders-db", UNREAD)
    assert (rows.name, rows.now) == ("data integrity of orders-db", UNREAD)
    named = store_goals(limited(), PROVEN)
    assert {one.now for one in named} == {"the catalogue says by what, and nothing measured it"}
    document, told = limited(), {"service": "orders-db", "decisive": False, "evidence": "E7"}
    age = Measure(signal="newest copy", unit="s", after=420.0, healthy=True, **told)
    broken = Measure(signal="broken rows", unit="count", after=3.0, healthy=False, **told)
    measured(document, True, more=(age, broken))
    copy, rows = store_goals(document, PROVEN)
    assert (copy.now, copy.met) == ("newest copy 7 min old when it began", True)
    assert (rows.now, rows.met, rows.evidence) == ("3 broken rows", False, ("E7",))
    assert row(document, "check the data in orders-db")["Now"].endswith("3 broken rows ✖")


@pytest.mark.parametrize(("hours", "said"), [(3.9, "3.9 h ✓"), (4.1, "4.1 h ✖")])
def test_the_recovery_time_is_held_to_its_objective(hours: float, said: str):
    document = full()
    assert row(document, "RTO")["Step"] == "RTO 4.0 h"
    document.onset = document.transitions[-1].at - (at(3600 * hours) - at(0))
    assert row(document, "RTO")["Now"] == said
    runs = declared()
    runs.alert.starts_at = runs.opened_at = utc_now()
    assert row(runs, "RTO")["Now"] in ("0 s", "1 s", "2 s")  # neither met nor missed yet


def test_what_it_took_of_the_error_budget_is_said():
    """0.41 failed for 180 s of 30 days, in which 0.005 may: 0.41 · 180 / (0.005 · 2,592,000)."""
    told = row(full(), "availability of checkout")["Now"]
    assert told.startswith("59% good, which took 0.57% of a month's error budget")
    assert told.endswith("✖")


def test_moments_are_those_of_the_record():
    told = [what for what, _at in recovery_view(full()).moments]
    assert told[:2] == ["began", "alert fired"] and told[-1] == "over"
    times = [at for _what, at in recovery_view(full()).moments]
    assert times == sorted(times)


CATALOGUE = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: checkout, annotations: {{warroom/rto: {rto}, warroom/rpo: 5m}}}}
spec: {{type: service, lifecycle: production, owner: orders, dependsOn: [resource:orders-db]}}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: orders-db
  annotations:
    warroom/rpo: 5m
    warroom/newest-copy: max(copied_at_seconds{{service="orders-db"}})
    warroom/broken-rows: sum(broken_rows{{service="orders-db"}})
spec: {{type: postgresql, owner: orders}}
"""


def test_objectives_are_those_that_the_catalogue_annotates(tmp_path, monkeypatch):
    (tmp_path / "warroom.yaml").write_text("catalog: [catalog-info.yaml]\n")
    monkeypatch.setenv("WARROOM_CONFIG", str(tmp_path / "warroom.yaml"))
    (tmp_path / "catalog-info.yaml").write_text(CATALOGUE.format(rto="2m"))
    record = Record(Settings(home=tmp_path))
    document = full()
    document.services[0].depends_on.append("orders-db")
    record.store.create(document)
    found = {r["Step"]: r["Now"] for r in recovery_rows(recovery(record, None))}
    assert found["RTO 2 min"] == "3 min ✖"
    assert "nothing measured it" in found["RPO 5 min of orders-db"]
    (tmp_path / "catalog-info.yaml").write_text(CATALOGUE.format(rto="soon"))
    found = {r["Step"]: r["Now"] for r in recovery_rows(recovery(record, "INC-1"))}
    assert "RTO 4.0 h" in found, "what cannot be read is a fault of the catalogue, told there"


@pytest.mark.parametrize(
    ("language", "over", "left"),
    [
        ("en", "It was over 3 minutes after it began; the objective is 4 hours.", "traffic"),
        ("zh", "从开始到结束用时3 分钟，恢复目标为4 小时。", "流量"),  # noqa: RUF001
    ],
)
def test_the_postmortem_reports_the_way_back(language: str, over: str, left: str):
    document = limited()
    act(document, EndSession.kind, 100, Outcome.better, (0.001, "E7"))
    document.proposals[-1].reversible = False
    document.executions[-1].plan = document.proposals[-1].hash
    said = [claim.text for claim in recovered(Narrator(document, language=language))]
    assert said[0] == over
    assert any("orders-db" in text for text in said) and any("0.57%" in text for text in said)
    assert any("1 minute" in text or "1 分钟" in text for text in said), "when what was done"
    assert any(f"{left} checkout" in text for text in said), "what is in force still"
    assert "end session checkout" in said[-1], "there is no way back from it"
    head = {"en": "## The way back", "zh": "## 恢复"}[language]
    assert head in draft(document, utc_now(), None, language).markdown

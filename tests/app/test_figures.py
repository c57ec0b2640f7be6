"""A small record whose every figure is worked out by hand, on both databases."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from warroom.app.budgets import budgets
from warroom.app.configuration import Sources, remember
from warroom.app.figures import Taken, Values, grouped, taken
from warroom.app.figures_table import FIGURES, as_csv, cells, figure_counts, figures_csv
from warroom.app.record import Record
from warroom.incident.action import Decision, Execution, Outcome, Verdict
from warroom.incident.document import Alert, Incident
from warroom.incident.finding import FaultKind
from warroom.incident.impact import SloState
from warroom.incident.lifecycle import State
from warroom.incident.report import DetectionReport
from warroom.incident.severity import Severity
from warroom.record.oncall_tables import ESCALATIONS
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.telemetry.model import Catalogue, Objective, Service
from warroom.tests.support.incident_parts import detection, guilty, impact

NOW = datetime(2026, 6, 15, tzinfo=UTC)
DAYS = 92
MONTH = 86400 * 31  # May


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def one(name: str, service: str, level: Severity, fired: datetime, over: datetime | None, **more):
    """An incident of one service, from when its alert fired until it was over."""
    alert = Alert(name="A", service=service, fingerprint=name, source="plain", starts_at=fired)
    found = Incident(id=name, title=name, opened_at=fired + timedelta(seconds=5), alert=alert)
    found.severity = level
    for field, value in more.items():
        setattr(found, field, value)
    found.move(State.investigating, found.opened_at, "triage", "it is real")
    if over:
        found.move(State.resolved, over, "commander", "verified")
    return found


def hurt(requests: int, share: float | None):
    update = {"requests": requests, "failed_share": share, "lost_requests": 0}
    return impact().model_copy(update=update)


def missed(service: str, current: float) -> SloState:
    told = {"service": service, "name": "orders", "sli": "availability", "objective": 0.999}
    return SloState(**told, current=current, breached=True)


@pytest.fixture
def record(tmp_path, place) -> Record:
    url = place if isinstance(place, str) else ""
    return Record(Settings(home=tmp_path, database_url=url))


@pytest.fixture
def store(record) -> Store:
    """a: seen after 4 min, acknowledged after 5, over after 1 h; half of the requests failed.
    b: of no known onset, over after 2 h, in two months, and nobody measured how much failed.
    c: seen after 10 min, over after 1 h; payments' own objective says that a tenth failed.
    d: noise. e: an exercise. f: still open."""
    found = record.store
    five, six = utc(5, 10, 10), utc(6, 5, 12)
    a = one("INC-a", "checkout", Severity.P1, five, five + timedelta(hours=1))
    a.onset, a.impact = five - timedelta(minutes=4), hurt(1000, 0.5)
    a.hypotheses = [guilty(FaultKind.bad_deploy, "checkout")]
    a.executions = [
        Execution(plan="p1", title="restart", started_at=five, outcome=Outcome.unchanged),
        Execution(plan="p2", title="roll back", started_at=five, outcome=Outcome.better),
    ]
    by = {"p1": "ann", "p2": "policy (automatic)"}
    a.decisions = [
        Decision(subject=plan, verdict=Verdict.approved, by=who, at=five)
        for plan, who in by.items()
    ]
    b = one("INC-b", "checkout", Severity.P0, utc(5, 31, 23, 30), utc(6, 1, 1, 30))
    b.impact = hurt(0, None)
    c = one("INC-c", "payments", Severity.P2, six, six + timedelta(hours=1))
    c.onset, c.impact = six - timedelta(minutes=10), hurt(1000, 0.5)
    c.slo = [missed("payments", 0.9)]
    d = one("INC-d", "checkout", Severity.P3, utc(6, 10, 0), utc(6, 10, 1))
    report = detection(d)
    assert isinstance(report, DetectionReport)
    d.reports, d.impact = [report.model_copy(update={"noise": True})], hurt(1000, 0.0)
    e = one("INC-e", "checkout", Severity.P0, utc(6, 11, 0), None)
    f = one("INC-f", "", Severity.P1, utc(6, 14, 0), None)
    for document in (a, b, c, d, e, f):
        found.create(document)
    remember(record.settings, "INC-e", Sources(drill=True))
    with found.engine.begin() as connection:
        told = {"incident_id": "INC-a", "version": 2, "state": "acknowledged", "severity": "P1"}
        at = {"started_at": five.timestamp(), "answered_at": five.timestamp() + 300}
        row = {**told, **at, "levels": "[]", "level": 1, "told": 1}
        connection.execute(insert(ESCALATIONS).values(row))
    return found


def read(record: Record, store: Store, service: str = "") -> list[Taken]:
    return taken(record, NOW, DAYS, service, None)


def values(found: list[Taken], by: str, name: str) -> Values:
    return grouped(found, by)[name]


def test_times_of_a_service_are_those_worked_out_by_hand(record, store):
    found = read(record, store)
    assert {each.id for each in found} == {"INC-a", "INC-b", "INC-c", "INC-d", "INC-f"}
    checkout = values(found, "service", "checkout")
    assert (checkout["count"], checkout["share"]) == (3, 3 / 5)
    assert checkout["detect"] == 240  # of a alone: the onset of the others is not known
    assert checkout["acknowledge"] == 300
    assert checkout["resolve"] == (3600 + 7200 + 3600) / 3
    # From a's end on the 10th at 11:00 until b began on the 31st at 23:30; noise is no failure.
    assert checkout["between"] == 21 * 86400 + 12.5 * 3600
    assert (checkout["resolved"], checkout["in_time"]) == (3, 2)  # a P0 is to be over in an hour
    assert (checkout["acted"], checkout["helped"], checkout["automatic"]) == (2, 1, 1)
    assert checkout["escalated"] == 1
    nobodys = values(found, "service", "not named")
    assert (nobodys["resolved"], nobodys["resolve"], nobodys["between"]) == (0, None, None)
    assert values(found, "month", "2026-06")["count"] == 3


def test_each_cell_says_whether_it_meets_its_target(record, store):
    found = read(record, store)
    groups = grouped(found, "severity").items()
    rows = {name: dict(zip(FIGURES, cells(name, of), strict=True)) for name, of in groups}
    assert (rows["P0"]["resolve"], rows["P1"]["resolve"]) == ("2.0 h ✖", "60 min ✓")
    assert (rows["P1"]["detect"], rows["P2"]["detect"]) == ("4 min ✓", "10 min ✖")
    assert rows["P0"]["between"] == "21.5 d ✖"  # where 30 are wanted
    assert (rows["P2"]["automatic"], rows["P1"]["automatic"]) == ("off", "1")
    assert (rows["P1"]["resolved"], rows["P0"]["helped"]) == ("1 of 2", "—")
    assert "over 720 h" in FIGURES["between"].means


def test_lost_time_and_error_budgets_are_those_worked_out_by_hand(record, store):
    promise = Objective(name="orders", sli="availability", objective=0.999)
    catalogue = Catalogue(
        services=[Service(name=s, slos=[promise]) for s in ("checkout", "payments")]
    )
    found = {(b.month, b.service): b for b in budgets(read(record, store), catalogue, NOW, DAYS)}
    may = found["2026-05", "checkout"]
    # a: 64 min at half; b: the last 30 min of May, not measured.
    assert (may.hurt, may.lost, may.unmeasured) == (3840 + 1800, 1920, 1800)
    assert may.available == pytest.approx(1 - 1920 / MONTH)
    assert may.spent == pytest.approx(1920 / (MONTH / 1000))
    assert may.met is None  # what was not measured may have taken the rest
    june = found["2026-06", "payments"]
    # c: 70 min at a tenth, by payments' own objective and not the half at the edge.
    assert june.lost == pytest.approx(420)
    assert june.available == pytest.approx(1 - 420 / (14 * 86400))  # of the days so far
    assert june.spent == pytest.approx(420 / (30 * 86400 / 1000)) and june.met is True
    assert found["2026-06", "checkout"].unmeasured == 5400
    assert found["2026-06", "not named"].objective is None
    nothing = budgets(read(record, store), Catalogue(), NOW, DAYS)
    assert {(b.spent, b.met) for b in nothing} == {(None, None)}


def test_time_hurt_by_two_counts_once_with_the_share_of_the_first(record, store):
    store.update("INC-b", lambda d: setattr(d, "onset", utc(5, 10, 10, 30)))
    store.update("INC-b", lambda d: setattr(d, "impact", hurt(10, 1.0)))
    store.update("INC-b", lambda d: setattr(d.transitions[-1], "at", utc(5, 10, 12)))
    found = budgets(read(record, store, "checkout"), Catalogue(), NOW, DAYS)
    (may,) = (b for b in found if b.month == "2026-05")
    # 09:56 to 11:00 at half, then until 12:00 all.
    assert (may.hurt, may.lost) == (7440, 1920 + 3600)


def test_what_was_reopened_is_over_when_it_was_over_the_last_time(record, store):
    def again(document: Incident) -> None:
        document.move(State.investigating, utc(5, 10, 12), "ann", "it is back")
        document.move(State.resolved, utc(5, 10, 13), "ann", "it is over")
        document.move(State.closed, utc(5, 10, 14), "ann", "done")

    assert values(read(record, store), "severity", "P1")["resolve"] == 3600
    store.update("INC-a", again)
    assert values(read(record, store), "severity", "P1")["resolve"] == 3 * 3600


def test_files_hold_every_group_and_no_formula(record, store):
    rows = list(csv.DictReader(io.StringIO(figures_csv(read(record, store)))))
    groups = {"severity", "category", "month", "service", "service and month"}
    assert {row["by"] for row in rows} == groups
    (checkout,) = (r for r in rows if (r["by"], r["name"]) == ("service", "checkout"))
    assert (checkout["detect"], checkout["between"]) == ("240.0", "1859400.0")
    assert as_csv([{"name": "=1+1", "n": -3}]).splitlines()[1] == "'=1+1,-3"
    assert as_csv([]) == ""


def test_prometheus_gets_a_few_labels_alone(record, store):
    found = {c.name: c for c in figure_counts(read(record, store), [])}
    assert found["mttr_seconds"].values == {"P0": 7200, "P1": 3600, "P2": 3600, "P3": 3600}
    assert found["mtbf_seconds"].values == {"checkout": 1859400}
    assert all(len(c.values) <= 20 and c.label for c in found.values())

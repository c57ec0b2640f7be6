"""Figures, budgets and noise as pages, files, metrics and commands: what stands there, for whom."""

import csv
import io
from datetime import timedelta

from sqlalchemy import update

from warroom.app.configuration import Sources, remember
from warroom.incident.impact import ServiceState
from warroom.incident.severity import Severity
from warroom.incident.timeline import utc_now
from warroom.record.store import Store
from warroom.record.tables import ALERTS, INCIDENTS
from warroom.settings import Settings
from warroom.tests.support.alerts import fires, over, put
from warroom.tests.support.consoles import CommandLine, kept
from warroom.tests.support.incidents import declared, full
from warroom.tests.support.services import asked

PAGE = {"Accept": "text/html"}


def text(service, path: str, role: str = "observer") -> str:
    answer = service[role].get(path, headers=PAGE)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_figures_are_computed_from_the_record(tmp_path, place):
    with asked(tmp_path / "home", place) as service:
        assert "No incident in that time" in text(service, "/figures")
        kept(service.service.store, full())
        other = declared(Severity.P2, "payments")
        other.id = "INC-2"
        kept(service.service.store, other)
        page = text(service, "/figures")
        assert "2 incidents of the last 92 days" in page
        p0 = page[page.index('<th scope="row" class="id">P0') :]
        p0 = p0[: p0.index("</tr>")]
        assert "10 s ✓" in p0, "from onset to the alert"
        assert "1 of 1" in p0
        category = page[page.index('<caption class="unseen">By category') :]
        assert "application</th>" in category[: category.index("</table>")]
        assert "<svg" in page and "Mean time until an incident was over" in page
        remember(service.service.settings, "INC-2", Sources(drill=True))
        service.service.store.update("INC-2", lambda d: setattr(d, "title", "an exercise"))
        left = text(service, "/figures")
        assert "1 incident of the last 92 days, drills and recordings left out" in left
        remember(service.service.settings, "INC-1", Sources(telemetry=tmp_path))
        service.service.store.update("INC-1", lambda d: setattr(d, "title", "of a sample"))
        assert "No incident in that time" in text(service, "/figures"), "it was long ago"
        assert "2 incidents of" in text(service, "/figures?drills=true")
        only = text(service, "/figures?affected=payments&drills=true")
        assert "1 incident of" in only and '<th scope="row" class="id">P0' not in only
        assert "figures.csv?affected=payments&amp;drills=true" in only


def test_another_teams_incidents_are_in_no_figure(tmp_path):
    with asked(tmp_path / "home") as service:
        theirs = full()
        theirs.services = [ServiceState(name="checkout", role="alerting", team="search")]
        kept(service.service.store, theirs)
        service["admin"].put("/api/v1/teams/payments/members/observer")
        assert "No incident in that time" in text(service, "/figures")
        assert text(service, "/figures.csv") == ""
        assert 'warroom_mttr_seconds{severity="P0"}' not in text(service, "/metrics")
        assert 'warroom_mttr_seconds{severity="P0"}' in text(service, "/metrics", "admin")


def test_files_and_metrics_say_the_same_as_the_page(tmp_path):
    with asked(tmp_path / "home") as service:
        kept(service.service.store, full())
        rows = list(csv.DictReader(io.StringIO(text(service, "/figures.csv"))))
        assert {row["count"] for row in rows} == {"1"}
        seconds = next(row["resolve"] for row in rows if row["by"] == "severity")
        assert f'warroom_mttr_seconds{{severity="P0"}} {seconds}' in text(service, "/metrics")
        runs = declared(Severity.P1)
        runs.id, runs.opened_at = "INC-2", utc_now()
        runs.alert.starts_at = runs.opened_at - timedelta(minutes=10)
        kept(service.service.store, runs)
        rows = csv.DictReader(io.StringIO(text(service, "/figures.csv?budget=true")))
        lost = sum(float(row["lost"]) for row in rows if row["service"] == "checkout")
        assert 600 * 0.41 <= lost < 660 * 0.41  # its own objective says that 0.59 are good
        assert "Lost = time hurt" in text(service, "/figures")


def noisy(store: Store) -> None:
    """An alert that fired three times for a moment, and that nobody did anything about."""
    kept(store, declared(Severity.P3))
    for start in (0.0, 600.0, 1200.0):
        alert = fires(name="<b>Blip", start=start)
        put(store, alert, over(alert, start + 60), at=start)
    with store.engine.begin() as connection:
        now = utc_now().timestamp()
        connection.execute(update(ALERTS).values(incident_id="INC-1", received_at=now))
        connection.execute(update(INCIDENTS).values(taken_at=now))


def test_noise_is_told_with_what_to_change(tmp_path):
    with asked(tmp_path / "home") as service:
        assert "Every alert led to something" in text(service, "/noise")
        noisy(service.service.store)
        page = text(service, "/noise")
        assert "&lt;b&gt;Blip" in page and "<b>Blip" not in page
        assert "Wait longer (for:)" in page and "/incidents/INC-1" in page


def test_the_way_back_is_a_page_of_its_incident(tmp_path):
    with asked(tmp_path / "home") as service:
        kept(service.service.store, full())
        page = text(service, "/incidents/INC-1/recovery")
        assert (
            "Confirm that the cause is fixed: bad deploy at checkout (critical)" in page
            and "RTO 4.0 h" in page
        )
        assert "/incidents/INC-1/recovery" in text(service, "/incidents/INC-1")


def test_the_commands_say_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "160")  # a cell that wraps keeps its words apart
    run = CommandLine(tmp_path / "home", monkeypatch, capsys)
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    store = Store.open(Settings(home=home).database)
    noisy(store)
    said = run("noise")
    assert said.code == 0 and "Blip" in said.out and "wait longer" in said.out
    assert "Blip" in run("noise", "--csv").out and run("noise", "--rules").out == ""
    assert "no data store" in run("recovery").out
    said = run("figures")
    assert said.code == 0 and "MTTR" in said.out and "P3" in said.out
    assert run("figures", "--csv").out.startswith("by,name,count")

"""Services, on-call, figures and audit as pages: what stands there, and for whom."""

import re

from warroom.app.configuration_file import Configuration
from warroom.drills.score import Check, Score
from warroom.incident.identity import at_terminal
from warroom.incident.timeline import utc_now
from warroom.record.drills import Run, keep
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import full
from warroom.tests.support.services import asked

PAGE = {"Accept": "text/html"}


def text(service, path: str, role: str = "observer", status: int = 200) -> str:
    answer = service[role].get(path, headers=PAGE)
    assert answer.status_code == status, answer.text
    return answer.text


def test_audit_is_an_administrators_and_says_whether_it_is_whole(tmp_path):
    with asked(tmp_path / "home") as service:
        text(service, "/audit", "commander", 403)
        service.service.teams.add("payments", "ann", "<script>x</script>")
        page = text(service, "/audit?act=join&check=true", "admin")
        assert "lines are as they were written" in page
        assert "&lt;script&gt;" in page and "<script>x" not in page
        assert "create token" not in page[page.index("<tbody>") :]


def test_a_service_without_objectives_is_named_with_some_to_copy(tmp_path, monkeypatch):
    (tmp_path / "catalog-info.yaml").write_text(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: checkout}\n"
        "spec: {type: service, owner: orders}\n"
    )
    (tmp_path / "warroom.yaml").write_text("catalog: [catalog-info.yaml]\n")
    monkeypatch.setenv("WARROOM_CONFIG", str(tmp_path / "warroom.yaml"))
    with asked(tmp_path / "home") as service:
        page = text(service, "/services")
    assert "Without objectives" in page and "service: &#34;checkout&#34;" in page


def test_services_and_on_call_say_what_is_configured_or_what_to_do(tmp_path):
    with asked(tmp_path / "home") as service:
        assert "No catalogue is configured" in text(service, "/services")
        assert "No schedule is kept" in text(service, "/on-call")
    turn = {"start": "2026-01-05T09:00:00", "participants": ["ann", "ben"]}
    bank = {"provider": "Bank", "service": "payments", "contact": "<i>+49 30 1234567"}
    told = {"schedules": [{"name": "primary", "layers": [turn]}], "external": [bank]}
    configuration = Configuration.model_validate({"oncall": told})
    with asked(tmp_path / "other", configuration=configuration) as service:
        page = text(service, "/on-call")
        assert "on until" in page and "primary" in page and "<svg" in page
        assert "&lt;i&gt;+49 30 1234567" in page
        ask = service["responder"]
        taken = {"schedule": "primary", "start": "2099-01-01T08:00", "end": "2099-01-01T20:00"}
        other = ask.post("/on-call/override", data={**taken, "person": "ben"}, headers=PAGE)
        assert other.status_code == 422 and "admin" in other.text
        page = ask.post("/on-call/override", data={**taken, "reason": "<b>dentist"}, headers=PAGE)
        assert page.url.path == "/on-call" and "&lt;b&gt;dentist" in page.text
        late = ask.post("/on-call/override", data={**taken, "end": "2098-01-01T20:00"})
        assert late.status_code == 422 and "ends after it starts" in late.text
        key = re.findall(r'name="key" value="(\w+)"', page.text)[0]
        assert "dentist" not in ask.post("/on-call/drop", data={"key": key}, headers=PAGE).text
        left = ask.post("/on-call/note", data={"schedule": "primary", "text": "the disk is full"})
        assert "the disk is full" in left.text
        assert service["observer"].post("/on-call/note", data={}).status_code == 403


def scored(service, score: Score, asked: str = "memory-leak") -> None:
    run = Run(asked, score.drill, "shop", None, "ann", "0.1.0 abc", utc_now(), score.to_json())
    keep(service.service.engine, [run], at_terminal("ann"))


def test_drills_tell_what_came_of_them(tmp_path):
    with asked(tmp_path / "home") as service:
        page = text(service, "/drills")
        assert "No drill was scored" in page and "None is asked for here" in page
        checks = [Check("kind", True, "leak", "leak"), Check("action", False, "none", "<b>restart")]
        checks.append(Check("control", None, "", ""))
        scored(service, Score("memory-leak", "INC-1", checks, {"recovery": 40.0}))
        page = text(service, "/drills")
        assert "memory-leak" in page and "1 of 2" in page and "by whom" in page
        assert "action: none, not &lt;b&gt;restart" in page and "ann, 0.1.0 abc" in page
        assert "Worse than the time before" not in page and "Run once so far" in page


def test_game_days_are_listed_with_where_to_read_on(tmp_path):
    with asked(tmp_path / "home") as service:
        incident = kept(service.service.store, full()).id
        assert "Game days" not in text(service, "/drills")
        folder = service.service.settings.files(incident)
        folder.mkdir(parents=True)
        (folder / "game-day.json").write_text('{"world": "queue"}')
        page = text(service, "/drills")
        assert f"warroom game-day debrief {incident}" in page and "the queue" in page


def test_who_is_refused_a_page_keeps_the_menu_and_an_admin_without_rules_sees_one(tmp_path):
    with asked(tmp_path / "home") as service:
        browser = {"accept": "text/html"}
        refused = service["commander"].get("/rules", headers=browser)
        assert refused.status_code == 403 and "takes the role admin" in refused.text
        assert '<nav aria-label="Main">' in refused.text and 'href="/runbooks"' in refused.text
        shown = service["admin"].get("/rules", headers=browser).text
        assert "mode: simulate" in shown and "warroom config check" in shown


def test_drills_are_told_over_time_and_which_are_due(tmp_path):
    told = {"schedules": [{"name": "basic"}, {"name": "full"}]}
    configuration = Configuration.model_validate({"drills": told})
    with asked(tmp_path / "home", configuration=configuration) as service:
        met = Check("kind", True, "leak", "leak")
        scored(service, Score("memory-leak", "INC-1", [met], {"recovery": 40.0}))
        missed = Check("kind", False, "none", "leak")
        scored(service, Score("memory-leak", "INC-2", [missed], {"recovery": None}), "all")
        scored(service, Score("bad-flag", "INC-3", [met]), "all")
        page = text(service, "/drills?drill=memory-leak&world=shop")
        assert "memory-leak: kind is missed" in page
        assert "2 runs, the newest on the right" in page and "before 40 s" in page
        due = page[page.index("Which are due") :]
        assert due.index("✓") < due.index("▲") and "warroom drill comprehensive --score" in due
        assert "Run once so far" in text(service, "/drills"), "the newest one's is shown first"


def test_health_says_in_words_what_metrics_tell(tmp_path):
    with asked(tmp_path / "home") as service:
        kept(service.service.store, full())
        page = text(service, "/health")
        assert "The database is taking writes." in page
        row = page[page.index("Incidents by state: ") :]
        assert "resolved" in row[: row.index("</tr>")]

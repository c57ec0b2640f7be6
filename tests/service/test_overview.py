"""Services, on-call, figures and audit as pages: what stands there, and for whom."""

import re

from warroom.app.configuration_file import Configuration
from warroom.drills.score import Check, Score, keep
from warroom.incident.timeline import utc_now
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


def test_drills_tell_what_came_of_them(tmp_path):
    with asked(tmp_path / "home") as service:
        assert "No drill was scored" in text(service, "/drills")
        checks = [Check("kind", True, "leak", "leak"), Check("action", False, "none", "<b>restart")]
        score = Score("memory-leak", "INC-1", [*checks, Check("control", None, "", "")])
        keep(service.service.settings.home, [score], utc_now())
        page = text(service, "/drills")
        assert "memory-leak" in page and "1 of 2" in page
        assert "action: none, not &lt;b&gt;restart" in page
        assert "Worse than the time before" not in page
        worse = Score("memory-leak", "INC-2", [Check("kind", False, "none", "leak")])
        keep(service.service.settings.home, [worse], utc_now())
        assert "memory-leak: kind is missed" in text(service, "/drills")


def test_health_says_in_words_what_metrics_tell(tmp_path):
    with asked(tmp_path / "home") as service:
        kept(service.service.store, full())
        page = text(service, "/health")
        assert "The database is taking writes." in page
        row = page[page.index("Incidents by state: ") :]
        assert "resolved" in row[: row.index("</tr>")]

"""On-call over HTTP: schedules, shifts taken over, ways proven by a code, secret links."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from warroom.agents.runtime.outbox import dispatch
from warroom.app.configuration_file import Configuration
from warroom.app.escalating import escalate
from warroom.app.oncall import LINK_S, Rota, drop_links
from warroom.errors import NotFound
from warroom.record.oncall_tables import ONCALL
from warroom.record.outbox import Outbox
from warroom.tests.support.incidents import declared
from warroom.tests.support.services import Asked, asked

TEXT = {
    "server": {"external_url": "https://warroom.example.org"},
    "oncall": {
        "roles": {"lead": "lea"},
        "external": [
            {"provider": "Bank", "service": "payments", "contact": "+49 30 1234, contract 17"}
        ],
    },
}
DAYS_AGO = datetime.now(UTC) - timedelta(days=3)
"""When this week's shift began: no hand-over is near, whenever the tests run."""
LAYER = {"participants": ["responder", "commander"], "start": f"{DAYS_AGO:%Y-%m-%d}T09:00"}
PRIMARY = {"name": "primary", "time_zone": "Europe/Berlin", "layers": [LAYER]}
API = "/api/v1/on-call"


@pytest.fixture
def service(tmp_path, monkeypatch):
    file = tmp_path / "warroom.yaml"
    file.write_text("oncall: {roles: {lead: lea}}\nserver: {external_url: https://w.example.org}\n")
    monkeypatch.setenv("WARROOM_CONFIG", str(file))
    configuration = Configuration.model_validate(TEXT)
    with asked(tmp_path / "home", configuration=configuration) as found:
        assert found["admin"].put(f"{API}/schedules/primary", json=PRIMARY).status_code == 200
        yield found


def times(hours: int, lasts: int = 1) -> dict[str, str]:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)
    return {"start": start.isoformat(), "end": (start + timedelta(hours=lasts)).isoformat()}


def on(service: Asked) -> list[str]:
    (found,) = service["observer"].get(API).json()
    return found["now"]["people"]


def sent(service: Asked) -> str:
    """What went out last, after everything that is due was delivered."""
    dispatch(service.service.store, service.service.settings)
    files = service.service.settings.home.rglob("messages/*.txt")
    return max(files, key=lambda file: file.stat().st_mtime_ns).read_text()


def test_a_schedule_is_made_shown_and_dropped(service: Asked):
    assert len(on(service)) == 1
    found = service["observer"].get(f"{API}/schedules/primary/shifts", params={"days": 28}).json()
    assert [shift["people"] for shift in found["shifts"]][:2] in (
        [["responder"], ["commander"]],
        [["commander"], ["responder"]],
    )
    assert found["remarks"] == []
    assert service["admin"].delete(f"{API}/schedules/primary").status_code == 204
    assert service["observer"].get(f"{API}/schedules/primary/shifts").status_code == 404
    assert service["observer"].get(f"{API}/external").json()[0]["provider"] == "Bank"


def test_nobody_is_asked_for_a_calendar_that_only_an_admin_named(service: Asked):
    layer = {"ics": "http://169.254.169.254/latest"}
    answer = service["admin"].put(f"{API}/schedules/x", json={"name": "x", "layers": [layer]})
    assert answer.status_code == 422 and "warroom.yaml" in answer.json()["detail"]


def test_one_takes_over_or_gives_away_ones_own_and_nothing_else(service: Asked):
    who, other = (on(service)[0], "responder" if on(service)[0] == "commander" else "commander")
    form = {"schedule": "primary", "people": ["eve"], **times(-1, 3)}
    assert service[other].post(f"{API}/overrides", json=form).status_code == 403
    made = service[who].post(f"{API}/overrides", json=form)
    assert made.status_code == 201 and on(service) == ["eve"]
    mine = {**form, "people": [other]}
    assert service[other].post(f"{API}/overrides", json=mine).status_code == 201
    assert on(service) == [other]
    assert service[other].delete(f"{API}/overrides/{made.json()['key']}").status_code == 403
    assert service["admin"].delete(f"{API}/overrides/{made.json()['key']}").status_code == 204
    note = service[other].post(f"{API}/schedules/primary/notes", json={"text": "disk 3 is slow"})
    assert note.status_code == 201
    found = service["observer"].get(f"{API}/schedules/primary/shifts", params={"days": 1}).json()
    start = {"start": time.time() - 600, "days": 1}
    found = service["observer"].get(f"{API}/schedules/primary/shifts", params=start).json()
    assert found["shifts"][0]["notes"] == [f"{other}: disk 3 is slow"]


def test_a_way_counts_once_the_code_that_went_there_came_back(service: Asked):
    form = {"person": "responder", "method": "email", "address": "r@example.org"}
    assert service["responder"].post(f"{API}/ways", json={**form, "person": "x"}).status_code == 403
    key = service["responder"].post(f"{API}/ways", json=form).json()["key"]
    text = sent(service)
    code = re.search(r"\b\d{6}\b", text)
    assert code and f'channel: "email:{key}"' in text
    verify = f"{API}/ways/{key}/verify"
    wrong = f"{(int(code[0]) + 1) % 10**6:06}"
    assert service["commander"].post(verify, json={"code": code[0]}).status_code == 403
    assert service["responder"].post(verify, json={"code": wrong}).status_code == 422
    assert service["responder"].post(verify, json={"code": code[0]}).status_code == 204
    assert service["responder"].post(verify, json={"code": code[0]}).status_code == 422  # once
    (way,) = service["responder"].get(f"{API}/ways").json()
    assert way["body"]["verified"] and not way["body"]["code"]
    assert service["commander"].get(f"{API}/ways").json() == []
    again = service["responder"].post(f"{API}/ways/{key}/code")
    assert again.status_code == 202
    (way,) = service["responder"].get(f"{API}/ways").json()
    assert not way["body"]["verified"]
    for _try in range(5):
        service["responder"].post(verify, json={"code": wrong})
    code = re.search(r"\b\d{6}\b", sent(service))
    assert code
    late = service["responder"].post(verify, json={"code": code[0]})
    assert late.status_code == 422 and "new one" in late.json()["detail"]


def test_a_calendar_is_read_by_who_has_its_address_until_it_is_dropped(service: Asked):
    made = service["responder"].post(f"{API}/calendars", json={"person": "responder"}).json()
    place = made["url"].removeprefix("https://warroom.example.org")
    answer = service[""].get(place)
    assert answer.headers["content-type"].startswith("text/calendar")
    names = {str(each["SUMMARY"]) for each in Calendar.from_ical(answer.content).walk("VEVENT")}
    assert names == {"responder on call: primary"}
    assert service[""].get("/on-call/calendar/wrong.ics").status_code == 404
    assert service["commander"].delete(f"{API}/calendars/{made['key']}").status_code == 403
    assert service["responder"].delete(f"{API}/calendars/{made['key']}").status_code == 204
    assert service[""].get(place).status_code == 404


@pytest.fixture
def told(service: Asked) -> str:
    """The link that came with the page of an incident that was declared now."""
    service.service.store.create(declared())
    escalate(service.service.settings, service.service.store)
    found = re.search(r"https://\S+?(/on-call/acknowledge/\S+)", sent(service))
    assert found
    return found[1]


def test_the_link_of_a_page_asks_first_and_acknowledges_that_incident_alone(service, told):
    who, stranger = on(service)[0], service[""]
    shown = stranger.get(told)
    assert "do you have it" in shown.text and 'method="post"' in shown.text
    where = "/api/v1/incidents/INC-1/escalation"
    assert service["observer"].get(where).json()["standing"]["state"] == "open"
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert stranger.post(told, headers=elsewhere).status_code == 403
    ours = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    assert f"It is yours, {who}" in stranger.post(told, headers=ours).text
    found = service["observer"].get(where).json()
    assert (found["standing"]["state"], found["standing"]["answered_by"]) == ("acknowledged", who)
    assert [step["act"] for step in found["steps"]] == ["told", "acknowledged"]
    assert stranger.get(told.replace("acknowledge/", "calendar/") + ".ics").status_code == 404
    assert stranger.get("/on-call/acknowledge/wrong").status_code == 404
    rota = Rota(service.service.engine, service.service.configuration)
    with pytest.raises(NotFound):
        rota.opened(told.rpartition("/")[2], time.time() + LINK_S)
    document = service["observer"].get("/api/v1/incidents/INC-1").text
    assert told.rpartition("/")[2] not in document, (
        "whoever reads the incident has no link of theirs"
    )


def test_acknowledge_and_release_over_the_api_and_the_load_that_it_was(service, told):
    for act, state in (("acknowledge", "acknowledged"), ("release", "open")):
        answer = service["responder"].post(f"/api/v1/incidents/INC-1/{act}")
        assert answer.json()["state"] == state
    missing = service["responder"].post("/api/v1/incidents/INC-9/acknowledge")
    assert missing.status_code == 404
    (load,) = service["observer"].get(f"{API}/load").json()
    assert (load["person"], load["pages"]) == (on(service)[0], 1)


def test_links_of_pages_are_dropped_when_they_are_old(service, told):
    def links() -> int:
        with service.service.engine.connect() as connection:
            rows = connection.execute(ONCALL.select().where(ONCALL.c.kind == "link")).all()
        return len(rows)

    service["responder"].post(f"{API}/calendars", json={"schedule": "primary"})
    assert links() == 2
    drop_links(service.service.engine, time.time() + 3 * 86400)
    assert links() == 1, "an address of a calendar stays"
    assert Outbox(service.service.engine).due() == []

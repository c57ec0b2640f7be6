"""An alert in the night: the right people, one after the other, each once."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from warroom.agents.runtime.outbox import Letter
from warroom.app.escalating import acknowledge, release
from warroom.errors import InputError, NotFound
from warroom.incident.events import Acknowledged, Escalated
from warroom.incident.lifecycle import State
from warroom.incident.severity import Severity
from warroom.record import audit
from warroom.record.escalations import Escalations
from warroom.record.store import Store
from warroom.record.tables import OUTBOX
from warroom.tests.support.nights import Night, night
from warroom.tests.support.people import person

SHOP = """
server: {external_url: https://warroom.example.org}
oncall:
  schedules:
    - name: primary
      time_zone: Europe/Berlin
      layers: [{participants: [ann, ben], rotation: daily, start: 2026-10-24T04:00}]
    - name: secondary
      layers: [{participants: [cat], start: 2026-10-19T09:00}]
  roles: {lead: lea, manager: max, management: [mia, moe], "payments:lead": pam}
"""
EVENING = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)  # in Berlin midnight; winter at 01:00 UTC


ON_A_FILE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


@pytest.fixture
def shop(tmp_path, place, monkeypatch) -> Night:
    found = night(tmp_path / "home", place, SHOP, EVENING, servers=2)
    monkeypatch.setenv("WARROOM_CONFIG", str(tmp_path / "home" / "warroom.yaml"))
    return found


def test_a_night_through_the_change_of_the_hour_a_restart_and_two_servers(shop: Night):
    """Who is on changes at four on the wall: three UTC, an hour later than the day before."""
    shop.incident()
    shop.look()
    assert shop.pages() == ["22:00 ann"]
    assert shop.until(22, 14) == []
    assert shop.until(22, 15) == ["22:15 lea"]
    shop.stores = [Store.open(shop.store.engine.url.render_as_string(hide_password=False))] * 2
    assert shop.until(22, 45) == ["22:45 max"]
    assert shop.until(23, 45) == ["23:45 mia", "23:45 moe"]
    assert shop.until(2, 50, every=10) == []
    shop.incident(name="INC-2")
    shop.look()
    assert shop.pages()[-1] == "02:50 ann"
    assert shop.until(3, 5) == ["03:05 lea"]
    assert shop.until(3, 6) == []
    shop.incident(name="INC-3")
    shop.look()
    assert shop.pages()[-1] == "03:06 ben"
    assert audit.verify(shop.store.engine).fault == ""


def test_whoever_acknowledges_ends_it_and_what_was_to_come_is_called_off(shop: Night):
    soon, late = shop.way("ann", "chat"), shop.way("ann", "phone", delay=10)
    shop.incident()
    shop.look()
    assert shop.outbox() == [f"22:00 {soon}", f"22:10 {late}"]
    shop.until(22, 2)
    acknowledge(shop.store, "INC-1", person("ann"), shop.clock)
    assert shop.outbox() == []  # nobody delivers here: what was not sent is not sent any more
    assert shop.until(22, 59) == []
    document = shop.store.load("INC-1")
    assert [e.text for e in document.timeline if e.actor in ("on-call", "ann")] == [
        "told ann (primary): declared P0",
        "ann has acknowledged it",
    ]
    told = [stored.event for stored in shop.store.events.after()]
    assert [e.people for e in told if isinstance(e, Escalated)] == [["ann"]]
    assert [e.by for e in told if isinstance(e, Acknowledged)] == ["ann"]


@ON_A_FILE
def test_a_level_says_what_is_asked_of_whom_it_tells(shop: Night):
    """Of each level something of its own, in the page and nowhere else."""
    shop.way("ann", "email")
    shop.way("lea", "email")
    shop.incident()
    shop.look()
    shop.until(22, 15)
    with shop.store.engine.connect() as connection:
        rows = connection.execute(select(OUTBOX.c.body).order_by(OUTBOX.c.put_at)).scalars()
        bodies = [Letter.model_validate_json(row).message.body for row in rows]
    first, second = bodies
    assert "Confirm the level, take the command, and have the way back ready." in first
    assert "Lead the technical side" not in first
    assert "Lead the technical side, or name who does." in second
    assert all(body.rstrip().splitlines()[-1].startswith("https://") for body in bodies)


@ON_A_FILE
def test_acknowledged_and_not_resolved_in_time_goes_on_to_the_next(shop: Night):
    shop.incident()
    shop.look()
    acknowledge(shop.store, "INC-1", person("ann"), shop.clock)
    assert shop.until(22, 59) == []
    shop.until(22, 59)
    acknowledge(shop.store, "INC-1", person("ann"), shop.clock)  # still at it: counts anew
    assert shop.until(23, 0) == ["23:00 lea"]  # P0: resolved within the hour, or the lead hears
    steps = Escalations(shop.store.engine).history("INC-1")
    assert steps[-1].why == "acknowledged by ann 60 s ago and not resolved"


@ON_A_FILE
def test_an_acknowledgement_lapses_and_whoever_gave_it_is_told_again(shop: Night):
    shop.incident(Severity.P1)
    shop.look()
    assert shop.pages() == ["22:00 cat"]
    acknowledge(shop.store, "INC-1", person("cat"), shop.clock)
    assert shop.until(23, 55) == []
    assert shop.until(0, 0) == ["00:00 cat"]
    assert shop.until(0, 30) == ["00:30 lea"]


@ON_A_FILE
def test_given_back_the_same_level_is_told_again_at_once(shop: Night):
    shop.incident()
    shop.look()
    acknowledge(shop.store, "INC-1", person("ann"), shop.clock)
    shop.until(22, 5)
    release(shop.store, "INC-1", person("ann"), shop.clock)
    shop.look()
    assert shop.pages() == ["22:00 ann", "22:05 ann"]
    assert shop.until(22, 20) == ["22:20 lea"]


@ON_A_FILE
def test_a_raise_begins_anew_whoever_had_acknowledged_a_lowering_wakes_nobody(shop: Night):
    shop.incident(Severity.P2)
    shop.look()
    acknowledge(shop.store, "INC-1", person("ann"), shop.clock)
    shop.until(22, 10)
    shop.becomes(Severity.P0)
    shop.look()
    assert shop.pages() == ["22:00 ann", "22:10 ann"]
    shop.becomes(Severity.P3)
    assert shop.until(23, 30) == []


@ON_A_FILE
def test_resolved_ends_it_and_reopened_begins_it_anew(shop: Night):
    shop.incident()
    shop.look()
    shop.becomes(state=State.resolved)
    assert shop.until(22, 30) == []
    with pytest.raises(InputError, match="resolved"):
        acknowledge(shop.store, "INC-1", person("ann"), shop.clock)
    shop.becomes(state=State.investigating)
    shop.look()
    assert shop.pages() == ["22:00 ann", "22:30 ann"]


@ON_A_FILE
def test_a_p2_waits_for_morning_a_p0_of_the_same_person_does_not(shop: Night):
    quiet = {"quiet": "21:00-07:00", "time_zone": "Europe/Berlin"}
    channel = shop.way("ann", "sms", **quiet)
    shop.way("ann", "email", verified=False)
    shop.incident(Severity.P2)
    shop.look()
    assert shop.outbox() == [f"06:00 {channel}"]  # in winter by then
    shop.incident(name="INC-2")
    shop.look()
    assert shop.outbox() == [f"22:00 {channel}", f"06:00 {channel}"]


@ON_A_FILE
def test_a_level_waits_until_its_people_were_told(shop: Night):
    shop.file.oncall.escalation[Severity.P2] = (
        shop.file.oncall.levels(Severity.P0, {})[0],
        shop.file.oncall.levels(Severity.P0, {})[1],
    )
    text = SHOP + "  escalation: {P2: [{notify: ann, timeout: 15m}, {notify: lead}]}\n"
    (shop.settings.home / "warroom.yaml").write_text(text)
    shop.way("ann", quiet="21:00-07:00", time_zone="Europe/Berlin")
    shop.incident(Severity.P2)
    shop.look()
    assert shop.until(6, 10, every=10) == []
    assert shop.until(6, 20) == ["06:15 lea"]


@ON_A_FILE
def test_where_nobody_is_on_the_next_level_is_told_at_once(shop: Night):
    text = SHOP.replace("participants: [ann, ben]", 'participants: [ann], hours: ["09:00-10:00"]')
    (shop.settings.home / "warroom.yaml").write_text(text)
    shop.incident()
    shop.look()
    assert shop.pages() == ["22:00 nobody", "22:00 lea"]


@ON_A_FILE
def test_the_teams_own_lead_is_told_and_an_old_incident_wakes_nobody(shop: Night):
    text = SHOP.replace("payments:lead", "orders:lead")
    (shop.settings.home / "warroom.yaml").write_text(text)
    shop.incident()  # of the team orders
    shop.look()
    assert shop.until(22, 15) == ["22:15 pam"]
    shop.incident(name="INC-2")
    shop.now = shop.now.replace(day=26)
    shop.look()
    assert not [p for p in shop.pages() if p.startswith("22:15 ann")]


@ON_A_FILE
def test_without_anybody_on_call_nobody_is_told_and_it_can_be_acknowledged(shop: Night):
    (shop.settings.home / "warroom.yaml").write_text("")
    shop.incident()
    assert shop.until(23, 0) == []
    assert acknowledge(shop.store, "INC-1", person("ann"), shop.clock).state == "acknowledged"
    with pytest.raises(NotFound):
        acknowledge(shop.store, "INC-9", person("ann"), shop.clock)

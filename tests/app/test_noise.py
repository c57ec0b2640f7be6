"""Alerts that led to nothing: which those are, whom they woke, what is proposed and from what."""

from datetime import timedelta

import pytest
import yaml
from sqlalchemy import insert, update

from warroom.app.lifecycle import note
from warroom.app.noise import DELETE, RAISE, TICKET, WAIT, Noisy, listed, noise
from warroom.app.record import Record
from warroom.incident.timeline import utc_now
from warroom.record.oncall_tables import STEPS
from warroom.record.store import Store
from warroom.record.tables import ALERTS
from warroom.settings import Settings
from warroom.telemetry.sources.datasource import Datasource
from warroom.tests.support.alerts import NOW, fires, later, over, put
from warroom.tests.support.incidents import minimal
from warroom.tests.support.incidents import noise as calm
from warroom.tests.support.people import person
from warroom.tests.support.prometheus_server import INSTALLED, running


@pytest.fixture
def record(tmp_path, place) -> Record:
    url = place if isinstance(place, str) else ""
    return Record(Settings(home=tmp_path, database_url=url))


@pytest.fixture
def store(record) -> Store:
    return record.store


def fired(store: Store, name: str, times: int, lasts: float, incident: str, make=minimal) -> None:
    """An alert that fired so many times, an hour apart, all of one incident."""
    store.create(make().model_copy(update={"id": incident}))
    for number in range(times):
        alert = fires(name=name, start=3600.0 * number)
        put(store, alert, over(alert, 3600.0 * number + lasts), at=3600.0 * number)
    with store.engine.begin() as connection:
        connection.execute(update(ALERTS).where(ALERTS.c.name == name).values(incident_id=incident))


def woke(store: Store, incident: str, *people: str) -> None:
    with store.engine.begin() as connection:
        for number, one in enumerate(people):
            row = {"incident_id": incident, "number": number, "person": one, "act": "told"}
            at = later(number).timestamp()
            connection.execute(insert(STEPS).values(**row, at=at, level=0, why="declared"))


def read(record: Record, store: Store, sight=None, sources=()) -> dict[str, Noisy]:
    now = max(utc_now(), NOW + timedelta(days=2))
    found = noise(record, now, 52, sight, sources)
    return {one.name: one for one in found}


def test_what_ends_by_itself_is_to_wait_longer(record, store):
    fired(store, "Blip", 4, 90.0, "INC-1")
    woke(store, "INC-1", "ann", "ann", "ben")
    one = read(record, store)["Blip"]
    assert (one.times, one.lasted, one.woke) == (4, 90.0, {"ann": 2, "ben": 1})
    assert (one.change, one.longer) == (WAIT, 120.0)
    assert one.why.startswith("4 of 4 were over by themselves within 2 min")
    assert listed(one)["woke"] == "ann 2, ben 1"


def test_what_a_person_did_something_about_is_no_noise(record, store):
    fired(store, "Blip", 4, 90.0, "INC-1")
    note(store, "INC-1", "looked at it, the disk is old", person("ann"))
    assert not read(record, store)


def test_what_telemetry_shows_to_be_nothing_has_a_wrong_threshold(record, store):
    fired(store, "Calm", 4, 7200.0, "INC-1", calm)
    fired(store, "Always", 10, 7200.0, "INC-2", calm)
    found = read(record, store)
    assert (found["Calm"].change, found["Always"].change) == (RAISE, DELETE)
    assert "nobody was hurt" in found["Calm"].why


def test_what_woke_people_who_did_nothing_is_a_ticket_and_what_is_rare_stays(record, store):
    fired(store, "Woke", 4, 7200.0, "INC-1")
    woke(store, "INC-1", "ann")
    fired(store, "Rare", 2, 10.0, "INC-2")
    fired(store, "Quiet", 4, 7200.0, "INC-3")
    fired(store, "Often", 10, 7200.0, "INC-4")
    found = read(record, store)
    assert next(iter(found)) == "Woke"
    changes = {name: one.change for name, one in found.items()}
    assert changes == {"Woke": TICKET, "Rare": "", "Quiet": "", "Often": DELETE}


def test_what_another_team_has_is_not_told(record, store):
    fired(store, "Blip", 4, 90.0, "INC-1")
    assert read(record, store, frozenset(["payments"]))  # it is nobody's
    store.update("INC-1", lambda d: setattr(d, "services", calm().services))
    assert not read(record, store, frozenset(["payments"]))
    assert read(record, store, frozenset(["orders"]))


RULES = {
    "groups": [
        {
            "name": "shop",
            "rules": [
                {
                    "alert": "Blip",
                    "expr": 'up{job="cart"} == 0',
                    "for": "1m",
                    "labels": {"severity": level},
                    "annotations": {"summary": "cart is away"},
                }
                for level in ("critical", "warning")
            ],
        }
    ]
}


@pytest.mark.skipif(not INSTALLED, reason="prometheus and promtool are not on PATH")
@pytest.mark.live
def test_the_rule_of_a_real_prometheus_is_written_as_it_should_be(record, store, tmp_path):
    fired(store, "Blip", 4, 90.0, "INC-1")
    root = tmp_path / "prometheus"
    root.mkdir()
    (root / "rules.yml").write_text(yaml.safe_dump(RULES))
    with running(root, {"rule_files": [str(root / "rules.yml")]}) as url:
        sources = [Datasource(name="prom", type="prometheus", url=url)]
        (rule,) = yaml.safe_load(read(record, store, None, sources)["Blip"].rule)
    wanted = RULES["groups"][0]["rules"][1]  # of the severity that the alert had
    assert rule == {**wanted, "for": "180s"}
    said = read(record, store, None, sources)["Blip"].rule
    assert said.startswith("# prom ") and yaml.safe_load(said) is None

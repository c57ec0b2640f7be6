"""A night on call over two real servers and a PostgreSQL whose clock is moved by hand: each level
is told once, though one server is killed, and whoever acknowledges by the mail's link ends it."""

import re
import time
from collections import Counter
from pathlib import Path

import httpx
import psycopg
import pytest
import yaml

from warroom.app.configuration_file import Configuration
from warroom.app.oncall import KnownWay, Rota
from warroom.app.record import Record
from warroom.incident.severity import Severity
from warroom.record.escalations import Escalations
from warroom.record.store import Store
from warroom.settings import Settings
from warroom.tests.support.databases import fresh
from warroom.tests.support.incidents import declared
from warroom.tests.support.mail_server import Mailbox, mail_server
from warroom.tests.support.people import person
from warroom.tests.support.serving import serving
from warroom.tests.support.slack_workspace import waited

pytestmark = pytest.mark.thorough
CLOCK = """
CREATE TABLE moved (by interval);
INSERT INTO moved VALUES ('-4 hours');
CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
'SELECT pg_catalog.clock_timestamp() + by FROM public.moved';
"""
ONCALL = {
    "schedules": [
        {"name": "primary", "layers": [{"participants": ["ann"], "start": "2026-10-19T09:00"}]}
    ],
    "roles": {"lead": "lea", "manager": "max", "management": ["mia", "moe"]},
}
INCIDENTS = ("INC-1", "INC-2", "INC-3")


def moved_by_hand(place: str) -> None:
    """Its clock is ours from now on, for whoever asks it."""
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute(CLOCK.encode())
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET search_path = public, pg_catalog".encode())


def passes(place: str, minutes: float) -> None:
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("UPDATE moved SET by = by + make_interval(secs => %s)", [60 * minutes])


def happens(store: Store) -> None:
    """Three P0 at once, classified already."""
    for name in INCIDENTS:
        store.create(declared(Severity.P0).model_copy(update={"id": name}))
    with store.engine.begin() as connection:
        now = time.time()
        connection.exec_driver_sql(f"UPDATE incidents SET taken_at = {now}")


def told(box: Mailbox) -> Counter[str]:
    """Who got how many letters."""
    return Counter(taker.partition("@")[0] for takers in box.takers for taker in takers)


def acknowledged(box: Mailbox, url: str) -> str:
    """Whoever got the last letter opens its link, and presses the button there."""
    said = box.letters[-1].get_body(("plain",))
    assert said
    path = re.findall(r"/on-call/acknowledge/\S+", said.get_content())[0]
    assert "do you have it?" in httpx.get(url + path).text
    page = httpx.post(url + path, headers={"Origin": url, "Sec-Fetch-Site": "same-origin"})
    assert "It is yours" in page.text
    return re.findall(r"INC-\d", page.text)[0]


def test_each_level_is_told_once_by_two_servers_through_a_kill(tmp_path: Path, server: str):
    place, home = fresh(server), tmp_path / "home"
    moved_by_hand(place)
    home.mkdir(mode=0o700)
    with mail_server() as box:
        mail = {"host": "127.0.0.1", "port": box.port, "tls": "none", "sender": "w@example.org"}
        (tmp_path / "warroom.yaml").write_text(
            yaml.safe_dump({"oncall": ONCALL, "notifications": {"mail": mail}})
        )
        told_where = {"WARROOM_CONFIG": str(tmp_path / "warroom.yaml")}
        told_where |= {"WARROOM_DATABASE_URL": place}
        store = Record(Settings(home=home, database_url=place)).store
        ways = Rota(store.engine, Configuration()).ways
        for name in ("ann", "lea", "max", "mia", "moe"):
            way = {"person": name, "method": "email", "address": f"{name}@example.org"}
            ways.put(name, KnownWay.model_validate({**way, "verified": True}), person(name))
        with serving(home, **told_where) as one, serving(home, **told_where) as other:
            happens(store)
            waited(lambda: told(box) == {"ann": 3})
            passes(place, 14)
            time.sleep(3)  # both look each second, and nothing is due
            assert told(box) == {"ann": 3}
            passes(place, 2)
            waited(lambda: told(box) == {"ann": 3, "lea": 3})
            passes(place, 30)
            one.process.kill()
            waited(lambda: told(box) == {"ann": 3, "lea": 3, "max": 3})
            mine = acknowledged(box, other.url)
            with serving(home, **told_where):
                passes(place, 61)
                waited(lambda: told(box)["moe"] == told(box)["mia"] == 2)
                time.sleep(3)
        # Whoever has it hears after an hour that it is not resolved; the others go on.
        assert told(box) == {"ann": 3, "lea": 3, "max": 4, "mia": 2, "moe": 2}
        steps = [step for step in Escalations(store.engine).history() if step.act == "told"]
        counted = Counter((step.incident_id, step.person, step.why) for step in steps)
        assert set(counted.values()) == {1} and len(counted) == 14
        assert {step.person for step in steps if step.incident_id == mine} == {"ann", "lea", "max"}

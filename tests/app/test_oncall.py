"""Calendars of a team, read from where warroom.yaml says, kept while they are away."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from warroom.app.charts.week import week_chart
from warroom.app.configuration_file import Configuration
from warroom.app.oncall import Rota, refresh
from warroom.incident.timeline import utc_now
from warroom.record.store import Store

TODAY = utc_now().strftime("%Y%m%d")
EVENT = f"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//EN
BEGIN:VEVENT
UID:1
DTSTAMP:{TODAY}T000000Z
SUMMARY:ann
DTSTART;VALUE=DATE:{TODAY}
RRULE:FREQ=DAILY
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


class Calendar(BaseHTTPRequestHandler):
    """Answers what the test wants now."""

    status, body = 200, EVENT

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Location", "http://127.0.0.1:1/secret")
        self.end_headers()
        self.wfile.write(self.body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    Calendar.status, Calendar.body = 200, EVENT
    server = ThreadingHTTPServer(("127.0.0.1", 0), Calendar)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/oncall.ics"
    server.shutdown()


def rota(tmp_path: Path, ics: str) -> Rota:
    told = {"schedules": [{"name": "primary", "ics": ics}], "roles": {"lead": ["primary", "lea"]}}
    store = Store.open(tmp_path / "warroom.db")
    return Rota(store.engine, Configuration.model_validate({"oncall": told}))


def on(found: Rota) -> list[str]:
    return found.people(["primary"], "", utc_now())


def test_whoever_the_calendar_names_is_on_also_while_it_is_away(tmp_path, address):
    found = rota(tmp_path, address)
    assert on(found) == []
    refresh(found)
    assert on(found) == ["ann"]
    assert found.people(["lead", "max"], "", utc_now()) == ["ann", "lea", "max"]
    for status, body in ((302, ""), (500, ""), (200, "<html>"), (200, "x" * 2**21)):
        Calendar.status, Calendar.body = status, body
        refresh(found)
        assert on(found) == ["ann"]
        (fault,) = found.faults()
        assert fault.startswith(address)
    assert found.people(["primary"], "", utc_now() + timedelta(days=40)) == ["ann"]


def test_a_file_is_read_as_well_and_one_that_is_missing_is_said(tmp_path):
    file = tmp_path / "a.ics"
    found = rota(tmp_path, str(file))
    refresh(found)
    assert "name a file" in found.faults()[0]
    file.write_text(EVENT)
    refresh(found)
    assert on(found) == ["ann"]


def test_roles_that_name_each_other_end(tmp_path):
    told = {"roles": {"a": "b", "b": ["a", "ann"]}}
    store = Store.open(tmp_path / "warroom.db")
    found = Rota(store.engine, Configuration.model_validate({"oncall": told}))
    assert found.people(["a"], "", utc_now()) == ["ann"]


@pytest.mark.parametrize(("hour", "named"), [(8, True), (21, False)])
def test_a_day_of_which_little_is_left_leaves_its_name_out(hour, named):
    """In the picture of the week: else it would lie over the next one's."""
    start = datetime(2026, 11, 30, hour, tzinfo=UTC)
    drawn = week_chart({"primary": []}, start, start + timedelta(days=7))
    assert ("Mon 30" in drawn) is named
    assert "Tue 01" in drawn

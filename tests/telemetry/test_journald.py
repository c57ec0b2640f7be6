"""The journal as systemd's own gateway serves it."""

from pathlib import Path

import pytest

from warroom.telemetry.model import LogRecord
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources import log_streams, logs
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.journald import Journal
from warroom.telemetry.sources.logs import Whose
from warroom.telemetry.sources.registry import connected
from warroom.telemetry.sources.source import EVER
from warroom.tests.support.bundles import START
from warroom.tests.support.journal_gateway import (
    INSTALLED,
    Entry,
    entry,
    gateway,
    write_journal,
)

pytestmark = pytest.mark.skipif(
    not INSTALLED, reason="Debian's systemd-journal-remote is not installed"
)


def read(
    folder: Path, *entries: Entry, service: str = "shop", **facts: object
) -> tuple[list[LogRecord], str]:
    """The lines of a service, and what is said of them, ten minutes later."""
    write_journal(folder / "one.journal", entries)
    with gateway(folder) as url:
        given = {"name": "journal", "type": "journald", "url": url, **facts}
        sources = connected([Datasource.model_validate(given)])
        recorder = Recorder(sources, clock=lambda: START + 600)
        recorder.focus(service, START)
        recording = recorder.advance()
    (said,) = [one.problem for one in recording.coverage() if one.modality == "logs"]
    return recording.logs(EVER), said


def test_a_service_is_a_unit(tmp_path):
    found, said = read(
        tmp_path,
        entry(START - 1, "shop.service", "before"),
        entry(START + 1, "shop.service", "one", PRIORITY="3", TRACE_ID="abc", ORDER="7"),
        entry(START + 2, "shopkeeper.service", "another's"),
        entry(START + 3, "shop@2.service", "two", _PID="12"),
        entry(START + 700, "shop.service", "after"),
    )
    assert said == ""
    assert [(one.message, one.level, one.instance) for one in found] == [
        ("one", "error", "host-1"),
        ("two", "info", "host-1"),
    ]
    assert found[0].trace_id == "abc"
    assert found[0].attributes == {"ORDER": "7", "_BOOT_ID": "1" * 32}
    assert found[1].attributes == {
        "_BOOT_ID": "1" * 32,
        "_PID": "12",
        "unit": "shop@2.service",
    }


@pytest.mark.parametrize("most", [7, 10, 5000])
def test_pages_go_on_within_a_moment(tmp_path, most):
    lines = [entry(START + 1 + n // 10, "shop.service", f"line {n}") for n in range(25)]
    found, said = read(tmp_path, *lines, jsonData={"maxLines": most})
    assert [one.message for one in found] == [f"line {n}" for n in range(25)]
    assert said == ""


def test_other_fields_can_name_a_service(tmp_path):
    found, _ = read(
        tmp_path,
        entry(START + 1, "docker.service", "one", CONTAINER_NAME="shop"),
        entry(START + 2, "docker.service", "two", CONTAINER_NAME="cart"),
        labels={"service": ["service", "CONTAINER_NAME"]},
    )
    assert [(one.service, one.message) for one in found] == [("shop", "one")]


def test_bytes_lines_and_long_values(tmp_path):
    messages = ["two\nlines", b"\xff\x00 bytes", "x" * 10_000, "ä"]
    lines = [entry(START + n, "shop.service", one) for n, one in enumerate(messages)]
    found, _ = read(tmp_path, *lines)
    assert [one.message for one in found] == ["two\nlines", "\ufffd\x00 bytes", "x" * 10_000, "ä"]


def test_a_name_is_a_name_for_the_gateway_too(tmp_path):
    name = 'a"}&_PID=1#|.*\nä b'
    theirs = entry(START + 1, "shop.service", "theirs", _PID="1")
    found, _ = read(tmp_path, theirs, entry(START + 1, f"{name}.service", "ours"), service=name)
    assert [(one.service, one.message) for one in found] == [(name, "ours")]


def test_a_person_is_told_how_to_read_the_same():
    where = {"name": "journal", "type": "journald", "url": "http://host:19531"}
    source = Journal(Datasource.model_validate(where))
    source.fields = {"shop": ["shop.service", "shop@2.service"]}
    told = "journalctl _SYSTEMD_UNIT=shop.service _SYSTEMD_UNIT=shop@2.service"
    assert source.select(Whose("_SYSTEMD_UNIT", ("shop",))) == told


def test_a_service_that_has_no_unit_is_said(tmp_path):
    found, said = read(tmp_path, entry(START + 1, "shop.service", "one"), service="gone")
    assert found == []
    assert said == "no lines of gone by _SYSTEMD_UNIT: name another in labels.service"


def test_what_is_too_much_is_taken_from_each_stretch(tmp_path, monkeypatch):
    monkeypatch.setattr(log_streams, "MOST_HELD", 300)
    monkeypatch.setattr(logs, "MOST_LINES", 200)
    lines = [entry(START + n, "shop.service", f"line {n}") for n in range(600)]
    found, said = read(tmp_path, *lines)
    assert "of journal's busiest moments not all lines are here" in said
    assert {int((one.ts - START) // 60) for one in found} == set(range(10))

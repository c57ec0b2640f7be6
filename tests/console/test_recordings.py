"""`warroom record`, `replay`, `bundle`: kept, asked again, explained."""

import json
import time
from contextlib import closing
from datetime import UTC, datetime

import pytest

from warroom.app.configuration_file import NAMED
from warroom.app.recordings import window_of
from warroom.console.exits import Exit
from warroom.errors import InputError
from warroom.telemetry.sample_bundle import write_sample
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.log_backends import LokiBackend
from warroom.tests.support.prometheus_backend import PrometheusBackend
from warroom.tests.support.trace_backends import JaegerBackend


@pytest.fixture
def warroom(tmp_path, monkeypatch, capsys):
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


@pytest.fixture
def sample(tmp_path):
    return write_sample(tmp_path / "sample")


def answered(warroom, bundle) -> str:
    said = warroom("triage", str(bundle / "alert.json"), "--telemetry", str(bundle), "--json")
    return said.json[0]["incident"]


def test_the_sample_is_whole_and_leads_to_its_deploy(warroom, tmp_path):
    assert warroom("bundle", "sample", str(tmp_path / "s")).code == Exit.done
    assert warroom("bundle", "check", str(tmp_path / "s")).code == Exit.done
    incident = answered(warroom, tmp_path / "s")
    cause = warroom.store.load(incident).leading()
    assert cause
    assert (cause.service, cause.kind) == ("payments", "bad deploy")


def test_a_replay_over_what_was_kept_drifts_only_where_that_changed(warroom, sample, tmp_path):
    incident = answered(warroom, sample)
    said = warroom("replay", incident, "--json")
    assert said.code == Exit.done
    assert {one["verdict"] for one in said.json["evidence"]} == {"same"}
    assert len(said.json["evidence"]) == len(warroom.store.load(incident).evidence)

    (sample / "changes.jsonl").unlink()
    said = warroom("replay", incident, "--json")
    assert said.code == Exit.drifted
    gone = {one["tool"] for one in said.json["evidence"] if one["verdict"] == "gone"}
    assert "recent_changes" in gone
    assert all(one["what"] for one in said.json["evidence"] if one["verdict"] != "same")
    assert warroom("replay", incident, "--telemetry", str(tmp_path)).code == Exit.bad_input


def test_an_incident_is_kept_anonymised_and_leads_to_the_same_cause(warroom, sample, tmp_path):
    incident = answered(warroom, sample)
    kept = tmp_path / "kept"
    assert warroom("record", incident, "--out", str(kept), "--anonymise").code == Exit.done
    assert "payments" not in "".join(f.read_text() for f in kept.rglob("*.json*"))
    again = warroom.store.load(answered(warroom, kept)).leading()
    first = warroom.store.load(incident).leading()
    assert first and again
    assert (again.kind, round(again.confidence, 2)) == (first.kind, round(first.confidence, 2))
    assert again.service.startswith("service-")
    assert warroom("record", incident, "--out", str(kept)).code == Exit.bad_input


def test_a_window_of_the_backends_is_kept_and_a_replay_asks_them(warroom, tmp_path, monkeypatch):
    prom, loki, now = PrometheusBackend(), LokiBackend(), time.time()
    for ago in range(900, 0, -10):
        for name in ("checkout", "cart"):
            row = {"ts": now - ago, "name": "http_requests_total", "service": name}
            prom.write("metrics", row | {"labels": {"code": "200"}, "value": 900 - ago})
        bad = "ERROR refused" if ago < 60 else "INFO served"
        loki.write("logs", {"ts": now - ago, "service": "checkout", "message": bad})
    text = f"datasources:\n- {{name: prom, type: prometheus, url: '{prom.where}'}}\n"
    text += f"- {{name: loki, type: loki, url: '{loki.where}'}}\n"
    (tmp_path / "warroom.yaml").write_text(text)
    monkeypatch.setenv(NAMED, str(tmp_path / "warroom.yaml"))
    start = datetime.fromtimestamp(now - 600, UTC).isoformat(timespec="seconds")
    until = datetime.fromtimestamp(now - 30, UTC).isoformat(timespec="seconds")

    asked = ("record", "--window", f"{start}..{until}", "--service", "checkout")
    assert warroom(*asked, "--out", str(tmp_path / "kept")).code == Exit.done
    lines = (tmp_path / "kept" / "metrics" / "recorded.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert {row["service"] for row in rows} == {"checkout"}
    assert now - 601 <= min(row["ts"] for row in rows)
    assert max(row["ts"] for row in rows) <= now - 29
    nobody = ("record", "--window", f"{start}..{until}", "--service", "nobody")
    assert warroom(*nobody, "--out", str(tmp_path / "none")).code == Exit.bad_input

    loki.failing = "403"
    said = warroom(*asked, "--out", str(tmp_path / "dark"))
    loki.failing = ""
    assert said.out.count(f"at {loki.where}:") == 1, "a gap is said once"

    alert = {"name": "Errors", "service": "checkout", "starts_at": until}
    (tmp_path / "alert.json").write_text(json.dumps(alert))
    warroom("triage", str(tmp_path / "alert.json"), "--json")
    incident = warroom.store.incidents()[0].id
    known = [e for e in warroom.store.load(incident).evidence if e.backends]
    assert {one.datasource for record in known for one in record.backends} == {"prom", "loki"}
    assert "kept" in warroom("replay", incident).err, "nothing was kept: it says what to do"
    said = warroom("replay", incident, "--live", "--json")
    assert said.code in (Exit.done, Exit.drifted)
    assert {"same"} <= {one["verdict"] for one in said.json["evidence"]}
    assert warroom("record", incident).code == Exit.done
    assert warroom("replay", incident, "--json").json["evidence"]
    prom.close()
    loki.close()
    said = warroom("replay", incident, "--live", "--json")
    assert said.code == Exit.drifted
    assert "gone" in {one["verdict"] for one in said.json["evidence"]}


def test_neighbours_that_calls_show_are_kept_too(warroom, tmp_path, monkeypatch):
    at, text = time.time() - 60, "datasources:\n"
    with closing(PrometheusBackend()) as prom, closing(JaegerBackend()) as jaeger:
        for number, (name, above) in enumerate((("checkout", ""), ("cart", f"{1:016x}")), 1):
            row = {"ts": at, "name": "http_requests_total", "value": 1, "labels": {}}
            prom.write("metrics", row | {"service": name})
            span = {"trace_id": f"{7:032x}", "span_id": f"{number:016x}", "parent_id": above}
            facts = {"name": "GET", "service": name, "duration_ms": 9.0, "kind": "server"}
            jaeger.write("traces", span | facts | {"start": at})
        for kind, backend in (("prometheus", prom), ("jaeger", jaeger)):
            text += f"- {{name: {kind}, type: {kind}, url: '{backend.where}'}}\n"
        (tmp_path / "warroom.yaml").write_text(text)
        monkeypatch.setenv(NAMED, str(tmp_path / "warroom.yaml"))
        window = "..".join(f"{datetime.fromtimestamp(at + by, UTC):%FT%T}" for by in (-60, 30))
        asked = ("record", "--window", window, "--service", "checkout")
        assert warroom(*asked, "--out", str(tmp_path / "kept")).code == Exit.done
    lines = (tmp_path / "kept" / "metrics" / "recorded.jsonl").read_text().splitlines()
    assert {json.loads(line)["service"] for line in lines} == {"checkout", "cart"}


NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("14:00..14:20", "2026-03-10T14:00", "2026-03-10T14:20"),
        ("14:00..15:00", "2026-03-10T14:00", "2026-03-10T14:30"),
        ("23:30..00:30", "2026-03-09T23:30", "2026-03-10T00:30"),
        ("15:00..16:00", "2026-03-09T15:00", "2026-03-09T16:00"),
        ("2026-03-01T10:00..2026-03-01T11:00:30", "2026-03-01T10:00", "2026-03-01T11:00:30"),
        ("2026-03-01T10:00+02:00..2026-03-01T09:00Z", "2026-03-01T08:00", "2026-03-01T09:00"),
    ],
)
def test_a_window_is_the_last_such_in_utc(text, start, end):
    found = window_of(text, NOW)
    assert [found.start, found.end] == [
        datetime.fromisoformat(part).replace(tzinfo=UTC).timestamp() for part in (start, end)
    ]


@pytest.mark.parametrize(
    "text", ["", "14:00", "a..b", "2027-01-01T00:00..2027-01-01T01:00", "..14:00"]
)
def test_what_is_no_window_is_refused(text):
    with pytest.raises(InputError):
        window_of(text, NOW)

"""Alerts that are repeated, and alerts that are old."""

from datetime import UTC, datetime, timedelta

import pytest

from warroom.agents.runtime.context import frame_of
from warroom.agents.runtime.intake import take
from warroom.incident.document import Alert, Incident
from warroom.record.store import Store
from warroom.telemetry.model import Coverage, Windows

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALERT = Alert(name="HighErrorRate", service="cart", summary="fails", fingerprint="f", source="x")


def test_an_alert_that_comes_again_and_again_leaves_few_lines(tmp_path):
    store = Store.open(tmp_path / "w.db")
    incident, new = take(store, ALERT, "playbooks", NOW)
    assert new
    before = len(store.load(incident).timeline)
    for second in range(40):
        joined = take(store, ALERT, "playbooks", NOW + timedelta(seconds=second))
        assert joined == (incident, False)
    lines = [event.text for event in store.load(incident).timeline[before:]]
    assert [line.rpartition("fingerprint")[2] for line in lines] == [
        *(")", ", 2 times)", ", 4 times)", ", 8 times)", ", 16 times)", ", 32 times)")
    ]
    over = ALERT.model_copy(update={"status": "resolved"})
    take(store, over, "playbooks", NOW + timedelta(seconds=41))
    assert "resolved again" in store.load(incident).timeline[-1].text


@pytest.mark.parametrize("days", [0, 1, 7, 20_000])
def test_an_old_alert_looks_at_what_telemetry_covers(days):
    end = NOW.timestamp()
    began = end - 600
    alert = ALERT.model_copy(update={"starts_at": NOW - timedelta(days=days)})
    document = Incident(id="INC-1", title="t", opened_at=NOW, alert=alert)
    coverage = [Coverage("metrics", began, end, 600), Coverage("changes", 0.0, end, 3)]
    frame = frame_of(document, Windows(baseline_s=300, detect_s=30), coverage, NOW)
    assert began <= frame.incident.start <= frame.incident.end == end
    assert frame.incident.seconds <= 600
    assert frame.baseline.seconds <= 300

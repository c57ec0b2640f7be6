"""Alerts that are repeated, and alerts that are old."""

from datetime import UTC, datetime, timedelta

import pytest

from warroom.agents.runtime.context import frame_of
from warroom.incident.document import Alert, Incident
from warroom.incident.lifecycle import State
from warroom.intake.handing import take
from warroom.intake.telling import FAR, MOST_JOINED
from warroom.record.store import Store
from warroom.telemetry.model import Coverage, Windows

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALERT = Alert(name="HighErrorRate", service="cart", summary="fails", fingerprint="f", source="x")


def test_an_alert_that_comes_again_and_again_leaves_no_lines(tmp_path):
    store = Store.open(tmp_path / "w.db")
    incident, new = take(store, ALERT, "playbooks", NOW)
    assert new
    before = len(store.load(incident).timeline)
    for second in range(10):
        joined = take(store, ALERT, "playbooks", NOW + timedelta(seconds=second))
        assert joined == (incident, False)
    assert len(store.load(incident).timeline) - before <= 1
    over = ALERT.model_copy(update={"status": "resolved"})
    take(store, over, "playbooks", NOW + timedelta(seconds=41))
    document = store.load(incident)
    assert document.state is State.monitoring
    assert any("resolved at its source" in event.text for event in document.timeline)


def test_many_different_alerts_leave_few_lines(tmp_path):
    store = Store.open(tmp_path / "w.db")
    ids = set()
    for number in range(300):
        alert = ALERT.model_copy(update={"name": f"A{number}", "fingerprint": str(number)})
        ids.add(take(store, alert, "playbooks", NOW)[0])
    document = store.load(ids.pop())
    assert not ids
    assert len(document.joined) == MOST_JOINED
    assert len(document.timeline) < 2 * FAR
    assert "256 alerts belong to it" in document.timeline[-1].text


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

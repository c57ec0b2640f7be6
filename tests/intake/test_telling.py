"""Alerts that are repeated, and alerts that are old."""

from datetime import UTC, datetime, timedelta

import pytest

from warroom.agents.health.assessment import words_of
from warroom.agents.runtime.context import frame_of
from warroom.incident.document import Alert, Incident, Joined
from warroom.incident.lifecycle import State
from warroom.incident.severity import Severity
from warroom.intake.handing import take
from warroom.intake.telling import FAR, MOST_JOINED
from warroom.record.store import Store
from warroom.telemetry.model import Coverage, Windows
from warroom.tests.support.responses import HANGS
from warroom.tests.support.shop_bundle import write_shop
from warroom.tests.support.specialists import case_on

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALERT = Alert(name="HighErrorRate", service="cart", summary="fails", fingerprint="f", source="x")


def test_an_alert_that_comes_again_and_again_leaves_no_lines(tmp_path):
    store = Store.open(tmp_path / "w.db")
    incident, new = take(store, ALERT, NOW)
    assert new
    before = len(store.load(incident).timeline)
    for second in range(10):
        joined = take(store, ALERT, NOW + timedelta(seconds=second))
        assert joined == (incident, False)
    assert len(store.load(incident).timeline) - before <= 1
    over = ALERT.model_copy(update={"status": "resolved"})
    take(store, over, NOW + timedelta(seconds=41))
    document = store.load(incident)
    assert document.state is State.monitoring
    assert any("resolved at its source" in event.text for event in document.timeline)


def test_many_different_alerts_leave_few_lines(tmp_path):
    store = Store.open(tmp_path / "w.db")
    ids = set()
    for number in range(300):
        alert = ALERT.model_copy(update={"name": f"A{number}", "fingerprint": str(number)})
        ids.add(take(store, alert, NOW)[0])
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


def test_what_joined_and_is_worse_is_assessed_with_it(tmp_path):
    write_shop(tmp_path / "bundle", HANGS)
    case = case_on(tmp_path / "bundle", tmp_path / "home", labels={"severity": "warning"})
    assert words_of(case).severity is Severity.P2
    worse = ALERT.model_copy(update={"labels": {"severity": "critical"}})
    case.document.joined.append(Joined(at=NOW, alert=worse, reason="cart again"))
    assert words_of(case).severity is Severity.P0


def test_what_the_receiver_says_a_word_means_counts(tmp_path):
    write_shop(tmp_path / "bundle", HANGS)
    case = case_on(tmp_path / "bundle", tmp_path / "home", labels={"severity": "critical"})
    case.document.alert.level = Severity.P1
    assert words_of(case).severity is Severity.P1

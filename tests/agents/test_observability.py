"""What the sweep says of the beginning: as exactly as samples are."""

from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from warroom.agents.causes.observations import Observations
from warroom.agents.health.onset import find_onset
from warroom.agents.observability import sweep
from warroom.agents.reporting.narrator import Narrator
from warroom.agents.reporting.retrospective import went_well
from warroom.agents.reporting.story import detection
from warroom.agents.reporting.wording import when
from warroom.agents.steps import SWEEP
from warroom.incident.onset import Onset
from warroom.incident.timeline import from_ts
from warroom.prompts.values import began, sampled
from warroom.tests.support.benches import ReadBench
from warroom.tests.support.bundles import START, BundleWriter
from warroom.tests.support.incidents import minimal
from warroom.tests.support.specialists import case_on
from warroom.tools.change_feed import ChangeRecord, recent_changes

EVERY, BEGIN, END = 5, 120, 200
"""Seconds: between two samples, of the beginning, of the end."""
WINDOWS = {"baseline_s": 100, "detect_s": 20, "stabilise_s": 5, "verify_s": 5}


def scraped(tmp_path: Path):
    """A service of 10 requests a second, half of which fail from BEGIN on, scraped every EVERY
    seconds."""
    catalogue = {"services": [{"name": "web", "tier": 1}], "windows": WINDOWS}
    with BundleWriter(tmp_path / "bundle", catalogue) as bundle:
        for second in range(0, END, EVERY):
            bad = 5.0 * max(0, second - BEGIN)
            for code, count in (("200", 10.0 * second - bad), ("500", bad)):
                name = "http_requests_total"
                bundle.metric(START + second, name, "web", count, code=code)
    return case_on(
        tmp_path / "bundle", tmp_path / "home", onset=BEGIN, now=END, step=SWEEP, service="web"
    )


def test_the_onset_lies_between_two_samples(tmp_path):
    case = scraped(tmp_path)
    onset = find_onset(Observations(case))
    assert onset is not None
    assert onset.earliest <= onset.at <= onset.latest <= onset.earliest + EVERY
    assert case.frame.alerted is not None and onset.latest <= case.frame.alerted
    assert onset.earliest - EVERY <= START + BEGIN <= onset.latest + EVERY
    report = sweep(case)
    between = (from_ts(onset.earliest), from_ts(onset.latest))
    assert report.onset_between == between
    assert "(samples every" in sampled(between)
    assert any(event.text.endswith(sampled(between)) for event in report.events)


def test_the_first_error_is_the_onset_where_signals_left_their_level_after_the_alert(tmp_path):
    """Ten requests fail eight seconds before the alert; the rate that is scraped rises after it."""
    catalogue = {"services": [{"name": "web", "tier": 1}], "windows": WINDOWS}
    with BundleWriter(tmp_path / "bundle", catalogue) as bundle:
        for second in range(0, END, EVERY):
            bad = 5.0 * max(0, second - BEGIN)
            for code, count in (("200", 10.0 * second - bad), ("500", bad)):
                bundle.metric(START + second, "http_requests_total", "web", count, code=code)
        for n in range(10):
            at = START + BEGIN - 8 + n / 10
            bundle.log(at, "web", "POST /pay failed: no row for the card", "error")
    case = case_on(
        *(tmp_path / "bundle", tmp_path / "home"),
        onset=BEGIN - 5,
        now=END,
        step=SWEEP,
        service="web",
    )
    report = sweep(case)
    assert report.onset == from_ts(START + BEGIN - 8)
    assert any("no row for the card" in event.text for event in report.events)


def test_an_onset_never_lies_after_the_alert_that_told_of_it():
    document = minimal("checkout fails")
    document.alert.starts_at = document.opened_at
    late = document.opened_at + timedelta(seconds=22)
    document.begins(late, (late, late + timedelta(seconds=1)))
    began = document.began
    assert began.between and began.at == began.between[0] == document.opened_at


def test_where_nothing_tells_the_onset_it_is_said_to_be_unknown():
    document = minimal("checkout fails")
    assert not document.began.known
    assert began(document.began).startswith("not known, at the latest 20")
    assert began(document.began, "zh").startswith("未知")
    claims = [claim.text for claim in detection(Narrator(document))]
    assert claims[0].endswith("when it began is not known.")
    assert not any("from onset" in c.text for c in went_well(Narrator(document)))


@pytest.mark.parametrize(
    ("lead", "apart", "told"),
    [
        (12.0, 0, "12 s before the onset"),
        (12.0, 15, "12 s to 27 s before the onset"),
        (-10.0, 15, "at the onset, within its uncertainty of 15 s"),
        (-20.0, 15, "5 s to 20 s after the onset"),
        (0.4, 0, "at the onset"),
    ],
)
def test_what_samples_cannot_tell_apart_is_at_the_onset(lead, apart, told):
    facts: dict[str, Any] = {field.name: "" for field in fields(ChangeRecord)}
    row, at = ChangeRecord(**{**facts, "seconds_before": lead}), from_ts(START)
    onset = Onset(at=at, between=(at, from_ts(START + apart)), known=True)
    assert when(row, onset) == told
    unknown = Onset(at=at, known=False)
    assert "the alert (the onset is not known)" in when(row, unknown)


def test_changes_count_from_the_onset_and_without_one_from_the_alert(tmp_path):
    """Never from the begin of a window: the guilty deploy lay "after" it."""
    with BundleWriter(tmp_path / "bundle", {"windows": WINDOWS}) as bundle:
        bundle.change(START + BEGIN - 3, "deploy", "web", id="d1", version="v2")
    case = case_on(tmp_path / "bundle", tmp_path / "home", onset=BEGIN, now=END, service="web")
    known = case.tools.call(recent_changes)
    assert known.rows[0].seconds_before == 3.0
    bench = ReadBench(case.tools.bench.telemetry, replace(case.frame, onset=None))
    unknown = bench.call("recent_changes")
    (row,) = unknown.rows
    assert row.record()["seconds_before"] == 8.0  # the alert came five seconds after the onset
    assert "the onset is not known" in unknown.summary

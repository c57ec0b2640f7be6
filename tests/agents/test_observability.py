"""What the sweep says of the beginning: as exactly as samples are."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from warroom.agents.causes.observations import Observations
from warroom.agents.observability import find_onset, sweep
from warroom.agents.reporting.wording import when
from warroom.agents.steps import SWEEP
from warroom.incident.timeline import from_ts
from warroom.prompts.values import sampled
from warroom.tests.support.bundles import START, BundleWriter
from warroom.tests.support.specialists import case_on
from warroom.tools.change_feed import ChangeRecord

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
    assert onset.earliest <= onset.at <= onset.latest == onset.earliest + EVERY
    assert onset.earliest - EVERY <= START + BEGIN <= onset.latest + EVERY
    report = sweep(case)
    between = (from_ts(onset.earliest), from_ts(onset.latest))
    assert report.onset_between == between
    assert "(samples every 5 s)" in sampled(between)
    assert any(event.text.endswith(sampled(between)) for event in report.events)


@pytest.mark.parametrize(
    ("lead", "apart", "told"),
    [
        (12.0, 1, "12 s before the onset"),
        (12.0, 15, "at the onset (samples every 15 s)"),
        (-20.0, 15, "20 s after the onset"),
        (0.4, 15, "at the onset"),
    ],
)
def test_what_samples_cannot_tell_apart_is_at_the_onset(lead, apart, told):
    facts: dict[str, Any] = {field.name: "" for field in fields(ChangeRecord)}
    row = ChangeRecord(**{**facts, "seconds_before": lead})
    assert when(row, (from_ts(START), from_ts(START + apart))) == told

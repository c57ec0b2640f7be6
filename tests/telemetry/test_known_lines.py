"""Lines in the forms of products, each as its documentation shows it."""

from contextlib import closing
from time import perf_counter

import pytest
import yaml

from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources.datasource import Datasource, SourceLabels
from warroom.telemetry.sources.known_lines import FORMS, NAMES, in_text
from warroom.telemetry.sources.log_lines import Line
from warroom.telemetry.sources.registry import connected
from warroom.telemetry.sources.source import EVER
from warroom.tests.support.bundles import START
from warroom.tests.support.house import ROOT
from warroom.tests.support.log_backends import LokiBackend

CASES = yaml.safe_load((ROOT / "tests/cases/known_lines.yaml").read_text())
OURS = {*NAMES.values()}


def attributes(text: str) -> dict[str, str]:
    return Line(1, {"service": "edge"}, text).row("edge", SourceLabels())["attributes"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["line"][:40])
def test_a_line_says_what_its_product_means(case):
    found = {name: text for name, text in attributes(case["line"]).items() if name in OURS}
    assert {name: str(text) for name, text in found.items()} == case["says"]


def test_every_form_has_a_case():
    """Each key of the table is one that is understood, and its line or fields were tried."""
    assert {key for form in FORMS.values() for key in form.keys} <= {*NAMES, "part"}
    assert len([case for case in CASES if case["says"]]) > len(FORMS)


def test_fields_that_a_store_has_as_labels_are_read_too():
    labels = {"service": "fw", "event_category": "network", "source_ip": "10.0.0.7"}
    row = Line(1, {**labels, "event_action": "deny"}, "dropped").row("fw", SourceLabels())
    assert row["message"] == "dropped"
    known = {name: row["attributes"][name] for name in ("client.address", "event.outcome")}
    assert known == {"client.address": "10.0.0.7", "event.outcome": "failure"}


def test_a_line_that_is_made_to_be_slow_is_not():
    hostile = "x" * 2_000 + " IN=" * 500 + "SRC=" * 500
    begun = perf_counter()
    for _ in range(50):
        assert in_text(hostile) == {}
    assert perf_counter() - begun < 5


def test_who_stands_guard_is_asked_of_in_every_incident():
    """Once, whatever neighbours are asked for later."""
    with closing(LokiBackend()) as backend:
        drop = "DROP IN=eth0 OUT= SRC=10.0.0.9 DST=10.0.0.2 PROTO=TCP SPT=1 DPT=5432"
        for service, text in {"shop": "one", "stock": "two", "firewall": drop}.items():
            backend.write("logs", {"ts": START + 1, "service": service, "message": text})
        given = {"name": "loki", "type": "loki", "url": backend.where}
        source = Datasource.model_validate({**given, "jsonData": {"always": ["firewall"]}})
        recorder = Recorder(connected([source]), clock=lambda: START + 600)
        recorder.focus("shop", START)
        recorder.advance()
        recorder.widen(["stock", "firewall"])
        found = recorder.advance().logs(EVER)
    assert sorted(log.service for log in found) == ["firewall", "shop", "stock"]
    (log,) = [log for log in found if log.service == "firewall"]
    assert (log.attributes["server.port"], log.message) == ("5432", drop)

"""A root-cause case becomes a bundle: times by hand, records, changes, catalogue, alert."""

import gzip
import json

import pytest

from warroom.errors import InputError
from warroom.evals.rca.bundle import write
from warroom.evals.rca.cases import rca_cases
from warroom.telemetry.alerts import read_alerts
from warroom.telemetry.bundle import header, read_bundle
from warroom.telemetry.model import Window
from warroom.tests.support.rca_folder import ALERT, CULPRIT, DECOY, DETECTED, write_folder

ALWAYS = Window(0, 4e9)


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path / "rca")


@pytest.fixture
def shop(root, tmp_path):
    return read_bundle(write(rca_cases(root, ["shop"])[0], tmp_path / "shop"))


@pytest.fixture
def bare(root, tmp_path):
    return read_bundle(write(rca_cases(root, ["bare"])[0], tmp_path / "bare"))


def after(records):
    """Seconds after the detection."""
    return [round(record.ts - DETECTED, 3) for record in records]


def test_healthy_metrics_end_before_the_incident(shop):
    (series,) = shop.metrics(ALWAYS, ["errors"], ["cart"])
    # the window begins 60 s before the detection; rows keep their minute and their distances
    rows = [-415, -355, -295, -235, -175, -115, 5]
    assert (series.ts - DETECTED).tolist() == rows
    assert series.values.tolist() == [1, 2, 1, 2, 1, 2, 50]


def test_metrics_that_were_recorded_later_move_before_it(bare):
    (series,) = bare.metrics(ALWAYS, ["ms"], ["web"])
    assert (series.ts - DETECTED).tolist()[9:] == [-170, -110, -50, 10, 70, 130]
    windows = bare.catalogue().windows
    assert (windows.detect_s, windows.baseline_s) == (110, 600)


def test_what_was_not_measured_is_left_out(bare):
    (series,) = bare.metrics(ALWAYS, ["ms"], ["mq"])
    assert series.values.tolist()[10:] == [90, 80, 95, 84]


def test_healthy_logs_and_spans_move_together(shop):
    logs = shop.logs(ALWAYS, ["cart", "web"])
    # 30 s apart on another day; the last healthy one now a second before the response's guard
    assert after(logs) == [-151, -121, -90]
    assert [log.level for log in logs] == ["info", "info", "error"]
    assert logs[2].message == 'price "x"\nfailed'
    starts = [round(span.start - DETECTED, 3) for span in shop.spans(ALWAYS)]
    assert starts == [-141, -140, -139, -138, -20, -19, -18, -17]


def test_kinds_of_spans_are_read_off_the_trace(shop):
    root, call, served, inner = shop.spans(Window(DETECTED - 30, DETECTED))
    assert [s.kind for s in (root, call, served, inner)] == [
        "server",
        "client",
        "server",
        "internal",
    ]
    assert call.attributes == {"peer.service": "cart", "attempt": 1}
    assert (root.attributes, served.attributes) == ({}, {"error": "no price"})
    assert (served.parent_id, served.status, served.status_message) == ("2", "error", "no price")
    assert (root.duration_ms, root.instance, root.status) == (9, "web-1", "unset")


def test_changes(shop):
    early, late, first, second, flag = shop.changes(ALWAYS)
    assert [early.kind, late.kind, first.kind, flag.kind] == ["commit", "commit", "deploy", "flag"]
    assert (early.id, early.service, early.author) == (CULPRIT, "", "ann")
    assert (early.files, early.diff) == (("shop/pricing.py",), "-a\n+b")
    assert (first.id, first.version, first.previous) == (DECOY, "v1", "")
    assert (second.id, second.version, second.previous) == (CULPRIT, "v2", "v1")
    assert (second.service, second.summary, second.diff) == ("cart", "price in one query", "-a\n+b")
    assert (flag.id, flag.service, flag.previous, flag.version) == ("rail", "web", "off", "on")


def test_a_status_page_becomes_logs_and_metrics_of_its_own(shop, tmp_path):
    (log,) = shop.logs(ALWAYS, ["status-feed"])
    assert (log.ts, log.level) == (DETECTED, "warning")
    assert log.message == "payco: Slow charges: Investigating."
    (series,) = shop.metrics(ALWAYS, ["error_pct"])
    assert (series.service, series.labels["endpoint"]) == ("status-feed", "charges")
    assert (series.ts.tolist(), series.values.tolist()) == ([DETECTED - 20], [12.5])
    assert (tmp_path / "shop" / "status_feed.json").exists()


def test_the_catalogue(shop, bare, tmp_path):
    found = {service.name: service for service in shop.catalogue().services}
    assert found["web"].depends_on == ["cart"]  # no topology is shipped: from the spans
    assert [found[name].kind for name in ("web", "cart", "status-feed")] == [
        "edge",
        "service",
        "external",
    ]
    assert {s.name: s.depends_on for s in bare.catalogue().services} == {
        "web": ["db", "mq"],
        "db": [],
        "mq": [],
    }
    assert header(tmp_path / "shop")["scrape_interval_s"] == 60


def alert_of(root):
    (alert,) = read_alerts((root / "alert.json").read_bytes())
    assert alert.starts_at and alert.starts_at.timestamp() == DETECTED
    return alert


@pytest.mark.usefixtures("shop", "bare")
def test_the_alert_as_shipped_or_of_the_symptom(tmp_path):
    shipped, symptom = alert_of(tmp_path / "shop"), alert_of(tmp_path / "bare")
    assert (shipped.name, shipped.service) == (ALERT["monitor"], "web")
    assert shipped.labels == {"metric": "errors", "threshold": "0.02"}
    assert (symptom.name, symptom.service, symptom.labels) == ("ms", "web", {"metric": "ms"})


def test_an_alert_without_a_symptom_names_nobody(root, tmp_path):
    (root / "cases/shop/a1/alert.json").unlink()
    alert = alert_of(write(rca_cases(root, ["shop"])[0], tmp_path / "bundle"))
    assert (alert.name, alert.service, alert.summary) == (
        "Incident",
        "",
        "an incident was detected",
    )


def test_a_bundle_tells_nothing_of_the_truth(root, tmp_path):
    truth = json.loads((root / "truth.json").read_text())
    before = write(rca_cases(root, ["shop"])[0], tmp_path / "one")
    (root / "truth.json").write_text(json.dumps([one | {"service": "other"} for one in truth]))
    after = write(rca_cases(root, ["shop"])[0], tmp_path / "two")
    files = [file.relative_to(before) for file in sorted(before.rglob("*.json*"))]
    assert len(files) > 8
    assert all((before / f).read_bytes() == (after / f).read_bytes() for f in files)


def test_records_that_are_not_in_the_format(root, tmp_path):
    with gzip.open(root / "cases/shop/a1/traces.csv.gz", "wt") as out:
        out.write("trace_id,start\n1,2\n")
    with pytest.raises(InputError, match=r"traces\.csv\.gz is not in the format"):
        write(rca_cases(root, ["shop"])[0], tmp_path / "bundle")

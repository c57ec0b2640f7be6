"""What a drill is made of: the webhook, the alarm, kept bundles, earlier drills."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from warroom.drills.alarm import Alarm, listening
from warroom.drills.faults import FAULTS
from warroom.drills.host import AUTOMATIC, automatic
from warroom.drills.keep import (
    LABEL,
    Keeping,
    check_free,
    close_stale,
    running,
    snapshot,
    tell_beside,
    tidy,
)
from warroom.drills.runner import claimed
from warroom.drills.score import not_run
from warroom.errors import InputError
from warroom.incident.lifecycle import State
from warroom.incident.timeline import utc_now
from warroom.intake.alerts import episodes
from warroom.intake.grouping import group_due
from warroom.intake.handing import attach
from warroom.targets.survey import FILE, Recorded
from warroom.telemetry.bundle import open_bundle
from warroom.telemetry.recorder import Recorder
from warroom.tests.support.bundles import BundleWriter, counter
from warroom.tests.support.consoles import INVENTORY, asked, context, kept
from warroom.tests.support.incidents import declared, full


def failing(root, start: float, share: float) -> Recorder:
    """Forty seconds of one service; the last fifteen fail this share of 20 requests a second."""
    with BundleWriter(root, start=start) as bundle:
        bad = [0.0] * 25 + [20 * share] * 15
        good = [20.0] * 25 + [20 * (1 - share)] * 15
        counter(bundle, "http_requests_total", "checkout", good, code="200")
        counter(bundle, "http_requests_total", "checkout", bad, code="500")
        counter(bundle, "up", "checkout", [0.0] * 40)
    return open_bundle(root)


def test_drills_that_begin_in_one_second_have_folders_of_their_own(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: claimed(tmp_path / "drills"), range(40)))
    assert len({*folders}) == 40 and all(folder.is_dir() for folder in folders)


def test_the_webhook_takes_json_objects_and_nothing_else():
    with listening() as (url, bodies):
        good = httpx.post(url, json={"status": "firing"}, trust_env=False)
        bad = [
            httpx.post(url, content=content, trust_env=False) for content in (b"", b"{half", b"[1]")
        ]
        assert good.status_code == 200
        assert [answer.status_code for answer in bad] == [400, 400, 400]
        assert bodies.get(timeout=60) == {"status": "firing"}
        assert bodies.empty()


def test_the_alarm_prefers_the_webhook_and_skips_what_is_resolved(tmp_path):
    quiet = failing(tmp_path / "b", time.time() - 40, 0.0)
    with listening() as (url, bodies), Alarm(quiet, bodies) as alarm:
        for status in ("resolved", "firing"):
            httpx.post(url, json={"status": status}, trust_env=False)
        assert alarm.wait(60, lambda _waited: None) == {"status": "firing"}


def test_the_detector_raises_the_alarm_over_a_live_bundle(tmp_path):
    telemetry = failing(tmp_path / "b", time.time() - 40, 0.5)
    with Alarm(telemetry) as alarm:
        body = alarm.wait(60, lambda _waited: None)
    assert body is not None
    assert body["version"] == "4"
    assert body["alerts"][0]["labels"]["service"] == "checkout"


def test_no_alarm_in_time(tmp_path):
    ticks: list[float] = []
    with Alarm(failing(tmp_path / "b", time.time() - 10_000, 0.0)) as alarm:
        assert alarm.wait(0.5, ticks.append) is None
    assert ticks


def test_a_kept_bundle_is_whole_and_does_not_hold_the_truth(tmp_path):
    live = tmp_path / "live"
    failing(live, time.time() - 40, 0.5)
    with (live / "metrics" / "scrape.jsonl").open("a") as file:
        file.write('{"ts": 17')  # being written
    truth = FAULTS["traffic-surge"].truth
    keeping = Keeping(live, tmp_path / "kept" / "surge")
    keeping.begin({"alerts": []}, Recorded(INVENTORY, {}))
    keeping.snapshot()
    kept_at = tmp_path / "kept" / "surge"
    lines = (kept_at / "metrics" / "scrape.jsonl").read_text().splitlines()
    assert all(json.loads(line) for line in lines)
    assert Recorded.load(kept_at / FILE).inventory() == INVENTORY
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"surge"}
    tell_beside(kept_at, truth.to_json(), {"injected": 1.0})
    beside = json.loads((tmp_path / "kept" / "surge.truth.json").read_text())
    assert beside["service"] == truth.service
    assert beside["times"] == {"injected": 1.0}
    everything = " ".join(file.read_text() for file in kept_at.rglob("*") if file.is_file())
    assert "traffic surge" not in everything
    (live / "later").write_text("after the first decision")
    keeping.snapshot()
    assert not (kept_at / "later").exists()


def test_without_a_kept_bundle_there_is_no_truth_beside_it(tmp_path):
    tell_beside(tmp_path / "none", {}, {})
    tell_beside(None, {}, {})
    assert not list(tmp_path.iterdir())


def test_a_kept_bundle_is_not_written_over(tmp_path):
    failing(tmp_path / "live", time.time() - 40, 0.0)
    snapshot(tmp_path / "live", tmp_path / "kept")
    with pytest.raises(InputError, match="another folder"):
        check_free(tmp_path / "kept")
    check_free(None)


def test_incidents_of_drills_that_run_no_more_are_closed(tmp_path):
    here = context(tmp_path)
    drills = tmp_path / "drills"
    documents = {}
    for name in ("drill-gone", "drill-runs", "production"):
        document = declared()
        document.id = f"INC-{name}"
        document.alert.labels[LABEL] = name
        documents[name] = kept(here.store, document).id
        (drills / name).mkdir(parents=True)
    with running(drills / "drill-runs"):
        assert close_stale(here.store, drills) == [documents["drill-gone"]]
    assert here.store.load(documents["drill-gone"]).state is State.closed
    assert here.store.load(documents["production"]).state is State.investigating


def test_what_came_in_the_same_delivery_is_on_the_record(tmp_path):
    here = context(tmp_path)
    document = kept(here.store, declared())
    other = document.alert.model_copy(update={"name": "SlowCheckout", "fingerprint": "f2"})
    attach(here.store, document.id, [other], "in the same delivery", utc_now())
    assert "SlowCheckout" in here.store.load(document.id).timeline[-1].text
    assert episodes(here.store.engine, untaken=True) == []
    assert group_due(here.store, utc_now()) == {}


def test_the_automatic_commander_says_what_it_is(tmp_path):
    here = context(tmp_path)
    request = asked(here.store, kept(here.store, full()))
    assert automatic(here)(request)
    decision = here.store.ledger.decision(request.incident_id, request.subject)
    assert decision is not None
    assert decision.by == AUTOMATIC == "drill commander (automatic)"


def test_what_is_left_of_a_drill_is_its_telemetry(tmp_path):
    shop = tmp_path / "shop"
    for folder in ("telemetry", "output", "pg", "releases"):
        (shop / folder).mkdir(parents=True)
    (shop / "operations.json").write_text("{}")
    (shop / "link").symlink_to(shop / "releases")
    tidy(tmp_path)
    assert sorted(path.name for path in shop.iterdir()) == ["output", "telemetry"]
    tidy(tmp_path / "never-started")


def test_a_drill_that_did_not_run_failed():
    found = not_run("bad-deploy", "PostgreSQL did not start")
    assert not found.passed
    assert found.check("detected").answer == "PostgreSQL did not start"

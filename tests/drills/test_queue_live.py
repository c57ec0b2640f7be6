"""The parcel desk for real: producers, queues in PostgreSQL, workers, and what is told of them."""

import json
import time

import pytest

from warroom.drills.environment import Shop
from warroom.drills.surprise.draw import announced
from warroom.telemetry.bundle import open_bundle
from warroom.telemetry.model import Window
from warroom.telemetry.signals import read_signals

pytestmark = pytest.mark.live


def until(condition, seconds=40.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.3)
    return found


def spans(desk: Shop) -> list[dict]:
    files = (desk.telemetry / "traces").glob("*.jsonl")
    lines = [line for file in files for line in file.read_text().splitlines(keepends=True)]
    return [json.loads(line) for line in lines if line.endswith("\n")]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with Shop.start(tmp_path_factory.mktemp("run"), world="queue") as running:
        yield running


def jobs(desk: Shop, table: str) -> int:
    return desk.sql(f"SELECT count(*) AS n FROM {table}")[0]["n"]


def test_orders_become_parcels_and_notices(desk: Shop):
    assert until(lambda: jobs(desk, "notices") > 20)
    assert jobs(desk, "parcels") >= jobs(desk, "notices")
    assert jobs(desk, "dead_letters") == 0


def test_a_trace_follows_a_job_over_both_queues(desk: Shop):
    def whole():
        known = {one["span_id"]: one for one in spans(desk)}
        told = [one for one in known.values() if one["name"] == "process notices"]
        return [one for one in told if one["parent_id"] in known]

    assert until(whole)
    last, known = whole()[0], {one["span_id"]: one for one in spans(desk)}
    way = [last]
    while (above := known.get(way[-1]["parent_id"])) is not None:
        way.append(above)
    kinds = [(one["service"], one["kind"]) for one in reversed(way)]
    assert kinds[-4:] == [
        *(("orders", "producer"), ("labels", "consumer")),
        *(("labels", "producer"), ("notices", "consumer")),
    ]


def test_a_poison_message_kills_whichever_worker_takes_it(desk: Shop):
    [course] = announced("poison-message", "queue").courses()
    recorder = open_bundle(desk.telemetry)
    try:
        course.begin(desk)

        def oldest():
            now = time.time()
            window = Window(now - 10, now)
            [found] = read_signals(recorder.advance(), window, ["labels"], ["queue_oldest_s"])
            return found.values[-1] > 4

        assert until(oldest)
        assert jobs(desk, "dead_letters") == 0
        log = desk.telemetry / "logs" / "labels-1.jsonl"
        assert "out of memory over a job of labels" in log.read_text()
    finally:
        course.end()
        recorder.close()
    assert until(lambda: jobs(desk, "jobs") < 10)

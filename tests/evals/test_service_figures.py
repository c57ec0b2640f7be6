"""The service's figures: what they count is what was sent, and their queues are queues."""

import json
import os
import random
import sys
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from warroom.errors import InputError
from warroom.evals.service.capacity import (
    GROUP,
    Scenario,
    Times,
    deliveries,
    lateness,
    taken_in,
    turns_due,
)
from warroom.evals.service.command import BENCHES, eval_service_command
from warroom.evals.service.figure import in_ms
from warroom.evals.service.intake import inserted
from warroom.evals.service.memory import trend
from warroom.evals.service.recovery import standing
from warroom.evals.service.sending import posts
from warroom.evals.service.stages import stage_of
from warroom.intake.committing import MOST_WAITING
from warroom.record.leases import new_owner
from warroom.record.store import Store
from warroom.telemetry.alerts import read_alerts

SLOW = Times(delivery_s=0.01, alert_s=0.0, answer_s=0.02, turn_s=1.0, turns=3.0)


def test_every_alert_that_is_sent_is_another_one():
    given = [*posts(12, 5, seed=1), *posts(12, 5, seed=1, first=15)]
    read = [alert for post in given for alert in read_alerts(post.body)]
    assert len({alert.fingerprint for alert in read}) == len(read) == 30
    assert [alert.fingerprint for alert in read] == [one for post in given for one in post.alerts]


def test_the_same_seed_sends_the_same():
    def services(seed: int) -> list[str]:
        return [json.loads(post.body)["groupKey"] for post in posts(20, 1, seed)]

    assert services(1) == services(1) != services(2)


def test_what_grows_has_a_slope_and_what_does_not_has_none():
    assert trend([1.0, 3.0, 5.0, 7.0]) == pytest.approx((2.0, 0.0))
    slope, error = trend([5.0, 6.0, 5.0, 6.0, 5.0])
    assert abs(slope) < error


def test_latencies_are_said_in_milliseconds():
    assert in_ms([0.1] * 99 + [0.5]) == ["100", "104", "500"]
    assert in_ms([]) == ["·"] * 3


def test_a_stack_counts_for_the_innermost_part_that_is_known():
    here = sys._getframe()
    assert stage_of(here) == "other"
    in_agents = compile("import sys; found = sys._getframe()", "/x/agents/triage.py", "exec")
    known: dict[str, Any] = {}
    exec(in_agents, known)
    assert stage_of(known["found"]) == "playbooks"
    assert stage_of(None) == ""


@pytest.mark.parametrize(
    ("owner", "wake_in", "lease_in", "found"),
    [
        (None, 60, None, "scheduled"),
        (None, -1, None, "due"),
        ("here", None, 10, "owned"),
        ("gone", None, 10, "lost"),
        ("gone", None, -1, "due"),
    ],
)
def test_an_incident_is_somebodys_or_lost(owner, wake_in, lease_in, found):
    now, mine = time.time(), new_owner()
    gone = mine.replace(f"/{os.getpid()}/", "/999999999/")
    row = SimpleNamespace(
        owner={"here": mine, "gone": gone}.get(owner),
        wake_at=None if wake_in is None else now + wake_in,
        lease_until=None if lease_in is None else now + lease_in,
    )
    assert standing(cast("Any", row)) == found


def test_deliveries_queue_and_are_refused_where_the_queue_is_full():
    calm, refused, busy = taken_in([0.0, 1.0, 2.0], SLOW)
    assert calm == [0.02] * 3 and refused == 0 and busy == pytest.approx(0.03 / 3600)
    waits, refused, _ = taken_in([0.0] * (MOST_WAITING + 100), SLOW)
    assert waits[-1] == pytest.approx(MOST_WAITING * 0.01)
    assert refused == pytest.approx(100 / (MOST_WAITING + 100))


def test_turns_wait_for_a_core_and_for_a_slot():
    assert lateness([0.0, 0.0, 0.0], SLOW, workers=1) == [0.0, 1.0, 2.0]
    assert lateness([0.0, 0.0], SLOW, workers=2) == [0.0, 0.0]
    assert lateness([0.0] * 5, SLOW, workers=1, thinking_s=30.0)[-1] == pytest.approx(31.0)


def test_a_larger_scenario_is_more_of_the_same():
    one, three = (Scenario(scale) for scale in (1, 3))
    few, many = (deliveries(each, random.Random(1)) for each in (one, three))
    assert len(few) == one.alerts // GROUP and len(many) == 3 * len(few)
    begun, later = (turns_due(each, SLOW, random.Random(1)) for each in (one, three))
    assert len(begun) == one.incidents * SLOW.turns and len(later) == 3 * len(begun)
    assert begun == sorted(begun)


def test_bare_inserts_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("warroom.evals.service.intake.BARE_S", 0.05)
    assert inserted(Store.open(tmp_path / "warroom.db"), 10, seed=1) > 10


def test_a_figure_that_there_is_not_is_said():
    with pytest.raises(InputError, match="there are: intake, recovery"):
        eval_service_command("speed", "sqlite", None, 1, None)


@pytest.mark.reliability
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize(("name", "size"), [("intake", 1), ("recovery", 9), ("memory", 1000)])
def test_a_small_one_is_measured(name, size, database):
    found = BENCHES[name].measure(database, size, 1)
    assert found.met is not None
    assert all(len(row) == len(found.grid.heads) for row in found.grid.rows)


@pytest.mark.reliability
@pytest.mark.parametrize(("name", "size"), [("incidents", 2), ("steps", 1), ("capacity", 1)])
def test_a_small_one_of_incidents_is_measured(name, size):
    found = BENCHES[name].measure("sqlite", size, 1)
    assert all(len(row) == len(found.grid.heads) for row in found.grid.rows)

"""Workers behind a queue: who does jobs is in no crash loop, who they wait for is scaled, and a
setting is to blame where they wait."""

from pathlib import Path
from typing import Any

import pytest

from warroom.actions.inventory import Inventory, Part
from warroom.actions.services import Scale
from warroom.agents.causes.bad_changes import bad_settings
from warroom.agents.causes.moves import moves
from warroom.agents.causes.observations import Observations
from warroom.agents.causes.processes import crash_loops
from warroom.incident.finding import FaultKind, Hypothesis
from warroom.tests.support.bundles import START, BundleWriter, gauge
from warroom.tests.support.specialists import case_on

SECONDS, BEGIN = 110, 80
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CATALOGUE = {
    "services": [
        {"name": "orders", "kind": "service", "depends_on": ["database"]},
        {"name": "labels", "kind": "service", "depends_on": ["database"]},
        {"name": "database", "kind": "database", "depends_on": []},
    ],
    "windows": {"baseline_s": 45, "detect_s": 10, "stabilise_s": 5, "verify_s": 5},
}


def desk(root: Path, done_after: int, home: Path, kind: str = "config") -> Observations:
    """Ten jobs a second; from BEGIN so many are done, the workers are started anew three times and
    a commit lies just before."""
    with BundleWriter(root, CATALOGUE) as bundle:
        for second in range(SECONDS):
            for number in range(10 if second < BEGIN else done_after):
                ids = (f"{second * 100 + number:032x}", "a" * 16, "")
                at = START + second + number / 10
                told = {"messaging__destination__name": "labels"}
                bundle.span(at, "labels", "process labels", ids, ms=80, kind="consumer", **told)
        waited = [0.2 if second < BEGIN else second - BEGIN for second in range(SECONDS)]
        gauge(bundle, "queue_oldest_age_seconds", "labels", waited)
        restarts = [float(min(3, max(0, second - BEGIN))) for second in range(SECONDS)]
        gauge(bundle, "process_restarts_total", "labels", restarts)
        gauge(bundle, "up", "labels", [1.0] * SECONDS)
        gauge(bundle, "up", "orders", [1.0] * SECONDS)
        told: dict[str, Any] = {"summary": "Spare the printers", "files": ["queues.json"]}
        diff = '-{"labels": {"most_per_s": 50}}\n+{"labels": {"most_per_s": 3}}'
        told |= {"version": "v2", "previous": "v1"} if kind == "deploy" else {}
        bundle.change(START + BEGIN - 3, kind, "labels", COMMIT, diff=diff, **told)
    case = case_on(root, home, onset=BEGIN, now=SECONDS - 2, service="labels")
    parts = {"labels": Part(instances=["labels-1"], spares=["labels-2", "labels-3"])}
    object.__setattr__(case, "inventory", Inventory(services=parts))
    return Observations(case)


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Observations:
    folder = tmp_path_factory.mktemp("working")
    return desk(folder / "bundle", 6, folder / "home")


def test_who_does_jobs_all_the_same_is_in_no_crash_loop(working: Observations, tmp_path):
    [doing] = crash_loops(working)
    assert any("it does jobs all the same" in r.signal.note for r in doing.reasons)
    [idle] = crash_loops(desk(tmp_path / "bundle", 0, tmp_path / "home"))
    assert not any("it does jobs" in r.signal.note for r in idle.reasons)
    assert idle.weight > doing.weight + 3


def test_a_release_that_no_worker_survives_is_to_blame(tmp_path):
    [dead] = crash_loops(desk(tmp_path / "bundle", 0, tmp_path / "home", kind="deploy"))
    assert "since release v2" in dead.statement and dead.change == COMMIT


def test_the_workers_that_jobs_wait_for_are_scaled_whoever_sends_more(working: Observations):
    blamed = {"service": "orders", "kind": FaultKind.traffic_surge, "confidence": 0.9}
    cause = Hypothesis.model_validate({"id": "H1", "statement": "more orders", **blamed})
    [draft] = [one for one in moves(working, cause) if one.action is Scale]
    assert (draft.target, draft.parameters) == ("labels", {"instances": 3})


def test_a_setting_of_who_jobs_wait_for_is_to_blame(working: Observations):
    [setting] = bad_settings(working)
    assert setting.service == "labels" and setting.change == COMMIT and setting.tied
    assert any("100% of the trouble begins in labels" in r.signal.note for r in setting.reasons)

"""Files of step 12 by what takes them: a real Prometheus that is well or not, the Chaos Toolkit. No
Grafana is to be had; the queries of its panels are put to the Prometheus."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from warroom.agents.follow_ups.monitoring import monitoring_report
from warroom.app.improvements import improvements
from warroom.evals.conformance.metric_stores import RealPrometheus
from warroom.tests.support.incident_parts import at
from warroom.tests.support.incidents import full
from warroom.tests.support.working import until

pytestmark = pytest.mark.conformance
TOOLKIT = ("chaostoolkit==1.19.0", "chaostoolkit-lib[jsonpath]==1.44.0")
Prometheus = Callable[[float], RealPrometheus]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    document = full()
    document.reports.append(monitoring_report(document, at(200)))
    improvements(document, tmp_path / "files")
    return tmp_path / "files"


@pytest.fixture
def prometheus(tmp_path: Path, files: Path) -> Iterator[Prometheus]:
    """One in whose last ten minutes this share of the requests failed."""
    running: list[RealPrometheus] = []

    def begin(failing: float) -> RealPrometheus:
        class WithRules(RealPrometheus):
            def started(self) -> subprocess.Popen[bytes]:
                rules = {"rule_files": [str(files / "prometheus-rules.yaml")]}
                config = json.dumps({"global": {"evaluation_interval": "1s"}, **rules})
                self.table = self.table.model_copy(update={"config": config})
                return super().started()

        made = WithRules(tmp_path / "prometheus")
        running.append(made)
        made.write("metrics", *samples(failing))
        return made

    yield begin
    for one in running:
        one.close()


def samples(failing: float) -> Iterator[dict[str, Any]]:
    """Of both services, ten requests a second, until in two minutes from now."""
    begin = int(time.time()) - 600
    for service in ("checkout", "gateway"):
        for name, labels, rate in (
            ("http_requests_total", {"code": "200"}, 10 * (1 - failing)),
            ("http_requests_total", {"code": "500"}, 10 * failing),
            ("http_request_duration_seconds_bucket", {"le": "0.1"}, 9.0),
            ("http_request_duration_seconds_bucket", {"le": "+Inf"}, 10.0),
        ):
            for second in range(0, 720, 5):
                told = {"name": name, "service": service, "labels": labels}
                yield {**told, "ts": begin + second, "value": rate * second}


def asked(server: RealPrometheus, path: str, **params: str) -> Any:
    return server.client.get(f"api/v1/{path}", params=params).raise_for_status().json()["data"]


def test_every_panel_shows_something(files: Path, prometheus: Prometheus):
    server = prometheus(0.01)
    panels = json.loads((files / "dashboard.json").read_text())["panels"]
    assert len(panels) > 4
    for panel in panels:
        (target,) = panel["targets"]
        assert asked(server, "query", query=target["expr"])["result"], panel["title"]


@pytest.mark.parametrize(("failing", "state"), [(0.001, "inactive"), (0.4, "pending")])
def test_a_rule_holds_from_the_incident_s_share_on(
    files: Path, prometheus: Prometheus, failing: float, state: str
):
    server = prometheus(failing)

    def rule() -> dict[str, Any]:
        (group,) = asked(server, "rules")["groups"]
        return group["rules"][0]

    until(lambda: rule()["health"] == "ok", "it is evaluated")
    assert rule()["state"] == state, rule()


@pytest.fixture(scope="module")
def chaos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("chaos")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--target", str(place), *TOOLKIT]
    subprocess.run(pip, check=True, timeout=600)
    return place


@pytest.mark.parametrize(("failing", "done"), [(0.001, ["", "undo"]), (0.4, ["undo"])])
def test_the_experiment_is_run(
    files: Path, prometheus: Prometheus, chaos: Path, failing: float, done: list[str]
):
    """Where the new alert would fire before anything was done, it is not begun."""
    (files / "rehearse.sh").write_text("#!/bin/sh\necho $* >> happened\n")
    known = {"PYTHONPATH": str(chaos), "PROMETHEUS_URL": prometheus(failing).where}
    for what in ("validate", "run"):
        command = [str(chaos / "bin/chaos"), "--no-version-check", what, "chaos.json"]
        subprocess.run(command, cwd=files, env=os.environ | known, check=False, timeout=120)
    before = json.loads((files / "journal.json").read_text())["steady_states"]["before"]
    assert before["steady_state_met"] is (failing < 0.005)
    assert (files / "happened").read_text().splitlines() == done

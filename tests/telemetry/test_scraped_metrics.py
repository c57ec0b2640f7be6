"""What a real Prometheus scraped in the usual ways, as Warroom reads it."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest
from tenacity import Retrying, stop_after_attempt, wait_fixed

from warroom.agents.causes.observations import Observations
from warroom.agents.health.anomalies import exemplified
from warroom.agents.runtime.context import StepBench
from warroom.incident.evidence import Evidence, Quote, digest
from warroom.incident.finding import Finding
from warroom.telemetry.model import Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.signal_catalogue import REQUESTS
from warroom.telemetry.signals import read_signals
from warroom.telemetry.sources.conventions import CONVENTIONS, Whose
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import connected
from warroom.telemetry.sources.source import About, Scope
from warroom.tests.support.expositions import (
    FAILED,
    FAST,
    OPENMETRICS,
    PROTOBUF,
    SLOW,
    Exposition,
    native,
    shop,
)
from warroom.tests.support.postgres import postgres
from warroom.tests.support.prometheus_server import INSTALLED, running
from warroom.tests.support.trace_backends import TempoBackend
from warroom.tools.base import Frame
from warroom.tools.exemplars import exemplars
from warroom.tools.toolbox import Toolbox

EXPORTERS = {"node": "prometheus-node-exporter", "postgres": "prometheus-postgres-exporter"}
pytestmark = [
    pytest.mark.thorough,  # its servers take ten seconds to begin
    pytest.mark.skipif(
        not (INSTALLED and all(map(shutil.which, EXPORTERS.values()))),
        reason=f"needs prometheus, {', '.join(EXPORTERS.values())}",
    ),
]
RULES = {
    "service:requests:rate5s": "sum by (service) (rate(http_requests_total[5s]))",
    "service:errors:ratio5s": 'sum by (service) (rate(http_requests_total{code=~"5.."}[5s]))'
    " / sum by (service) (rate(http_requests_total[5s]))",
    "service:http_requests:rate5s": "sum by (service) (irate(http_requests_total[5s]))",
    "request_rate": "sum by (service, code) (rate(http_requests_total[5s]))",
}


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus over all of these, and the exporters of a machine and of a database."""
    root = tmp_path_factory.mktemp("scraped")
    with ExitStack() as stack:
        targets = {"shop": Exposition(shop, OPENMETRICS), "native": Exposition(native, PROTOBUF)}
        for target in targets.values():
            stack.callback(target.close)
        where = {name: target.where.removeprefix("http://") for name, target in targets.items()}
        dsn = stack.enter_context(postgres(tmp_path_factory.mktemp("postgres")))
        for name, program in EXPORTERS.items():
            where[name] = stack.enter_context(exporter(program, root, dsn))
        rules = [{"record": name, "expr": expr} for name, expr in RULES.items()]
        groups = {"groups": [{"name": "all", "interval": "1s", "rules": rules}]}
        (root / "rules.yml").write_text(json.dumps(groups))
        jobs = [
            {"job_name": name, "static_configs": [{"targets": [address]}]}
            for name, address in where.items()
        ]
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
        config["rule_files"] = [str(root / "rules.yml")]
        features = ("exemplar-storage", "native-histograms")
        url = stack.enter_context(running(root, config, *features))
        wait(url, "count(up == 1)", len(jobs))
        wait(url, "count_over_time(service:errors:ratio5s{service='shop'}[1m])", 3)
        yield url


@contextmanager
def exporter(program: str, root: Path, dsn: str) -> Iterator[str]:
    """Where it answers."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with (root / f"{program}.log").open("wb") as log:
        command = [program, f"--web.listen-address={address}"]
        known = {**os.environ, "DATA_SOURCE_NAME": dsn}
        server = subprocess.Popen(command, stdout=log, stderr=log, env=known)
    try:
        yield address
    finally:
        server.terminate()
        server.wait()


def wait(url: str, query: str, least: float) -> None:
    for attempt in Retrying(stop=stop_after_attempt(150), wait=wait_fixed(0.1), reraise=True):
        with attempt:
            found = httpx.get(f"{url}/api/v1/query", params={"query": query}).json()["data"]
            assert float(found["result"][0]["value"][1]) >= least


class Asked:
    """A toolbox over this Prometheus and a Tempo."""

    def __init__(self, url: str, service: str) -> None:
        self.now, self.tempo, self.kept = time.time(), TempoBackend(), list[Evidence]()
        given = [
            {"name": "prom", "type": "prometheus", "url": url, "jsonData": {"timeInterval": "1s"}},
            {"name": "tempo", "type": "tempo", "url": self.tempo.where},
        ]
        sources = connected([Datasource.model_validate(one) for one in given])
        self.recorder = Recorder(sources, clock=lambda: self.now)
        self.recorder.focus(service, self.now - 60)
        frame = Frame(Window(self.now - 60, self.now - 30), Window(self.now - 30, self.now))
        bench = StepBench(self.recorder.advance(), frame, live=self.recorder.live())
        self.box = Toolbox(bench, "debugger", self.keep)

    def keep(self, evidence: Evidence, payload: Any) -> Evidence:
        sealed = {"id": f"E{len(self.kept) + 1}", "digest": digest(payload)}
        self.kept.append(evidence.model_copy(update=sealed))
        return self.kept[-1]

    def close(self) -> None:
        self.tempo.close()
        self.recorder.close()


@pytest.fixture
def asked(scraped: str) -> Iterator[Asked]:
    made = Asked(scraped, "shop")
    yield made
    made.close()


def test_exemplars_lead_from_a_metric_to_traces_that_can_be_opened(asked):
    result = asked.box.call(exemplars)
    assert [(r.service, r.trace_id, r.duration_s, r.failed) for r in result.rows] == [
        ("shop", SLOW, 2.5, False),
        ("shop", FAST, 0.05, False),
        ("shop", FAILED.zfill(32), None, True),
    ]
    asked_of = [(one.datasource, one.query) for one in asked.kept[-1].backends]
    assert asked_of[:2] == [("tempo", SLOW), ("tempo", FAST)]
    assert any(name == "prom" and "http_request" in query for name, query in asked_of)


@pytest.mark.parametrize(
    ("kind", "cited"),
    [
        ("anomaly:latency_p95", [SLOW, FAST]),
        ("slo", [FAILED.zfill(32)]),
        ("log", []),
    ],
)
def test_findings_on_latency_and_errors_cite_traces(asked, kind, cited):
    seen = Observations(SimpleNamespace(tools=asked.box))  # pyright: ignore
    before = Quote(evidence="E9", pointer="/rows/0/service", value="shop")
    told = Finding(statement="it is so", service="shop", kind=kind, quotes=[before])
    assert [quote.value for quote in exemplified(seen, told).quotes] == ["shop", *cited]


def signals(asked: Asked, service: str) -> dict[str, tuple[float, str]]:
    """The last value of each, and where it came from."""
    recording = asked.recorder.advance()
    found = read_signals(recording, Window(asked.now - 60, asked.now), [service])
    return {one.name: (float(one.values[np.isfinite(one.values)][-1]), one.source) for one in found}


def test_what_rules_record_is_asked_by_what_their_expressions_say(asked):
    recording = asked.recorder.advance()
    window = Window(asked.now - 60, asked.now)
    own = {name: "signal:" + name for name in ("request_rate", "error_rate")}
    kept = {one.name: one for one in recording.metrics(window, list(own.values()))}
    assert kept.keys() == set(own.values())
    assert kept[own["error_rate"]].values[-1] == pytest.approx(0.1, abs=0.02)
    said = " ".join(one.problem for one in recording.coverage())
    assert "request_rate by service:requests:rate5s, a recording rule" in said
    assert "service:http_requests:rate5s" not in said
    queries = asked.recorder.sources[0].queries(About(window, metrics=frozenset({REQUESTS})))
    assert any("service:requests:rate5s" in one.text for one in queries)
    assert signals(asked, "shop")["request_rate"][1] == "metrics"  # its samples are better


def test_native_histograms_answer_by_functions(scraped):
    with closing(Asked(scraped, "native")) as asked:
        found = signals(asked, "native")
        assert found["latency_p95"] == (pytest.approx(3, abs=1), "backend")
        assert found["latency_p50"] == (pytest.approx(0.375, abs=0.125), "backend")
        rate, source = found["request_rate"]
        assert source == "backend"
        assert 2 < rate < 13  # ten a second, of a window that they do not fill yet
        assert "http_request_duration_seconds, a native histogram" in " ".join(
            one.problem for one in asked.recorder.recording.coverage()
        )


@pytest.mark.parametrize("job", EXPORTERS)
def test_every_metric_of_an_exporters_conventions_is_there_on_a_healthy_server(scraped, job):
    known = [one for one in CONVENTIONS if one.name.lower().startswith(f"{job}")]
    assert known
    for convention in known:
        for name in convention.named:
            query = convention.selector([name], Whose(label="job"), Scope(frozenset([job])))
            answer = httpx.get(f"{scraped}/api/v1/query", params={"query": query}).json()
            assert answer["data"]["result"], f"{convention.name}: {name}"


def test_signals_of_exporters_are_computed(scraped):
    with closing(Asked(scraped, "postgres")) as asked:
        assert 0 < signals(asked, "postgres")["connections_share"][0] < 1
    with closing(Asked(scraped, "node")) as asked:
        assert signals(asked, "node")["open_fds"][0] > 0

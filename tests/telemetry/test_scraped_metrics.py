"""What a real Prometheus scraped in the usual ways, as Warroom reads it."""

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from tenacity import Retrying, stop_after_attempt, wait_fixed

from warroom.agents.causes.observations import Observations
from warroom.agents.health.anomalies import exemplified
from warroom.agents.runtime.context import StepBench
from warroom.incident.evidence import Evidence, Quote, digest
from warroom.incident.finding import Finding
from warroom.telemetry.model import Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import connected
from warroom.tests.support.http_backends import HttpBackend, Question, Reply
from warroom.tests.support.prometheus_server import INSTALLED, running
from warroom.tests.support.trace_backends import TempoBackend
from warroom.tools.base import Frame
from warroom.tools.exemplars import exemplars
from warroom.tools.toolbox import Toolbox

pytestmark = pytest.mark.skipif(not INSTALLED, reason="needs prometheus")
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
SLOW, FAST, FAILED = f"{7:032x}", f"{8:032x}", f"{9:016x}"
SHOP = f"""\
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{{service="shop",le="0.1"}} 9 # {{trace_id="{FAST}"}} 0.05
http_request_duration_seconds_bucket{{service="shop",le="1"}} 9
http_request_duration_seconds_bucket{{service="shop",le="+Inf"}} 10 # {{traceID="{SLOW}"}} 2.5
http_request_duration_seconds_count{{service="shop"}} 10
http_request_duration_seconds_sum{{service="shop"}} 3
# TYPE http_requests counter
http_requests_total{{service="shop",code="200"}} 9
http_requests_total{{service="shop",code="500"}} 1 # {{trace_id="{FAILED}"}} 1
http_requests_total{{service="other",code="500"}} 1 # {{trace_id="not an id"}} 1
# EOF
"""


class Exposition(HttpBackend):
    """A target's /metrics."""

    def __init__(self, body: bytes, kind: str) -> None:
        super().__init__()
        self.reply = Reply(body, headers={"Content-Type": kind})

    def answer(self, question: Question) -> Reply:
        return self.reply


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    targets = [Exposition(SHOP.encode(), OPENMETRICS)]
    jobs = [
        {"job_name": name, "static_configs": [{"targets": [one.where.removeprefix("http://")]}]}
        for name, one in zip(["shop"], targets, strict=True)
    ]
    config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
    root = tmp_path_factory.mktemp("scraped")
    with running(root, config, "exemplar-storage", "native-histograms") as url:
        wait(url, "count(up == 1)", len(jobs))
        time.sleep(2)  # a rate needs two samples
        yield url
    for one in targets:
        one.close()


def wait(url: str, query: str, least: float) -> None:
    for attempt in Retrying(stop=stop_after_attempt(150), wait=wait_fixed(0.1), reraise=True):
        with attempt:
            found = httpx.get(f"{url}/api/v1/query", params={"query": query}).json()["data"]
            assert float(found["result"][0]["value"][1]) >= least


class Asked:
    """A toolbox over this Prometheus and a Tempo."""

    def __init__(self, url: str, kind: str = "prometheus") -> None:
        self.now, self.tempo, self.kept = time.time(), TempoBackend(), list[Evidence]()
        given = [
            {"name": "prom", "type": kind, "url": url, "jsonData": {"timeInterval": "1s"}},
            {"name": "tempo", "type": "tempo", "url": self.tempo.where},
        ]
        sources = connected([Datasource.model_validate(one) for one in given])
        self.recorder = Recorder(sources, clock=lambda: self.now)
        self.recorder.focus("shop", self.now - 60)
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
    made = Asked(scraped)
    yield made
    made.close()


def test_exemplars_lead_from_a_metric_to_traces_that_can_be_opened(asked):
    result = asked.box.call(exemplars)
    assert [(r.service, r.trace_id, r.duration_s, r.failed) for r in result.rows] == [
        ("shop", SLOW, 2.5, False),
        ("shop", FAST, 0.05, False),
        ("shop", FAILED.zfill(32), None, True),
    ]
    queries = {one.datasource: one.query for one in asked.kept[-1].backends}
    assert queries["tempo"] in (SLOW, FAST, FAILED.zfill(32))
    assert "http_request" in queries["prom"]


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
